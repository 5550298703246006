"""Supervision by its numbers, each with its list; draws, instructions, handing over, and who answers for a family."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from anju.apps.cases import families
from anju.apps.cases.models import Case, CaseMark, Draw, FamilyLead, Instruction
from anju.apps.cases.standing import MARK, keys_of
from anju.apps.cases.steps.assigning import assign, name_lead
from anju.apps.cases.steps.closing import close
from anju.apps.cases.steps.judging import transfer
from anju.apps.cases.steps.looking_back import draw_of
from anju.apps.cases.steps.reminding import pass_day
from anju.apps.cases.steps.reviewing import return_back
from anju.apps.journal.models import Line
from anju.apps.staff.models import Account
from apps.cases.conftest import Loop
from apps.cases.test_loop import by, fed_back, verified, visited
from web.cases.conftest import As, text
from web.cases.test_queue import lines


def kept(place: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for what, n in CaseMark.objects.filter(place_id=place).exclude(n=0).values_list("what", "n"):
        found[what] = found.get(what, 0) + n
    return found


def counted(place: int) -> dict[str, int]:
    """The same, counted anew of all cases."""
    found: dict[str, int] = {}
    for case in Case.objects.all():
        for key in keys_of(case):
            if key[0] == MARK and key[1] == place:
                found[key[3]] = found.get(key[3], 0) + 1
    return found


@pytest.fixture
def lived(desk: Loop) -> dict[str, Case]:
    """One returned, one passed on, one overdue and told above, one closed, of the same community."""
    cases = {"returned": fed_back(desk, desk.told()), "passed": verified(desk, desk.told()), "closed": fed_back(desk, desk.told())}
    return_back(number=cases["returned"].pk, reason="nobody was at the school", **by(desk, "street"))
    transfer(number=cases["passed"].pk, owner="housing", reason="it is the flat", **by(desk, "secretary"))
    visited(desk)
    close(number=cases["closed"].pk, data=desk.data, **by(desk, "street"))
    cases["late"] = desk.told(level="red")
    desk.pass_days(7)
    pass_day(at=desk.at)
    return cases


def test_the_numbers_are_kept_and_each_opens_its_list(desk: Loop, as_: As, lived: dict[str, Case]) -> None:
    for code in ("P", "U1", "S1", "C1", "G1"):
        assert kept(desk.place[code].pk) == counted(desk.place[code].pk)
    assert {what: n for what, n in kept(desk.place["U1"].pk).items() if ":" not in what} == {
        "open": 3, "overdue": 2, "returned": 1, "passed": 1, "escalated": 1,
    }  # fmt: skip
    client = as_("bureau")
    page = text(client.get("/supervision/"))
    assert "3 cases are open" in page and "place S1" in page and "100.0 %" in page
    for mark, names in (("returned", {"returned"}), ("passed", {"passed"}), ("escalated", {"late"}), ("overdue", {"late", "passed"})):
        shown = lines(text(client.get(f"/supervision/cases/?mark={mark}&place=U1")))
        assert {line.split("/cases/")[1].split("/")[0] for line in shown} == {str(lived[name].pk) for name in names}, mark
    assert "it is the flat" in page and "nobody was at" not in page


def test_the_leader_sees_numbers_and_no_names_and_others_are_refused(desk: Loop, as_: As, lived: dict[str, Case]) -> None:
    page, listed = text(as_("leader").get("/supervision/")), text(as_("leader").get("/supervision/cases/"))
    assert "place U1" in page and "it is the flat" not in page
    assert len(lines(listed)) == 3 and "H0001" not in listed and "3-2-501" not in listed and "told at the window" not in listed
    for name in ("worker", "secretary", "education", "stranger"):
        assert as_(name).get("/supervision/").status_code == as_(name).get("/supervision/cases/").status_code == 403
    assert as_("bureau").get("/supervision/?place=U2").status_code == 404 == as_("bureau").get("/supervision/?place=none").status_code


def test_a_draw_keeps_its_seed_and_tells_its_results(desk: Loop, as_: As, lived: dict[str, Case]) -> None:
    client, day = as_("bureau"), desk.day
    asked = {"seed": "2023-09", "since": f"{day - timedelta(days=9)}", "until": f"{day}"}
    assert "1 case is drawn to be visited again." in text(client.post("/supervision/draw/", asked, follow=True))
    made = Draw.objects.get()
    assert (made.seed, made.closed, made.drawn) == ("2023-09", 1, 1) and draw_of([lived["closed"].pk], made.percent, made.seed) == [
        lived["closed"].pk
    ]
    page = text(client.get("/supervision/"))
    assert "<code>2023-09</code>" in page and "0 hold, 0 do not, 1 to be visited" in page
    assert Line.objects.get(act="cases.draw").detail["seed"] == "2023-09"
    assert "a draw needs" in text(client.post("/supervision/draw/", {**asked, "seed": " "}, follow=True))
    assert "Choose two days." in text(client.post("/supervision/draw/", {**asked, "since": "x"}, follow=True))
    assert Draw.objects.count() == 1


@pytest.mark.parametrize("n", [0, 3])
def test_supervision_asks_for_little(desk: Loop, as_: As, n: int, django_assert_num_queries: Any) -> None:
    for _ in range(n):
        transfer(number=verified(desk, desk.told()).pk, owner="housing", reason="it is the flat", **by(desk, "secretary"))
    client = as_("bureau")
    client.get("/supervision/")
    with django_assert_num_queries(QUERIES + (1 if n else 0)):  # and why they were passed
        client.get("/supervision/")


QUERIES = 11


def test_an_instruction_is_given_answered_and_accepted(desk: Loop, as_: As) -> None:
    leader, secretary, due = as_("leader"), as_("secretary"), f"{desk.day + timedelta(days=3)}"
    page = leader.post("/cases/instructions/", {"place": desk.place["C1"].pk, "text": "look into the water", "due": due}, follow=True)
    assert "The instruction is given." in text(page)
    made = Instruction.objects.get()
    assert "look into the water" in text(secretary.get("/cases/")) and "Instructions to be answered" in text(secretary.get("/cases/"))
    assert (
        as_("stranger").get(f"/cases/instructions/{made.pk}/").status_code == 404 == as_("stranger").get("/cases/instructions/99/").status_code
    )
    assert as_("stranger").post(f"/cases/instructions/{made.pk}/answer/", {"text": "it is done"}).status_code == 404
    secretary.post(f"/cases/instructions/{made.pk}/answer/", {"text": "the pump is mended"})
    assert "the pump is mended" in text(leader.get(f"/cases/instructions/{made.pk}/"))
    assert leader.post(f"/cases/instructions/{made.pk}/answer/", {"accept": "1"}).status_code == 302
    assert Instruction.objects.get().accepted_at is not None
    assert "look into the water" in text(leader.get("/cases/instructions/?done=1"))
    assert "look into the water" not in text(secretary.get("/cases/"))


def test_what_is_wrong_with_an_instruction_is_said_and_what_was_typed_stays(desk: Loop, as_: As) -> None:
    given = {"place": desk.place["C1"].pk, "text": "look into the water", "due": "2020-01-01"}
    answer = as_("leader").post("/cases/instructions/", given)
    assert answer.status_code == 400 and "lies before today" in text(answer) and "look into the water" in text(answer)
    assert as_("bureau").post("/cases/instructions/", {**given, "place": desk.place["U2"].pk, "due": f"{desk.day}"}).status_code == 400
    assert as_("secretary").post("/cases/instructions/", {**given, "due": f"{desk.day}"}).status_code == 400
    assert not Instruction.objects.exists()


def test_all_that_somebody_has_goes_to_one_colleague_in_one_step(desk: Loop, as_: As) -> None:
    cases = [desk.told(), desk.told(level="orange")]
    assign(numbers=[case.pk for case in cases], to=desk.accounts["worker"], **by(desk, "secretary"))
    name_lead(household_id=desk.home.pk, to=desk.accounts["worker"], **by(desk, "secretary"))
    client, worker, cadre = as_("secretary"), desk.accounts["worker"], desk.accounts["cadre"]
    assert "worker" in text(client.get("/cases/hand-over/"))
    asked = {"from": worker, "to": cadre, "reason": "she moves away"}
    shown = text(client.post("/cases/hand-over/", asked))
    assert "2 cases" in shown and "1 family" in shown and "“she moves away”" in shown
    assert set(Case.objects.values_list("assignee", flat=True)) == {worker}, "only shown"
    done = text(client.post("/cases/hand-over/", {**asked, "sure": "1"}, follow=True))
    assert "2 cases and 0 visits are with cadre now." in done
    assert set(Case.objects.values_list("assignee", flat=True)) == {cadre} == {FamilyLead.objects.get().account}
    assert as_("stranger").post("/cases/hand-over/", {**asked, "from": cadre, "sure": "1"}).status_code == 200
    assert set(Case.objects.values_list("assignee", flat=True)) == {cadre}, "the stranger's list does not hold her"
    assert as_("worker").get("/cases/hand-over/").status_code == 403


def test_whom_one_hands_over_from_and_to_is_found_by_typing(desk: Loop, as_: As) -> None:
    client, worker, cadre, stranger = as_("secretary"), *(desk.accounts[name] for name in ("worker", "cadre", "stranger"))

    def named(query: str, field: str) -> set[int]:
        page = text(client.get(f"/cases/hand-over/?{query}"))
        return {int(key) for key in re.findall(rf'type="radio" name="{field}" value="(\d+)"', page)}

    everybody = named("", "from")
    assert {worker, cadre} < everybody and stranger not in everybody
    assert named("q=网格员", "from") == named("q=grid WORK", "from") == {worker, desk.accounts["neighbour"]}, "by role, in either language"
    Account.objects.filter(pk=worker).update(display_name="罗春燕")
    assert named("q=春燕", "from") == named("q=网格员 罗", "from") == {worker}, "by name, and by both"
    assert named("q=G1", "from") < everybody and worker in named("q=G1", "from"), "by place"
    assert named("q=stranger", "from") == named("q=春燕 nowhere", "from") == set()
    nobody = text(client.get("/cases/hand-over/?q=<b>"))
    assert "Nobody here has “&lt;b&gt;” in the name" in nobody and 'href="/cases/hand-over/">Show everybody' in nobody
    assert named(f"from={worker}&q=cadre", "to") == {cadre} and worker not in named(f"from={worker}", "to")
    missed = text(client.get(f"/cases/hand-over/?from={worker}&q=stranger"))
    assert "Nobody here has “stranger”" in missed and f'href="/cases/hand-over/?from={worker}">Show everybody' in missed
    for odd in ("x", "9" * 30, str(stranger)):
        assert "Who leaves?" in text(client.get("/cases/hand-over/", {"from": odd})), odd
    kept = text(client.post("/cases/hand-over/", {"from": worker, "to": cadre, "reason": "x"}))
    assert f'value="{cadre}" checked' in kept, "who was chosen stays chosen where the reason is too short"


def test_who_answers_for_a_family_is_named_from_its_page(desk: Loop, as_: As) -> None:
    client, cadre = as_("secretary"), desk.accounts["cadre"]
    assert f"/cases/families/{desk.home.pk}/lead/" in text(client.get(f"/households/{desk.home.pk}/"))
    assert client.post(f"/cases/families/{desk.home.pk}/lead/", {"to": desk.accounts["stranger"]}).status_code == 400
    client.post(f"/cases/families/{desk.home.pk}/lead/", {"to": cadre})
    assert families.lead_of(desk.home.pk) is not None and FamilyLead.objects.get().account == cadre
    desk.told()
    mine = text(as_("cadre").get("/cases/families/"))
    assert "H0001" in mine and "1 open" in mine
    assert "H0001" not in text(as_("worker").get("/cases/families/"))
    assert as_("stranger").get(f"/cases/families/{desk.home.pk}/lead/").status_code == 404
    assert as_("worker").get(f"/cases/families/{desk.home.pk}/lead/").status_code == 403
