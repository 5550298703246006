"""How a command ends: its exit code, and a sentence instead of a stack trace.

0    done
1    done, and faults or refused rows were found and are listed; or a file as a whole was refused
2    wrong use: the command line asks for what does not exist, and nothing was done
3    not ready: the deployment lacks something; the message says what to do
4    it failed: the disk, the database, or an error of ours; nothing half done is ever read
130  interrupted by Ctrl-C
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from anju.lake.files import FileRefused
from anju.tasks.failures import told

FOUND = 1  # faults or refusals were found and are listed
WRONG_USE = 2
NOT_READY = 3  # the deployment lacks something; the message says what to do
FAILED = 4
INTERRUPTED = 130


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
