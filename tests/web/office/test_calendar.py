"""The calendar on its page: looked at, loaded after a look, corrected, taken away as a list; and said where a coming year lacks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from anju.apps.calendar.actions import load_year
from anju.apps.calendar.models import CalendarYear
from anju.apps.calendar.reading import judge_list, read_list
from anju.apps.cases.rules import calendar as counted
from anju.apps.journal.models import Line

pytestmark = pytest.mark.django_db
PAGES = ("/calendar/", "/calendar/load/", "/calendar/days.xlsx")
LIST = "日期,类型,名称\n2030-02-04,放假,春节\n2030-02-03,放假,春节\n2030-02-05,放假,春节\n2030-02-09,补班,春节\n"
Committed = Callable[..., AbstractContextManager[list[Callable[[], None]]]]


@pytest.fixture
def admin(as_: Any) -> Client:
    client: Client = as_("admin")
    return client


def sent(text: str, name: str = "a.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode("gb18030"))


def look_at(client: Client, text: str = LIST, source: str = "Notice No. 7") -> str:
    return client.post("/calendar/load/", {"file": sent(text), "source": source}).content.decode()


def typed(page: str) -> dict[str, str]:
    """The fields of the form that loads what was looked at."""
    form = page.split('name="sure"')[1].split("</form>")[0]
    return {"sure": "1", **dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))}


@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_sees_it_and_a_stranger_signs_in_first(page: str, as_: Any) -> None:
    assert [as_(name).get(page).status_code for name in ("auditor", "secretary", "steward")] == [403] * 3
    assert as_("stranger").get(page)["Location"].startswith("/sign-in/?next=")


def test_a_year_of_the_file_is_shown_by_its_occasions(admin: Client, django_assert_num_queries: Any) -> None:
    admin.get("/calendar/?year=2025")
    with django_assert_num_queries(7):  # session, account, its posts, the years loaded, versions of the year, unread, the run
        text = admin.get("/calendar/?year=2026").content.decode()
    assert "10-01 – 10-07" in text and "10-10" in text and "calendar.yaml" in text
    assert "248 working days in the year" in text
    assert admin.get("/calendar/?year=1999").status_code == admin.get("/calendar/?year=x").status_code == 404


def test_a_list_is_looked_at_first_and_loaded_when_one_says_so(admin: Client, django_capture_on_commit_callbacks: Committed) -> None:
    page = look_at(admin)
    assert "What 2030 would be" in page and "260 working days in the year" in page and not CalendarYear.objects.exists()
    assert re.search(r"On a weekend anyway, and change nothing:\s+<span[^>]*>02-03", page)
    fields = typed(page)
    assert fields == {"sure": "1", "seen": "0", "source": "Notice No. 7"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post("/calendar/load/", fields)
    assert answer["Location"] == "/calendar/?year=2030"
    text = admin.get("/calendar/?year=2030").content.decode()
    assert "02-03 – 02-05" in text and "Version 1" in text and "Notice No. 7" in text and "a.csv" in text
    assert counted().add(date(2030, 2, 1), 1) == date(2030, 2, 6)
    assert Line.objects.get(act="calendar.load").about == "calendar:2030"
    assert "Version 1 says the same" in look_at(admin)


def test_every_wrong_cell_is_named_and_what_was_typed_stays(admin: Client) -> None:
    page = look_at(admin, "日期,类型,名称\n2030-02-04,补班,\n2030-02-41,放假,\n")
    assert "2 cells are wrong" in page and "2030-02-04 is a Monday" in page and "&#x27;2030-02-41&#x27; is not a day" in page
    assert 'value="Notice No. 7"' in page and 'name="sure"' not in page
    answer = admin.post("/calendar/load/", {"source": "Notice No. 7"})
    assert answer.status_code == 400 and b'value="Notice No. 7"' in answer.content
    answer = admin.post("/calendar/load/", {"file": sent("a,b\n1,2\n"), "source": "Notice No. 7"})
    assert answer.status_code == 400 and b'value="Notice No. 7"' in answer.content


def test_where_somebody_was_faster_one_looks_again(admin: Client) -> None:
    fields = typed(look_at(admin))
    load_year(judge_list([(2, ("2030-02-04", "holiday", ""))]), by="another", at=timezone.now())
    answer = admin.post("/calendar/load/", fields)
    page = answer.content.decode()
    assert answer.status_code == 400 and "somebody else has loaded the calendar of 2030" in page and "It supersedes version 1" in page
    assert admin.post("/calendar/load/", typed(page)).status_code == 302
    versions = admin.get("/calendar/?year=2030&version=1").content.decode()
    assert "Version 1 was superseded" in versions and "another" in versions


def test_what_is_no_longer_kept_is_not_loaded(admin: Client) -> None:
    answer = admin.post("/calendar/load/", {"sure": "1", "seen": "0"})
    assert answer.status_code == 400 and b"choose the file again" in answer.content
    assert not CalendarYear.objects.exists()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_list_of_a_year_is_one_that_is_taken(admin: Client, tmp_path: Path, language: str) -> None:
    answer = admin.get("/calendar/days.xlsx?year=2026", headers={"accept-language": language})
    path = tmp_path / "a.xlsx"
    path.write_bytes(io.BytesIO(answer.content).getvalue())
    found = judge_list(read_list(path))
    assert (found.year, found.faults, len(found.days)) == (2026, [], 25)
    path.write_bytes(admin.get("/calendar/days.xlsx").content)
    assert "the list names no day" in [one.why.en for one in judge_list(read_list(path)).faults]


def test_a_coming_year_that_lacks_is_said_on_both_pages(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.web.office.calendar.timezone.localdate", lambda: date(2026, 11, 26))
    for page in ("/calendar/", "/accounts/"):
        assert "The calendar of 2027 is not loaded." in admin.get(page).content.decode()
    monkeypatch.setattr("anju.web.office.calendar.timezone.localdate", lambda: date(2026, 10, 1))
    assert "is not loaded" not in admin.get("/calendar/").content.decode()
