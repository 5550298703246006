"""Receipts: every row accounted for, the word on what is held, withdrawal with what it will do, and nothing for others."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from anju.apps.feeds.models import Delivery
from anju.apps.journal.models import Line
from lake.deliveries import PUPIL, WORKER
from tests.web.bureau.test_situation import text_of
from tests.web.bureau.world import as_, deliver
from tests.web.stewards.conftest import AT, ROLL, Office

PAGES = ("", "confirm/", "withdraw/", "rows/")


@pytest.fixture
def roll(office: Office) -> Delivery:
    return office.roll()


@pytest.fixture
def held(office: Office) -> Delivery:
    return deliver("F09", "U1", date(2023, 9, 20), 4, held_reason="667 rows where the last delivery had 834: more than 10% are gone", refused=0)


# --- what it says ---------------------------------------------------------------------------------------------------------


def test_a_receipt_accounts_for_every_row(roll: Delivery) -> None:
    text = text_of(as_("clerk"), f"/deliveries/{roll.pk}/")
    assert [int(n) for n in re.findall(r'<span class="n">(\d+)</span>', text)] == [4, 1, 3, 0]
    assert "Term: 2023-9 is not a term" in text
    assert "Person id: nobody in the register has this number" in text
    assert "place U1" in text and "2023-2024-1" in text
    assert f'href="/deliveries/{roll.pk}/rows/?reason=' in text
    assert "sent by sender" in text


def test_its_columns_are_told_as_they_were_read(office: Office) -> None:
    header = "公民证件,学期,school_code,status"
    delivery = office.receive(office.file("a.csv", header, f"{WORKER},2023-2024-1,S1,在校"), mapping={"公民证件": "person_id"})
    text = text_of(as_("clerk"), f"/deliveries/{delivery.pk}/")
    assert re.search(r'<td>公民证件</td><td>Person id <span class="faint">person_id</span>', text)
    assert re.search(r'<td>学期</td><td>Term <span class="faint">term</span>', text)


def test_a_receipt_in_chinese_says_nothing_in_english(roll: Delivery) -> None:
    client = as_("clerk")
    client.cookies["django_language"] = "zh-hans"
    text = text_of(client, f"/deliveries/{roll.pk}/")
    assert "学期：“2023-9”格式不对" in text and "身份证号：人口台账中查无此号" in text
    assert "号回执" in text and "Receipt" not in text


def test_retries_and_withdrawal_stand_in_its_history(roll: Delivery) -> None:
    Delivery.objects.create(
        feed="F09", unit="U1", file_name="x", sha256="", received_at=AT, valid=AT.date(), recorded_by="mender", retry_of=roll, status="accepted",
        rows=2, accepted=1,
    )  # fmt: skip
    roll.withdrawn_at, roll.withdrawn_by, roll.withdrawn_reason = datetime(2023, 9, 13, tzinfo=UTC), "steward", "wrong term"
    roll.save()
    text = text_of(as_("clerk"), f"/deliveries/{roll.pk}/")
    assert "1 of 2 rows set aside were taken in after all" in text and "mender" in text
    assert "Withdrawn on 2023-09-13" in text and "wrong term" in text
    assert "Mend them" not in text and "/withdraw/" not in text


# --- the list ------------------------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_and_paged_by_key(office: Office) -> None:
    keys = [deliver("F06", "U1", date(2023, 9, 5), conflicts=n).pk for n in range(70)]
    client, address, seen = as_("steward"), "/deliveries/receipts/", []
    while address:
        text = text_of(client, address)
        seen += [int(n) for n in re.findall(r'<div class="a"><a href="/deliveries/(\d+)/">', text)]
        more = re.search(r'<p><a class="btn quiet" href="([^"]+)">Next', text)
        address = more[1].replace("&amp;", "&") if more else ""
    assert seen == keys[::-1]


def test_filters_stand_in_the_address(office: Office, held: Delivery) -> None:
    office.roll()
    deliver("F06", "U2", date(2023, 9, 5), withdrawn_at=AT)
    client = as_("steward")

    def seen(query: str) -> int:
        return text_of(client, f"/deliveries/receipts/?{query}").count('<div class="q pick">')

    assert [seen(q) for q in ("", "feed=F09", "unit=U2", "state=held", "state=withdrawn", "state=mend", "unit=all")] == [3, 2, 1, 1, 1, 1, 0]
    for wrong in ("feed=F99", "unit=U9", "state=lost"):
        assert client.get(f"/deliveries/receipts/?{wrong}").status_code == 404
    assert text_of(client, "/deliveries/receipts/?after=rubbish&state=held").count('<div class="q pick">') == 1


def test_the_number_of_queries_of_list_and_receipt(roll: Delivery, django_assert_num_queries: Callable[..., object]) -> None:
    client = as_("steward")
    client.get("/deliveries/receipts/")
    for address, n in (("/deliveries/receipts/", 7), (f"/deliveries/{roll.pk}/", 10)):
        with django_assert_num_queries(n):  # type: ignore[attr-defined]
            client.get(address)
        for day in range(1, 20):
            deliver("F09", "U1", date(2023, 9, day))
        with django_assert_num_queries(n):  # type: ignore[attr-defined]
            client.get(address)


# --- whose it is ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_another_unit_or_department_learns_nothing(office: Office, page: str) -> None:
    other, foreign = office.roll("U2"), deliver("F06", "U1", date(2023, 9, 5), held_reason="half is gone")
    whole = deliver("F34", "", date(2023, 9, 5), held_reason="half is gone")
    client = as_("clerk")
    answers = [client.get(f"/deliveries/{n}/{page}") for n in (other.pk, foreign.pk, whole.pk, 99999)]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert all("There is nothing here for you" in answer.content.decode() for answer in answers)
    assert "place U2" not in text_of(client, "/deliveries/receipts/")


@pytest.mark.parametrize("page", [*PAGES, "rows/reveal/", "rows/mend/", "rows/sheet/", "original/"])
def test_who_only_looks_may_do_nothing(roll: Delivery, page: str) -> None:
    client = as_("county")
    answer = client.get(f"/deliveries/{roll.pk}/{page}") if page in PAGES else client.post(f"/deliveries/{roll.pk}/{page}")
    assert answer.status_code == (200 if page == "" else 403)
    assert Client(HTTP_HOST="127.0.0.1").get(f"/deliveries/{roll.pk}/{page}").status_code == 302
    if page == "":
        text = answer.content.decode()
        assert "/rows/" not in text and "/withdraw/" not in text and "/original/" not in text


# --- the word on what is held -----------------------------------------------------------------------------------------------


def test_a_word_makes_it_count_and_stands_in_the_journal(held: Delivery) -> None:
    client = as_("clerk")
    assert "more than 10% are gone" in text_of(client, f"/deliveries/{held.pk}/confirm/")
    answer = client.post(f"/deliveries/{held.pk}/confirm/", {"reason": "two schools were closed"})
    assert (answer.status_code, answer["Location"]) == (302, f"/deliveries/{held.pk}/")
    held.refresh_from_db()
    assert (held.confirmed_by, held.confirmed_reason) == ("clerk", "two schools were closed")
    line = Line.objects.get(act="feeds.confirm")
    assert (line.about, line.by, line.detail) == (f"delivery:{held.pk}", "clerk", {"reason": "two schools were closed"})
    text = text_of(client, f"/deliveries/{held.pk}/")
    assert "two schools were closed" in text and "On hold" not in text
    assert client.post(f"/deliveries/{held.pk}/confirm/", {"reason": "once more"}).status_code == 409


@pytest.mark.parametrize("reason", ["", "ok", "x" * 401])
@pytest.mark.parametrize("page", ["confirm/", "withdraw/"])
def test_without_a_reason_nothing_is_done_and_what_was_typed_stays(held: Delivery, page: str, reason: str) -> None:
    answer = as_("clerk").post(f"/deliveries/{held.pk}/{page}", {"reason": reason})
    assert answer.status_code == 400
    assert f"required>{reason}</textarea>" in answer.content.decode()
    held.refresh_from_db()
    assert held.confirmed_at is None and held.withdrawn_at is None


def test_what_is_not_held_needs_no_word(roll: Delivery) -> None:
    answer = as_("clerk").get(f"/deliveries/{roll.pk}/confirm/")
    assert answer.status_code == 409 and "does not wait for this any more" in answer.content.decode()


# --- withdrawal -------------------------------------------------------------------------------------------------------------


def test_withdrawal_shows_what_it_will_do_and_does_it(office: Office, roll: Delivery) -> None:
    client = as_("clerk")
    text = text_of(client, f"/deliveries/{roll.pk}/withdraw/")
    assert "Nothing else has come for: 2023-2024-1" in " ".join(text.split()) and "ED-01" in text
    later = office.receive(office.file("b.csv", ROLL, f"{PUPIL},2023-2024-1,S1,enrolled", f"{WORKER},2023-2024-1,S1,enrolled"))
    assert f"Receipt {later.pk} of 2023-09-12 speaks of the same time" in text_of(client, f"/deliveries/{roll.pk}/withdraw/")
    answer = client.post(f"/deliveries/{roll.pk}/withdraw/", {"reason": "the wrong term"})
    assert answer["Location"] == f"/deliveries/{roll.pk}/"
    roll.refresh_from_db()
    assert (roll.withdrawn_by, roll.withdrawn_reason) == ("clerk", "the wrong term")
    assert Line.objects.get(act="feeds.withdraw").detail == {"reason": "the wrong term"}
    assert client.post(f"/deliveries/{roll.pk}/withdraw/", {"reason": "the wrong term"}).status_code == 409


def test_of_a_list_the_one_before_counts_again(office: Office) -> None:
    before = deliver("F34", "", date(2023, 8, 5), refused=0)
    last = deliver("F34", "", date(2023, 9, 5), refused=0)
    client = as_("steward")
    assert f"Receipt {before.pk} of 2023-08-05 counts again" in text_of(client, f"/deliveries/{last.pk}/withdraw/")
    Delivery.objects.filter(pk=before.pk).update(withdrawn_at=AT)
    assert "No other delivery of this feed stands" in text_of(client, f"/deliveries/{last.pk}/withdraw/")


# --- the file as it came -----------------------------------------------------------------------------------------------------


def test_the_file_as_it_came_is_given_for_a_reason(roll: Delivery) -> None:
    client = as_("clerk")
    refused = client.post(f"/deliveries/{roll.pk}/original/")
    assert refused.status_code == 400 and not Line.objects.filter(act="feeds.original").exists()
    answer = client.post(f"/deliveries/{roll.pk}/original/", {"purpose": "check"})
    assert b"".join(answer.streaming_content).decode().startswith(ROLL)  # type: ignore[attr-defined]
    assert 'filename="F09_U1.csv"' in answer["Content-Disposition"]
