"""How SQLite reads what happened to a family: its own alerts by their index, and never all that there are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anju.apps.alerts.queries import what_happened_to
from anju.core.terms.viewer import Viewer

SEES = [
    Viewer("worker", "grid_worker", scopes=("/1/2/3/4/",)),
    Viewer("bureau", "county_department", scopes=("/1/2/",), departments=frozenset(["education"])),
    Viewer("origin", "county_bureau", origins=("/1/3/",)),
]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL chooses by statistics")
@pytest.mark.parametrize("viewer", SEES, ids=lambda viewer: viewer.name)
def test_of_a_family_only_its_own_alerts_are_read(viewer: Viewer) -> None:
    with CaptureQueriesContext(connection) as asked:
        what_happened_to(viewer, 7, [1, 2, 3, 4], ["HS-04", "CU-03"], limit=201)
    (one,) = asked.captured_queries
    with connection.cursor() as cursor:
        plan = [row[3] for row in cursor.execute("EXPLAIN QUERY PLAN " + one["sql"]).fetchall()]
    assert not [line for line in plan if line.startswith("SCAN")], plan
    assert {"episode_household", "episode_key"} <= {word for line in plan for word in line.split()}, plan
