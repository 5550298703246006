"""Where the bytes lie: once for each content, encrypted, under the hash of what came. A file stands there whole or not at all.

attachments/1a/1a2b3c…         what is shown
attachments/1a/1a2b3c….small   its small picture
attachments/lock               held while it is looked whether a content is there already, and while strays are removed
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from django.conf import settings

from anju.apps.attachments.refusals import NoRoom

SMALL = ".small"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NAME = re.compile(r"^[0-9a-f]{64}(\.small)?$")


class Vault(Protocol):
    """What encrypts; `apps/people/vault.FileVault` is one. The rooms above hand it in."""

    def encrypt(self, data: bytes) -> bytes: ...

    def decrypt(self, data: bytes) -> bytes: ...


class Lost(Exception):
    """The row is there and its file is not, or is not the one that was put there: a matter for the last backup."""


def folder() -> Path:
    return Path(settings.DATA) / "attachments"


def path_of(sha256: str, *, small: bool = False) -> Path:
    return folder() / sha256[:2] / (sha256 + (SMALL if small else ""))


def put(sha256: str, content: bytes, small: bytes | None, vault: Vault) -> None:
    """On the disk when this returns. What is there already is left alone. Raises NoRoom, and nothing is half there."""
    try:
        with _locked(fcntl.LOCK_SH):
            if small is not None:  # first, so that a content which stands there has its picture
                _put(path_of(sha256, small=True), small, vault)
            _put(path_of(sha256), content, vault)
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom from None
        raise


def _put(path: Path, content: bytes, vault: Vault) -> None:
    if path.exists():
        os.utime(path)  # it is new again: whoever removes strays leaves it to the row that is just being written
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.parent / f".{os.urandom(8).hex()}.draft"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(vault.encrypt(_label(path) + content))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def get(sha256: str, vault: Vault, *, small: bool = False) -> bytes:
    """Raises Lost; the vault's own fault where the file was altered or the key is another."""
    path = path_of(sha256, small=small)
    try:
        data = vault.decrypt(path.read_bytes())
    except FileNotFoundError:
        raise Lost(f"{path.name} is not in the folder of attachments") from None
    label = _label(path)
    if data[: len(label)] != label:  # another one's file, renamed
        raise Lost(f"{path.name} holds another file")
    return data[len(label) :]


def _label(path: Path) -> bytes:
    return path.name.encode() + b"\n"


@contextmanager
def _locked(how: int) -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


def names() -> set[str]:
    """Every file that stands there, small pictures too."""
    return {path.name for path in folder().glob("??/*") if NAME.match(path.name)}


def remove_strays(known: set[str], before: datetime) -> int:
    """Removes what no row names and nobody has touched since `before`: of a sending that was interrupted or undone."""
    gone = 0
    with _locked(fcntl.LOCK_EX):
        for path in folder().glob("??/*"):
            with suppress(FileNotFoundError):
                if path.name.removesuffix(SMALL) not in known and path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    gone += 1
    return gone
