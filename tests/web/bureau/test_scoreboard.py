"""The score-board: what fell due and how it came, and whose deliveries are whose to see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from anju.apps.feeds.models import Delivery
from anju.apps.feeds.scores import scores
from anju.apps.places.models import Place
from anju.core.terms.viewer import STRANGER, Viewer
from anju.web.layout.current import policy
from tests.web.bureau.test_situation import text_of
from tests.web.bureau.world import as_, deliver

Places = dict[str, Place]
DAY = date(2023, 9, 26)
WHOLE, COUNTY = Viewer("bureau", scopes=("/1/",)), Viewer("county", scopes=("/1/2/",))


def month(n: int) -> int:
    return 2023 * 12 + n - 1


@pytest.fixture
def came(place: Places) -> None:
    """F06 by month, due some days after it: unit U1 sends June in time, July late and August not; U2 holds August back."""
    deliver("F06", "U1", date(2023, 7, 5), month(6))
    deliver("F06", "U1", date(2023, 8, 25), month(7), conflicts=3)
    deliver("F06", "U2", date(2023, 8, 5), month(7))
    deliver("F06", "U2", date(2023, 9, 5), month(8), held_reason="half the rows are gone")


def score_of(viewer: Viewer, feed: str, unit: str) -> tuple[int, ...]:
    score = scores(viewer, policy(), date(2023, 7, 1), DAY)[feed, unit]
    return score.on_time, score.late, score.missing, score.held, score.conflicts


@pytest.mark.usefixtures("came")
def test_a_sender_is_on_time_late_or_missing() -> None:
    assert score_of(WHOLE, "F06", "U1") == (1, 1, 1, 0, 3)


@pytest.mark.usefixtures("came")
def test_what_is_held_has_not_come_until_somebody_gives_the_word() -> None:
    assert score_of(WHOLE, "F06", "U2") == (1, 0, 1, 1, 0)
    Delivery.objects.filter(unit="U2").update(confirmed_at=datetime(2023, 9, 6, tzinfo=UTC))
    assert score_of(WHOLE, "F06", "U2") == (2, 0, 0, 0, 0)


@pytest.mark.usefixtures("came")
def test_nobody_is_held_to_what_they_had_not_begun_to_send() -> None:
    assert scores(WHOLE, policy(), date(2022, 1, 1), DAY)["F06", "U2"].due == 2


@pytest.mark.usefixtures("came")
def test_a_unit_sees_its_own_and_a_stranger_nothing() -> None:
    deliver("F13", "", date(2023, 9, 4))
    assert {unit for _, unit in scores(COUNTY, policy(), date(2023, 7, 1), DAY)} == {"U1"}
    assert {unit for _, unit in scores(WHOLE, policy(), date(2023, 7, 1), DAY)} == {"U1", "U2", "all"}
    assert scores(STRANGER, policy(), date(2023, 7, 1), DAY) == {}


@pytest.mark.usefixtures("came")
def test_a_department_sees_its_own_feeds() -> None:
    deliver("F09", "U1", date(2023, 9, 4), 0)
    clerk = Viewer("clerk", scopes=("/1/2/",), departments=frozenset(["education"]))
    assert {feed for feed, _ in scores(clerk, policy(), date(2023, 7, 1), DAY)} == {"F09"}


@pytest.mark.usefixtures("came")
def test_the_page_compares_units_and_narrows_to_one(place: Places) -> None:
    text = text_of(as_("steward"), "/score-board/?months=3")
    assert "place U1" in text and "place U2" in text and "?months=3&amp;unit=U1" in text
    assert "place U2" not in text_of(as_("steward"), "/score-board/?unit=U1")
    assert "place U2" not in text_of(as_("county"), "/score-board/")
    assert as_("county").get("/score-board/?unit=U2").status_code == 404
    assert as_("secretary").get("/score-board/").status_code == 403


@pytest.mark.usefixtures("came")
def test_the_number_of_queries_does_not_grow(django_assert_num_queries: Callable[..., object]) -> None:
    client = as_("bureau")
    client.get("/score-board/")
    with django_assert_num_queries(10):  # type: ignore[attr-defined]
        client.get("/score-board/")
