"""anju people: households and persons into the register."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click
from django.utils import timezone

from anju.apps.people.importing import import_people
from anju.cli.context import FOUND, Day, Moment, actor, json_option, load_checked_policy, migrated, say


@click.group()
def people() -> None:
    """Households and persons."""


@people.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--received-at", type=Moment(), help="When the files came, for loading history (default: now).")
@click.option("--as-of", type=Day(), help="The day the registers speak of (default: the day they came).")
@click.option("--dry-run", is_flag=True, help="Say what would be new, changed, doubtful and refused, and change nothing.")
@json_option
def import_(files: tuple[Path, ...], received_at: datetime | None, as_of: date | None, dry_run: bool, as_json: bool) -> None:
    """Import registers of households (F01) and persons (F02); which is which is told by their headers.

    What was known before is kept: a past day, or a past run, can be judged again with what was known then.

    \b
    anju people import F01_household_register.csv F02_person_register.csv
    anju people import F02_person_register.csv --as-of 2023-08-31
    """

    migrated()
    policy = load_checked_policy()
    report = import_people(
        list(files),
        by=actor(),
        at=received_at or timezone.now(),
        valid=as_of,
        dry_run=dry_run,
        contracts=policy.contracts,
        programme=policy.programme,
    )
    data = report.as_dict()
    say(as_json, data, [f"{name.replace('_', ' ')}: {value}" for name, value in data.items()])
    if data.get("refused"):
        raise SystemExit(FOUND)
