"""The auditor's registers: each line once and only in its register, of all units; nothing for others; samples that can be drawn again."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from anju.apps.attachments.models import Attachment
from anju.apps.cases.models import Case, CaseEvent
from anju.apps.cases.registers import entries_of, sample_of
from anju.apps.cases.steps import ending, judging, verifying
from anju.apps.cases.steps.assigning import take
from anju.apps.journal.models import Head, Line
from web.cases.conftest import As, Loop, as_, desk, loop, text

__all__ = ["as_", "desk", "loop"]


@pytest.fixture
def auditor(desk: Loop, as_: As, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("anju.web.audit.sampling.today", lambda: desk.day)
    return as_("auditor")


@pytest.fixture
def strange(desk: Loop) -> dict[str, Case]:
    """One case for each register."""
    found = {}
    for name, what, detail in (
        ("exceptions", "grant_exception", {}), ("quick", "close", {"quick": True}), ("extensions", "refuse_extension", {"until": "2023-10-01"}),
        ("contested", "contest", {}), ("reopened", "reopen", {"why": "relapse"}), ("ends", "end", {"end": "routine"}),
    ):  # fmt: skip
        found[name] = case = desk.told(household=False)
        CaseEvent.objects.create(
            case=case, what=what, day=desk.day, at=desk.at, who="street", account=desk.accounts["street"], role="street",
            reason=f"grounds of {name}", detail=detail,
        )  # fmt: skip
        Case.objects.filter(pk=case.pk).update(state="closed")
    usual = desk.told(household=False)
    for what in ("close", "transfer", "verify"):
        CaseEvent.objects.create(case=usual, what=what, day=desk.day, at=desk.at, who="street", detail={})
    return found


def real_false_alarm(desk: Loop) -> Case:
    case = desk.told(level="orange")
    take(number=case.pk, by=desk.cast["worker"], at=desk.at)
    verifying.verify(number=case.pk, found="not_confirmed", mode="door", words="she is in class", by=desk.cast["worker"], at=desk.at)
    judging.lower(number=case.pk, level="yellow", reason="milder than it looked", by=desk.cast["education"], at=desk.at)
    ending.ask_end(
        number=case.pk, end="false_alarm", cause="feed", reason="the roll came late", by=desk.cast["secretary"], at=desk.at
    )  # fmt: skip
    ending.decide_end(number=case.pk, granted=True, reason="so it is", by=desk.cast["street"], at=desk.at)
    return case


def test_each_register_has_its_lines_and_no_others(auditor: Client, strange: dict[str, Case]) -> None:
    for name, case in strange.items():
        told = text(auditor.get(f"/audit/{name}/"))
        assert f'href="/cases/{case.pk}/"' in told and f"grounds of {name}" in told and "street · " in told
        assert told.count('class="q"') == 1, name
    assert all(f"/audit/{name}/" in text(auditor.get("/audit/")) for name in strange)


def test_by_the_real_steps(desk: Loop, auditor: Client) -> None:
    case = real_false_alarm(desk)
    told = text(auditor.get("/audit/false_alarms/?cause=feed"))
    assert f'href="/cases/{case.pk}/"' in told and "False alarm (the delivery)" in told and "so it is" in told
    assert "Asked for by secretary: the roll came late" in told
    assert "No line fits the filter" in text(auditor.get("/audit/false_alarms/?cause=rule"))
    assert "Orange → Yellow" in text(auditor.get("/audit/lowered/")) and "milder than it looked" in text(auditor.get("/audit/lowered/"))


def test_filters_and_pages(desk: Loop, auditor: Client) -> None:
    for n in range(60):
        case = desk.told(household=False)
        Case.objects.filter(pk=case.pk).update(state="closed", level="red" if n == 3 else "yellow")
        CaseEvent.objects.create(case=case, what="lower", day=desk.day, at=desk.at - timedelta(days=n // 30), detail={})
    first = auditor.get("/audit/lowered/")
    more = text(first).split('href="/audit/lowered/?after=')[1].split('"')[0]
    second = text(auditor.get(f"/audit/lowered/?after={more}"))
    assert (text(first).count('class="q"'), second.count('class="q"')) == (50, 10)
    assert text(auditor.get("/audit/lowered/?level=red")).count('class="q"') == 1
    assert text(auditor.get(f"/audit/lowered/?until={desk.day - timedelta(days=1)}")).count('class="q"') == 30
    assert text(auditor.get(f"/audit/lowered/?place={desk.place['U1'].pk}")).count('class="q"') == 50
    assert text(auditor.get(f"/audit/lowered/?place={desk.place['U2'].pk}")).count('class="q"') == 0
    assert auditor.get("/audit/lowered/?after=nonsense&level=purple&since=soon").status_code == 200


@pytest.mark.parametrize("name", ["worker", "secretary", "bureau", "leader"])
def test_nobody_else_reads_them(desk: Loop, as_: As, strange: dict[str, Case], name: str) -> None:
    for address in ("/audit/", "/audit/exceptions/", "/audit/photos/", "/audit/sample/", "/audit/exceptions/list.xlsx"):
        assert as_(name).get(address).status_code == 403
    assert entries_of(desk.cast[name], "exceptions") == []
    assert sample_of(desk.cast[name], since=desk.day, until=desk.day, percent=20, seed="a").drawn == []


def test_a_register_that_is_none(auditor: Client) -> None:
    assert auditor.get("/audit/secrets/").status_code == 404 and auditor.get("/audit/secrets/list.xlsx").status_code == 404


def test_grounds_about_health_are_not_for_the_auditor(desk: Loop, auditor: Client) -> None:
    case = desk.told(standard="MH-02")
    CaseEvent.objects.create(case=case, what="lower", day=desk.day, at=desk.at, who="street", reason="her illness is mild", detail={})
    told = text(auditor.get("/audit/lowered/"))
    assert "illness" not in told and "for posts that need to know it" in told
    assert "illness" not in str(cells(auditor.get("/audit/lowered/list.xlsx")))


def cells(answer: Any) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
    return [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]


def test_a_sheet_says_at_which_head_it_was_taken(auditor: Client, strange: dict[str, Case]) -> None:
    rows = cells(auditor.get("/audit/exceptions/list.xlsx?level=yellow"))
    assert rows[1][0] == strange["exceptions"].pk and rows[1][8] == "grounds of exceptions"
    line, head = Line.objects.get(act="cases.register"), Head.objects.get(day=None)
    assert line.detail == {"register": "exceptions", "rows": 1, "level": "yellow"}
    assert ["Head of the journal", head.hash] in [row[:2] for row in rows] and line.seq is not None and line.seq <= head.seq
    assert head.hash in text(auditor.get("/audit/exceptions/"))


def test_photos_that_prove_more_than_one_thing(desk: Loop, auditor: Client) -> None:
    one, other = desk.told(household=False), desk.told(household=False)
    for about in (f"case:{one.pk}", f"case:{other.pk}"):
        Attachment.objects.create(
            about=about, sha256="ab" * 32, kind="photo", name="home.jpg", media="image/jpeg", size=3, at=desk.at, by="worker",
        )  # fmt: skip
    told = text(auditor.get("/audit/photos/"))
    assert f'href="/cases/{one.pk}/"' in told and f'href="/cases/{other.pk}/"' in told and "2 things" in told
    assert [row[1] for row in cells(auditor.get("/audit/photos/list.xlsx"))[1:3]] == [one.pk, other.pk]


def test_a_sample_is_the_same_for_the_same_seed(desk: Loop, auditor: Client) -> None:
    for _ in range(40):
        case = desk.told(household=False)
        CaseEvent.objects.create(case=case, what="close", day=desk.day, at=desk.at, detail={})
    days = {"since": desk.day, "until": desk.day, "percent": "10"}
    drawn = auditor.post("/audit/sample/", days)
    assert drawn.status_code == 302
    line = Line.objects.get(act="cases.sample")
    assert (line.detail["among"], line.detail["drawn"]) == (40, 4) and len(str(line.detail["seed"])) == 8
    told = text(auditor.get(drawn["Location"]))
    assert "Drawn first by auditor" in told and told.count('class="q"') == 4
    seen = sample_of(desk.cast["auditor"], since=desk.day, until=desk.day, percent=10, seed=str(line.detail["seed"]))
    Case.objects.update(state="reopened", closed_on=None)  # whatever has become of them
    assert sample_of(desk.cast["auditor"], since=desk.day, until=desk.day, percent=10, seed=str(line.detail["seed"])) == seen
    assert seen != sample_of(desk.cast["auditor"], since=desk.day, until=desk.day, percent=10, seed="another")
    assert [row[0] for row in cells(auditor.get(drawn["Location"].replace("/sample/?", "/sample/list.xlsx?")))[1:5]] == seen.drawn


def test_a_sample_that_is_not_written_down_says_so(desk: Loop, auditor: Client) -> None:
    assert "does not stand in the journal" in text(auditor.get(f"/audit/sample/?seed=abc&since={desk.day}&until={desk.day}&percent=5"))
    assert not Line.objects.filter(act="cases.sample").exists()


@pytest.mark.parametrize(("since", "until", "fault"), [
    ("2023-09-02", "2023-09-01", "lies before"), ("2020-01-01", "2023-09-01", "a year at most"), ("soon", "2023-09-01", "A day is written"),
])  # fmt: skip
def test_days_that_do_not_fit(auditor: Client, since: str, until: str, fault: str) -> None:
    answer = auditor.post("/audit/sample/", {"since": since, "until": until, "seed": "kept"})
    assert answer.status_code == 400 and fault in text(answer) and 'value="kept"' in text(answer)


def test_how_many_statements_a_register_takes(auditor: Client, strange: dict[str, Case], django_assert_num_queries: Any) -> None:
    auditor.get("/audit/exceptions/")
    with django_assert_num_queries(10):  # session, account, post, lines, what was asked, places, units, head, run, unread
        auditor.get("/audit/exceptions/")
