"""Rows set aside: masked, mended in place or on a sheet, shown for a reason, and nothing typed lost."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from anju.apps.feeds.models import Delivery, RejectedRow
from anju.apps.feeds.queries import deliveries_in_scope
from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.core.terms.viewer import STRANGER
from anju.lake.refused import ROW_HEADER
from anju.web.layout.current import policy
from lake.deliveries import CHILD, PUPIL, WORKER
from lake.deliveries import STRANGER as NOBODY
from tests.web.bureau.test_situation import text_of
from tests.web.bureau.world import as_
from tests.web.stewards.conftest import ROLL, Office

SCHOOL = "2023-2024-1"


@pytest.fixture
def roll(office: Office) -> Delivery:
    """Line 3: a term that is none. Line 4: a wrong number. Line 5: a stranger."""
    return office.roll()


def rows(roll: Delivery) -> str:
    return f"/deliveries/{roll.pk}/rows/"


def journal(act: str) -> list[dict[str, object]]:
    bring_in()
    return list(Line.objects.filter(act=act).values("about", "by", "detail"))


def test_what_is_wrong_is_shown_and_numbers_are_masked(roll: Delivery) -> None:
    text = text_of(as_("clerk"), rows(roll))
    assert "3 rows set aside" in text and "Line 3" in text and "Line 5" in text
    assert 'name="r3:1" value="2023-9"' in text
    assert 'placeholder="522301************"' in text
    assert not any(number in text for number in (PUPIL, CHILD[:17], NOBODY))
    assert "r3:3" not in text  # a column that is neither wrong nor needed to tell the row


def test_a_reason_opens_its_rows(roll: Delivery) -> None:
    client = as_("clerk")
    links = re.findall(rf'href="({rows(roll)}\?reason=\w+)">(\d+)<', text_of(client, f"/deliveries/{roll.pk}/"))
    assert [(text_of(client, url).count("<legend>"), int(n)) for url, n in links] == [(1, 1)] * 3


def test_rows_are_mended_in_place(roll: Delivery) -> None:
    client = as_("clerk")
    answer = client.post(f"{rows(roll)}mend/", {"r3:1": SCHOOL, "shown:r3:1": "1", "r3:0": "", "r4:0": CHILD, "r5:0": ""})
    assert (answer.status_code, answer["Location"]) == (302, rows(roll))
    roll.refresh_from_db()
    assert (roll.rows, roll.accepted, roll.refused) == (4, 3, 1)
    assert "2 of 2 mended rows were taken in" in text_of(client, rows(roll))
    assert [(line["about"], line["by"]) for line in journal("feeds.mend")] == [(f"delivery:{roll.pk}", "clerk")]
    assert RejectedRow.objects.filter(settled_at=None).count() == 0
    done = client.post(f"{rows(roll)}mend/", {"r5:0": WORKER.replace("0014", "0022")})  # still wrong: the digit does not fit
    assert done.status_code == 302 and "1 row is wrong still" in text_of(client, rows(roll))


def test_the_last_row_mended_leads_back_to_the_receipt(office: Office) -> None:
    delivery = office.receive(office.file("a.csv", ROLL, f"{WORKER},{SCHOOL},S1,enrolled", f"{PUPIL},2023-9,S1,enrolled"))
    answer = as_("clerk").post(f"{rows(delivery)}mend/", {"r3:1": SCHOOL, "shown:r3:1": "1"})
    assert answer["Location"] == f"/deliveries/{delivery.pk}/"
    gone = as_("clerk").get(rows(delivery))
    assert gone.status_code == 410 and "set aside any more" in gone.content.decode()
    assert as_("clerk").post(f"{rows(delivery)}mend/", {"r3:1": SCHOOL}).status_code == 410


def test_what_is_still_wrong_stays_as_it_was_typed(roll: Delivery) -> None:
    client = as_("clerk")
    client.post(f"{rows(roll)}mend/", {"r3:1": "2023 first", "shown:r3:1": "1"})
    text = text_of(client, rows(roll))
    assert "0 of 1 mended row was taken in. 1 row is wrong still" in text
    assert 'name="r3:1" value="2023 first"' in text


def test_nothing_changed_is_told(roll: Delivery) -> None:
    answer = as_("clerk").post(f"{rows(roll)}mend/", {"r3:1": "2023-9", "shown:r3:1": "1", "r4:0": ""})
    assert answer.status_code == 400 and "Nothing was changed" in answer.content.decode()
    assert Delivery.objects.filter(retry_of=roll).count() == 0


def test_what_was_typed_survives_somebody_who_was_quicker(roll: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    def quicker(*_: object, **__: object) -> None:
        raise RuntimeError("delivery was changed by somebody else at the same time")

    monkeypatch.setattr("anju.web.stewards.setaside.mend_rows", quicker)
    answer = as_("clerk").post(f"{rows(roll)}mend/", {"r3:1": SCHOOL, "shown:r3:1": "1", "r4:0": CHILD})
    text = answer.content.decode()
    assert answer.status_code == 400 and "send it once more" in text
    assert f'name="r3:1" value="{SCHOOL}"' in text and f'name="r4:0" value="{CHILD}"' in text


def test_a_cell_may_be_emptied_and_a_masked_one_is_kept(office: Office) -> None:
    header = f"{ROLL},grade"
    delivery = office.receive(office.file("a.csv", header, f"{WORKER},{SCHOOL},S1,enrolled,1", f"{PUPIL},{SCHOOL},S1,enrolled,三"))
    as_("clerk").post(f"{rows(delivery)}mend/", {"r3:4": "", "shown:r3:4": "1", "r3:0": ""})
    delivery.refresh_from_db()
    assert (delivery.accepted, delivery.refused) == (2, 0)


def test_numbers_are_shown_for_a_reason_that_stands_in_the_journal(roll: Delivery) -> None:
    client = as_("clerk")
    answer = client.post(f"{rows(roll)}reveal/", {})
    assert answer.status_code == 400 and NOBODY not in answer.content.decode() and journal("feeds.reveal") == []
    assert client.post(f"{rows(roll)}reveal/", {"purpose": "curious"}).status_code == 400
    text = client.post(f"{rows(roll)}reveal/", {"purpose": "mend"}).content.decode()
    assert NOBODY in text and PUPIL in text and "r3:3" in text
    assert journal("feeds.reveal") == [{"about": f"delivery:{roll.pk}", "by": "clerk", "detail": {"reason": "mend"}}]
    assert NOBODY not in text_of(client, rows(roll))


def test_the_sheet_is_fetched_for_a_reason_and_sent_back(roll: Delivery, tmp_path: Path) -> None:
    client = as_("clerk")
    assert client.post(f"{rows(roll)}sheet/").status_code == 400
    answer = client.post(f"{rows(roll)}sheet/", {"purpose": "mend"})
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert sheet[0][-1] == ROW_HEADER and len(sheet) == 4
    assert journal("feeds.sheet")[0]["detail"] == {"reason": "mend"}
    sheet[1][1] = SCHOOL
    mended = io.BytesIO("\n".join(",".join(map(str, row)) for row in [sheet[0], sheet[1]]).encode())
    mended.name = "mended.csv"
    answer = client.post("/deliveries/new/", {"file": mended, "receipt": str(roll.pk)}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/deliveries/{roll.pk}/"
    text = answer.content.decode()
    assert "1 of 1 mended row was taken in." in text and "2 rows are still set aside" in text
    roll.refresh_from_db()
    assert (roll.accepted, roll.refused) == (2, 2)


def test_a_sheet_is_recognised_without_being_told_so(roll: Delivery) -> None:
    client = as_("clerk")
    data = b"".join(client.post(f"{rows(roll)}sheet/", {"purpose": "mend"}).streaming_content)  # type: ignore[attr-defined]
    file = io.BytesIO(data)
    file.name = "待更正.xlsx"
    answer = client.post("/deliveries/new/", {"file": file}, follow=True)
    assert f"3 mended rows of receipt {roll.pk}" in answer.content.decode()
    done = client.post(answer.redirect_chain[-1][0], follow=True)
    assert done.redirect_chain[-1][0] == f"/deliveries/{roll.pk}/"
    assert Delivery.objects.filter(retry_of=None).count() == 1


def test_a_sheet_of_another_unit_is_like_none(office: Office, roll: Delivery) -> None:
    other = office.roll("U2")
    data = b"".join(as_("steward").post(f"{rows(other)}sheet/", {"purpose": "mend"}).streaming_content)  # type: ignore[attr-defined]
    file = io.BytesIO(data)
    file.name = "sheet.xlsx"
    text = as_("clerk").post("/deliveries/new/", {"file": file}, follow=True).content.decode()
    assert f"there is no receipt {other.pk}" in text and "place U2" not in text
    file.seek(0)
    assert as_("clerk").post("/deliveries/new/", {"file": file, "receipt": str(other.pk)}).status_code == 404
    file.seek(0)
    text = as_("clerk").post("/deliveries/new/", {"file": file, "receipt": str(roll.pk)}, follow=True).content.decode()
    assert f"the sheet mends receipt {other.pk}" in text


def test_many_rows_are_paged_by_line(office: Office) -> None:
    good, bad = f"{WORKER},{SCHOOL},S1,enrolled", f"{PUPIL},2023-9,S1,enrolled"
    delivery = office.receive(office.file("a.csv", ROLL, good, *[bad.replace("S1", f"S{n}") for n in range(45)]))
    client, address, seen = as_("clerk"), rows(delivery), []
    while address:
        text = text_of(client, address)
        seen += [int(n) for n in re.findall(r"<legend>Line (\d+)</legend>", text)]
        more = re.search(r'<a class="btn quiet" href="([^"]+)">Next', text)
        address = more[1].replace("&amp;", "&") if more else ""
    assert seen == list(range(3, 48))


def test_the_stranger_has_nothing(roll: Delivery) -> None:
    assert not deliveries_in_scope(STRANGER, policy()).exists()
