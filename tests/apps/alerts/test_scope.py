"""Every query with the fixed cast: a worker, her neighbour, a department's clerk, a county's inspector, a post of the origin, a stranger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from alerts_fixtures import BUREAU, Deployment, dropped
from anju.apps.alerts import actions, queries
from anju.apps.alerts.models import Episode, Mute
from anju.apps.alerts.queries import Filters
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.core.terms.viewer import STRANGER, Viewer

AT = datetime(2023, 9, 26, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CAST = {
    "worker": (Viewer("worker", "grid_worker", ("/1/2/3/",)), True), "neighbour": (Viewer("neighbour", "grid_worker", ("/1/2/4/",)), False),
    "clerk": (Viewer("clerk", "county_department", ("/1/2/",), frozenset({"education"})), True),
    "clerk of another department": (Viewer("water", "county_department", ("/1/2/",), frozenset({"water"})), False),
    "inspector": (Viewer("inspector", "county_bureau", ("/1/2/",)), True),
    "another county": (Viewer("county", "county_bureau", ("/1/5/",)), False),
    "origin": (Viewer("origin", "county_bureau", (), frozenset(), ("/9/",)), True),
    "another origin": (Viewer("elsewhere", "county_bureau", (), frozenset(), ("/8/",)), False),
    "origin's other department": (Viewer("water", "county_department", (), frozenset({"water"}), ("/9/",)), False),
    "stranger": (STRANGER, False),
}  # fmt: skip


@pytest.fixture
def episode(one: Deployment) -> Episode:
    """A child out of school, of a family that came from place 9."""
    Place.objects.create(id=9, tree="statistical", level="county", code="O", name="O", path="/9/")
    Household.objects.create(id=1, household_code="H1", place_id=3, origin_place_id=9, valid_from=date(2020, 1, 1), known_from=LONG_AGO)
    one.begin()
    one.judge(date(2023, 9, 26), **dropped())
    return Episode.objects.get()


SEES: dict[str, Callable[[Viewer, Episode], Any]] = {
    "alerts_in_scope": lambda viewer, e: list(queries.alerts_in_scope(viewer)),
    "queue": lambda viewer, e: queries.queue(viewer, Filters()),
    "queue of a level": lambda viewer, e: queries.queue(viewer, Filters(level="red")),
    "alert": lambda viewer, e: queries.alert(viewer, e.pk),
    "events_of": lambda viewer, e: queries.events_of(viewer, e),
    "episodes_of_household": lambda viewer, e: queries.episodes_of_household(viewer, 1),
    "counts": lambda viewer, e: queries.counts(viewer).queues.get("todo"),
    "changed_since": lambda viewer, e: queries.changed_since(viewer, LONG_AGO).latest,
}


@pytest.mark.parametrize("query", list(SEES))
@pytest.mark.parametrize("name", list(CAST))
def test_who_sees_it(episode: Episode, name: str, query: str) -> None:
    viewer, sees = CAST[name]
    assert bool(SEES[query](viewer, episode)) is sees


def test_the_others_of_a_family_are_seen_by_department_too(episode: Episode) -> None:
    other = Episode.objects.get()
    other.pk, other.standard, other.owner = None, "EM-01", "human_resources"
    other.save()
    assert [e.standard for e in queries.cluster_of(CAST["worker"][0], episode)] == ["EM-01"]
    for name in ("clerk", "neighbour", "stranger"):
        assert queries.cluster_of(CAST[name][0], episode) == []


def test_mutes_and_what_they_would_hide_stay_within_the_post(one: Deployment, episode: Episode) -> None:
    made = actions.mute(one.policy, one.data, by=BUREAU, at=AT, reason="seen at home", until=date(2023, 9, 30), path="/1/2/3/", household=1)
    for viewer, sees in CAST.values():
        assert queries.matched_in_scope(viewer, Mute(path="/1/2/3/", household_id=1)).exists() is sees
    listed = {name for name, (viewer, _) in CAST.items() if queries.mutes_in_scope(viewer).exists()}
    assert listed == {"worker", "clerk", "clerk of another department", "inspector"}  # of a post of no department: it concerns all
    assert made.hits == 1


def test_baselines_are_for_whoever_answers_for_the_unit(one: Deployment) -> None:
    one.judge(date(2023, 9, 26), **dropped())
    seen = {name for name, (viewer, _) in CAST.items() if queries.holds_in_scope(viewer).filter(released_at=None).exists()}
    assert seen == {"clerk", "inspector"}


@pytest.mark.parametrize(
    ("query", "n"),
    [("queue", 1), ("alert", 1), ("episodes_of_household", 1), ("counts", 1), ("changed_since", 2), ("events_of", 2)],
)
def test_how_many_statements_a_query_takes(episode: Episode, query: str, n: int, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(n):
        SEES[query](BUREAU, episode)


def test_a_queue_is_paged_by_key_in_order_of_urgency(episode: Episode) -> None:
    template = Episode.objects.get()
    for nth, (urgency, day) in enumerate([(0, 5), (0, 3), (1, 4), (3, 1), (3, 1)], start=1):
        template.pk, template.subject_id, template.urgency, template.sort_on, template.lead = None, 100 + nth, urgency, date(2023, 9, day), True
        template.save()
    whole = [e.pk for e in queries.queue(BUREAU, Filters(), limit=50)]
    assert [(e.urgency, e.sort_on) for e in queries.queue(BUREAU, Filters(), limit=3)][:2] == [(0, date(2023, 9, 3)), (0, date(2023, 9, 5))]
    paged: list[int] = []
    after = None
    while page := queries.queue(BUREAU, Filters(), after=after, limit=2):
        paged += [e.pk for e in page]
        after = queries.key_of(page[-1])
    assert paged == whole and len(whole) == 6
