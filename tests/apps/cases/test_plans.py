"""How SQLite reads the queues: by an index always, and sorted only where the places are few. And what is asked once for many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anju.apps.cases import overseeing, queries
from anju.apps.cases.models import Case
from anju.apps.cases.queries import Filters
from anju.apps.cases.ranks import Ranks
from anju.apps.cases.steps import watching
from anju.apps.cases.steps.reminding import pass_day
from anju.apps.cases.steps.watching import watch
from anju.apps.findings.clearing import Asked
from anju.apps.findings.models import Run
from anju.core.standards.clearing import Clearing
from apps.cases.conftest import Loop

SORTED = "USE TEMP B-TREE FOR ORDER BY"
PLANS = {
    ("worker", "mine"): ("case_mine", True), ("worker", "open"): ("case_path_waits", True), ("worker", "done"): ("case_over", False),
    ("worker", "post"): ("case_waits", False), ("worker", "observed"): ("case_waits", False), ("street", "open"): ("case_path_waits", True),
    ("bureau", "open"): ("case_open", False), ("education", "open"): ("case_open", False), ("prefecture", "open"): ("case_open", False),
    ("prefecture", "done"): ("case_over", False), ("prefecture", "post"): ("case_waits", True),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL chooses by statistics")
@pytest.mark.parametrize(("who", "which"), PLANS)
def test_a_queue_is_read_by_an_index(loop: Loop, who: str, which: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        queries.queue(loop.cast[who], Filters(queue=which))
    (plan,) = plans(asked)
    index, is_sorted = PLANS[who, which]
    assert plan[0].startswith(f"SEARCH cases_case USING INDEX {index} ("), plan
    assert (SORTED in plan) == is_sorted, plan


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL chooses by statistics")
@pytest.mark.parametrize(("who", "index", "is_sorted"), [("worker", "case_event_case", True), ("prefecture", "case_event_at", False)])
def test_what_changed_is_read_of_ones_own_cases_or_from_the_newest_on(loop: Loop, who: str, index: str, is_sorted: bool) -> None:
    for _ in range(2):
        loop.told(level="orange")
    with CaptureQueriesContext(connection) as asked:
        numbers, latest = overseeing.changed_since(loop.cast[who], loop.at - timedelta(days=3))
    assert numbers == {"opened": 2} and [event.what for event in latest] == ["opened", "opened"]
    plan = plans(asked)[-2]
    read = [line for line in plan if "cases_caseevent" in line]
    assert len(read) == 1 and f"INDEX {index} (" in read[0], plan
    assert (SORTED in plan) == is_sorted, plan


@pytest.mark.django_db
def test_what_changed_is_the_same_for_whoever_has_few_cases_or_many(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    for level in ("yellow", "orange", "red"):
        loop.told(level=level)
    few = {who: overseeing.changed_since(loop.cast[who], loop.at - timedelta(days=3)) for who in ("worker", "street", "stranger")}
    assert few["worker"][0] == {"opened": 3} and few["stranger"] == ({}, [])
    monkeypatch.setattr(overseeing, "FEW", 2)
    assert few == {who: overseeing.changed_since(loop.cast[who], loop.at - timedelta(days=3)) for who in few}


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL chooses by statistics")
def test_what_happened_to_some_cases_is_read_of_these_alone(loop: Loop) -> None:
    case, other = loop.told(), loop.told()
    with CaptureQueriesContext(connection) as asked:
        ranks = Ranks([case, other])
        ranks.handlers(case)
        ranks.returners(case)
    read = [line for plan in plans(asked) for line in plan if "cases_caseevent" in line]
    assert len(read) == 2 and all("INDEX case_event_case (case_id=? AND what=?)" in line for line in read), read


def plans(asked: CaptureQueriesContext) -> list[list[str]]:
    """How SQLite reads each of the queries."""
    with connection.cursor() as cursor:
        return [[row[3] for row in cursor.execute("EXPLAIN QUERY PLAN " + one["sql"]).fetchall()] for one in asked.captured_queries]


def made(loop: Loop, n: int, **values: Any) -> None:
    """So many more cases like one that was told."""
    one = loop.told(level="orange")
    fields = {field.attname: getattr(one, field.attname) for field in Case._meta.concrete_fields if not field.primary_key}
    start = Case.objects.count() * 1_000
    Case.objects.bulk_create([Case(**{**fields, **values, "subject_id": start + k}) for k in range(n)])


@pytest.mark.django_db
def test_what_was_shown_of_many_is_read_at_once(loop: Loop, tmp_path: Path) -> None:
    counts = []
    for n in (10, 10, 60):  # the first time brings the kept counts about
        made(loop, n, state="feedback", waits_on="show", measured_on=loop.day, fed_back_on=loop.day)
        with CaptureQueriesContext(connection) as asked:
            watch(data=tmp_path, at=loop.at)
        counts.append(len(asked))
    assert counts[1] == counts[2], counts


@pytest.mark.django_db
def test_a_day_passes_for_many_at_once(loop: Loop) -> None:
    counts = []
    for n in (10, 10, 60):  # the first time brings the kept counts about
        made(loop, n, deadline=loop.day, verify_due=loop.day)
        loop.pass_days(1)
        with CaptureQueriesContext(connection) as asked:
            told = pass_day(at=loop.at)
        assert len(told) >= n
        counts.append(len(asked))
    assert counts[1] == counts[2], counts


@pytest.mark.django_db
def test_the_data_are_asked_once_in_a_run_for_all_cases_together(loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[Asked]] = []

    def answer(_policy: object, _data: Path, run: Run, those: Iterable[Asked]) -> dict[Asked, Clearing]:
        asked.append(list(those))
        return {one: Clearing("unknown", False, None, run.day) for one in asked[-1]}

    monkeypatch.setattr(watching, "clearings", answer)
    monkeypatch.setattr(watching, "AT_ONCE", 4)
    made(loop, 10, standard="MH-02", state="feedback", waits_on="show", measured_on=loop.day, fed_back_on=loop.day)
    for n in (1, 1, 2, 2):  # of each run twice
        monkeypatch.setattr(watching, "current_run", partial(Run, pk=n, day=loop.day))
        watch(data=tmp_path, at=loop.at)
        assert set(Case.objects.filter(state="feedback").values_list("seen_run", "clearing")) == {(n, "unknown")}
    assert [len(those) for those in asked] == [10, 10]
