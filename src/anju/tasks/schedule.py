"""The schedule as data: schedule.yaml, read with every fault, and when a thing is due by the clock of the programme.

A time of day is due once on each day of the calendar, whatever the clock does: a time that a change of the clock skips falls due
right after it, one that comes twice is due the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from anju.core.contracts.document import Node, parse_document, read_document
from anju.core.contracts.faults import Fault

SECONDS = {"s": 1, "min": 60, "h": 3600}
OFTEN = re.compile(r"^(\d{1,6})\s*(s|min|h)$")
CLOCK = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)$")
LOOK_BACK = 8  # days in which a weekly time lies for certain

OPTIONS: dict[str, tuple[str, ...]] = {
    "run": (), "remind": (), "seal": (), "send": (), "retry": (), "expire": (), "backup": ("keep",), "tidy": ("keep_days",),
    "drop": ("settle", "keep_days"),
}  # fmt: skip
"""What can be scheduled, and the numbers that each may be given."""
LEAST_EVERY = {"drop": 1}  # seconds; the others are tasks in a queue, and need not be asked for more than once a minute


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` are times of day, on the ISO weekdays `on`; or `every` so many seconds. One of the two is empty."""

    kind: str
    at: tuple[time, ...] = ()
    on: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    every: int = 0
    options: Mapping[str, int] = field(default_factory=dict)

    @property
    def timing(self) -> str:
        if self.every:
            return f"every {self.every} s"
        days = "" if len(self.on) == 7 else f" on {', '.join(map(str, self.on))}"
        return f"at {', '.join(f'{one:%H:%M}' for one in self.at)}{days}"


@dataclass(frozen=True, slots=True)
class Schedule:
    entries: tuple[Entry, ...]

    def of(self, kind: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.kind == kind), None)


# --- when ---------------------------------------------------------------------------------------------------------


def last_slot(entry: Entry, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The latest time at or before `now` at which the entry was due, in UTC."""
    if entry.every:
        return _of_interval(entry, now)
    today = now.astimezone(zone).date()
    slots = (slot for back in range(-1, LOOK_BACK + 1) for slot in _of_day(entry, today - timedelta(days=back), zone) if slot <= now)
    return max(slots, default=None)


def next_slot(entry: Entry, now: datetime, zone: ZoneInfo) -> datetime:
    """The first time after `now` at which the entry is due, in UTC."""
    if entry.every:
        return _of_interval(entry, now) + timedelta(seconds=entry.every)
    today = now.astimezone(zone).date()
    return min(slot for ahead in range(-1, LOOK_BACK + 1) for slot in _of_day(entry, today + timedelta(days=ahead), zone) if slot > now)


def _of_interval(entry: Entry, now: datetime) -> datetime:
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % entry.every, UTC)


def _of_day(entry: Entry, day: date, zone: ZoneInfo) -> Iterable[datetime]:
    if day.isoweekday() not in entry.on:
        return ()
    return tuple(datetime.combine(day, at, zone).astimezone(UTC) for at in entry.at)


# --- reading ------------------------------------------------------------------------------------------------------


def read_schedule(path: Path) -> tuple[Schedule | None, list[Fault]]:
    """The schedule, or None with every fault. Without a file nothing is scheduled."""
    if not path.exists():
        return Schedule(()), []
    faults: list[Fault] = []
    root = read_document(path, path.name, faults)
    return _read(root, faults)


def parse_schedule(text: str) -> tuple[Schedule | None, list[Fault]]:
    faults: list[Fault] = []
    return _read(parse_document(text, "schedule.yaml", faults), faults)


def _read(root: Node | None, faults: list[Fault]) -> tuple[Schedule | None, list[Fault]]:
    fields = root.mapping(optional=tuple(OPTIONS)) if root is not None else {}
    entries = [entry for kind, node in fields.items() if kind in OPTIONS and (entry := _entry(kind, node)) is not None]
    return (None, sorted(faults)) if faults else (Schedule(tuple(entries)), [])


def _entry(kind: str, node: Node) -> Entry | None:
    fields = node.mapping(optional=("at", "every", "on", *OPTIONS[kind]))
    if not fields and not node.is_mapping():
        return None  # a fault already
    when = [name for name in ("at", "every") if name in fields]
    if len(when) != 1:
        told = "both 'at' and 'every'" if when else "neither 'at' nor 'every'"
        node.fault(f"'{kind}' has {told}", "it is due at times of the day, or again and again", 'write at: "02:00", or every: 10 min')
        return None
    if kind == "drop" and "at" in fields:
        fields["at"].fault("the drop folder is looked at again and again", "files come at any time", "write every: 10 s")
        return None
    if "on" in fields and "every" in fields:
        fields["on"].fault("'on' goes with 'at'", "what is due again and again is due on every day", "remove it, or write at:")
    options = {name: number for name in OPTIONS[kind] if name in fields and (number := _number(name, fields[name])) is not None}
    on = _weekdays(fields["on"]) if "on" in fields else (1, 2, 3, 4, 5, 6, 7)
    at = tuple(clock for one in _listed(fields["at"]) if (clock := _clock(one)) is not None) if "at" in fields else ()
    every = _often(kind, fields["every"]) or 0 if "every" in fields else 0
    return Entry(kind, tuple(sorted(set(at))), on, every, options) if at or every else None


def _listed(node: Node) -> tuple[Node, ...]:
    return node.listing() if node.is_sequence() else (node,)


def _clock(node: Node) -> time | None:
    found = CLOCK.match(node.raw)
    if found is None:
        node.fault(f"'{node.raw}' is no time of day", "", 'write hours and minutes: "02:00" to "23:59"')
        return None
    return time(int(found[1]), int(found[2]))


def _often(kind: str, node: Node) -> int | None:
    found, least = OFTEN.match(node.raw), LEAST_EVERY.get(kind, 60)
    if found is None:
        node.fault(f"'{node.raw}' is no span of time", "", "write a number and s, min or h: 10 s, 15 min, 1 h")
        return None
    seconds = int(found[1]) * SECONDS[found[2]]
    if not least <= seconds <= 24 * 3600:
        short = seconds < least
        why = f"'{kind}' is due every {least} s at most, and every day at least"
        node.fault(f"'{node.raw}' is too {'short' if short else 'long'}", why, f"write {least} s or more" if short else "write at: and on:")
        return None
    return seconds


def _weekdays(node: Node) -> tuple[int, ...]:
    days = [day for child in _listed(node) if (day := child.integer()) is not None]
    wrong = [day for day in days if not 1 <= day <= 7]
    if wrong:
        node.fault(f"{wrong[0]} is no weekday", "", "write 1 for Monday to 7 for Sunday: [1, 2, 3, 4, 5]")
    elif not days and not node.faults:
        node.fault("on no day at all it is never due", "", "name a weekday, or remove 'on'")
    return tuple(sorted(set(days) - set(wrong)))


def _number(name: str, node: Node) -> int | None:
    number = node.integer()
    if number is not None and not 1 <= number <= 3650:
        node.fault(f"'{name}' cannot be {number}", "", "write a number from 1 to 3650")
        return None
    return number
