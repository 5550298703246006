"""What every command needs: Django set up, the database migrated, the policy read, and how to speak."""

from __future__ import annotations

import getpass
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import click
import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone, translation
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from anju.cli.endings import FOUND, NOT_READY, fail
from anju.core.standards.read import read_policy
from anju.web.layout.catalogues import compile_stale

__all__ = ["FOUND", "NOT_READY", "fail"]

console = Console(stderr=True, highlight=False)


def set_up() -> None:
    """Settings and apps; a new database gets its tables. Called once, by `main`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
    try:
        django.setup()
    except ValueError as error:  # a setting in the environment that cannot be
        fail(str(error))


def migrated() -> None:

    data_folder().mkdir(parents=True, exist_ok=True, mode=0o700)  # names, dates and keys: nobody else's business
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)


def data_folder() -> Path:

    return Path(settings.DATA)


def policy_folder() -> Path:

    return Path(settings.POLICY)


def load_checked_policy(*, drafts: bool = False) -> Any:
    """The policy with the calendar in force, or the end of the command with every fault."""

    policy, faults = read_policy(policy_folder(), drafts=drafts)
    if policy is None:
        what = f"the policy in {policy_folder()} has {len(faults)} faults"
        fail(what, "mend them, then say: anju standards check", code=FOUND, faults=faults)
    from anju.apps.calendar.current import in_force  # noqa: PLC0415 - models can be imported only when Django is set up

    return in_force(policy)


def lang_option(command: Any) -> Any:
    """In which language what the intake says is told."""
    return click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="In which language reasons are told.")(
        command
    )  # fmt: skip


@contextmanager
def in_language(lang: str) -> Iterator[None]:
    """'zh' or 'en', for what is said by gettext."""
    if lang == "zh":
        compile_stale()
    with translation.override("zh-hans" if lang == "zh" else "en"):
        yield


def actor() -> str:
    """Who types: the account on this machine."""
    return getpass.getuser()


def say(as_json: bool, data: dict[str, Any], lines: list[str]) -> None:
    """The result: for a program as JSON, for a person as lines."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=1, default=str))
    else:
        for line in lines:
            click.echo(line)


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Any]:
    """A bar on a terminal; and, where ANJU_PROGRESS names a file, a line in it for the pages. Yields advance(text), or
    advance(text, n, of) where the work counts itself."""
    noted = _Noted(os.environ.get("ANJU_PROGRESS", ""), title, total or 0)
    if not console.is_terminal:
        yield noted.advance
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[now]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total, now="")

        def advance(text: str, n: int | None = None, of: int | None = None) -> None:
            noted.advance(text, n, of)
            if n is None:
                bar.update(task, advance=1, now=text)
            else:
                bar.update(task, completed=n, total=of, now=text)

        yield advance


class _Noted:
    """How far the work is, in a file that is replaced as a whole, at most five times a second."""

    begun: ClassVar[float] = 0.0  # when the first piece of work of this process began

    def __init__(self, path: str, title: str, total: int) -> None:
        self.path, self.title, self.done, self.total, self.written = path, title, 0, total, 0.0
        self.since = time.time()
        _Noted.begun = _Noted.begun or self.since
        self._write()

    def advance(self, text: str = "", n: int | None = None, of: int | None = None) -> None:
        self.done, self.total = (self.done + 1, self.total) if n is None else (n, of or self.total)
        if time.monotonic() - self.written > 0.2:
            self._write()

    def _write(self) -> None:
        if not self.path:
            return
        self.written = time.monotonic()
        said = {"title": self.title, "done": self.done, "of": self.total, "begun": _Noted.begun, "since": self.since}
        draft = Path(f"{self.path}.draft")
        draft.write_text(json.dumps(said), encoding="utf-8")
        draft.replace(self.path)


@contextmanager
def working(title: str) -> Iterator[None]:
    """A sign of life on a terminal, for work that cannot say how far it is; nothing elsewhere."""
    if not console.is_terminal:
        yield
        return
    with console.status(title):
        yield


class Day(click.ParamType[date]):
    """A day written 2023-09-26; where it is `past`, none that is still to come."""

    name = "day"

    def __init__(self, *, past: bool = False) -> None:
        self.past = past

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            found = value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is not a day: write it like 2023-09-26", param, ctx)
        if self.past and found > timezone.localdate():
            self.fail(f"{found} is still to come: today is {timezone.localdate()}", param, ctx)
        return found


class Moment(click.ParamType[datetime]):
    """A time written 2023-09-26T12:00, or a day, meaning its end; where it is `past`, none that is still to come, and of today now."""

    name = "time"

    def __init__(self, *, past: bool = False) -> None:
        self.past = past

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            whole = len(value) == 10
            found = datetime.fromisoformat(f"{value}T23:59:59.999999" if whole else value)
        except ValueError:
            self.fail(f"'{value}' is not a time: write it like 2023-09-26T12:00", param, ctx)
        found, now = found if found.tzinfo else found.replace(tzinfo=UTC), timezone.now()
        if self.past and found > now:
            if not whole or found.date() > now.date():
                self.fail(f"{value} is still to come: it is {now:%Y-%m-%dT%H:%M} UTC", param, ctx)
            return now
        return found


json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


def moment_of(day: date) -> datetime:
    """Noon of a day, for a delivery of which only the day of receipt is known; on the morning of that day, now."""
    return min(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), timezone.now())
