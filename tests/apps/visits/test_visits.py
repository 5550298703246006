"""Visits: planned in walking order, recorded once, nobody home is an answer, and what a stranger cannot do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anju.apps.staff.actions import end_post
from anju.apps.staff.models import Post
from anju.apps.visits.actions import (
    Refused,
    Seen,
    drop_visit,
    hand_over,
    miss_visit,
    plan_visit,
    plan_visits,
    reassign_visits,
    record_visit,
)
from anju.apps.visits.models import Visit
from anju.apps.visits.publish import rows
from anju.apps.visits.queries import (
    Filters,
    answered_lately,
    burden,
    key_of,
    load_of,
    own_week,
    told_answers,
    visit_in_scope,
    visits_in_scope,
)
from anju.apps.visits.queries import (
    doors as list_doors,
)
from anju.apps.visits.questions import Question, load_questions
from anju.core.contracts.model import Bilingual, Contract
from anju.core.standards.read import load_policy
from anju.core.terms.viewer import STRANGER
from doors_fixtures import AT, DAY, account, viewer

pytestmark = pytest.mark.usefixtures("doors")
SCHOOL = Question("in_school", Bilingual("In school?", "上学？"), "yes_no", "person", again_days=30)
TREATED = Question("treatment", Bilingual("Treated?", "治疗？"), "yes_no", need_to_know=True)
QUESTIONS = {"in_school": SCHOOL, "treatment": TREATED}


def planned(household: int = 1, who: str = "worker", **more: Any) -> Visit:
    told = {"purpose": "routine", "due_on": DAY, "assignee": account(who), **more}
    return plan_visit(household_id=household, by=viewer("secretary"), at=AT, **told)


def seen(**more: Any) -> Seen:
    return Seen(**{"made_on": DAY, "mode": "door", "met": True, **more})


def recorded(visit: Visit | None = None, who: str = "worker", key: str = "key-00000001", **more: Any) -> Any:
    told = seen(**{name: value for name, value in more.items() if name in Seen.__dataclass_fields__})
    rest = {name: value for name, value in more.items() if name not in Seen.__dataclass_fields__}
    there = {"visit": visit.pk, "version": visit.version} if visit is not None else {"household_id": 1, **rest}
    return record_visit(seen=told, questions=QUESTIONS, client_key=key, by=viewer(who), at=AT, **there)


def test_a_planned_visit_is_made_and_what_was_seen_is_kept() -> None:
    visit = planned(why="Is the girl back in class?", about="case:12", purpose="verify")
    done = recorded(visit, answers={"in_school:11": "yes"}, findings=("none",), minutes=10, asked=1, spared=(["insured", "known", "F13", ""],))
    assert (done.again, done.next, done.visit.state, done.visit.outcome) == (False, None, "made", "met")
    kept = Visit.objects.get()
    assert (kept.answers, kept.findings, kept.asked, kept.spared_count, kept.recorded_by) == ({"in_school:11": "yes"}, ["none"], 1, 1, "worker")
    assert (kept.path, kept.origin_path, kept.about) == ("/1/2/3/6/", "/1/5/", "case:12")


def test_doors_are_in_walking_order_and_paged() -> None:
    plan_visits(households=[1, 2, 3], purpose="routine", due_on=DAY, assignee=account("worker"), by=viewer("secretary"), at=AT)
    worker = viewer("worker")
    first = list_doors(worker, Filters(), limit=2)
    rest = list_doors(worker, Filters(), after=key_of(first[-1]), limit=2)
    assert [visit.household_id for visit in [*first, *rest]] == [3, 1, 2]  # 3-1-202, 3-2-501, 10-1-101


def test_the_same_form_twice_is_one_visit() -> None:
    first = recorded()
    again = recorded()
    assert (first.again, again.again, again.visit.pk, Visit.objects.count()) == (False, True, first.visit.pk, 1)
    with pytest.raises(Refused, match="sent by somebody else"):
        recorded(who="other")


def test_the_second_is_told_who_was_first() -> None:
    visit = planned()
    recorded(visit, who="other", key="key-00000002")
    with pytest.raises(Refused, match=rf"visit {visit.pk} was recorded by other meanwhile"):
        recorded(visit)


def test_a_version_that_has_moved_on_is_refused() -> None:
    visit = planned()
    reassign_visits(visits=[visit.pk], to=account("other"), by=viewer("secretary"), at=AT)
    with pytest.raises(Refused, match="meanwhile"):
        recorded(visit)


def test_nobody_home_asks_for_a_call_next_and_nobody_at_the_telephone_for_the_door() -> None:
    visit = planned(purpose="look_back", about="case:3", why="Is it solved?")
    call = recorded(visit, met=False).next
    assert (call.way, call.due_on, call.about, call.why, call.assignee) == ("phone", DAY + timedelta(2), "case:3", "Is it solved?", "worker")
    assert visit_in_scope(viewer("worker"), visit.pk).outcome == "nobody_home"  # type: ignore[union-attr]
    door = recorded(call, key="key-00000002", mode="phone", met=False).next
    assert (door.way, door.after_id) == ("door", call.pk)


def test_whoever_does_not_want_to_speak_is_not_called_again() -> None:
    assert recorded(met=False, refused=True).next is None
    assert Visit.objects.get().outcome == "refused"


REFUSALS = [
    ({"made_on": DAY + timedelta(1)}, "has not come yet"), ({"mode": "drone"}, "say how"), ({"findings": ("ghost",)}, "no finding 'ghost'"),
    ({"findings": ("none", "illness")}, "cannot stand beside"), ({"met": False, "findings": ("illness",)}, "nobody was met"),
    ({"met": True, "refused": True}, "choose one"), ({"note": "x" * 2001}, "2000"), ({"minutes": -1}, "0 to 1440"),
    ({"answers": {"in_school:11": "perhaps"}}, "choose one of the answers"), ({"answers": {"shoe_size": "3"}}, "no question"),
    ({"answers": {"treatment": "yes"}}, "no question"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "what"), REFUSALS)
def test_what_cannot_be_is_refused_and_nothing_is_kept(more: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused, match=what) as fault:
        recorded(**more)
    assert fault.value.title.zh
    assert not Visit.objects.exists()


def test_health_is_asked_by_who_may_know_and_told_to_nobody_else() -> None:
    recorded(who="secretary", answers={"treatment": "yes", "in_school:11": "no"})
    visit = Visit.objects.get()
    assert [key for _, key, _ in told_answers(viewer("secretary"), visit, QUESTIONS)] == ["treatment", "in_school:11"]
    assert [key for _, key, _ in told_answers(viewer("worker"), visit, QUESTIONS)] == ["in_school:11"]


def test_a_form_without_a_key_and_a_post_without_the_act_are_refused() -> None:
    with pytest.raises(Refused, match="no key of its own"):
        recorded(key="x")
    with pytest.raises(Refused, match="does not record visits"):
        recorded(who="leader")


@pytest.mark.parametrize("name", ["neighbour", "head", "leader", "administrator", "teacher", "water"])
def test_whose_business_it_is_not_learns_nothing(name: str) -> None:
    visit = planned()
    assert visit_in_scope(viewer(name), visit.pk) is None
    assert not visits_in_scope(viewer(name)).exists()
    for act in (lambda: miss_visit(visit=visit.pk, reason="rain", by=viewer(name), at=AT), lambda: miss_visit(
        visit=999, reason="rain", by=viewer(name), at=AT)):  # fmt: skip
        with pytest.raises(Refused, match="no such visit"):
            act()


def test_a_stranger_sees_none() -> None:
    planned()
    assert not visits_in_scope(STRANGER).exists()


def test_the_place_they_came_from_sees_its_own() -> None:
    mine, other = planned(1), planned(2)
    assert [v.pk for v in visits_in_scope(viewer("origin"))] == [mine.pk]
    assert visit_in_scope(viewer("origin"), other.pk) is None


def test_a_department_sees_what_is_its_own() -> None:
    planned()
    own = plan_visit(household_id=2, purpose="verify", due_on=DAY, department="education", by="anju", at=AT)
    assert [v.pk for v in visits_in_scope(viewer("teacher"))] == [own.pk]


def test_a_family_of_another_community_is_like_none() -> None:
    for key in (4, 999):
        with pytest.raises(Refused, match="no such family"):
            recorded(household_id=key)
        with pytest.raises(Refused, match="no such family"):
            planned(key)


def test_nobody_named_is_the_grid_workers_door() -> None:
    done = plan_visits(households=[1, 4], purpose="verify", due_on=DAY, by="anju", at=AT)
    assert [v.assignee for v in Visit.objects.order_by("household_id")] == ["worker", "neighbour"]
    assert done.unnamed == 0
    Post.objects.filter(role="grid_worker").delete()
    assert plan_visits(households=[2], purpose="verify", due_on=DAY, by="anju", at=AT).unnamed == 1


def test_what_is_planned_already_is_not_planned_twice() -> None:
    first = planned()
    done = plan_visits(households=[1, 2], purpose="routine", due_on=DAY, by=viewer("secretary"), at=AT)
    assert (len(done.visits), done.already) == (1, {1: first.pk})
    assert planned().pk == first.pk


PLANS = [({"purpose": "chat"}, "no purpose"), ({"due_on": DAY + timedelta(400)}, "more than a year"), ({"why": "x" * 201}, "200"),
         ({"way": "owl"}, "no way to visit")]  # fmt: skip


@pytest.mark.parametrize(("more", "what"), PLANS)
def test_a_plan_that_cannot_be_is_refused(more: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused, match=what):
        planned(**more)


def test_who_may_not_go_there_is_not_named() -> None:
    with pytest.raises(Refused, match="may not record visits there"):
        planned(who="neighbour")
    with pytest.raises(Refused, match="may not record visits there"):
        planned(who="leader")


def test_a_worker_plans_her_own_and_no_others() -> None:
    own = plan_visit(household_id=1, purpose="routine", due_on=DAY, assignee=account("worker"), by=viewer("worker"), at=AT)
    assert own.assignee == "worker"
    with pytest.raises(Refused, match="does not plan visits"):
        plan_visit(household_id=2, purpose="routine", due_on=DAY, assignee=account("other"), by=viewer("worker"), at=AT)


def test_a_site_is_visited_without_a_family() -> None:
    visit = plan_visit(place_id=6, purpose="measure", due_on=DAY, about="case:9", by=viewer("secretary"), at=AT)
    assert (visit.household_id, visit.assignee) == (None, "worker")
    assert recorded(visit).visit.state == "made"
    with pytest.raises(Refused, match="no such place"):
        plan_visit(place_id=4, purpose="measure", due_on=DAY, by=viewer("secretary"), at=AT)


def test_missed_can_still_be_made_and_dropped_cannot() -> None:
    visit = miss_visit(visit=planned().pk, reason="heavy rain", by=viewer("worker"), at=AT)
    assert recorded(visit).visit.state == "made"
    other = planned(2)
    with pytest.raises(Refused, match="only who plans visits"):
        drop_visit(visit=other.pk, reason="moved", by=viewer("worker"), at=AT)
    with pytest.raises(Refused, match="say why"):
        drop_visit(visit=other.pk, reason=" ", by=viewer("secretary"), at=AT)
    drop_visit(visit=other.pk, reason="moved on", by=viewer("secretary"), at=AT)
    with pytest.raises(Refused, match="was dropped by secretary"):
        recorded(other, key="key-00000002")


def test_a_leaving_worker_hands_over_in_one_step_and_what_cannot_be_reached_is_told() -> None:
    planned(1), planned(2)
    far = plan_visit(household_id=4, purpose="routine", due_on=DAY, by="anju", at=AT)
    Visit.objects.filter(pk=far.pk).update(assignee_account=account("worker"), assignee="worker")
    done = hand_over(leaving=account("worker"), to=account("other"), by=viewer("inspector"), at=AT)
    assert (done.moved, done.left) == (2, (far.pk,))
    assert hand_over(leaving=account("other"), to=account("worker"), by=viewer("administrator"), at=AT).moved == 2
    with pytest.raises(Refused, match="only who plans"):
        hand_over(leaving=account("worker"), to=account("other"), by=viewer("worker"), at=AT)
    with pytest.raises(Refused, match="the same"):
        hand_over(leaving=account("worker"), to=account("worker"), by=viewer("secretary"), at=AT)


def test_a_post_that_has_ended_receives_nothing() -> None:
    visit = planned()
    end_post(post=Post.objects.get(account__username="other"), by="test", at=AT)
    Post.objects.filter(account__username="other").update(end=DAY)
    with pytest.raises(Refused, match="may not record visits there"):
        reassign_visits(visits=[visit.pk], to=account("other"), by=viewer("secretary"), at=AT)


def test_an_answer_is_not_asked_again_while_it_is_young() -> None:
    recorded(answers={"in_school:11": "yes"})
    assert set(answered_lately(1, QUESTIONS, DAY + timedelta(29))) == {"in_school:11"}
    assert answered_lately(1, QUESTIONS, DAY + timedelta(30)) == {}
    assert answered_lately(2, QUESTIONS, DAY) == {}


def test_the_burden_is_counted_by_the_server_and_stays_with_who_went_there() -> None:
    visit = planned()
    recorded(visit, asked=3, minutes=20, spared=(["a", "known", "F09", ""], ["b", "known", "F13", ""]))
    recorded(None, key="key-00000002", household_id=2, met=False)
    hand_over(leaving=account("worker"), to=account("other"), by=viewer("secretary"), at=AT)
    (own,) = burden(viewer("worker"), DAY, DAY)
    assert (own.visits, own.unmet, own.asked, own.spared, own.minutes) == (2, 1, 3, 2, 20)
    assert burden(viewer("other"), DAY, DAY) == []
    assert [one.name for one in burden(viewer("secretary"), DAY, DAY)] == ["worker"]
    assert burden(viewer("neighbour"), DAY, DAY) == []
    assert own_week(viewer("other"), DAY).visits == 0


def test_the_load_says_who_has_how_much() -> None:
    planned(1, due_on=DAY - timedelta(3)), planned(2)
    loads = {load.worker.name: (load.planned, load.late) for load in load_of(viewer("secretary"), DAY)}
    assert (loads["worker"], loads["other"]) == ((2, 1), (0, 0))
    assert "neighbour" not in loads
    assert load_of(viewer("worker"), DAY) == []


def test_planning_for_many_families_takes_as_many_statements_as_for_few() -> None:
    def statements(keys: list[int], purpose: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as taken:
            plan_visits(households=keys, purpose=purpose, due_on=DAY, by=viewer("secretary"), at=AT)
        return len(taken)

    assert statements([1], "verify") == statements([1, 2, 3], "measure")


def test_what_was_seen_becomes_rows_of_the_platforms_feed() -> None:
    recorded(answers={"in_school:11": "yes"}, findings=("illness",))
    recorded(None, key="key-00000002", household_id=2, met=False)
    told = [row for row in rows(DAY, AT) if "-" not in row["visit_id"]]
    assert [(row["household_id"], row["outcome"], row["findings"]) for row in told] == [(1, "met", ["illness"]), (2, "nobody_home", [])]
    assert list(rows(DAY - timedelta(1), AT)) == []
    assert list(rows(DAY, AT.replace(hour=3, tzinfo=None))) == [], "known then"


def test_what_a_member_said_is_a_row_of_its_own_and_a_text_stays_with_the_visit() -> None:
    policy = load_policy(Path(settings.POLICY))
    questions = load_questions(Path(settings.POLICY), policy)
    answers = {"in_school:11": "out", "living_here": "here", "wants_work": "in_school_out"}
    record_visit(seen=seen(answers=answers), questions=questions, client_key="k" * 9, household_id=1, by=viewer("worker"), at=AT)
    family, child = rows(DAY, AT)
    assert (family["household_id"], family["answers"]) == (1, ["living_here_here"])
    assert (child["person_id"], child["answers"], "household_id" in child) == (11, ["in_school_out"], False)


def test_the_feed_lists_every_closed_answer_of_the_questions() -> None:
    policy = load_policy(Path(settings.POLICY))
    contract = policy.contracts["P04"]
    assert isinstance(contract, Contract)
    listed = next(column.codes for column in contract.columns if column.name == "answers")
    questions = load_questions(Path(settings.POLICY), policy).values()
    assert sorted(listed) == sorted(f"{question.code}_{answer}" for question in questions for answer in question.options)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite in memory has one connection; its writers wait for one another")
def test_of_two_at_once_one_wins() -> None:
    visit = planned()
    assert sorted(at_once(lambda: recorded(visit, "worker", "key-worker"), lambda: recorded(visit, "other", "key-other1"))) == [
        "done",
        "refused",
    ]
    assert sorted(at_once(*[lambda: recorded(None, key="key-twice")] * 2)) == ["done", "done"]
    assert Visit.objects.filter(client_key="key-twice").count() == 1


def at_once(*acts: Callable[[], object]) -> list[str]:
    ready, found = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        ready.wait()
        try:
            act()
            found.append("done")
        except Refused:
            found.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
