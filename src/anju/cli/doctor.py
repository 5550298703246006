"""anju doctor: is this deployment ready, and what to do where it is not."""

from __future__ import annotations

from datetime import date

import click

from anju.cli.checkups import all_checks
from anju.cli.context import json_option, say
from anju.cli.endings import NOT_READY

SIGNS = {"ok": "ok  ", "note": "note", "not ready": "NOT "}


@click.command()
@click.option("--deep", is_flag=True, help="Also read every file of the lake: its rows, and its content against the last backup.")
@click.option("--days", type=click.IntRange(1), default=7, show_default=True, help="After how many days a run or a backup counts as old.")
@json_option
def doctor(deep: bool, days: int, as_json: bool) -> None:
    """Say whether this deployment is ready, and what to do where it is not.

    NOT means that something will fail or is lost, and ends with code 3; a note is worth knowing, and ends with 0.

    \b
    anju doctor
    anju doctor --deep --json
    """
    found = list(all_checks(date.today(), deep=deep, days=days))  # noqa: DTZ011
    ready = all(one.grade != "not ready" for one in found)
    notes = sum(one.grade == "note" for one in found)
    lines = [f"{SIGNS[one.grade]} {one.what}: {one.seen}" + (f"\n     do: {one.do}" if one.do and one.grade != "ok" else "") for one in found]
    lines.append(("ready" if ready else "NOT READY") + (f", {notes} worth knowing" if notes else ""))
    say(as_json, {"ready": ready, "checks": [one.as_dict() for one in found]}, lines)
    if not ready:
        raise SystemExit(NOT_READY)
