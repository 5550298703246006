"""anju people: households and persons into the register."""

from __future__ import annotations

from pathlib import Path

import click
from django.utils import timezone

from anju.apps.people.importing import import_people
from anju.cli.context import FOUND, Moment, actor, json_option, load_checked_policy, migrated, say


@click.group()
def people() -> None:
    """Households and persons."""


@people.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--received-at", type=Moment(), help="When the files came, for loading history (default: now).")
@click.option("--dry-run", is_flag=True, help="Say what would be new, changed, doubtful and refused, and change nothing.")
@json_option
def import_(files: tuple[Path, ...], received_at: object, dry_run: bool, as_json: bool) -> None:
    """Import registers of households (F01) and persons (F02); which is which is told by their headers.

    \b
    anju people import F01_household_register.csv F02_person_register.csv
    """

    migrated()
    policy = load_checked_policy()
    at = received_at or timezone.now()
    report = import_people(list(files), by=actor(), at=at, dry_run=dry_run, contracts=policy.contracts, programme=policy.programme)  # type: ignore[arg-type]
    data = report.as_dict()
    say(as_json, data, [f"{name.replace('_', ' ')}: {value}" for name, value in data.items()])
    if data.get("refused"):
        raise SystemExit(FOUND)
