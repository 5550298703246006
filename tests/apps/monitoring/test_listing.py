"""Listing a family as monitored: the whole procedure, then each refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from anju.apps.journal.models import Line
from anju.apps.monitoring import actions, posting
from anju.apps.monitoring.models import Listing, Notice, Objection, Step
from anju.apps.monitoring.steps import Refused
from anju.apps.people.models import Household
from anju.core.terms.viewer import Viewer
from monitoring_fixtures import (
    AT,
    CADRE,
    COUNTY,
    DAY,
    MEETING,
    NEIGHBOUR,
    ORIGIN,
    OTHER_STREET,
    OVER,
    SECRETARY,
    STREET,
    approve,
    compare,
    listed,
    propose,
    put_up,
    review,
    township,
    until,
    verify,
)

pytestmark = pytest.mark.django_db
ANY = Callable[[Listing], object]


def test_a_family_is_listed_step_by_step(home: Household) -> None:
    listing = propose()
    assert (listing.state, listing.due, listing.relapse_of) == ("proposed", date(2023, 10, 5), None)
    states = []
    for step in (verify, compare, review, put_up, township, approve):
        step(listing)
        listing.refresh_from_db()
        states.append(listing.state)
    assert states == ["verified", "compared", "reviewed", "noticed", "township_reviewed", "listed"]
    assert (listing.identified_on, listing.due, listing.version) == (OVER, date(2023, 10, 21), 7)
    steps = list(Step.objects.order_by("pk").values_list("what", "by", "role"))
    assert steps[0] == ("propose", "cadre", "cadre") and steps[-1] == ("approve", "county", "county_bureau") and len(steps) == 7
    assert Line.objects.filter(about=f"listing:{listing.pk}").count() == 7


def test_the_notice_says_no_more_than_it_may(home: Household) -> None:
    put = Notice.objects.get(pk=put_up(until(propose(), review)))
    assert "韦*英" in put.text_zh and "C13栋" in put.text_zh and "务工收入不稳、重大支出" in put.text_zh
    assert not any(word in put.text_zh for word in ("秀", "501", "病", "H0001"))
    assert (put.until, len(put.digest)) == (date(2023, 10, 9), 64)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"category": "poor"}, "choose a category"), ({"category": "marginal"}, "never registered as poor"),
        ({"risk_types": []}, "at least one risk"),
        ({"risk_types": ["laziness"]}, "at least one risk"), ({"clue_on": date(2023, 9, 27)}, "future"), ({"by": STREET}, "responsible cadre"),
        ({"by": COUNTY}, "responsible cadre"), ({"by": NEIGHBOUR}, "no such family"), ({"household_id": 99}, "no such family"),
    ],
)  # fmt: skip
def test_each_refusal_of_a_proposal(home: Household, changed: dict[str, object], says: str) -> None:
    with pytest.raises(Refused, match=says):
        propose(**changed)  # type: ignore[arg-type]
    assert not Listing.objects.exists() and not Line.objects.filter(act__startswith="monitoring").exists()


def test_never_registered_poor_is_not_unstable(home: Household) -> None:
    Household.objects.update(is_registered_poor=False)
    with pytest.raises(Refused, match="was not: choose marginal"):
        propose(category="unstable")
    assert propose(category="marginal").category == "marginal"


def test_a_family_stands_once(home: Household) -> None:
    first = propose()
    with pytest.raises(Refused, match=f"No. {first.pk}"):
        propose(by=SECRETARY)


def test_a_judgement_of_a_case_is_a_proposal_whoever_may_judge(home: Household) -> None:
    assert propose(by=STREET, source="case:12").source == "case:12"


ORDER = (verify, compare, review, put_up, township, approve)


@pytest.mark.parametrize("wrong", range(6))
def test_no_step_out_of_its_turn(home: Household, wrong: int) -> None:
    listing = propose()
    for n, step in enumerate(ORDER):
        for other in ORDER[:n] + ORDER[n + 1 :]:
            with pytest.raises(Refused, match="it stands at"):
                other(listing)
        if n == wrong:
            return
        step(listing)


@pytest.mark.parametrize(
    ("before", "step", "allowed"),
    [(None, verify, (CADRE, SECRETARY)), (verify, compare, (CADRE, SECRETARY)), (compare, review, (STREET,)), (review, put_up, (STREET,)),
     (put_up, township, (STREET,)), (township, approve, (COUNTY,))],
)  # fmt: skip
def test_each_step_is_for_its_post_and_place(
    home: Household, before: ANY | None, step: Callable[..., object], allowed: tuple[Viewer, ...]
) -> None:
    listing = propose() if before is None else until(propose(), before)
    for someone in (CADRE, SECRETARY, STREET, COUNTY, NEIGHBOUR, OTHER_STREET, ORIGIN):
        if someone not in allowed:
            with pytest.raises(Refused):
                step(listing, by=someone)
    step(listing, by=allowed[0])


def test_from_elsewhere_a_listing_is_as_one_that_does_not_exist(home: Household) -> None:
    listing = propose()
    said = []
    for number in (listing.pk, 999_999):
        with pytest.raises(Refused) as refused:
            verify(Listing(pk=number), by=NEIGHBOUR)
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_nobody_decides_twice_in_a_row(home: Household) -> None:
    both = replace(STREET, account=CADRE.account)  # one person in two posts
    listing = until(propose(), compare)
    with pytest.raises(Refused, match="yourself"):
        review(listing, by=both)
    review(listing)
    put_up(listing)
    with pytest.raises(Refused, match="yourself"):
        township(listing, by=both)
    township(listing)
    with pytest.raises(Refused, match="recorded the review meeting yourself"):
        approve(listing, by=replace(COUNTY, account=STREET.account))
    with pytest.raises(Refused, match="proposed it yourself"):
        approve(listing, by=replace(COUNTY, account=CADRE.account))


def test_of_two_at_once_one_wins_and_the_other_is_told_who(home: Household) -> None:
    listing = propose()
    actions.verify_household(
        number=listing.pk, visited_on=DAY, found_there="seen", authorisation="paper", on=DAY, by=SECRETARY, at=AT, version=1
    )  # fmt: skip
    with pytest.raises(Refused, match="secretary recorded the visit"):
        actions.verify_household(
            number=listing.pk, visited_on=DAY, found_there="seen", authorisation="paper", on=DAY, by=CADRE, at=AT, version=1
        )
    assert Step.objects.filter(what="verify").count() == 1


def test_who_read_before_the_other_wrote_does_not_write(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have found it in its state; only the comparison at the write can tell."""
    listing = propose()
    stale = Listing.objects.select_related("household__place").get(pk=listing.pk)
    verify(listing, by=SECRETARY)
    monkeypatch.setattr(actions, "found", lambda *_: stale)
    with pytest.raises(Refused, match="secretary recorded the visit"):
        verify(listing)


def test_a_visit_needs_its_authorisation_and_words(home: Household) -> None:
    listing = propose()
    said = {"number": listing.pk, "visited_on": DAY, "found_there": "seen", "authorisation": "paper", "on": DAY, "by": CADRE, "at": AT}
    for changed, says in (({"authorisation": " "}, "authorisation to query is missing"), ({"found_there": ""}, "found at the door"),
                          ({"visited_on": date(2023, 9, 27)}, "future")):  # fmt: skip
        with pytest.raises(Refused, match=says):
            actions.verify_household(**(said | changed))  # type: ignore[arg-type]
    assert actions.verify_household(**(said | {"authorisation": "", "authorisation_file": 7})).authorisation_file == 7  # type: ignore[arg-type]


def test_a_meeting_that_did_not_agree_lists_nobody(home: Household) -> None:
    listing = until(propose(), compare)
    with pytest.raises(Refused, match="more than half"):
        review(listing, meeting=replace(MEETING, votes_for=4, votes_against=5))
    with pytest.raises(Refused, match="at least 5"):
        review(listing, meeting=replace(MEETING, attended=3, votes_for=3, votes_against=0))
    actions.refuse_listing(number=listing.pk, reason="the meeting did not agree", on=DAY, by=STREET, at=AT)
    listing.refresh_from_db()
    assert (listing.state, listing.due, listing.refused_reason) == ("refused", None, "the meeting did not agree")


def test_a_notice_stands_its_whole_time(home: Household) -> None:
    listing = until(propose(), put_up)
    for early in (DAY, date(2023, 10, 9)):
        with pytest.raises(Refused, match="until the end of 2023-10-09"):
            township(listing, on=early)
    township(listing, on=date(2023, 10, 10))


def test_objections_are_answered_before_anything_goes_on(home: Household) -> None:
    listing = until(propose(), put_up)
    notice = Notice.objects.get()
    objection = posting.record_objection(notice=notice.pk, text="they own a shop", received_on=DAY, on=DAY, by=STREET, at=AT)
    with pytest.raises(Refused, match="waits for an answer"):
        township(listing)
    with pytest.raises(Refused, match="what was answered"):
        posting.answer_objection(objection=objection.pk, answer="", upheld=False, on=DAY, by=STREET, at=AT)
    posting.answer_objection(objection=objection.pk, answer="the shop is the brother's", upheld=False, on=DAY, by=STREET, at=AT)
    with pytest.raises(Refused, match="answered already"):
        posting.answer_objection(objection=objection.pk, answer="again", upheld=True, on=DAY, by=STREET, at=AT)
    township(listing)
    with pytest.raises(Refused, match="decided on already"):
        posting.record_objection(notice=notice.pk, text="late", received_on=OVER, on=OVER, by=STREET, at=AT)


def test_an_objection_found_right_stops_it(home: Household) -> None:
    listing = until(propose(), put_up)
    posting.record_objection(notice=Notice.objects.get().pk, text="they own a shop", received_on=DAY, on=DAY, by=STREET, at=AT)
    posting.answer_objection(objection=Objection.objects.get().pk, answer="true", upheld=True, on=DAY, by=STREET, at=AT)
    with pytest.raises(Refused, match="found to be right"):
        township(listing)
    actions.refuse_listing(number=listing.pk, reason="owns a shop", on=OVER, by=STREET, at=AT)


@pytest.mark.parametrize("someone", [CADRE, NEIGHBOUR, OTHER_STREET, COUNTY])
def test_objections_are_the_streets(home: Household, someone: Viewer) -> None:
    until(propose(), put_up)
    with pytest.raises(Refused):
        posting.record_objection(notice=Notice.objects.get().pk, text="they own a shop", received_on=DAY, on=DAY, by=someone, at=AT)


def test_a_notice_with_a_number_or_health_is_not_put_up(home: Household) -> None:
    listing = until(propose(), review)
    for address, says in (("3栋 13985912345", "like a mobile number"), ("县医院宿舍", "word of health"), ("韦秀英家", "name in full")):
        with pytest.raises(Refused, match=says):
            posting.put_up_notice(number=listing.pk, place="gate", on=DAY, by=STREET, at=AT, address=address)
    assert not Notice.objects.exists()
    with pytest.raises(Refused, match="where the notice hangs"):
        posting.put_up_notice(number=listing.pk, place="", on=DAY, by=STREET, at=AT)


def test_a_notice_is_taken_down_by_itself_and_its_text_is_gone(home: Household) -> None:
    until(propose(), put_up)
    notice = Notice.objects.get()
    last, after = date(2023, 10, 9), date(2023, 10, 10)
    assert posting.hangs(notice, last) and not posting.hangs(notice, after)
    assert posting.take_down_notices(on=last, by="night", at=AT) == 0
    assert (posting.take_down_notices(on=after, by="night", at=AT), posting.take_down_notices(on=after, by="night", at=AT)) == (1, 0)
    gone = Notice.objects.get()
    assert (gone.text_zh, gone.text_en, gone.digest, gone.taken_down_on) == ("", "", notice.digest, after)
    assert Line.objects.filter(act="monitoring.take_down").count() == 1


@pytest.mark.parametrize(
    ("before", "someone"),
    [(None, SECRETARY), (verify, CADRE), (compare, STREET), (review, STREET), (put_up, STREET), (township, COUNTY)],
)  # fmt: skip
def test_it_is_refused_at_any_step_with_its_reason(home: Household, before: ANY | None, someone: Viewer) -> None:
    listing = propose() if before is None else until(propose(), before)
    with pytest.raises(Refused, match="why it is refused"):
        actions.refuse_listing(number=listing.pk, reason=" ", on=OVER, by=someone, at=AT)
    with pytest.raises(Refused):
        actions.refuse_listing(number=listing.pk, reason="not in need", on=OVER, by=NEIGHBOUR, at=AT)
    actions.refuse_listing(number=listing.pk, reason="not in need", on=OVER, by=someone, at=AT)
    with pytest.raises(Refused, match="decided already"):
        actions.refuse_listing(number=listing.pk, reason="again", on=OVER, by=someone, at=AT)
    assert propose(clue_on=date(2023, 9, 25)).pk != listing.pk


def test_who_is_listed_is_not_refused_any_more(home: Household) -> None:
    with pytest.raises(Refused, match="end of its risk"):
        actions.refuse_listing(number=listed().pk, reason="no", on=OVER, by=COUNTY, at=AT)
