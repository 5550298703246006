"""Reports: a receipt for everyone, a lead that learns nothing, taken up once, declined by two."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from anju.apps.discovery.actions import (
    Declarer,
    Refused,
    Request,
    agree_to_decline,
    decline,
    report_trouble,
    take_over_requests,
    take_up,
)
from anju.apps.discovery.channels import load_channels
from anju.apps.discovery.models import Report
from anju.apps.discovery.queries import Filters, own_report, own_reports, received, report, reports_in_scope
from anju.apps.people.vault import Sealer, ensure_keys
from anju.core.contracts.faults import PolicyFaults
from anju.core.standards.read import load_policy
from anju.core.terms.viewer import STRANGER
from doors_fixtures import AT, viewer

pytestmark = pytest.mark.usefixtures("doors")


def told(who: str = "worker", **more: Any) -> Report:
    said: dict[str, Any] = {"channel": "declared", "words": "The roof leaks into the kitchen.", "prefix": "QXN", "household_id": 1}
    return report_trouble(**{**said, **more}, by=viewer(who), at=more.pop("at", AT))


def lead(address: str = "", who: str = "head", **more: Any) -> Report:
    return told(who, channel="lead", household_id=None, address=address, **more)


def test_a_report_gets_a_receipt_and_numbers_have_no_gap() -> None:
    assert [told().receipt for _ in range(2)] == ["QXN-2023-000001", "QXN-2023-000002"]
    with pytest.raises(Refused):
        told(words="x")
    with pytest.raises(RuntimeError), transaction.atomic():
        told()
        raise RuntimeError
    assert told().receipt == "QXN-2023-000003"


def test_a_new_year_begins_anew() -> None:
    told()
    later = datetime(2024, 1, 2, tzinfo=UTC)
    made = report_trouble(channel="declared", words="The roof leaks.", prefix="QXN", household_id=1, by=viewer("worker"), at=later)
    assert made.receipt == "QXN-2024-000001"


def test_a_lead_is_matched_to_the_family_and_tells_its_reporter_nothing() -> None:
    hit, miss, elsewhere = lead("3-2-501"), lead("9-9-999"), lead("the old man on the third floor")
    assert (hit.household_id, hit.path, hit.origin_path) == (1, "/1/2/3/6/", "/1/5/")
    assert [(r.household_id, r.place_id) for r in (miss, elsewhere)] == [(None, 6), (None, 6)]
    head = viewer("head")
    assert not reports_in_scope(head).exists()
    assert [r.receipt for r in own_reports(head)] == [elsewhere.receipt, miss.receipt, hit.receipt]
    assert own_report(viewer("worker"), hit.receipt) is None


def test_the_same_address_of_another_community_is_not_the_familys() -> None:
    assert lead("3-2-501", "neighbour").household_id == 4


def test_a_head_names_no_family_by_its_key() -> None:
    for key in (1, 4, 999):
        with pytest.raises(Refused, match="no such family"):
            told("head", channel="lead", household_id=key)


def test_the_declarers_telephone_is_sealed_and_shown_masked() -> None:
    made = told(declarer=Declarer("韦大姐", "13800138000"))
    assert (made.declarer, made.phone_masked) == ("韦大姐", "138****8000")
    kept = Report.objects.get().phone
    assert kept is not None
    assert b"13800138000" not in bytes(kept)
    assert Sealer(ensure_keys()).open(bytes(kept)) == "13800138000"


def test_who_wants_to_stay_unknown_leaves_nothing() -> None:
    made = told(declarer=Declarer("韦大姐", "13800138000", anonymous=True))
    assert (made.declarer, made.phone, made.phone_masked) == ("", None, "")


REFUSALS = [
    ({"channel": "rumour"}, "no channel"), ({"channel": "instruction"}, "comes from a post that assigns"), ({"words": "no"}, "4 to 2000"),
    ({"words": "his number is 522301198001011234 and"}, "leave the identity number out"), ({"address": "x" * 101}, "100 characters"),
    ({"household_id": 4}, "no such family"), ({"household_id": 999}, "no such family"),
    ({"household_id": None, "place_id": 4}, "no such place"), ({"declarer": Declarer("w", "12")}, "no telephone number"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "what"), REFUSALS)
def test_what_cannot_be_is_refused_and_uses_no_number(more: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused, match=what) as fault:
        told(**more)
    assert fault.value.title.zh
    assert told().receipt == "QXN-2023-000001"


def test_who_does_not_report_is_refused() -> None:
    with pytest.raises(Refused, match="does not report"):
        told("leader")


def test_the_same_form_twice_is_one_report() -> None:
    first, again = told(client_key="form-1"), told(client_key="form-1")
    assert (first.pk, Report.objects.count()) == (again.pk, 1)


def test_it_is_taken_up_once_and_the_second_is_told_who() -> None:
    made = told()
    assert take_up(receipt=made.receipt, taken_up_as="case:12", by=viewer("secretary"), at=AT).state == "taken_up"
    assert take_up(receipt=made.receipt, taken_up_as="case:12", by=viewer("second"), at=AT).taken_up_by == "secretary"
    with pytest.raises(Refused, match="was taken up by secretary meanwhile"):
        take_up(receipt=made.receipt, taken_up_as="case:13", by=viewer("second"), at=AT)


def test_declining_needs_a_second_person() -> None:
    made = told()
    with pytest.raises(Refused, match="say why"):
        decline(receipt=made.receipt, reason="no", by=viewer("secretary"), at=AT)
    decline(receipt=made.receipt, reason="repaired last week", by=viewer("secretary"), at=AT)
    with pytest.raises(Refused, match="a second person"):
        agree_to_decline(receipt=made.receipt, agree=True, by=viewer("secretary"), at=AT)
    assert agree_to_decline(receipt=made.receipt, agree=False, by=viewer("second"), at=AT).state == "received"
    decline(receipt=made.receipt, reason="repaired last week", by=viewer("second"), at=AT)
    assert agree_to_decline(receipt=made.receipt, agree=True, by=viewer("secretary"), at=AT).agreed_by == "secretary"
    with pytest.raises(Refused, match="was declined by secretary"):
        take_up(receipt=made.receipt, taken_up_as="case:1", by=viewer("second"), at=AT)


def test_an_old_version_moves_nothing() -> None:
    made = told()
    with pytest.raises(Refused, match="meanwhile"):
        take_up(receipt=made.receipt, taken_up_as="case:1", version=7, by=viewer("secretary"), at=AT)


@pytest.mark.parametrize("name", ["neighbour", "worker", "head", "leader", "water", "administrator"])
def test_whose_business_it_is_not_learns_nothing(name: str) -> None:
    made = told()
    assert (report(viewer(name), made.receipt), received(viewer(name), Filters())) == (None, [])
    for receipt in (made.receipt, "QXN-2023-999999"):
        with pytest.raises(Refused, match="no such report"):
            take_up(receipt=receipt, taken_up_as="case:1", by=viewer(name), at=AT)


def test_a_department_sees_what_is_about_its_standards() -> None:
    made = told(standard="HS-04", owner="water")
    assert [r.pk for r in received(viewer("water"), Filters())] == [made.pk]
    assert received(viewer("teacher"), Filters()) == []
    assert received(STRANGER, Filters()) == []
    assert [r.pk for r in received(viewer("origin"), Filters())] == [made.pk]


def test_the_list_is_paged_and_who_waits_longest_is_first() -> None:
    made = [told().pk for _ in range(3)]
    first = received(viewer("secretary"), Filters(), limit=2)
    rest = received(viewer("secretary"), Filters(), after=(first[-1].pk,), limit=2)
    assert [r.pk for r in [*first, *rest]] == made


def test_the_hotlines_rows_become_reports_once() -> None:
    rows = [Request(f"R{n}", "water", 1 if n else None, None if n else 6, AT) for n in range(3)] + [Request("R9", "water", None, None, AT)]
    for new, known in ((3, 0), (0, 3)):
        done = take_over_requests(requests=rows, prefix="QXN", categories={"water": "HS-04"}, owners={"HS-04": "water"}, by="anju", at=AT)
        assert (done.new, done.known, done.nowhere) == (new, known, 1)
    assert list(Report.objects.order_by("pk").values_list("receipt", "household_id", "standard", "owner")) == [
        ("QXN-2023-000001", None, "HS-04", "water"), ("QXN-2023-000002", 1, "HS-04", "water"), ("QXN-2023-000003", 1, "HS-04", "water")
    ]  # fmt: skip
    assert told().receipt == "QXN-2023-000004"


def test_what_officials_say_of_channels_is_read_with_its_faults(tmp_path: Path) -> None:
    policy = load_policy(Path(settings.POLICY))
    assert load_channels(Path(settings.POLICY), policy).receipt == "QXN"
    assert load_channels(tmp_path, policy).receipt == "R"
    (tmp_path / "discovery.yaml").write_text("receipt: 黔\ncategories: {water: HS-99}\n", encoding="utf-8")
    with pytest.raises(PolicyFaults) as fault:
        load_channels(tmp_path, policy)
    assert [f.line for f in fault.value.faults] == [1, 2]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite in memory has one connection; its writers wait for one another")
def test_numbers_given_at_once_are_all_different_and_leave_no_gap() -> None:
    ready = threading.Barrier(4)

    def run() -> None:
        ready.wait()
        try:
            told()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Report.objects.values_list("receipt", flat=True)) == [f"QXN-2023-{n:06d}" for n in range(1, 5)]
