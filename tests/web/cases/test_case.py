"""The page of one case and its forms: what each post is offered, every step by the real form, and each refusal with nothing lost."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from anju.apps.attachments.models import Attachment
from anju.apps.cases.models import Answer, AnswerLink, Asked, Case, CaseEvent, Decision, FamilyLead, LookBack, Measure
from anju.apps.cases.needed import with_names
from anju.apps.cases.steps.verifying import note_visit
from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.monitoring.models import Listing
from anju.apps.people.models import Household
from anju.apps.visits.models import Visit
from anju.core.contracts.model import Bilingual
from web.cases.conftest import As, Loop, as_, desk, loop, text

__all__ = ["as_", "desk", "loop"]
Send = Callable[..., Any]


@pytest.fixture
def send(desk: Loop, as_: As) -> Send:
    """Sends the form of a step as somebody, with the version that stands now. The answer after the redirect."""

    def sent(who: str, case: Case, step: str, *, follow: bool = True, **given: Any) -> Any:
        seen = Case.objects.get(pk=case.pk).version
        return as_(who).post(f"/cases/{case.pk}/{step}/", {"seen": seen, **given}, follow=follow)

    return sent


def page(client: Client, case: Case) -> str:
    answer = client.get(f"/cases/{case.pk}/")
    assert answer.status_code == 200
    return text(answer)


def offered(told: str) -> set[str]:
    """The steps whose forms stand on a page."""
    return set(re.findall(r'action="/cases/\d+/([a-z_]+)/"', told))


def first(told: str) -> str:
    """The step that stands open; '' where none does."""
    found = re.search(r'action="/cases/\d+/([a-z_]+)/"', told.partition('id="next">')[2].partition("</section>")[0])
    return found[1] if found else ""


def photo(shade: int = 0) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 120, 120)).save(file, "JPEG")
    file.seek(0)
    file.name = "home.jpg"
    return file


def assigned(desk: Loop, send: Send, **how: Any) -> Case:
    case = desk.told(**how)
    send("secretary", case, "assign", to=desk.accounts["worker"])
    return case


def judged(desk: Loop, send: Send, judge: str = "secretary", **how: Any) -> Case:
    case = assigned(desk, send, **how)
    send("worker", case, "verify", found="confirmed", mode="door", words="she is at home")
    send(judge, case, "judge", outcome="handle", reason="needs help")
    return case


def fed_back(desk: Loop, send: Send, judge: str = "secretary", **how: Any) -> Case:
    case = judged(desk, send, judge, **how)
    send("worker", case, "plan_measure", text="talk to the school", owner="worker", due_on=desk.day)
    send("worker", case, "finish_measure", key=Measure.objects.get(case=case).pk, done_on=desk.day, result="a place is found")
    send("worker", case, "feed_back", words="the place is taken up")
    return case


def state(case: Case) -> tuple[str, str]:
    case.refresh_from_db()
    return case.state, case.waits_on


# --- the whole way ---------------------------------------------------------------------------------------------------------------


def test_it_works(desk: Loop, as_: As, send: Send) -> None:
    case = desk.told()
    told = page(as_("secretary"), case)
    assert first(told) == "assign" and "0 open in hand" in told and "told at the window" in told
    assert "It is in somebody&#x27;s hands." in text(send("secretary", case, "assign", to=desk.accounts["worker"]))
    assert first(page(as_("worker"), case)) == "verify"
    send("worker", case, "verify", found="confirmed", mode="door", words="she is at home, not in class")
    told = page(as_("worker"), case)
    assert first(told) == "" and "First secretary, community" in told and "can do it" in told and "(secretary" in told
    assert first(page(as_("secretary"), case)) == "judge"
    send("secretary", case, "judge", outcome="handle", reason="needs help")
    told = page(as_("worker"), case)
    assert first(told) == "plan_measure" and "What closing needs" in told and "no measure is recorded" in told
    send("worker", case, "plan_measure", text="talk to the school", owner="worker", due_on=desk.day, cost="1,200.50")
    measure = Measure.objects.get(case=case)
    assert measure.cost == 120_050 and "1,200.50 yuan" in page(as_("secretary"), case)
    assert first(page(as_("worker"), case)) == "finish_measure"
    send("worker", case, "finish_measure", key=measure.pk, done_on=desk.day, result="a place is found", files=[photo()])
    assert Attachment.objects.get().about == f"measure:{measure.pk}"
    assert first(page(as_("worker"), case)) == "feed_back"
    send("worker", case, "feed_back", words="the place is taken up")
    assert first(page(as_("worker"), case)) == "answer"  # the visit by which it was verified does not count, though of the same day
    send("worker", case, "answer", answer="solved", channel="phone")
    assert state(case) == ("feedback", "close:street")
    assert first(page(as_("street"), case)) == "close"
    send("street", case, "close")
    assert state(case) == ("closed", "closed")
    told = page(as_("worker"), case)
    assert "to be looked back at on 2023-12-03" in told and offered(told) == set()
    desk.pass_days(90)
    assert first(page(as_("worker"), case)) == "look_back"
    send("worker", case, "look_back", key=LookBack.objects.get(case=case).pk, holds="yes", mode="door", words="in class every day")
    back = LookBack.objects.get(case=case)
    assert back.holds is True and Visit.objects.get(pk=back.visit).purpose == "look_back"
    what = list(CaseEvent.objects.filter(case=case).exclude(account=None).order_by("pk").values_list("what", flat=True))
    assert what[:4] == ["opened", "assign", "verify", "judge"] and what[-2:] == ["close", "look_back"]


def test_a_red_case_by_two_ranks_with_a_file_a_visit_and_a_signature(desk: Loop, as_: As, send: Send) -> None:
    case = fed_back(desk, send, "education", level="red")
    told = page(as_("worker"), case)
    assert first(told) == "attach"
    done = as_("worker").post(f"/cases/{case.pk}/attach/", {"about": f"case:{case.pk}", "files": [photo(), photo(90)]}, follow=True)
    assert "2 files are attached." in text(done)
    told = page(as_("worker"), case)  # a door is asked for: the family's answer would not do
    assert first(told) == "" and f'href="/visits/new/?household=1&amp;purpose=measure&amp;about=case:{case.pk}"' in told.split('id="next"')[1]
    refused = send("education2", case, "close", reason="it is solved")
    assert refused.status_code == 400
    told = text(refused)
    assert "It cannot be closed yet" in told and "it is solved" in told
    assert re.findall(r'<li class="(\w+)">', told.split('class="gate"')[1].split("</ul>")[0]) == [
        "done", "done", "missing", "missing", "missing", "missing",
    ]  # fmt: skip
    note_visit(
        household_id=1, visit=99, on=desk.day, mode="door", met=True, account=desk.accounts["worker"], name="worker",
        by=desk.cast["worker"], at=desk.at,
    )  # fmt: skip
    assert first(page(as_("street"), case)) == "sign"
    send("street", case, "sign")
    send("education2", case, "close")
    assert state(case) == ("feedback", "close:county_bureau")
    assert "close" not in offered(page(as_("education"), case))
    send("bureau", case, "close")
    assert state(case)[0] == "closed"
    assert "County department · education2" in page(as_("worker"), case)


# --- each form, and its refusal ------------------------------------------------------------------------------------------------------


def test_whoever_can_verify_takes_it_on(desk: Loop, as_: As, send: Send) -> None:
    case = desk.told()
    assert first(page(as_("worker"), case)) == "take"
    assert "It is yours now." in text(send("worker", case, "take"))
    late = send("cadre", case, "take")
    assert late.status_code == 400 and "worker" in text(late)
    assert state(case) == ("assigned", "verify")


def test_nobody_is_chosen(desk: Loop, send: Send) -> None:
    case = desk.told()
    answer = send("secretary", case, "assign", reason="look at the boy first")
    assert answer.status_code == 400 and "Choose a person." in text(answer) and "look at the boy first" in text(answer)
    out_of_reach = send("secretary", case, "assign", to=desk.accounts["neighbour"])
    assert out_of_reach.status_code == 400 and "cannot work on it" in text(out_of_reach)


def test_it_is_handed_on(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send)
    assert "hand_on" in offered(page(as_("secretary"), case)) and "hand_on" not in offered(page(as_("worker"), case))
    send("secretary", case, "hand_on", to=desk.accounts["cadre"], reason="on leave")
    case.refresh_from_db()
    assert case.assignee_name == "cadre"
    told = page(as_("secretary"), case)
    assert "Handed on: cadre" in told and "on leave" in told


def test_one_person_answers_for_the_family(desk: Loop, as_: As, send: Send) -> None:
    case = desk.told()
    assert "nobody is named" in page(as_("worker"), case) and "name_lead" not in offered(page(as_("worker"), case))
    assert send("secretary", case, "name_lead").status_code == 400
    send("secretary", case, "name_lead", to=desk.accounts["cadre"])
    assert "nobody is named" not in page(as_("worker"), case)
    assert FamilyLead.objects.get().account == desk.accounts["cadre"]


def test_a_red_matter_is_verified_at_the_door(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send, level="red")
    assert 'value="phone"' not in page(as_("worker"), case)
    answer = send("worker", case, "verify", found="confirmed", mode="phone", words="she told me so")
    assert answer.status_code == 400 and "a red case is verified at the door" in text(answer) and "she told me so" in text(answer)


def test_verifying_is_a_visit_and_nobody_there_plans_the_next(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send)
    done = send("worker", case, "verify", found="nobody", mode="door", words="")
    assert "the case waits until somebody was spoken to" in text(done) and "A telephone call is planned by" in text(done)
    assert state(case)[0] == "assigned"
    first_one, planned = Visit.objects.order_by("pk")
    assert (first_one.met, planned.way, planned.state) == (False, "phone", "planned")
    send("worker", case, "verify", found="confirmed", mode="phone", words="she answered the telephone")
    assert state(case)[0] == "verified"
    planned.refresh_from_db()
    assert (planned.state, planned.mode, planned.note) == ("made", "phone", "she answered the telephone")
    assert CaseEvent.objects.get(case=case, what="verify").detail["visit"] == planned.pk
    told = page(as_("worker"), case)
    assert f'href="/visits/{planned.pk}/"' in told and "nobody was met" in told
    assert f'href="/cases/{case.pk}/"' in text(as_("worker").get(f"/visits/{planned.pk}/"))


def test_a_refused_verification_leaves_no_visit(desk: Loop, send: Send) -> None:
    case = assigned(desk, send)
    assert send("worker", case, "verify", found="confirmed", mode="door", words="").status_code == 400
    assert not Visit.objects.exists()


def test_what_is_written_of_health_does_not_stand_with_the_visit(desk: Loop, send: Send) -> None:
    case = assigned(desk, send, standard="MH-02", owner="medical_security")
    send("worker", case, "verify", found="confirmed", mode="door", words="dialysis twice a week")
    assert Visit.objects.get().note == ""


def test_another_judgement_than_handling_is_confirmed_by_a_second_person(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send)
    send("worker", case, "verify", found="not_confirmed", mode="door", words="she is in class")
    wrong = send("secretary", case, "judge", outcome="false_alarm", reason="she is in class")
    assert wrong.status_code == 400 and "say what was wrong" in text(wrong)
    assert re.search(r'value="false_alarm" checked', text(wrong))
    send("secretary", case, "judge", outcome="false_alarm", cause="feed", reason="she is in class")
    told = page(as_("street"), case)
    assert first(told) == "confirm_end" and "secretary proposes: False alarm (the delivery)" in told
    refused = send("street", case, "confirm_end", decided="no")
    assert refused.status_code == 400 and "a reason is missing why not" in text(refused)
    send("street", case, "confirm_end")
    assert state(case) == ("ended", "ended")
    told = page(as_("street"), case)
    assert "Ended otherwise" in told and offered(told) == set()


def test_a_judgement_may_list_the_family_as_monitored(desk: Loop, send: Send) -> None:
    case = assigned(desk, send)
    Household.objects.update(is_registered_poor=False)
    send("worker", case, "verify", found="confirmed", mode="door", words="the roof is gone")
    bare = send("secretary", case, "judge", outcome="listed", reason="the roof is gone")
    assert bare.status_code == 400 and "choose a category" in text(bare) and "choose at least one risk" in text(bare)
    assert state(case)[0] == "verified"  # all of it or nothing
    send("secretary", case, "judge", outcome="listed", reason="the roof is gone", category="sudden", risks=["disaster"])
    assert state(case)[0] == "judged"
    assert (Listing.objects.get().source, Listing.objects.get().category) == (f"case:{case.pk}", "sudden")


def test_the_level_is_lowered_and_it_is_said_from_what_to_what(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send, level="orange")
    assert "lower" not in offered(page(as_("secretary"), case))
    send("education", case, "lower", level="yellow", reason="milder than it looked")
    assert "Level lowered: Orange → Yellow" in page(as_("secretary"), case)
    assert send("education", case, "lower", level="red", reason="worse").status_code == 400


def test_passed_to_another_department_it_is_out_of_sight(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send)
    answer = send("education", case, "transfer", owner="housing", reason="it is the flat")
    assert answer.redirect_chain[-1][0] == "/cases/"
    assert as_("education").get(f"/cases/{case.pk}/").status_code == 404
    assert "Education Bureau → Housing" in page(as_("bureau"), case)
    assert send("secretary", case, "transfer", owner="housing", reason="the flat").status_code == 400


def test_passed_to_and_fro_an_arbiter_decides(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send)
    send("secretary", case, "transfer", owner="housing", reason="it is the flat")
    send("secretary", case, "transfer", owner="education", reason="it is the school")
    told = page(as_("bureau"), case)
    assert first(told) == "arbitrate" and "it is the school" in told
    assert send("bureau", case, "arbitrate", owner="water", reason="no idea").status_code == 400
    send("bureau", case, "arbitrate", owner="education", reason="the school it is")
    case.refresh_from_db()
    assert (case.owner, case.contested) == ("education", False)


def test_a_measure_is_refused_with_everything_typed(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    wrong = send("worker", case, "plan_measure", text="mend the roof", owner="worker", due_on="2031-01-01", cost="12")
    assert wrong.status_code == 400
    assert all(word in text(wrong) for word in ("must be handled by", "mend the roof", 'value="2031-01-01"', 'value="12"'))
    money = send("worker", case, "plan_measure", text="mend the roof", owner="worker", due_on=desk.day, cost="a lot")
    assert money.status_code == 400 and "is no amount in yuan" in text(money) and 'value="a lot"' in text(money)
    assert "choose a day" in text(send("worker", case, "plan_measure", text="mend the roof", owner="worker", due_on="soon"))
    assert not Measure.objects.exists()


def test_a_file_that_cannot_be_taken_undoes_nothing_by_halves(desk: Loop, send: Send) -> None:
    case = judged(desk, send)
    send("worker", case, "plan_measure", text="mend the roof", owner="worker", due_on=desk.day)
    bad = io.BytesIO(b"not a photo at all")
    bad.name = "roof.jpg"
    key = Measure.objects.get().pk
    answer = send("worker", case, "finish_measure", key=key, done_on=desk.day, result="the roof is whole", files=[bad])
    assert answer.status_code == 400 and "the roof is whole" in text(answer)
    assert Measure.objects.get().done_on is None and not Attachment.objects.exists()


def test_a_measure_is_taken_back(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    send("worker", case, "plan_measure", text="mend the roof", owner="worker", due_on=desk.day)
    key = Measure.objects.get().pk
    assert send("worker", case, "drop_measure", key=key, reason="").status_code == 400
    send("worker", case, "drop_measure", key=key, reason="the landlord did it")
    assert Measure.objects.get().dropped_at is not None
    assert "feed_back" not in offered(page(as_("worker"), case))


def test_more_time_is_asked_for_once(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    case.refresh_from_db()
    assert case.handle_due is not None
    until = case.handle_due + timedelta(days=5)
    assert send("worker", case, "ask_extension", until=case.handle_due, reason="the school is closed").status_code == 400
    send("worker", case, "ask_extension", until=until, reason="the school is closed")
    told = page(as_("street"), case)
    assert first(told) == "grant_extension" and f"worker asks for time until {until}" in told
    assert "grant_extension" not in offered(page(as_("worker"), case))
    send("street", case, "grant_extension")
    case.refresh_from_db()
    assert case.handle_due == until and "extended" in page(as_("worker"), case)
    assert "ask_extension" not in offered(page(as_("worker"), case))


def test_returned_contested_and_decided(desk: Loop, as_: As, send: Send) -> None:
    case = fed_back(desk, send)
    assert send("street", case, "return_back", reason="").status_code == 400
    send("street", case, "return_back", reason="nobody was at the school")
    told = page(as_("worker"), case)
    assert "contest" in offered(told) and "nobody was at the school" in told and "returned once" in told
    send("worker", case, "contest", reason="the school confirms it")
    assert first(page(as_("bureau"), case)) == "arbitrate" and "arbitrate" not in offered(page(as_("secretary"), case))
    send("bureau", case, "arbitrate", decision="accept", reason="the school confirms")
    assert state(case)[0] == "feedback"


def test_another_end_is_proposed_by_whoever_has_it(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    other = send("worker", case, "propose_end", end="duplicate", reason="the same again", other=case.pk)
    assert other.status_code == 400 and "name the other case" in text(other)
    send("worker", case, "propose_end", end="refused", reason="they do not want it")
    told = page(as_("street"), case)
    assert first(told) == "confirm_end" and "they do not want it" in told
    send("street", case, "confirm_end", decided="no", reason="ask them again")
    assert state(case)[0] == "judged" and Asked.objects.get().granted is False


def test_an_exception_is_reviewed_by_a_second_person(desk: Loop, as_: As, send: Send) -> None:
    case = fed_back(desk, send, standard="ED-01")
    assert "The data say it is solved" in page(as_("worker"), case)
    assert send("worker", case, "ask_exception", reason="short").status_code == 400
    send("worker", case, "ask_exception", reason="the school writes its roll on paper")
    assert first(page(as_("street"), case)) == "grant_exception"
    send("street", case, "grant_exception", reason="the roll was seen")
    told = page(as_("worker"), case)
    assert "a reviewed exception stands for it" in told and '<li class="waived">' in told


def test_a_decision_that_the_standard_reads_is_recorded(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send, standard="ED-03")
    assert "decision" in offered(page(as_("secretary"), case)) and "decision" not in offered(page(as_("worker"), case))
    assert send("secretary", case, "decision", code="confirmed_choice", on="2031-01-01", reason="both parents").status_code == 400
    send("secretary", case, "decision", code="confirmed_choice", on=desk.day, reason="both parents signed")
    assert Decision.objects.get().code == "confirmed_choice"
    assert "the family&#x27;s choice of school is confirmed" in page(as_("secretary"), case)


def test_the_link_is_shown_once(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    early = as_("worker").post(f"/cases/{case.pk}/make_link/")
    assert early.status_code == 400 and "once a measure was fed back" in text(early)
    case = fed_back_again(desk, send, case)
    made = text(as_("worker").post(f"/cases/{case.pk}/make_link/"))
    address = re.search(r"http://127\.0\.0\.1/answer/[\w-]{20,}/", made)
    assert address is not None and '<svg class="qr"' in made
    assert AnswerLink.objects.count() == 1 and address[0] not in page(as_("worker"), case)


def fed_back_again(desk: Loop, send: Send, case: Case) -> Case:
    send("worker", case, "plan_measure", text="talk to the school", owner="worker", due_on=desk.day)
    send("worker", case, "finish_measure", key=Measure.objects.get(case=case).pk, done_on=desk.day, result="a place is found")
    send("worker", case, "feed_back", words="the place is taken up")
    return case


def test_an_answer_needs_its_choices(desk: Loop, send: Send) -> None:
    case = fed_back(desk, send)
    answer = send("worker", case, "answer", words="they say it is fine")
    assert answer.status_code == 400 and "answer solved, partly or not" in text(answer) and "they say it is fine" in text(answer)
    assert not Answer.objects.exists()


def test_a_look_back_that_does_not_hold_opens_it_again(desk: Loop, as_: As, send: Send) -> None:
    case = fed_back(desk, send)
    send("worker", case, "answer", answer="solved", channel="paper")
    send("street", case, "close")
    desk.pass_days(90)
    key = LookBack.objects.get(case=case).pk
    assert "Choose whether it holds." in text(send("cadre", case, "look_back", key=key, words="out again"))
    send("cadre", case, "look_back", key=key, holds="no", mode="door", words="out of class again")
    assert state(case) == ("reopened", "assign")
    told = page(as_("secretary"), case)
    assert "reopened once" in told and first(told) == "assign" and "earlier round" in told


# --- two at once ---------------------------------------------------------------------------------------------------------------------


def test_what_changed_meanwhile_is_said_and_nothing_is_lost(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    case.refresh_from_db()
    stale = case.version
    send("secretary", case, "hand_on", to=desk.accounts["cadre"], reason="on leave")
    given = {"seen": stale, "text": "mend the roof", "owner": "worker", "due_on": desk.day}
    late = as_("worker").post(f"/cases/{case.pk}/plan_measure/", given)
    assert late.status_code == 409
    assert "secretary has changed this case since you opened it." in text(late) and "mend the roof" in text(late)
    assert not Measure.objects.exists()


# --- who sees what ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stranger", "neighbour", "water"])
def test_outside_the_post_a_case_does_not_exist(desk: Loop, as_: As, name: str) -> None:
    case = desk.told()
    client = as_(name)
    there, nowhere = client.get(f"/cases/{case.pk}/"), client.get("/cases/987654/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    token = re.compile(r'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"')
    assert token.sub("", text(there)).replace(f"/{case.pk}/", "/N/") == token.sub("", text(nowhere)).replace("/987654/", "/N/")
    for step in ("take", "attach", "make_link", "verify", "nonsense"):
        assert client.post(f"/cases/{case.pk}/{step}/", {}).status_code == 404, step


def test_a_step_that_is_none_does_not_exist(desk: Loop, as_: As) -> None:
    case = desk.told()
    assert as_("secretary").post(f"/cases/{case.pk}/nonsense/", {}).status_code == 404
    assert as_("secretary").get(f"/cases/{case.pk}/verify/").status_code == 405


@pytest.mark.parametrize("name", ["leader", "auditor", "prefecture"])
def test_who_supervises_or_audits_looks_and_does_nothing(desk: Loop, as_: As, send: Send, name: str) -> None:
    case = judged(desk, send)
    told = page(as_(name), case)
    assert "talk" not in told and first(told) == ""
    assert {"plan_measure", "assign", "verify"} & offered(told) == set()


def test_who_has_no_business_with_cases_is_refused(desk: Loop, as_: As) -> None:
    assert as_("building").get(f"/cases/{desk.told().pk}/").status_code == 403


def test_each_look_is_a_line_of_the_journal(desk: Loop, as_: As) -> None:
    case = desk.told()
    page(as_("cadre"), case)
    bring_in()
    line = Line.objects.get(act="case.see")
    assert (line.about, line.by) == ("household:1", "cadre")


def test_what_is_written_of_health_is_for_posts_that_need_to_know(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send, standard="MH-02", owner="medical_security")
    send("worker", case, "verify", found="confirmed", mode="door", words="dialysis twice a week")
    send("secretary", case, "judge", outcome="handle", reason="the fees of the dialysis")
    send("worker", case, "plan_measure", text="apply for medical aid", owner="worker", due_on=desk.day)
    of_worker, of_cadre, of_secretary = (page(as_(name), case) for name in ("worker", "cadre", "secretary"))
    assert all(word in of_secretary for word in ("dialysis twice a week", "the fees of the dialysis", "apply for medical aid"))
    assert "the fees of the dialysis" not in of_worker and "dialysis twice a week" in of_worker  # her own words
    assert "dialysis" not in of_cadre and "apply for medical aid" not in of_cadre
    assert "for posts that need to know" in of_cadre


def test_a_file_is_looked_at_withdrawn_and_never_shown_elsewhere(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    as_("worker").post(f"/cases/{case.pk}/attach/", {"about": f"case:{case.pk}", "files": [photo()]})
    file = Attachment.objects.get()
    there = f"/cases/{case.pk}/files/{file.pk}/"
    assert as_("secretary").get(there)["Content-Type"] == "image/jpeg"
    assert as_("secretary").get(f"{there}small/")["Content-Type"] == "image/webp"
    assert as_("stranger").get(there).status_code == 404 and as_("neighbour").get(f"{there}small/").status_code == 404
    other = desk.told()
    assert as_("secretary").get(f"/cases/{other.pk}/files/{file.pk}/").status_code == 404
    bring_in()
    assert Line.objects.filter(act="case.file", by="secretary").count() == 1
    assert as_("cadre").post(f"{there}withdraw/", {"reason": "wrong family"}).status_code == 404
    assert as_("worker").post(f"{there}withdraw/", {"reason": ""}).status_code == 400
    as_("worker").post(f"{there}withdraw/", {"reason": "wrong family"})
    assert as_("secretary").get(there).status_code == 410
    assert "was withdrawn by worker: wrong family" in page(as_("secretary"), case)


def test_only_whoever_has_it_attaches_files(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    for who, about in (("cadre", f"case:{case.pk}"), ("worker", "case:987654")):
        answer = as_(who).post(f"/cases/{case.pk}/attach/", {"about": about, "files": [photo()]})
        assert answer.status_code == 400, who
    assert "choose a file first" in text(as_("worker").post(f"/cases/{case.pk}/attach/", {"about": f"case:{case.pk}"}))
    assert not Attachment.objects.exists()


# --- how it is told ---------------------------------------------------------------------------------------------------------------------


def test_the_seven_steps_say_where_it_stands(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    told = re.findall(r'<li class="(done|now)"[^>]*>([^<]+)</li>', page(as_("worker"), case))
    assert told == [("done", "Alert"), ("done", "Verification"), ("done", "Judgement"), ("now", "Handling")]


def test_how_urgent_it_is(desk: Loop, as_: As, send: Send) -> None:
    case = assigned(desk, send)
    assert "working days left" in page(as_("worker"), case)
    desk.pass_days(8)
    assert "working day" in page(as_("worker"), case) and "overdue, since 2023-09-11" in page(as_("worker"), case)


def test_what_counts_as_solved_is_said_early_and_units_go_by_their_names(desk: Loop, as_: As, send: Send) -> None:
    assert "what counts: " in page(as_("worker"), judged(desk, send, standard="ED-01"))
    waits = with_names([Bilingual("roll (F06) of U1; U10 is late", "U1 的学籍（F06）")])
    assert waits == [Bilingual("roll (F06) of place U1; U10 is late", "place U1 的学籍（F06）")]


def test_other_troubles_of_the_family_stand_beside_it(desk: Loop, as_: As) -> None:
    case, other = desk.told(), desk.told(level="orange")
    assert f'href="/cases/{other.pk}/"' in page(as_("worker"), case)


def test_the_page_speaks_chinese(desk: Loop, as_: As, send: Send) -> None:
    case = judged(desk, send)
    told = page(as_("worker", zh=True), case)
    assert all(word in told for word in ("销号条件", "制定措施", "回头看", "帮扶事项")) and "What closing needs" not in told
    wrong = as_("worker", zh=True).post(f"/cases/{case.pk}/feed_back/", {"words": "完成了整改"})
    assert "“反馈”须在 处置中 时办理" in text(wrong) and "完成了整改" in text(wrong)


@pytest.mark.parametrize(("step", "n"), [("told", 28), ("judged", 34), ("fed_back", 37)])
def test_how_many_statements_a_page_takes(
    desk: Loop, as_: As, send: Send, django_assert_num_queries: Any, step: str, n: int
) -> None:  # fmt: skip
    case = desk.told() if step == "told" else judged(desk, send) if step == "judged" else fed_back(desk, send)
    client = as_("secretary")
    client.get(f"/cases/{case.pk}/")
    with django_assert_num_queries(n):
        assert client.get(f"/cases/{case.pk}/").status_code == 200
