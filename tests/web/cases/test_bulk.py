"""Many cases at once: chosen, looked at before, done to all or none, and in a number of statements that does not grow with them."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from anju.apps.cases.candidates import MANY
from anju.apps.cases.models import Case, CaseCount, CaseEvent
from anju.apps.cases.steps.assigning import assign, take
from anju.apps.cases.steps.ending import ask_ends
from anju.apps.cases.steps.verifying import verify
from anju.apps.journal.models import Line
from anju.apps.notices.models import Notice
from anju.apps.staff.models import Account
from apps.cases.conftest import Loop
from apps.cases.test_loop import by, verified
from web.cases.conftest import As, text
from web.cases.test_queue import fill

BULK = "/cases/bulk/"


def packed(*cases: Case) -> str:
    return ",".join(f"{case.pk}:{Case.objects.get(pk=case.pk).version}" for case in cases)


def given(desk: Loop, step: str, *cases: Case, **more: Any) -> dict[str, Any]:
    return {"step": step, "cases": packed(*cases), "go": "1", **more}


def test_it_works(desk: Loop, as_: As) -> None:
    """Ticked, to whom, what will happen, done."""
    one, other = desk.told(), desk.told(level="orange")
    client = as_("secretary")
    asked = text(client.post(BULK, {"step": "assign", "numbers": [one.pk, other.pk]}))
    assert "Put into hands: 2 cases" in asked and "worker" in asked and "neighbour" not in asked, "whose post does not reach them is not offered"
    to = desk.accounts["worker"]
    shown = text(client.post(BULK, given(desk, "assign", one, other, to=to)))
    assert "2 cases go into the hands of worker, who has 0 open now." in shown
    assert not Case.objects.exclude(assignee=None).exists() and not CaseEvent.objects.filter(what="assign").exists(), "only shown"
    done = text(client.post(BULK, given(desk, "assign", one, other, to=to, sure="1"), follow=True))
    assert "2 cases are in the hands of worker now." in done
    assert set(Case.objects.values_list("assignee", "state")) == {(to, "assigned")}
    assert Line.objects.filter(act="cases.assign", by="secretary").count() == CaseEvent.objects.filter(what="assign").count() == 2


def test_all_or_none_and_each_with_its_reason(desk: Loop, as_: As) -> None:
    free, taken, other = desk.told(), desk.told(), desk.told()
    take(number=taken.pk, **by(desk, "worker"))
    client, to = as_("secretary"), desk.accounts["cadre"]
    answer = client.post(BULK, given(desk, "assign", free, taken, other, to=to))
    page = text(answer)
    assert answer.status_code == 409 and "1 of them cannot be done, so none is." in page
    assert f"worker has case No. {taken.pk} already: hand it on instead" in page and "Go on with the other 2" in page
    assert client.post(BULK, given(desk, "assign", free, taken, other, to=to, sure="1")).status_code == 409
    assert Case.objects.get(pk=free.pk).assignee is None
    left = text(client.post(BULK, given(desk, "assign", free, taken, other, to=to, without=f"{taken.pk}")))
    assert "2 cases go into the hands of cadre" in left and f'value="{packed(free, other)}"' in left


def test_what_has_changed_since_it_was_looked_at_is_not_done(desk: Loop, as_: As) -> None:
    """Somebody hands a case on between the preview and the word: the second learns who was faster."""
    case = desk.told()
    assign(numbers=[case.pk], to=desk.accounts["worker"], **by(desk, "secretary"))
    client, seen = as_("secretary"), given(desk, "hand_on", case, to=desk.accounts["cadre"], reason="on leave")
    assert client.post(BULK, seen).status_code == 200
    from anju.apps.cases.steps.assigning import hand_on  # noqa: PLC0415

    hand_on(numbers=[case.pk], to=desk.accounts["secretary"], reason="she is back", **by(desk, "street"))
    late = client.post(BULK, {**seen, "sure": "1"})
    assert late.status_code == 409 and "has changed since you opened it (street)" in text(late)
    assert Case.objects.get().assignee == desk.accounts["secretary"]


def test_many_are_judged_alike(desk: Loop, as_: As) -> None:
    one, other = desk.told(), desk.told()
    assign(numbers=[one.pk, other.pk], to=desk.accounts["worker"], **by(desk, "secretary"))
    for case in (one, other):
        verify(number=case.pk, found="confirmed", mode="door", words="as told", **by(desk, "worker"))
    client = as_("secretary")
    assert "Choose what it is." in text(client.post(BULK, given(desk, "judge", one, other, outcome="")))
    assert "Say what was wrong" in text(client.post(BULK, given(desk, "judge", one, other, outcome="false_alarm", reason="all of them")))
    shown = text(client.post(BULK, given(desk, "judge", one, other, outcome="handle", reason="both need help")))
    assert "2 cases are judged: To be handled." in shown and "both need help" in shown
    client.post(BULK, given(desk, "judge", one, other, outcome="handle", reason="both need help", sure="1"))
    assert set(Case.objects.values_list("state", "judgement")) == {("judged", "handle")}


def proposed(desk: Loop, n: int, end: str = "routine") -> list[Case]:
    """Verified by the worker, an end proposed by the secretary."""
    cases = [verified(desk, desk.told()) for _ in range(n)]
    return ask_ends(numbers=[case.pk for case in cases], end=end, reason="all is well there", **by(desk, "secretary"))


def test_many_ends_are_confirmed_by_a_second_person_or_refused(desk: Loop, as_: As) -> None:
    cases, other = proposed(desk, 3), verified(desk, desk.told())
    client = as_("street")
    asked = text(client.post(BULK, {"step": "confirm", "numbers": [case.pk for case in cases]}))
    assert "Decide on ends: 3 cases" in asked and "secretary proposes: Routine help is enough" in asked
    assert "Choose whether they end." in text(client.post(BULK, given(desk, "confirm", *cases)))
    assert "Say in a few words why." in text(client.post(BULK, given(desk, "confirm", *cases, word="no")))
    against = client.post(BULK, given(desk, "confirm", *cases, other, word="yes"))
    assert against.status_code == 409 and f"no end of case No. {other.pk} is proposed" in text(against)
    assert "Go on with the other 3" in text(against) and not Case.objects.filter(state="ended").exists()
    shown = text(client.post(BULK, given(desk, "confirm", *cases, word="yes")))
    assert "3 cases end as proposed." in shown and not Case.objects.filter(state="ended").exists(), "only shown"
    own = text(as_("secretary").post(BULK, given(desk, "confirm", *cases, word="yes")))
    assert own.count("whoever proposed an end or had the case in hand does not confirm it") == 3
    refused = client.post(BULK, given(desk, "confirm", cases[0], word="no", reason="go there again", sure="1"), follow=True)
    assert "The end of 1 case is refused; it goes on." in text(refused)
    done = client.post(BULK, given(desk, "confirm", *cases[1:], word="yes", sure="1"), follow=True)
    assert "2 cases have ended." in text(done) and Case.objects.filter(state="ended", end="routine").count() == 2
    assert Line.objects.filter(act="cases.end", by="street").count() == 2
    assert as_("street", zh=True).post(BULK, given(desk, "confirm", other, word="no", reason="go on")).status_code == 409


def test_what_many_repeat_goes_on(desk: Loop, as_: As) -> None:
    kept, *cases = [verified(desk, desk.told()) for _ in range(3)]
    client = as_("secretary")
    asked = text(client.post(BULK, given(desk, "judge", *cases, outcome="duplicate", reason="the same flat")))
    assert "Write the number of the case that goes on." in asked
    one = {"outcome": "duplicate", "reason": "the same flat", "other": f"{kept.pk}"}
    itself = client.post(BULK, given(desk, "judge", kept, *cases, **one))
    assert itself.status_code == 409 and "name the other case that this one repeats" in text(itself) and "Go on with the other 2" in text(itself)
    assert f"No. {kept.pk} goes on." in text(client.post(BULK, given(desk, "judge", *cases, **one)))
    client.post(BULK, given(desk, "judge", *cases, **one, sure="1"))
    assert set(Case.objects.filter(waits_on="confirm:yellow").values_list("pk", flat=True)) == {case.pk for case in cases}
    ask_ends(numbers=[kept.pk], end="duplicate", other=cases[0].pk, reason="the same flat", **by(desk, "secretary"))
    around = text(as_("street").post(BULK, given(desk, "confirm", kept, *cases, word="yes")))
    assert around.count("which would end with it") == 3, "none repeats what ends in the same step"


def test_the_notice_of_many_leads_to_the_very_list(desk: Loop, as_: As) -> None:
    proposed(desk, 7)
    link = Notice.objects.get(account=desk.accounts["street"], what="case.end").link
    assert text(as_("street").get(link)).count('name="numbers"') == 7


def test_who_judges_a_grave_case_does_not_have_it_in_hand(desk: Loop, as_: As) -> None:
    grave, mild = desk.told(level="orange"), desk.told()
    assign(numbers=[grave.pk, mild.pk], to=desk.accounts["education"], **by(desk, "bureau"))
    for case in (grave, mild):
        verify(number=case.pk, found="confirmed", mode="door", words="as told", **by(desk, "education"))
    page = text(as_("education").post(BULK, given(desk, "judge", grave, mild, outcome="handle")))
    assert "somebody else judges what is orange or red" in page and "Go on with the other one" in page


def test_who_has_many_and_who_cannot_be_told_is_said_before(desk: Loop, as_: As) -> None:
    fill(desk, 2 * MANY)
    case = desk.told()
    page = text(as_("secretary").post(BULK, {"step": "assign", "numbers": [case.pk]}))
    assert "has many" in page and "40 open" in page and "cannot be told from here" in page
    Account.objects.filter(username="worker").update(last_login=timezone.now())
    worker = desk.accounts["worker"]
    shown = text(as_("secretary").post(BULK, given(desk, "assign", case, to=worker)))
    assert "worker has 40 already" in shown and "tell her yourself" not in shown


def test_the_whole_list_is_taken_by_its_filter(desk: Loop, as_: As) -> None:
    fill(desk, 300)
    page = text(as_("secretary").post(BULK, {"step": "assign", "all": "1", "query": "queue=post&level=red"}))
    n = Case.objects.filter(waits_on="assign", level="red").count()
    assert f"Put into hands: {n} cases" in page and f"and {n - 50} more" in page if n > 50 else f"{n} cases" in page


def test_the_stranger_learns_nothing_and_who_may_not_finds_nothing(desk: Loop, as_: As) -> None:
    case = desk.told()
    answers = [as_("stranger").post(BULK, {"step": "assign", "numbers": [number]}) for number in (case.pk, 987_654)]
    assert [one.status_code for one in answers] == [400, 400] and all("Nothing is chosen" in text(one) for one in answers)
    assert as_("worker").post(BULK, {"step": "assign", "numbers": [case.pk]}).status_code == 404
    assert as_("worker").get(BULK).status_code == 405
    assert as_("leader").post(BULK, {"step": "assign", "numbers": [case.pk]}).status_code == 403


def test_a_thousand_take_as_many_statements_as_a_few(desk: Loop) -> None:
    """Of the writes; those of rows that many hold go in pieces."""
    fill(desk, 2_020)
    waiting = list(Case.objects.filter(waits_on="assign").order_by("pk").values_list("pk", flat=True))
    took = []
    for numbers in (waiting[:10], waiting[10:1_010]):
        with CaptureQueriesContext(connection) as queries:
            assign(numbers=numbers, to=desk.accounts["worker"], **by(desk, "secretary"))
        took.append(len(queries))
    assert took[1] - took[0] < 40, took
    assert Case.objects.filter(assignee=desk.accounts["worker"]).count() == 1_010 + 1_010
    assert Line.objects.filter(act="cases.assign").count() == CaseEvent.objects.filter(what="assign").count() == 1_010
    kept = sum(CaseCount.objects.filter(side="destination", place_id=desk.place["G1"].pk, waits_on="verify").values_list("n", flat=True))
    assert kept == 2_020 and not CaseCount.objects.filter(n__lt=0).exists()


def test_the_page_speaks_chinese(desk: Loop, as_: As) -> None:
    case = desk.told()
    client = as_("secretary", zh=True)
    page = text(client.post(BULK, given(desk, "assign", case, to=desk.accounts["worker"])))
    assert "1 件事项将交给worker办理" in page and "时限" not in page
