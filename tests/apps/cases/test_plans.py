"""How SQLite reads the queues: by an index always, and sorted only where the places are few."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anju.apps.cases import queries
from anju.apps.cases.queries import Filters
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
    (one,) = asked.captured_queries
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + one["sql"])
        plan = [row[3] for row in cursor.fetchall()]
    index, is_sorted = PLANS[who, which]
    assert plan[0].startswith(f"SEARCH cases_case USING INDEX {index} ("), plan
    assert (SORTED in plan) == is_sorted, plan
