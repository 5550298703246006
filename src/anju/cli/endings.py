"""How a command ends: its exit code, and a sentence instead of a stack trace.

0    done
1    done, and faults or refused rows were found and are listed; or a file as a whole was refused
2    wrong use: the command line asks for what does not exist, and nothing was done
3    not ready: the deployment lacks something; the message says what to do
4    it failed: the disk, the database, or an error of ours; nothing half done is ever read
130  interrupted by Ctrl-C
"""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from typing import Any, NoReturn

import click
from django.db.utils import DatabaseError, OperationalError

from anju.lake.files import FileRefused

FOUND = 1  # faults or refusals were found and are listed
WRONG_USE = 2
NOT_READY = 3  # the deployment lacks something; the message says what to do
FAILED = 4
INTERRUPTED = 130

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def fail(what: str, remedy: str = "", *, code: int = WRONG_USE) -> NoReturn:
    click.echo(f"anju: {what}", err=True)
    if remedy:
        click.echo(f"  do: {remedy}", err=True)
    sys.exit(code)


class Commands(click.Group):
    """The group of all commands, where whatever is raised ends as a sentence; with --traceback it is shown whole."""

    def invoke(self, ctx: click.Context) -> Any:
        shown = bool(ctx.params.get("traceback")) or bool(os.environ.get("ANJU_DEBUG"))
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo("anju: interrupted; what was not finished is never read", err=True)
            sys.exit(INTERRUPTED)
        except FileRefused as error:
            fail(str(error), code=FOUND)
        except Exception as error:
            if shown:
                raise
            fail(*told(error), code=FAILED)


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
        if any(words in text for words in ("No space left on device", "database or disk is full", "File too large", "Disk quota exceeded")):
            return True
        error = error.__cause__ or error.__context__
    return False
