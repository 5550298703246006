"""Reads `programme.yaml` and `calendar.yaml`: what another country changes, and no code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault
from anju.core.contracts.model import Bilingual, Guarantee, IdentifierType, NamedPeriod, PlaceLevel, Programme
from anju.core.contracts.naming import check_name, twice
from anju.core.terms.identifiers import VALIDATORS
from anju.core.terms.levels import LEVELS
from anju.core.terms.periods import Calendar
from anju.core.terms.working_days import WorkingCalendar

REQUIRED = ("code", "title", "currency", "identifiers", "places", "languages")
OPTIONAL = ("working_week", "forbidden_columns", "words", "subjects", "domains", "guarantees", "keep_files_days", "departments")


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A keyed subject as written: the standards reader checks it against the feed."""

    name: str
    feed: str
    key: tuple[str, ...]
    title: Bilingual
    line: int
    column: int


def read_programme(folder: Path) -> tuple[Programme | None, dict[str, SubjectKey], list[Fault]]:
    """The programme, its keyed subjects by name, and the faults of both files. None if anything is wrong."""
    faults: list[Fault] = []
    root = read_document(folder / "programme.yaml", "programme.yaml", faults)
    if root is None:
        return None, {}, faults
    fields = root.mapping(required=REQUIRED, optional=OPTIONAL)
    if any(name not in fields for name in REQUIRED):
        return None, {}, faults
    holidays, makeup, terms, years = _calendar(folder, faults)
    code, digits = _currency(fields["currency"])
    levels, community, unit, scheme = _places(fields["places"])
    programme = Programme(
        code=fields["code"].text() or "",
        title=fields["title"].bilingual(),
        currency=code,
        minor_digits=digits,
        identifiers=_identifiers(fields["identifiers"]),
        levels=levels,
        community_level=community,
        unit_level=unit,
        code_scheme=scheme,
        working_week=_week(fields.get("working_week")),
        holidays=holidays,
        makeup_days=makeup,
        terms=terms,
        school_years=years,
        languages=fields["languages"].texts(),
        forbidden_columns=fields["forbidden_columns"].texts() if "forbidden_columns" in fields else (),
        words=_words(fields.get("words")),
        domains=fields["domains"].texts() if "domains" in fields else (),
        guarantees=_guarantees(fields.get("guarantees")),
        keep_files_days=_days_kept(fields.get("keep_files_days")),
        departments=_words(fields.get("departments")),
    )
    subjects = _subjects(fields.get("subjects"))
    if (same := twice(("person", "household", *(level.name for level in levels), *subjects))) is not None and same in subjects:
        fields["subjects"].fault(f"'{same}' is a subject already", remedy="give it another name")
    return (None if faults else programme), subjects, faults


def _days_kept(node: Node | None) -> int:
    """Refuses what would keep nothing long enough to be mended."""
    days = node.integer() if node is not None else 180
    if node is not None and days is not None and days < 1:
        node.fault(
            f"{days} days is no time to keep files for", "rows set aside must be mended in it", "write 180, or as the archive's rules say"
        )
    return days if days is not None else 180


def calendar_of(programme: Programme) -> Calendar:
    return Calendar([(t.name, t.start, t.end) for t in programme.terms], [(y.name, y.start, y.end) for y in programme.school_years])


def working_calendar_of(programme: Programme) -> WorkingCalendar:
    return WorkingCalendar(programme.working_week, programme.holidays, programme.makeup_days)


def _currency(node: Node) -> tuple[str, int]:
    fields = node.mapping(required=("code", "minor_digits"))
    code = fields["code"].text() if "code" in fields else None
    digits = fields["minor_digits"].integer() if "minor_digits" in fields else None
    if digits is not None and not 0 <= digits <= 4:
        fields["minor_digits"].fault(f"{digits} is no number of decimal places of a currency", remedy="0 to 4")
        digits = 2
    return code or "", digits if digits is not None else 2


def _identifiers(node: Node) -> tuple[IdentifierType, ...]:
    found = []
    for child in node.listing():
        fields = child.complete(("type", "title", "validator"))
        if fields is not None:
            validator = fields["validator"].choice(tuple(VALIDATORS)) or "text"
            found.append(IdentifierType(fields["type"].text() or "", fields["title"].bilingual(), validator))
    if not found:
        node.fault("at least one identifier type is needed")
    return tuple(found)


def _places(node: Node) -> tuple[tuple[PlaceLevel, ...], str, str, str]:
    fields = node.complete(("levels", "community", "unit"), ("code_scheme",))
    if fields is None:
        return (), "", "", ""
    levels = []
    for child in fields["levels"].listing():
        level = child.complete(("name", "title"))
        if level is not None:
            name = level["name"].text() or ""
            check_name(level["name"], name)
            levels.append(PlaceLevel(name, level["title"].bilingual()))
    names = tuple(level.name for level in levels)
    if (same := twice(("person", "household", *names))) is not None:
        fields["levels"].fault(f"'{same}' stands here twice, or is a subject of every programme", remedy="give each level a name of its own")
    community = fields["community"].choice(names) or ""
    unit = fields["unit"].choice(names) or ""
    if community and unit and names.index(unit) > names.index(community):
        fields["unit"].fault(f"'{unit}' lies below '{community}'", "each community must lie in the unit that delivers for it")
    scheme = fields["code_scheme"].choice(("cn_statistical", "plain")) if "code_scheme" in fields else "plain"
    return tuple(levels), community, unit, scheme or "plain"


def _week(node: Node | None) -> tuple[int, ...]:
    if node is None:
        return (1, 2, 3, 4, 5)
    days = tuple(day for child in node.listing() if (day := child.integer()) is not None)
    if not days or any(not 1 <= day <= 7 for day in days):
        node.fault("the working week lists ISO weekdays", remedy="1 for Monday to 7 for Sunday")
        return (1, 2, 3, 4, 5)
    return days


def _guarantees(node: Node | None) -> tuple[Guarantee, ...]:
    """`standards` maps a code to the least level that puts the light out; a code that is not in force counts for nothing."""
    found = []
    for child in node.listing() if node else ():
        fields = child.complete(("name", "title", "standards"))
        if fields is not None:
            levels = {code: level.choice(LEVELS[1:]) or "blue" for code, level in fields["standards"].mapping(optional=None).items()}
            found.append(Guarantee(fields["name"].text() or "", fields["title"].bilingual(), levels))
    return tuple(found)


def _words(node: Node | None) -> dict[str, Bilingual]:
    return {name: child.bilingual() for name, child in node.mapping(optional=None).items()} if node else {}


def _subjects(node: Node | None) -> dict[str, SubjectKey]:
    found: dict[str, SubjectKey] = {}
    for name, child in (node.mapping(optional=None) if node else {}).items():
        fields = child.complete(("feed", "key", "title"))
        if not check_name(child, name):
            continue
        if fields is not None:
            key = fields["key"].texts()
            feed = fields["feed"].text() or ""
            found[name] = SubjectKey(name, feed, key, fields["title"].bilingual(), child.line, child.column)
    return found


def _calendar(folder: Path, faults: list[Fault]) -> tuple[frozenset[date], frozenset[date], tuple[NamedPeriod, ...], tuple[NamedPeriod, ...]]:
    if not (folder / "calendar.yaml").exists():
        return frozenset(), frozenset(), (), ()
    root = read_document(folder / "calendar.yaml", "calendar.yaml", faults)
    if root is None:
        return frozenset(), frozenset(), (), ()
    fields = root.mapping(optional=("holidays", "makeup_days", "terms", "school_years"))

    def days(name: str) -> frozenset[date]:
        nodes = fields[name].listing() if name in fields else ()
        return frozenset(day for child in nodes if (day := child.day()) is not None)

    return days("holidays"), days("makeup_days"), _periods(fields.get("terms")), _periods(fields.get("school_years"))


def _periods(node: Node | None) -> tuple[NamedPeriod, ...]:
    found: list[NamedPeriod] = []
    for child in node.listing() if node else ():
        fields = child.complete(("name", "from", "to"))
        if fields is None:
            continue
        start, end = fields["from"].day(), fields["to"].day()
        if start is None or end is None:
            continue
        if end < start or (found and start <= found[-1].end):
            child.fault("periods must follow one another without overlap")
        found.append(NamedPeriod(fields["name"].text() or "", start, end))
    return tuple(found)
