"""How a command ends: its exit code, and a sentence instead of a stack trace.

0    done
1    done, and faults or refused rows were found and are listed; or a file as a whole was refused
2    wrong use: the command line asks for what does not exist, and nothing was done
3    not ready: the deployment lacks something; the message says what to do
4    it failed: the disk, the database, or an error of ours; nothing half done is ever read
130  interrupted by Ctrl-C

For a program, where --json stands on the command line, the end that is not done is one JSON object on the standard output, too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from anju.core.contracts.faults import Fault
from anju.lake.files import FileRefused
from anju.tasks.failures import told

FOUND = 1  # faults or refusals were found and are listed
WRONG_USE = 2
NOT_READY = 3  # the deployment lacks something; the message says what to do
FAILED = 4
INTERRUPTED = 130


JSON = "anju.json"  # in the context: whether a program asks


def fail(what: str, remedy: str = "", *, code: int = WRONG_USE, faults: Sequence[Fault] = ()) -> NoReturn:
    for fault in faults:
        click.echo(str(fault), err=True)
    click.echo(f"anju: {what}", err=True)
    if remedy:
        click.echo(f"  do: {remedy}", err=True)
    answer(what, remedy, code=code, faults=faults)
    sys.exit(code)


def answer(what: str, remedy: str, *, code: int, faults: Sequence[Fault] = ()) -> None:
    """The same for a program, where one asks."""
    context = click.get_current_context(silent=True)
    if asks_for_json(sys.argv[1:]) if context is None else context.meta.get(JSON):
        said: dict[str, Any] = {"error": {"exit_code": code, "what": what, "remedy": remedy}}
        if faults:
            said["faults"] = [fault.as_dict() for fault in faults]
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))


def asks_for_json(words: Sequence[str]) -> bool:
    """Whether --json stands among the words of a command line, even one that cannot be read; after -- all are arguments."""
    words = list(words)
    return "--json" in (words[: words.index("--")] if "--" in words else words)


class Commands(click.Group):
    """The group of all commands, where whatever is raised ends as a sentence; with --traceback it is shown whole."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[JSON] = asks_for_json(args)
        try:
            return super().parse_args(ctx, args)
        except click.ClickException as error:
            with ctx.scope(cleanup=False):
                _answer_wrong_use(error)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        shown = bool(ctx.params.get("traceback")) or bool(os.environ.get("ANJU_DEBUG"))
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, BrokenPipeError):
            raise
        except click.ClickException as error:  # click says it in a sentence
            _answer_wrong_use(error)
            raise
        except (KeyboardInterrupt, click.Abort):
            fail("interrupted; what was not finished is never read", code=INTERRUPTED)
        except FileRefused as error:
            fail(str(error), code=FOUND)
        except Exception as error:
            if shown:
                answer(*told(error), code=FAILED)
                raise
            fail(*told(error), code=FAILED)


def _answer_wrong_use(error: click.ClickException) -> None:
    asked = getattr(error, "ctx", None) or click.get_current_context()
    answer(error.format_message(), f"{asked.command_path} --help", code=error.exit_code)
