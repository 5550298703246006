"""What the stages share while one run is folded in: the run, the rules of its day, the places, and the cursor of the transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import connection

from anju.apps.alerts.models import Episode
from anju.apps.findings.models import Run
from anju.apps.places.models import Place
from anju.core.contracts.model import Programme
from anju.core.contracts.programme import working_calendar_of
from anju.core.standards.model import Policy, Title, Version
from anju.core.terms.durations import Duration, last_day

EPISODE, EVENT, HOLD, MUTE = "alerts_episode", "alerts_episodeevent", "alerts_hold", "alerts_mute"
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Said:
    """What a stage says of one episode: whether it holds it back, and why, in both languages."""

    stage: str
    holds: bool
    reason: Title


@dataclass
class Work:
    """One pass of the pipeline. `run` is None where only what stands is looked at again: a mute, a release, a day without a run.
    `day` is the day of the deployment's clock, `at` the moment written beside what happens. With `household`, it is about the alerts
    of that one alone, judged at once in the name of `who`."""

    policy: Policy
    data: Path
    day: date
    at: datetime
    run: Run | None
    cursor: Any
    household: int | None = None
    who: str = ""
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    _places: dict[int, tuple[str, str, str]] | None = None

    @property
    def programme(self) -> Programme:
        assert isinstance(self.policy.programme, Programme)
        return self.policy.programme

    @property
    def stamp(self) -> Any:
        """`at` as the database keeps it."""
        return connection.ops.adapt_datetimefield_value(self.at)

    def only(self, of: str = "") -> str:
        """SQL: of the one household, where the pass is about one; `of` as 'e.'."""
        return f" AND {of}household_id = {int(self.household)}" if self.household is not None else ""

    def version(self, standard: str) -> Version | None:
        found = self.policy.standards.get(standard)
        return found.version_on(self.day) if found is not None else None

    def versions(self) -> Iterable[tuple[str, Version]]:
        for code in sorted(self.policy.standards):
            version = self.version(code)
            if version is not None:
                yield code, version

    def count(self, standard: str, what: str, n: int) -> None:
        if n:
            self.counts.setdefault(standard, Counter())[what] += n

    @property
    def places(self) -> dict[int, tuple[str, str, str]]:
        """Every place: key -> (level, path, tree)."""
        if self._places is None:
            self._places = {key: (level, path, tree) for key, level, path, tree in Place.objects.values_list("id", "level", "path", "tree")}
        return self._places

    def above(self, path: str, level: str) -> int | None:
        """The place of `level` on a path, itself included."""
        for key in keys_of(path):
            if key in self.places and self.places[key][0] == level:
                return key
        return None

    def sql(self, text: str, values: Sequence[Any] = ()) -> int:
        """Runs a statement; answers how many rows it touched."""
        self.cursor.execute(text, list(values))
        return int(self.cursor.rowcount)

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.cursor.execute(text, list(values))
        found: list[tuple[Any, ...]] = self.cursor.fetchall()
        return found

    def temporary(self, name: str, columns: str, rows: Iterable[Sequence[Any]] | None = None, key: str = "") -> None:
        """A table of this transaction, filled set-wise; `columns` as 'id BIGINT, level TEXT'."""
        self.sql(f"DROP TABLE IF EXISTS {name}")
        self.sql(f"CREATE TEMP TABLE {name} ({columns})")
        if rows is not None:
            fill(self.cursor, name, len(columns.split(",")), rows)
        if key:
            self.sql(f"CREATE INDEX {name}_key ON {name} ({key})")
        self.analyse(name)

    def analyse(self, name: str) -> None:
        """PostgreSQL plans a table it knows nothing of as if it were tiny."""
        if connection.vendor == "postgresql":
            self.sql(f"ANALYZE {name}")

    def record(self, what: str, source: str, values: Sequence[Any] = (), *, reason: str = "", who: str = "") -> int:
        """An event for every episode that `source` (SELECT … id) names."""
        run = self.run.pk if self.run is not None else None
        return self.sql(
            f"INSERT INTO {EVENT} (episode_id, what, day, at, run_id, who, reason)"
            f" SELECT q.id, %s, {day()}, {moment()}, %s, %s, %s FROM ({source}) q",
            [what, self.day, self.stamp, run, who or self.who, reason, *values],
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """`run` works on all that stands, set-wise; `said` tells of one episode what the stage did and why: the same plan both ways."""

    name: str
    run: Callable[[Work], None]
    said: Callable[[Episode, Work], Said]


def passes(stage: str, en: str, zh: str) -> Said:
    return Said(stage, False, Title(en, zh))


def held(stage: str, en: str, zh: str) -> Said:
    return Said(stage, True, Title(en, zh))


def fill(cursor: Any, name: str, width: int, rows: Iterable[Sequence[Any]]) -> None:
    """Rows into a table in batches; PostgreSQL by COPY."""
    if connection.vendor == "postgresql":
        with cursor.copy(f"COPY {name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join(["%s"] * width)
    batch: list[Sequence[Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", batch)
            batch = []
    if batch:
        cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", batch)


def day() -> str:
    """A day as a value of a SELECT: PostgreSQL must be told its type."""
    return "CAST(%s AS DATE)" if connection.vendor == "postgresql" else "%s"


def moment() -> str:
    return "CAST(%s AS TIMESTAMPTZ)" if connection.vendor == "postgresql" else "%s"


def whole(name: str) -> str:
    """A whole number that may be NULL, as a value of a SELECT."""
    return f"CAST({name} AS BIGINT)"


def keys_of(path: str) -> list[int]:
    """'/1/4/17/' -> [1, 4, 17]."""
    return [int(part) for part in path.split("/") if part]


def due_on(start: date, clock: Duration, work: Work) -> date:
    """The last day on which a clock that begins on `start` is kept."""
    return last_day(start, clock, working_calendar_of(work.programme))
