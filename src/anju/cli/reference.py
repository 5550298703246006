"""The page of all commands, made from their own help:  python -m anju.cli.reference > docs/commands.md"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

import click

from anju.cli import endings
from anju.cli.main import main

HEAD = """# Commands

Made from the commands' own help by `python -m anju.cli.reference`; a test compares. `python -m anju` is the same as `anju`.

Every command answers `--help`, and with `--json` in JSON on the standard output; messages and progress go to the standard error. Progress is
shown on a terminal only. What cannot be done is a sentence there, too; and with `--json`, be it a wrong option, a file that is not there or a
full disk, one object on the standard output beside it: `{"error": {"exit_code": 2, "what": …, "remedy": …}}`, where a file of the policy or a
mapping is wrong with its `"faults"`. An unexpected error ends with a sentence; `anju --traceback …` or `ANJU_DEBUG=1` shows the stack trace too.

| Exit code | Meaning |
|---|---|
"""
WIDTH = 110


def leaves(command: click.Command, words: tuple[str, ...] = ("anju",)) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from leaves(command.commands[name], (*words, name))
    else:
        yield words, command


def page() -> str:
    codes = [line.split(maxsplit=1) for line in (inspect.getdoc(endings) or "").splitlines() if line[:1].isdigit()]
    text = [HEAD + "".join(f"| {code} | {meaning} |\n" for code, meaning in codes)]
    text.append("\n## anju\n\n```\n" + _help(main, ("anju",)) + "\n```\n")
    for words, command in leaves(main):
        text.append(f"\n## {' '.join(words)}\n\n```\n{_help(command, words)}\n```\n")
    return "".join(text)


def _help(command: click.Command, words: tuple[str, ...]) -> str:
    context = click.Context(command, info_name=" ".join(words), terminal_width=WIDTH, max_content_width=WIDTH)
    return "\n".join(line.rstrip() for line in command.get_help(context).strip().splitlines())


if __name__ == "__main__":
    sys.stdout.write(page())
