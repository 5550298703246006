"""The rules of casework of this deployment, its calendar and its day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from anju.apps.alerts.actions import today as day_of_alerts
from anju.apps.cases.refusing import Refused
from anju.apps.findings.current import policy, programme
from anju.core.casework.rules import FILE, NONE, Casework, Clocks, Closing, read_casework
from anju.core.contracts.model import Contract
from anju.core.contracts.programme import working_calendar_of
from anju.core.standards.model import Breach, Version
from anju.core.terms.durations import Duration, last_day
from anju.core.terms.working_days import WorkingCalendar

PLAIN = Closing("words", "answer", False, ("street",))  # of a matter whose level has no rule: as a minor one
_kept: dict[str, Any] = {}
_set: ContextVar[date | None] = ContextVar("day", default=None)


def casework() -> Casework:
    """Read once, and again when the file has changed; NONE where there is no file. Raises CaseworkFaults where it cannot be read."""
    try:
        seen = (Path(settings.POLICY) / FILE).stat()
    except FileNotFoundError:
        return NONE
    stamp = (str(settings.POLICY), seen.st_mtime_ns, seen.st_size)
    if _kept.get("stamp") != stamp:
        _kept.update(rules=read_casework(Path(settings.POLICY)), stamp=stamp)
    found: Casework = _kept["rules"]
    return found


def calendar() -> WorkingCalendar:
    return working_calendar_of(programme())


def today() -> date:
    """The day of the deployment's clock: of the last run that was followed, else of the machine; or the one that somebody has set."""
    return _set.get() or day_of_alerts() or timezone.localdate()


@contextmanager
def as_of(day: date) -> Iterator[None]:
    """The clock stands at `day`: for whoever loads what was done before the platform was there, act by act, in its order."""
    token = _set.set(day)
    try:
        yield
    finally:
        _set.reset(token)


def version_of(standard: str, day: date) -> Version | None:
    found = policy().standards.get(standard)
    return found.version_on(day) if found is not None else None


def breach_of(standard: str, breach: str, day: date) -> Breach | None:
    version = version_of(standard, day)
    return next((one for one in version.breaches if one.name == breach), None) if version is not None else None


def clocks_of(level: str) -> Clocks:
    clocks = casework().clocks
    if not clocks:
        raise Refused(
            f"the policy of this programme has no {FILE}: nobody is given a case; what runs find stays with the alerts",
            f"本项目的规则中没有 {FILE}：不设工单；研判发现的问题以预警线索处理",
        )
    return clocks.get(level) or clocks["yellow"]


def closing_of(level: str) -> Closing:
    return casework().closing.get(level, PLAIN)


def closes_by(standard: str, level: str, day: date) -> str:
    """data, visit or gate; what is red or orange always by the gate, and so is what no standard judges."""
    version = version_of(standard, day)
    return version.closing if version is not None and level not in ("red", "orange") else "gate"


def asks_household(standard: str, household: int | None) -> bool:
    """Whether there is a family to see and to hear before a case closes. None where it is about the loop itself, whose family has nothing
    to say of it: the standards whose subjects come from the platform's own records, such as a late case."""
    found = policy().standards.get(standard)
    keyed = policy().keyed.get(found.subject) if found is not None else None
    contract = policy().contracts[keyed.feed] if keyed is not None else None
    return household is not None and not (isinstance(contract, Contract) and contract.platform)


def due(start: date, clock: Duration) -> date:
    return last_day(start, clock, calendar())


def verify_clock(standard: str, breach: str, level: str, day: date) -> Duration:
    found = breach_of(standard, breach, day)
    return found.verify if found is not None else clocks_of(level).verify


def handle_due(standard: str, breach: str, level: str, start: date) -> date:
    """With the second stage of handling behind the first, where the standard has one (a plan after the listing)."""
    found = breach_of(standard, breach, start)
    first = due(start, found.handle if found is not None else clocks_of(level).handle)
    return due(first, found.then) if found is not None and found.then is not None else first
