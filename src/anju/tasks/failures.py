"""What an error means in words, what to do about it, and whether another attempt could help."""

from __future__ import annotations

import errno
import sqlite3

from django.db.utils import DatabaseError, OperationalError

from anju.apps.backup.store import BackupError
from anju.core.contracts.faults import PolicyFaults
from anju.lake.files import FileRefused

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
WORDS_OF_FULL = ("No space left on device", "database or disk is full", "File too large", "Disk quota exceeded")


class Hopeless(Exception):
    """Another attempt would end alike. `what` says what is wrong, `remedy` what to do."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what + (f"; do: {remedy}" if remedy else ""))


def hopeless(error: BaseException) -> bool:
    """Whether trying again by itself is of no use: somebody has to mend something first."""
    return isinstance(error, Hopeless | FileRefused | PolicyFaults | PermissionError)


def reason_of(error: BaseException) -> str:
    """A sentence, and what to do."""
    if isinstance(error, Hopeless | FileRefused):
        return str(error)
    if isinstance(error, PolicyFaults):
        more = f" and {len(error.faults) - 1} more" if len(error.faults) > 1 else ""
        return f"the policy has faults: {error.faults[0]}{more}; do: anju standards check"
    if isinstance(error, BackupError):
        return f"{error}; do: {error.remedy}" if error.remedy else str(error)
    what, remedy = told(error)
    return f"{what}; do: {remedy}"


def told(error: BaseException) -> tuple[str, str]:
    """(what happened, what to do) in words."""
    first = str(error).strip().split("\n")[0]
    if is_full(error):
        return f"there is no room left to write: {first}", "make room on the disk, then say the same again: nothing half written is ever read"
    if isinstance(error, PermissionError):
        return f"not allowed: {first}", "the data folder belongs to another account, or is read-only: anju doctor"
    if isinstance(error, OperationalError):
        if "locked" in first:
            return "another process keeps the database locked", "wait until it has ended, then say the same again"
        if "disk I/O" in first:
            return f"the disk of the database fails: {first}", "see that it is mounted, has room and is in order; then say the same again"
        return f"the database does not answer: {first}", "check ANJU_DATABASE_URL and that its server is running: anju doctor"
    if isinstance(error, DatabaseError | sqlite3.DatabaseError) and "malformed" in first:
        return f"the database file is damaged: {first}", "restore the last backup: anju restore --help"
    return f"{type(error).__name__}: {first}", "the same with --traceback (or ANJU_DEBUG=1) shows where; anju doctor checks the deployment"


def is_full(error: BaseException | None) -> bool:
    """Whether a full disk, a quota or a limit of file size is at the bottom of it, whoever reported it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        text = str(error)
        if any(words in text for words in WORDS_OF_FULL):
            return True
        error = error.__cause__ or error.__context__
    return False
