"""The pages of visits with a fixed cast: what each post sees and may do, and how many statements a page takes."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook, load_workbook
from PIL import Image
from python_calamine import CalamineWorkbook

from anju.apps.alerts.models import Episode
from anju.apps.attachments.models import Attachment
from anju.apps.cases.models import Case
from anju.apps.discovery.actions import Request, take_over_requests
from anju.apps.discovery.models import Hearing, Report
from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.people.models import Phone
from anju.apps.people.phones import note_phones
from anju.apps.places.models import Place
from anju.apps.visits.actions import plan_visit, plan_visits
from anju.apps.visits.models import FormTemplate, Visit
from anju.web.visits import rows as rows_module
from doors_fixtures import AT, DAY, account, as_, doors, viewer

__all__ = ["doors"]
pytestmark = pytest.mark.usefixtures("doors", "clock")
SEEN = {"outcome": "met", "mode": "door", "made_on": "2023-09-26", "client_key": "k" * 32}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The deployment's day is the day of its data."""
    monkeypatch.setattr(settings, "DATA", tmp_path)
    monkeypatch.setattr(rows_module, "day_judged", lambda: DAY)


def text(response: Any) -> str:
    return str(response.content.decode())


def planned(household: int = 1, who: str = "worker", **more: Any) -> Visit:
    told = {"purpose": "routine", "due_on": DAY, "assignee": account(who), **more}
    return plan_visit(household_id=household, by=viewer("secretary"), at=AT, **told)


def alert(household: int = 1, standard: str = "ED-01", breach: str = "out") -> Episode:
    return Episode.objects.create(
        standard=standard, subject="person", subject_id=household * 10 + 1, household_id=household, place_id=6, path="/1/2/3/6/", level="red",
        rank=4, breach=breach, opened_on=DAY, opened_run=1, seen_on=DAY, seen_run=1, owner="education", cluster=f"H{household}", queue="todo",
    )  # fmt: skip


def test_my_doors_in_walking_order_with_one_obvious_action() -> None:
    plan_visits(households=[1, 2, 3], purpose="routine", due_on=DAY, assignee=account("worker"), by=viewer("secretary"), at=AT)
    page = text(as_("worker").get("/visits/"))
    assert "3 doors for you" in page
    assert re.findall(r"(\d-\d\d\d) · 韦\*\*", page) == ["1-202", "2-501", "1-101"]
    assert page.count("Record what you saw") == 1
    assert "韦秀英" not in page


def test_why_one_goes_there_is_one_sentence() -> None:
    planned(why="Is the girl back in class?")
    planned(2)
    alert(2)
    page = text(as_("worker").get("/visits/"))
    assert "Is the girl back in class?" in page
    assert "Not in school" in page


def test_a_page_of_doors_takes_as_many_statements_for_three_as_for_one() -> None:
    def statements() -> int:
        client = as_("worker")
        client.get("/visits/")
        with CaptureQueriesContext(connection) as taken:
            client.get("/visits/")
        return len(taken)

    planned(1)
    assert statements() == 13
    planned(2), planned(3)
    assert statements() == 13


def test_the_form_asks_what_is_not_known_and_keeps_what_was_answered() -> None:
    visit = planned()
    client = as_("worker")
    page = text(client.get(f"/visits/{visit.pk}/record/"))
    assert "Is the family living in its new home?" in page
    assert "Is the treatment going on" not in page, "health is asked by few"
    answered = {**SEEN, "a-living_here": "here", "findings": ["none"], "note": "all is well", "minutes": "12"}
    done = client.post(f"/visits/{visit.pk}/record/", {**answered, "version": "1"}, follow=True)
    assert "Accepted: visit" in text(done)
    kept = Visit.objects.get()
    assert (kept.state, kept.answers, kept.minutes, kept.note) == ("made", {"living_here": "here"}, 12, "all is well")
    assert kept.asked > 2
    planned(purpose="verify")
    again = text(client.get(f"/visits/{Visit.objects.latest('pk').pk}/record/"))
    assert "1 question not asked again" in again


def test_the_answer_lost_on_the_way_makes_no_second_visit() -> None:
    visit = planned()
    client = as_("worker")
    for _ in range(2):
        assert client.post(f"/visits/{visit.pk}/record/", {**SEEN, "version": "1"}).status_code == 302
    ad_hoc = {**SEEN, "household": "2", "client_key": "n" * 32}
    assert "Accepted: visit" in text(client.post("/visits/new/", ad_hoc, follow=True))
    assert "Accepted before" in text(client.post("/visits/new/", ad_hoc, follow=True))
    assert Visit.objects.count() == 2


def test_nobody_home_is_one_tap_and_plans_a_call() -> None:
    visit = planned()
    page = text(
        as_("worker").post(f"/visits/{visit.pk}/record/", {**SEEN, "outcome": "nobody", "version": "1", "a-living_here": "here"}, follow=True)
    )
    assert "A telephone call is planned by 2023-09-28." in page
    assert Visit.objects.get(pk=visit.pk).answers == {}
    assert "A call is enough" in text(as_("worker").get("/visits/"))


def test_who_was_second_is_told_who_was_first() -> None:
    visit = planned()
    as_("other").post(f"/visits/{visit.pk}/record/", {**SEEN, "client_key": "o" * 32, "version": "1"})
    late = as_("worker").post(f"/visits/{visit.pk}/record/", {**SEEN, "version": "1"})
    assert late.status_code == 409
    assert "other has dealt with it" in text(late)


@pytest.mark.parametrize(("more", "what"), [
    ({"made_on": "soon"}, "Write the day like"),
    ({"minutes": "ten"}, "Write the day like"), ({"findings": ["none", "illness"]}, "cannot stand beside"),
    ({"a-living_here": "moon"}, "choose one of the answers"), ({"mode": "owl"}, "say how"),
])  # fmt: skip
def test_a_wrong_form_comes_back_with_what_was_typed(more: dict[str, Any], what: str) -> None:
    visit = planned()
    answer = as_("worker").post(f"/visits/{visit.pk}/record/", {**SEEN, "version": "1", "note": "they were out", **more})
    assert answer.status_code == 400
    assert what in text(answer)
    assert "they were out" in text(answer)
    assert Visit.objects.get().state == "planned"


def test_a_photo_is_kept_and_never_required() -> None:
    visit = planned()
    picture = BytesIO()
    Image.new("RGB", (60, 40), "green").save(picture, "JPEG")
    picture.seek(0)
    picture.name = "door.jpg"
    as_("worker").post(f"/visits/{visit.pk}/record/", {**SEEN, "version": "1", "photos": picture})
    assert (Visit.objects.get().photos, Attachment.objects.get().about) == (1, f"visit:{visit.pk}")
    bad = BytesIO(b"no picture")
    bad.name = "door.jpg"
    page = as_("worker").post("/visits/new/", {**SEEN, "household": "2", "client_key": "b" * 32, "photos": bad}, follow=True)
    assert "A photo was not kept" in text(page)
    assert Visit.objects.count() == 2


@pytest.mark.parametrize("name", ["neighbour", "teacher", "water"])
def test_outside_the_post_a_visit_does_not_exist(name: str) -> None:
    visit = planned()
    token = re.compile(r'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"')
    client = as_(name)
    for there in ("", "record/"):
        here, nowhere = client.get(f"/visits/{visit.pk}/{there}"), client.get(f"/visits/999999/{there}")
        assert (here.status_code, nowhere.status_code) == (404, 404)
        plain = [token.sub("", text(one)).replace(f"/{key}/", "/N/") for one, key in ((here, visit.pk), (nowhere, 999999))]
        assert plain[0] == plain[1]
    if name == "neighbour":
        assert client.get("/visits/new/?household=1").status_code == 404
    assert client.post(f"/visits/{visit.pk}/not-made/", {"reason": "rain"}).status_code == 404


def test_a_stranger_is_asked_to_sign_in() -> None:
    for there in ("/visits/", "/visits/1/", "/visits/new/?household=1", "/visits/plan/", "/visits/sheet/", "/visits/burden/", "/reports/",
                  "/reports/new/", "/reports/QXN-2023-000001/", "/visits/export/", "/visits/call/?household=1"):  # fmt: skip
        page = Client(HTTP_HOST="127.0.0.1").get(there)
        assert (page.status_code, page.headers["Location"].split("?")[0]) == (302, "/sign-in/"), there


@pytest.mark.parametrize(("name", "there"), [
    ("head", "/visits/"), ("leader", "/visits/"), ("worker", "/visits/plan/"), ("worker", "/reports/"),
    ("leader", "/reports/new/"),
])  # fmt: skip
def test_whose_work_it_is_not_is_refused(name: str, there: str) -> None:
    assert as_(name).get(there).status_code == 403


def test_the_look_is_in_the_journal() -> None:
    visit = planned()
    as_("worker").get(f"/visits/{visit.pk}/")
    as_("worker").get(f"/visits/{visit.pk}/record/")
    bring_in()
    assert sorted(Line.objects.filter(about="household:1", by="worker").values_list("act", flat=True)) == ["household.see", "visit.see"]


def test_doors_are_chosen_previewed_and_planned() -> None:
    client = as_("secretary")
    page = text(client.get("/visits/plan/?building=3"))
    assert "2 doors" in page and "worker · 0 planned" in page
    assert Visit.objects.count() == 0
    to_plan = {"building": "3", "households": ["1", "3"], "purpose": "routine", "due_on": "2023-10-03", "to": account("worker"), "sure": "1"}
    assert "2 visits are planned." in text(client.post("/visits/plan/", to_plan, follow=True))
    assert "2 families had one planned already." in text(client.post("/visits/plan/", to_plan, follow=True))
    assert client.post("/visits/plan/", {**to_plan, "households": ["4"]}).status_code == 400
    alert(2)
    by_standard = text(client.get("/visits/plan/?standard=ED-01"))
    assert "1 door" in by_standard and "10-1-101" in by_standard


def test_visits_go_into_other_hands_and_all_of_one_worker_at_once() -> None:
    visit, _other = planned(1), planned(2)
    client = as_("secretary")
    assert "1 visit is in other hands" in text(client.post("/visits/reassign/", {"visits": [visit.pk], "to": account("other")}, follow=True))
    over = client.post("/visits/reassign/", {"leaving": account("worker"), "to": account("other")}, follow=True)
    assert "1 visit is in other hands" in text(over)
    assert client.post("/visits/reassign/", {"to": account("other")}).status_code == 400
    assert set(Visit.objects.values_list("assignee", flat=True)) == {"other"}


def test_the_burden_is_ones_own_and_for_who_plans_that_of_the_workers() -> None:
    visit = planned()
    as_("worker").post(f"/visits/{visit.pk}/record/", {**SEEN, "version": "1", "minutes": "12"})
    assert "Your workers" not in text(as_("worker").get("/visits/burden/"))
    page = text(as_("secretary").get("/visits/burden/"))
    assert f"whose={account('worker')}" in page and "2023-09-25" in page
    assert as_("secretary").get("/visits/burden/?week=nonsense").status_code == 200


def test_the_sheet_of_a_building_has_a_line_for_each_family_and_no_number_of_a_person() -> None:
    plan_visits(households=[1, 2, 3], purpose="routine", due_on=DAY, assignee=account("worker"), by=viewer("secretary"), at=AT)
    page = text(as_("worker").get("/visits/sheet/?building=3"))
    assert "2-501" in page and "1-202" in page and "1-101" not in page
    assert "☐" in page and "Is the family living in its new home?" in page
    assert not re.search(r"\d{15,}", page)
    assert Line.objects.filter(act="visits.sheet").count() == 1


def test_a_visit_is_taken_in_the_layout_of_a_form() -> None:
    visit = planned()
    client = as_("worker")
    client.post(f"/visits/{visit.pk}/record/", {**SEEN, "version": "1", "a-living_here": "here", "note": "=1+1"})
    answer = client.get(f"/visits/export/?visit={visit.pk}")
    rows = CalamineWorkbook.from_filelike(BytesIO(b"".join(answer))).get_sheet_by_index(0).to_python()  # type: ignore[arg-type]
    assert rows[0][0] == "Record of home visits"
    told = dict(zip(rows[1], rows[2], strict=True))
    assert (told["Address"], told["Day of the visit"], told["Note"], told["Head of household"]) == ("3-2-501", "2023-09-26", "=1+1", "韦**")
    assert as_("secretary").get("/visits/export/?state=made&whose=all").status_code == 200
    assert as_("neighbour").get(f"/visits/export/?visit={visit.pk}").status_code == 404
    assert "a list by the community" in text(client.get("/visits/export/?state=made"))


def test_a_visit_fills_the_form_itself_and_a_building_takes_a_sheet_each() -> None:
    for household in (1, 2, 3):
        visit = planned(household)
        told = {**SEEN, "client_key": str(household) * 32, "version": "1", "a-living_here": "here", "a-allowance": "yes", "note": "@SUM(1)"}
        as_("worker").post(f"/visits/{visit.pk}/record/", told)
    visit = Visit.objects.get(household_id=1)
    page = text(as_("worker").get(f"/visits/{visit.pk}/"))
    assert '<option value="two_page_visit_record">' in page
    one = as_("worker").get(f"/visits/export/?visit={visit.pk}&form=two_page_visit_record")
    sheet = load_workbook(BytesIO(b"".join(one)))["走访记录"]  # type: ignore[arg-type]
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {"韦**", "3-2-501", "@SUM(1)", "Yes", "H0001"} <= set(cells) and not any("秀英" in cell for cell in cells)
    building = as_("secretary").get("/visits/export/?state=made&whose=all&building=3&form=two_page_visit_record")
    assert sorted(load_workbook(BytesIO(b"".join(building))).sheetnames) == sorted(  # type: ignore[arg-type]
        f"{address} ({Visit.objects.get(household_id=key).pk})" for key, address in ((1, "3-2-501"), (3, "3-1-202"))
    )
    bring_in()
    assert Line.objects.filter(act="visits.export").count() == 2
    assert Line.objects.filter(act="visit.see", about="household:1").count() == 2, "the page, and the workbook"
    assert as_("neighbour").get(f"/visits/export/?visit={visit.pk}&form=two_page_visit_record").status_code == 404
    assert as_("worker").get(f"/visits/export/?visit={visit.pk}&form=nothing").status_code == 404
    assert as_("secretary").get("/visits/export/?state=made&whose=all&building=77&form=two_page_visit_record").status_code == 404


def test_the_office_sends_a_form_in_and_mends_what_is_wrong_with_it() -> None:
    def sent(name: str, **cells: str) -> BytesIO:
        book, file = Workbook(), BytesIO()
        for at, value in cells.items():
            book.active[at] = value  # type: ignore[index]
        book.save(file)
        file.seek(0)
        file.name = name
        return file

    client = as_("administrator")
    bad = client.post("/visits/forms/", {"file": sent("民政局走访表.xlsx", A1="{{户主名}}", B2="{{visit.dya}}")})
    assert bad.status_code == 400
    assert all(word in text(bad) for word in ("2 things to mend", "Sheet!A1", "Sheet!B2", "{{visit.day}}", "{{户主}}"))
    assert FormTemplate.objects.count() == 0
    for n in range(2):
        assert "Taken" in text(client.post("/visits/forms/", {"file": sent("民政局走访表.xlsx", A1="{{户主}}", B2=f"第{n}版")}, follow=True))
    assert FormTemplate.objects.filter(ended_at=None).count() == 1, "one of the same title replaces the one before"
    kept = FormTemplate.objects.get(ended_at=None)
    visit = planned()
    as_("worker").post(f"/visits/{visit.pk}/record/", {**SEEN, "version": "1"})
    filled = as_("worker").get(f"/visits/export/?visit={visit.pk}&form=kept-{kept.pk}")
    assert [cell.value for cell in load_workbook(BytesIO(b"".join(filled))).active["A"]] == ["韦**", None]  # type: ignore[arg-type,index]
    assert as_("worker").get("/visits/forms/").status_code == 403
    assert as_("worker").post(f"/visits/forms/{kept.pk}/end/").status_code == 403
    assert "out of use" in text(client.post(f"/visits/forms/{kept.pk}/end/", follow=True))
    assert client.post(f"/visits/forms/{kept.pk}/end/").status_code == 404
    assert as_("worker").get(f"/visits/export/?visit={visit.pk}&form=kept-{kept.pk}").status_code == 404


def test_a_lead_gets_a_number_and_learns_nothing() -> None:
    client = as_("head")
    assert "Report trouble" in text(client.get("/standards/"))
    pages = []
    for n, where in enumerate(("3-2-501", "99-9-999")):
        answer = client.post(
            "/reports/new/", {"channel": "lead", "words": "The light is out for days.", "address": where, "client_key": f"{n}" * 32}, follow=True
        )
        assert "QXN-" in text(answer)
        pages.append(re.sub(r"QXN-\d+-\d+|\d\d:\d\d|value=\"\w{64}\"|X-CSRFToken\": \"\w+\"", "", text(answer)))
    assert pages[0] == pages[1]
    assert [r.household_id for r in Report.objects.order_by("pk")] == [1, None]
    assert as_("worker").get(f"/reports/{Report.objects.earliest('pk').receipt}/receipt/").status_code == 404
    assert client.post("/reports/new/", {"channel": "instruction", "words": "do this now"}).status_code == 400


def test_what_was_received_is_seen_by_who_assigns_and_declined_by_two() -> None:
    told = {"household": "1", "channel": "declared", "words": "The roof leaks.", "standard": "ED-01", "client_key": "r" * 32}
    answer = as_("worker").post("/reports/new/", {**told, "declarer": "韦大姐", "phone": "13800138000"}, follow=True)
    receipt = Report.objects.get().receipt
    assert receipt in text(answer)
    client = as_("secretary")
    assert receipt in text(client.get("/reports/"))
    page = text(client.get(f"/reports/{receipt}/"))
    assert "138****8000" in page and "13800138000" not in page
    assert client.post(f"/reports/{receipt}/decide/", {"what": "decline", "reason": "repaired", "version": "1"}, follow=True).status_code == 200
    assert client.post(f"/reports/{receipt}/decide/", {"what": "agree", "version": "2"}).status_code == 400
    as_("second").post(f"/reports/{receipt}/decide/", {"what": "agree", "version": "2"})
    assert Report.objects.get().state == "declined"
    assert "nothing is to be done" in text(as_("worker").get(f"/reports/{receipt}/receipt/"))
    assert receipt in text(as_("teacher").get("/reports/?state=declined"))
    for name in ("water",):
        assert as_(name).get(f"/reports/{receipt}/").status_code == 404
        assert receipt not in text(as_(name).get("/reports/?state=declined"))


def test_the_filters_of_the_reports_say_how_many_lines_they_show(django_assert_num_queries: Any) -> None:
    place = Place.objects.get(code="C1")
    elsewhere = Place.objects.get(code="C2")
    kinds = [("received", "declared"), ("received", "lead"), ("declined", "lead"), ("taken_up", "visit"), ("received", "lead")]
    for n, (state, channel) in enumerate(kinds):
        said = {"state": state, "channel": channel, "words": "no light", "received_at": AT, "reported_by": "test"}
        Report.objects.create(receipt=f"QXN-2023-{n:06}", place=place, path=place.path, **said)
        Report.objects.create(receipt=f"QXN-2024-{n:06}", place=elsewhere, path=elsewhere.path, owner="water", **said)
    client, chip = as_("secretary"), re.compile(r'<a class="chip" href="([^"]*)"( aria-current="\w+")?>([^<]*?)(?: <b>(\d+)</b>)?</a>')
    for there in ("/reports/", "/reports/?channel=lead", "/reports/?state=declined&channel=lead"):
        for url, chosen, label, n in chip.findall(text(client.get(there))):
            page = text(client.get(there if chosen else url.replace("&amp;", "&")))
            assert page.count('href="/reports/QXN-') == int(n or 0), (there, label)
            assert "QXN-2024" not in page
    found = {label: n for *_chip, label, n in chip.findall(text(client.get("/reports/"))) if n}
    assert found == {"Received": "3", "Taken up": "1", "Declined": "1", "The family itself": "1", "Street or building head": "2"}
    assert sum(int(n or 0) for *_chip, n in chip.findall(text(as_("water").get("/reports/")))) == 5 + 3, "a department counts its own"
    with django_assert_num_queries(7):  # session, account, its posts, the page of reports, the numbers of the filters, the run, unread
        client.get("/reports/")


def test_a_request_of_the_hotline_stands_among_the_reports_with_its_own_number() -> None:
    requests = [Request("R2023081234", "lift", 1, None, AT), Request("R2023081235", "noise", None, 3, AT)]
    take_over_requests(requests=requests, prefix="QXN", categories={}, owners={}, by="anju", at=AT)
    Hearing.objects.create(run=1, day=DAY, days=45, heard_at=AT, new=2, known=0, settled=31, nowhere=1)
    client = as_("secretary")
    page = text(client.get("/reports/?channel=hotline"))
    assert "Hotline R2023081234" in page and "2 are reports here" in page and "31 were settled there" in page
    one = text(client.get(f"/reports/{Report.objects.get(household_id=None).receipt}/"))
    assert "its own number R2023081235" in one and "no family named" in one
    assert "R2023081234" not in text(as_("water").get("/reports/?channel=hotline"))


def test_a_call_shows_one_number_for_a_reason_and_nobody_answered_is_one_tap() -> None:
    visit = planned()
    client = as_("worker")
    note = {"visit": visit.pk, "person": "10", "number": "100 0000 0007", "do": "note"}
    page = text(client.post("/visits/call/", note, follow=True))
    assert "100****0007" in page and "10000000007" not in page
    assert client.post("/visits/call/", {**note, "number": "12"}).status_code == 400
    phone = Phone.objects.get()
    assert b"10000000007" not in bytes(phone.value)
    shown = text(client.post("/visits/call/", {"visit": visit.pk, "phone": phone.pk, "do": "show"}))
    assert 'href="tel:10000000007"' in shown and f'action="/visits/{visit.pk}/record/"' in shown
    bring_in()
    line = Line.objects.get(act="person.reveal")
    assert (line.about, line.detail["reason"], line.detail["visit"]) == ("person:10", "call", visit.pk)
    tapped = {"client_key": "t" * 32, "mode": "phone", "made_on": "2023-09-26", "version": "1", "outcome": "nobody"}
    assert "Nobody answered" in text(client.post(f"/visits/{visit.pk}/record/", tapped, follow=True))
    assert Visit.objects.get(pk=visit.pk).outcome == "no_answer"
    client.post("/visits/call/", {"household": 1, "phone": phone.pk, "do": "wrong"})
    assert not Phone.objects.exists()


@pytest.mark.parametrize("name", ["neighbour", "head", "administrator"])
def test_nobody_else_learns_a_number(name: str) -> None:
    visit = planned()
    note_phones(numbers=[(10, "10000000007")], by="test", at=AT)
    phone = Phone.objects.get()
    client = as_(name)
    for given in ({"visit": visit.pk}, {"household": 1}):
        for do in ("show", "wrong", "note"):
            asked = {**given, "phone": phone.pk, "do": do, "person": "10", "number": "10000000008"}
            answer = client.post("/visits/call/", asked)
            assert answer.status_code in (403, 404) and "10000000007" not in text(answer) and "100****" not in text(answer), (given, do)
    own = {"household": 4, "phone": phone.pk, "do": "show", "person": "10", "number": "10000000008"}
    assert as_("neighbour").post("/visits/call/", own).status_code == 404, "a number of another family"
    assert as_("neighbour").post("/visits/call/", {**own, "do": "note"}).status_code == 404
    assert Phone.objects.count() == 1


def test_the_familys_page_leads_to_a_visit() -> None:
    assert "/visits/new/?household=1" in text(as_("worker").get("/households/1/"))


def test_every_page_speaks_chinese() -> None:
    visit = planned()
    client = as_("secretary", "zh")
    pages = {
        "/visits/?whose=all": "待走访", "/visits/plan/?building=3": "安排走访", f"/visits/{visit.pk}/record/": "登记走访",
        "/visits/sheet/": "随身走访清单", "/visits/burden/": "基层负担统计", "/reports/": "收到的线索", "/reports/new/": "上报线索",
    }  # fmt: skip
    for there, word in pages.items():
        assert word in text(client.get(there)), there


def test_a_report_is_taken_up_as_a_case_once() -> None:
    as_("worker").post("/reports/new/", {"household": "1", "channel": "declared", "words": "The roof leaks.", "client_key": "r" * 32})
    receipt = Report.objects.get().receipt
    client = as_("secretary")
    assert client.post(f"/reports/{receipt}/take-up/", {"level": "blue", "version": "1"}).status_code == 400
    assert Report.objects.get().state == "received"
    assert "It is case No." in text(client.post(f"/reports/{receipt}/take-up/", {"level": "yellow", "version": "1"}, follow=True))
    case = Case.objects.get()
    assert (Report.objects.get().taken_up_as, case.receipt, case.household_id, case.level) == (f"case:{case.pk}", receipt, 1, "yellow")
    assert as_("second").post(f"/reports/{receipt}/take-up/", {"level": "yellow", "version": "1"}).status_code == 400
    assert Case.objects.count() == 1, "both or neither"
    assert as_("water").post(f"/reports/{receipt}/take-up/", {"level": "yellow"}).status_code == 404
