"""anju calendar: the official calendar of working days."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
from django.utils import timezone

from anju.apps.calendar.actions import Change, foresee_load, load_year
from anju.apps.calendar.current import publish
from anju.apps.calendar.models import HOLIDAY, MAKEUP
from anju.apps.calendar.queries import ShownYear, shown_year, years_loaded
from anju.apps.calendar.reading import YearList, judge_list, read_list
from anju.apps.calendar.refusing import Refused
from anju.apps.cases.recounting import deadlines_that_would_move
from anju.cli.context import FOUND, actor, fail, json_option, load_checked_policy, migrated, say
from anju.core.contracts.model import Programme
from anju.core.contracts.official import with_years, years_of, years_unknown
from anju.core.contracts.programme import working_calendar_of


@click.group()
def calendar() -> None:
    """Days off and make-up days, by which working days are counted."""


@calendar.command()
@click.argument("year", type=click.IntRange(1990, 2100), required=False)
@json_option
def show(year: int | None, as_json: bool) -> None:
    """The years that are known, or the days of YEAR.

    \b
    anju calendar show
    anju calendar show 2026
    """
    migrated()
    programme = _programme()
    if year is not None:
        _show_year(shown_year(year, programme), as_json)
        return
    loaded = years_loaded()
    known = sorted({*years_of(programme), *loaded})
    unknown = years_unknown(programme, date.today())  # noqa: DTZ011
    lines = [_year_line(each, loaded) for each in known] or ["no year is known: plain weeks are counted"]
    lines += [f"{each}: not known, plain weeks are counted: anju calendar load FILE" for each in unknown]
    years = [
        {"year": each, "version": one.version, "loaded_by": one.loaded_by, "loaded_at": one.loaded_at, "source": one.source}
        if (one := loaded.get(each)) is not None
        else {"year": each, "version": 0, "source": "calendar.yaml"}
        for each in known
    ]
    say(as_json, {"years": years, "unknown_soon": list(unknown)}, lines)


@calendar.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", help="The announcement that it follows.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@json_option
def load(file: Path, source: str, dry_run: bool, as_json: bool) -> None:
    """Load the days of a year from FILE (CSV, XLSX and others): day, kind (holiday or makeup), name. 日期、类型（放假或补班）、名称 as well.

    The whole year is in the file: it goes before the same year of calendar.yaml and supersedes what was loaded of it before, which is kept.
    Every cell that is wrong is named, and then nothing is taken. Dates that were given stay as they are.

    \b
    anju calendar load 2027.csv --dry-run
    anju calendar load 2027.xlsx --source 国务院办公厅通知
    """
    migrated()
    programme = _programme()
    found = judge_list(read_list(file), programme.working_week)
    if found.faults or found.year is None:
        told = [f"  line {one.line}, {one.column}: {one.why.en}" for one in found.faults]
        said = [{"line": one.line, "column": one.column, "cell": one.cell, "reason": one.why.en} for one in found.faults]
        say(as_json, {"year": found.year, "loaded": False, "faults": said}, [f"{len(found.faults)} faults; nothing was taken", *told])
        raise SystemExit(FOUND)
    change = foresee_load(found, programme)
    after = working_calendar_of(with_years(programme, [found.official()]))
    moved = deadlines_that_would_move(working_calendar_of(programme), after, change.moved)
    version = change.version
    if not dry_run:
        try:
            loaded, _new = load_year(found, by=actor(), at=timezone.now(), source=source, file_name=file.name, seen=version)
        except Refused as refused:
            fail(str(refused))
        version = loaded.version
    data: dict[str, Any] = {
        "year": found.year, "loaded": not dry_run and not change.same, "version": version, "days": len(found.days), "same": change.same,
        "off": change.off, "worked": change.worked, "idle": [one.day for one in found.idle], "deadlines_that_would_move": moved, "faults": [],
    }  # fmt: skip
    say(as_json, data, _change_lines(found, change, moved, version, dry_run))


@calendar.command("publish")
@json_option
def publish_(as_json: bool) -> None:
    """Write anew what pages, workers and commands read of the table, where it was lost. A run does the same.

    \b
    anju calendar publish
    """
    migrated()
    wrote = publish()
    say(as_json, {"written": wrote}, ["written anew" if wrote else "it says what the table says already"])


def _programme() -> Programme:
    found = load_checked_policy().programme
    assert isinstance(found, Programme)
    return found


def _year_line(year: int, loaded: dict[int, Any]) -> str:
    one = loaded.get(year)
    if one is None:
        return f"{year}: of calendar.yaml"
    source = f", {one.source}" if one.source else ""
    return f"{year}: version {one.version}, loaded by {one.loaded_by} on {one.loaded_at:%Y-%m-%d %H:%M} UTC{source}"


def _show_year(found: ShownYear, as_json: bool) -> None:
    one = found.loaded
    days = [{"day": each.day, "kind": each.kind, "name": each.name, "changes_nothing": each.idle} for each in found.days]
    versions = [
        {
            "version": each.version, "loaded_by": each.loaded_by, "loaded_at": each.loaded_at, "source": each.source, "file": each.file_name,
            "superseded_at": each.superseded_at,
        }
        for each in found.versions
    ]  # fmt: skip
    head = _year_line(found.year, {found.year: one} if one is not None else {})
    lines = [head if found.days else f"{found.year}: not known, plain weeks are counted: anju calendar load FILE"]
    lines += [f"  {each.day} {each.day:%a}  {each.kind:<8} {each.name}{' (a weekend anyway)' if each.idle else ''}" for each in found.days]
    lines += [
        f"superseded: version {each.version}, loaded by {each.loaded_by} on {each.loaded_at:%Y-%m-%d %H:%M} UTC" for each in found.versions[1:]
    ]
    say(as_json, {"year": found.year, "of": "table" if one is not None else "calendar.yaml", "days": days, "versions": versions}, lines)


def _change_lines(found: YearList, change: Change, moved: int, version: int, dry_run: bool) -> list[str]:
    counts = {kind: sum(one.kind == kind for one in found.days) for kind in (HOLIDAY, MAKEUP)}
    head = f"{found.year}: {counts[HOLIDAY]} days off, {counts[MAKEUP]} make-up days"
    if change.same:
        return [f"{head}; version {change.version} says the same: nothing to do"]
    instead = f"in the place of version {change.version}" if change.version else "in the place of calendar.yaml" if change.of_file else "new"
    lines = [f"{head}; {f'would be loaded, {instead}' if dry_run else f'loaded as version {version}, {instead}'}"]
    for days, words in ((change.off, "no longer worked"), (change.worked, "now worked")):
        if days:
            lines.append(f"  {words}: {', '.join(map(str, days))}")
    if not change.moved:
        lines.append("  the same days are worked as before")
    if found.idle:
        lines.append(f"  on a weekend anyway, and change nothing: {', '.join(str(one.day) for one in found.idle)}")
    if moved:
        lines.append(f"  {moved} open cases have a deadline that would be another day by this calendar; what was given stands")
    return lines
