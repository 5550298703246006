"""anju staff: accounts and the posts they hold."""

from __future__ import annotations

from pathlib import Path

import click
from django.utils import timezone

from anju.apps.staff.importing import import_staff
from anju.cli.context import FOUND, actor, json_option, load_checked_policy, migrated, say
from anju.core.contracts.model import Programme


@click.group()
def staff() -> None:
    """Accounts, and the posts they hold."""


@staff.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_(file: Path, as_json: bool) -> None:
    """Open accounts and give posts from FILE (CSV, XLSX and others), one row a post.

    Columns: username, display_name, role, place_level, place_code; if need be department, side (destination or origin), title, start.
    Each row is accepted, or refused with its reason; what is known already changes nothing. First passwords are told once, here,
    and changed at the first sign-in.

    \b
    anju staff import staff.xlsx
    """
    migrated()
    programme = load_checked_policy().programme
    departments = frozenset(programme.departments) if isinstance(programme, Programme) else frozenset()
    report = import_staff(file, by=actor(), at=timezone.now(), departments=departments)
    lines = [
        f"{report.rows} rows: {report.accounts} accounts opened, {report.posts} posts given, {report.known} held already, "
        f"{len(report.refused)} refused",
        *(f"  line {row.line} {row.username}: {row.reason}" for row in report.refused),
        *(f"  first password of {name}: {password}" for name, password in report.passwords.items()),
    ]
    data = {
        "rows": report.rows, "accounts": report.accounts, "posts": report.posts, "known": report.known, "passwords": report.passwords,
        "refused": [{"line": row.line, "username": row.username, "reason": row.reason} for row in report.refused],
    }  # fmt: skip
    say(as_json, data, lines)
    if report.refused:
        raise SystemExit(FOUND)
