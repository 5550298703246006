"""The calendar in force, for whoever counts working days: the policy's own, with the years that were loaded in the place of its.

The table is the record. What it says is published as one file in the data folder, replaced by a rename, so that pages, workers and
commands see a new year at once and ask the database nothing; it holds every version with the time from which and until which it stood."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from anju.apps.calendar.models import HOLIDAY, CalendarDay, CalendarYear
from anju.core.contracts.model import Programme
from anju.core.contracts.official import OfficialYear, with_years
from anju.core.standards.model import Policy

FILE = "calendar.json"
MOST = 16  # merged policies kept at once
Stamp = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Version:
    """A year as loaded, and the time in which it stood; `until` is None while it does."""

    year: OfficialYear
    version: int
    since: datetime
    until: datetime | None


_read: dict[Stamp, tuple[Version, ...]] = {}
_merged: dict[tuple[str, Stamp, tuple[tuple[int, int], ...]], Policy] = {}
_plain: dict[str, Policy] = {}  # digest of a merged policy -> the policy of the files


def in_force(policy: Policy, known_at: datetime | None = None) -> Policy:
    """The policy with the calendar of now, or as it was known at a time. Its digest is another one where the calendar is, so that what a
    run rests on stands beside it. A policy that was given a calendar already is taken as it is in the files."""
    stamp = _stamp()
    policy = _plain.get(policy.digest, policy)
    if stamp is None:
        return policy
    standing = [one for one in _versions(stamp) if _stood(one, known_at)]
    key = (policy.digest, stamp, tuple((one.year.year, one.version) for one in standing))
    if key not in _merged:
        if len(_merged) >= MOST:
            _merged.clear()
        _merged[key] = _with(policy, [one.year for one in standing])
    return _merged[key]


def with_loaded_years(programme: Programme) -> Programme:
    """The programme alone with the calendar of now."""
    stamp = _stamp()
    return programme if stamp is None else with_years(programme, [one.year for one in _versions(stamp) if one.until is None])


def stamp_of_calendar() -> Stamp | None:
    """Another one after each load: for whoever keeps what follows from the calendar."""
    return _stamp()


def publish() -> bool:
    """Writes the file anew where it does not say what the table says. Answers whether it was so."""
    path, text, wrote = _path(), _told(), False
    while _written(path) != text:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{uuid4().hex}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
        text, wrote = _told(), True  # asked again: of two who publish at once the later table stands
    return wrote


def published() -> bool:
    """Whether the file says what the table says."""
    return _written(_path()) == _told()


def _written(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _path() -> Path:
    return Path(settings.DATA) / FILE


def _told() -> str:
    """'' where no year was ever loaded."""
    days: dict[int, dict[str, list[str]]] = defaultdict(lambda: {"holidays": [], "makeup_days": []})
    for key, day, kind in CalendarDay.objects.order_by("day").values_list("loaded_id", "day", "kind"):
        days[key]["holidays" if kind == HOLIDAY else "makeup_days"].append(day.isoformat())
    years = [
        {
            "year": one.year, "version": one.version, "since": one.loaded_at.isoformat(),
            "until": one.superseded_at.isoformat() if one.superseded_at is not None else None, **days[one.pk],
        }
        for one in CalendarYear.objects.order_by("year", "version")
    ]  # fmt: skip
    return json.dumps({"years": years}, indent=1) if years else ""


def _stamp() -> Stamp | None:
    path = f"{settings.DATA}/{FILE}"  # a page asks some dozens of times: no Path is made for it
    try:
        seen = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None
    return path, seen.st_mtime_ns, seen.st_ino, seen.st_size


def _versions(stamp: Stamp) -> tuple[Version, ...]:
    found = _read.get(stamp)
    if found is None:
        text = _path().read_text(encoding="utf-8")
        found = tuple(_version(one) for one in json.loads(text)["years"]) if text else ()
        _read.clear()
        _read[stamp] = found
    return found


def _version(told: dict[str, object]) -> Version:
    def days(name: str) -> frozenset[date]:
        listed = told[name]
        assert isinstance(listed, list)
        return frozenset(date.fromisoformat(day) for day in listed)

    year, version, until = told["year"], told["version"], told["until"]
    assert isinstance(year, int) and isinstance(version, int)
    return Version(
        OfficialYear(year, days("holidays"), days("makeup_days")), version, datetime.fromisoformat(str(told["since"])),
        datetime.fromisoformat(str(until)) if until is not None else None,
    )  # fmt: skip


def _stood(one: Version, known_at: datetime | None) -> bool:
    if known_at is None:
        return one.until is None
    return one.since <= known_at and (one.until is None or known_at < one.until)


def _with(policy: Policy, years: list[OfficialYear]) -> Policy:
    assert isinstance(policy.programme, Programme)
    programme = with_years(policy.programme, years)
    if programme == policy.programme:
        return policy
    days = [",".join(sorted(map(str, one))) for one in (programme.holidays, programme.makeup_days)]
    digest = hashlib.sha256("\n".join([policy.digest, *days]).encode()).hexdigest()
    _plain[digest] = policy
    return replace(policy, programme=programme, digest=digest)
