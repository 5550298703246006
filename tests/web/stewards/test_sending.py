"""Sending a file: looked at before it is taken in, its progress seen, every bad file told with what to do, nothing lost on the way."""

from __future__ import annotations

import fcntl
import io
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from anju.apps.feeds.models import Coverage, Delivery, HeaderMapping, Upload
from anju.apps.feeds.queries import senders_for
from anju.apps.feeds.uploads import _tell, upload_path, uploads_folder
from anju.apps.journal.models import Line
from anju.apps.staff.models import Account
from anju.core.contracts.model import Contract
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import policy
from lake.deliveries import HEADER, PUPIL, WORKER
from tests.web.bureau.test_situation import text_of
from tests.web.bureau.world import as_
from tests.web.stewards.conftest import ROLL, Office

FAULTS = Path(__file__).parents[2] / "lake" / "faults"
GOOD = "\n".join([ROLL, f"{WORKER},2023-2024-1,S1,enrolled", f"{PUPIL},2023-2024-1,S1,enrolled", ""])
STRANGE = GOOD.replace("person_id", "公民证件").replace("status", "status,备注").replace("enrolled", "enrolled,x")

pytestmark = pytest.mark.usefixtures("office")


def send(client: Client, text: str | bytes = GOOD, name: str = "roll.csv", **said: str) -> HttpResponse:
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    file.name = name
    return client.post("/deliveries/new/", {"file": file, **said}, follow=True)  # type: ignore[return-value]


def words(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())


def last() -> Upload:
    return Upload.objects.latest("pk")


def take(client: Client, **said: object) -> HttpResponse:
    upload = last()
    form = {"feed": upload.feed, "unit": upload.unit, "do": "take", **said}
    return client.post(f"/deliveries/sent/{upload.pk}/", form, follow=True)  # type: ignore[return-value]


# --- the way of a file ------------------------------------------------------------------------------------------------------


def test_a_file_is_looked_at_taken_in_and_ends_in_its_receipt() -> None:
    client = as_("clerk")
    answer = send(client)
    assert answer.redirect_chain[-1][0] == f"/deliveries/sent/{last().pk}/"  # type: ignore[attr-defined]
    text = words(answer)
    assert '<option value="F09" selected>' in text and "Person id" in text and "Take it in" in text
    assert Delivery.objects.count() == 0
    assert WORKER.encode() not in upload_path(last().pk).read_bytes()
    answer = take(client, feed="F09")
    delivery = Delivery.objects.get()
    assert answer.redirect_chain[-1][0] == f"/deliveries/{delivery.pk}/"  # type: ignore[attr-defined]
    assert (delivery.unit, delivery.accepted, delivery.recorded_by, delivery.file_name) == ("U1", 2, "clerk", "roll.csv")
    clerk = Account.objects.get(username="clerk")
    assert list(Line.objects.filter(about__startswith="delivery").values_list("act", "by", "account")) == [("feeds.deliver", "clerk", clerk.pk)]
    assert list(uploads_folder().iterdir()) == []


def test_an_unknown_column_is_named_by_its_sender_and_remembered() -> None:
    client = as_("clerk")
    text = words(send(client, STRANGE, feed="F09"))
    assert "1 needed column is missing: <b>Person id</b>" in text
    assert re.findall(r'name="header" value="([^"]+)"', text) == ["公民证件", "备注"]
    refused = take(client, header=["公民证件", "备注"], column=["", ""])
    assert refused.status_code == 400 and "A needed column is missing: person_id" in words(refused)
    looked = client.post(
        f"/deliveries/sent/{last().pk}/", {"feed": "F09", "unit": "U1", "do": "look", "header": "公民证件", "column": "person_id"}
    )
    assert looked.status_code == 302
    assert '<option value="person_id" selected>' in words(client.get(f"/deliveries/sent/{last().pk}/"))  # type: ignore[arg-type]
    take(client, header=["公民证件", "备注"], column=["person_id", ""])
    assert Delivery.objects.get().accepted == 2
    assert HeaderMapping.objects.get().header == "公民证件"
    again = words(send(client, STRANGE.replace("2023-2024-1", "2022-2023-2"), feed="F09"))
    assert "as you said before" in again and "needed column" not in again


def test_its_name_may_say_what_it_is() -> None:
    send(as_("steward"), "\n".join([HEADER, ""]), "F14_U2_2023-08.csv")
    assert (last().feed, last().unit, last().first, last().last) == ("F14", "U2", "2023-08", "2023-08")
    take(as_("steward"), first="2023-08", last="2023-08")
    assert Coverage.objects.get().rows == 0  # a month in which nothing happened


def test_the_same_file_twice_says_so_and_changes_nothing() -> None:
    client = as_("clerk")
    send(client, feed="F09"), take(client)
    send(client, feed="F09")
    text = words(take(client))
    assert f"taken in before, as receipt {Delivery.objects.get().pk}" in text


def test_htmx_is_sent_on_by_a_header() -> None:
    file = io.BytesIO(GOOD.encode())
    file.name = "roll.csv"
    answer = as_("clerk").post("/deliveries/new/", {"file": file}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/deliveries/sent/{last().pk}/"


# --- what is said of it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"feed": ""}, "Say which feed it is"),
        ({"feed": "F06"}, "Say which feed it is"),
        ({"received_on": "tomorrow"}, "“tomorrow” is not a day"),
        ({"received_on": "2999-01-01"}, "after today"),
    ],
)
def test_what_cannot_be_is_told_and_what_was_typed_stays(said: dict[str, str], sentence: str) -> None:
    client = as_("clerk")
    send(client)
    answer = take(client, **{"feed": "F09", **said})
    assert answer.status_code == 400 and sentence in words(answer)
    assert last().state == "waiting" and Delivery.objects.count() == 0


def test_periods_and_days_of_a_feed_are_checked() -> None:
    client = as_("steward")
    send(client, "\n".join([HEADER, ""]), feed="F14", unit="U1")
    for said, sentence in (
        ({"first": "August"}, "“August” is no period of this feed: write it like 2023-09."),
        ({"first": "2023-09", "last": "2023-08"}, "lies after the last"),
        ({"unit": "U9"}, "Say which unit sends it"),
    ):
        answer = take(client, **{"feed": "F14", "unit": "U1", **said})
        assert answer.status_code == 400 and sentence in words(answer), said
    assert 'value="August"' in words(take(client, feed="F14", unit="U1", first="August"))


def test_a_clerk_delivers_for_her_own_unit_and_department_only() -> None:
    client = as_("clerk")
    assert words(client.get("/deliveries/new/")).count('<option value="F') == 3  # type: ignore[arg-type]
    send(client, feed="F09", unit="U2")
    take(client, feed="F09", unit="U2")
    assert Delivery.objects.get().unit == "U1"


def test_a_file_named_for_another_unit_is_told() -> None:
    text = words(send(as_("clerk"), name="F09_U2_2023-2024-1.csv"))
    assert "The file's name speaks of U2; it would be taken in as sent by U1." in text.replace("&#x27;", "'")


def test_a_feed_of_the_whole_programme_is_for_who_sees_the_whole() -> None:
    whole, county = Viewer("steward", scopes=("/1/",)), Viewer("clerk", scopes=("/1/2/",))
    contract = policy().contracts["F09"]
    assert isinstance(contract, Contract)
    units = {"U1": "place U1"}
    for by, expected in (("unit", (["U1"], ["U1"])), ("programme", ([""], [])), ("school_code", (["", "U1"], ["U1"]))):
        one = replace(contract, by=by)
        assert (senders_for(whole, policy(), one, units), senders_for(county, policy(), one, units)) == expected


# --- bad files --------------------------------------------------------------------------------------------------------------

BAD = {
    "another_encoding_utf16.csv": "is UTF-16",
    "another_encoding_big5.csv": "has no header that we know", "column_twice.csv": "names a column twice",
    "csv_named.xlsx": "is not a workbook",
    "damaged_utf8.csv": "is damaged UTF-8", "empty_sheet.xlsx": "its first sheet has no cells", "nested_column.parquet": "nested columns",
    "no_header.csv": "has no header that we know", "nul_bytes.csv": "holds NUL bytes", "one_big_list.jsonl": "holds no JSON lines",
    "one_cell_far_away.xlsx": "spreads its cells", "password.xlsx": "is protected by a password", "pdf_named.csv": "is a PDF, not a .csv file",
    "500_columns_and_more.csv": "columns", "truncated.xlsx": "cannot be opened as a workbook", "truncated.parquet": "cannot be read",
    "xlsx_named.csv": "is a workbook, not a .csv file",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_with_what_to_do(name: str) -> None:
    answer = send(as_("steward"), (FAULTS / name).read_bytes(), name, feed="F14", unit="U1")
    text = words(answer)
    assert answer.status_code == 200
    assert BAD[name] in text and "What to do:" in text and "Choose another file" in text
    assert Delivery.objects.count() == 0
    assert not re.search(r"\d{17}[\dX]", text)


@pytest.mark.parametrize("name", ["quote_never_closed_for_long.csv", "missing_column.csv", "wrong_feed.csv", "header_only_of_a_roll.csv"])
def test_what_shows_only_on_the_way_is_told_afterwards(name: str) -> None:
    client = as_("steward")
    answer = send(client, (FAULTS / name).read_bytes(), name, feed="F14" if "roll" not in name else "F09", unit="U1")
    if last().state == "waiting" and "Take it in" in words(answer):
        answer = take(client, feed=last().feed, unit="U1")
    assert 'role="alert"' in words(answer)
    assert Delivery.objects.count() == 0 and upload_path(last().pk).exists()


def test_a_refusal_in_chinese_has_no_english() -> None:
    client = as_("steward")
    client.cookies["django_language"] = "zh-hans"
    text = words(send(client, (FAULTS / "another_encoding_utf16.csv").read_bytes(), "a.csv"))
    assert "“a.csv”是 UTF-16 编码" in text and "请另存为 CSV UTF-8 后重新报送" in text


def test_no_file_and_an_empty_one_are_told() -> None:
    client = as_("clerk")
    assert "Choose a file first" in words(client.post("/deliveries/new/", {}, follow=True))  # type: ignore[arg-type]
    assert "it has no bytes at all" in words(send(client, ""))
    assert not Upload.objects.exists()


# --- on the way -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.web.stewards.background.launch", lambda key: None)


@pytest.mark.usefixtures("slow")
def test_progress_is_seen_and_asked_for_by_htmx() -> None:
    client = as_("clerk")
    send(client, feed="F09")
    text = words(take(client))
    assert 'hx-trigger="every 1s"' in text and '<noscript><meta http-equiv="refresh"' in text and "The file is opened" in text
    _tell(last().pk, "link", 4321)
    text = words(client.get(f"/deliveries/sent/{last().pk}/", headers={"HX-Request": "true"}))  # type: ignore[arg-type]
    assert "People are looked up in the register" in text and "4,321 rows" in text and "<html" not in text
    assert client.post(f"/deliveries/sent/{last().pk}/", {"do": "take"}).status_code == 302
    assert last().tries == 0  # nobody began a second time
    assert client.post(f"/deliveries/sent/{last().pk}/drop/").status_code == 409


def test_a_killed_intake_is_told_and_tried_again() -> None:
    client = as_("clerk")
    send(client, feed="F09")
    Upload.objects.update(state="working", unit="U1", started_at=datetime(2023, 1, 1, tzinfo=UTC))
    lock = os.open(uploads_folder() / f"{last().pk}.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert "The file is opened" in text_of(client, f"/deliveries/sent/{last().pk}/")
    os.close(lock)
    answer = client.get(f"/deliveries/sent/{last().pk}/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/deliveries/sent/{last().pk}/"
    assert "was interrupted" in text_of(client, f"/deliveries/sent/{last().pk}/")
    take(client)
    assert Delivery.objects.get().accepted == 2


@pytest.mark.usefixtures("slow")
def test_when_it_is_done_htmx_is_sent_to_the_receipt() -> None:
    client = as_("clerk")
    send(client, feed="F09")
    delivery = Delivery.objects.create(
        feed="F09",
        unit="U1",
        file_name="x",
        sha256="x",
        received_at=timezone.now(),
        valid=timezone.localdate(),
        recorded_by="x",
        status="accepted",
    )
    Upload.objects.update(state="done", delivery=delivery)
    answer = client.get(f"/deliveries/sent/{last().pk}/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/deliveries/{delivery.pk}/"


def test_what_is_not_taken_in_waits_on_the_first_page_and_may_be_removed() -> None:
    client = as_("clerk")
    send(client)
    assert "roll.csv" in text_of(client, "/deliveries/") and "roll.csv" in text_of(client, "/deliveries/new/")
    assert "roll.csv" not in text_of(as_("steward"), "/deliveries/")
    client.post(f"/deliveries/sent/{last().pk}/drop/")
    assert not Upload.objects.exists() and Line.objects.filter(act="feeds.drop").count() == 1


def test_an_upload_is_its_senders_alone() -> None:
    send(as_("clerk"))
    key = last().pk
    for who, status in (("steward", 404), ("county", 403), ("secretary", 403)):
        assert as_(who).get(f"/deliveries/sent/{key}/").status_code == status
        assert as_(who).post(f"/deliveries/sent/{key}/", {"do": "take"}).status_code == status
        assert as_(who).post(f"/deliveries/sent/{key}/drop/").status_code == status
    assert as_("clerk").get("/deliveries/sent/999999/").status_code == 404
    assert Client(HTTP_HOST="127.0.0.1").post("/deliveries/new/").status_code == 302


def test_a_form_of_elsewhere_is_not_taken() -> None:
    client = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    client.force_login(Account.objects.get(username="clerk"), backend="anju.apps.staff.signed_in.Backend")
    file = io.BytesIO(GOOD.encode())
    file.name = "roll.csv"
    assert client.post("/deliveries/new/", {"file": file}).status_code == 403
    assert not Upload.objects.exists()


def test_the_number_of_queries_of_a_look(office: Office, django_assert_num_queries: object) -> None:
    client = as_("clerk")
    send(client, feed="F09", unit="U1")
    with django_assert_num_queries(9):  # type: ignore[operator]
        client.get(f"/deliveries/sent/{last().pk}/")
