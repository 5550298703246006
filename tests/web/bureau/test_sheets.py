"""Lists and figures as workbooks: what the page shows and no more, of one's own places, each a line of the journal."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from anju.apps.journal.models import Line
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.web.bureau import sheets
from tests.web.bureau.world import FAMILIES, as_

Places = dict[str, Place]


def sheet(client: Client, address: str) -> tuple[list[list[Any]], list[list[Any]]]:
    """The rows of the list and of what is told about it."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    assert answer["Content-Disposition"].startswith("attachment")
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    first, second = (book.get_sheet_by_index(n).to_python() for n in (0, 1))
    return first, second


def shown(answer: Any) -> str:
    """What the page says, without its tokens and hidden fields (which hold the address itself)."""
    return re.sub(r"<input type=.hidden.[^>]*>|Token.: \"\w+\"", "", answer.content.decode())


def test_the_list_holds_the_families_of_the_page(place: Places) -> None:
    rows, about = sheet(as_("secretary"), f"/situation/families/sheet/?place={place['C1'].pk}&state=put_right&light=")
    assert rows[0][:4] == ["Household code", "Place", "Address", "State"]
    assert len(rows) == 1 + 30
    assert {tuple(row[1:2] + row[3:5]) for row in rows[1:]} == {("place C1", "Being put right", "Not in place")}
    codes = set(Household.objects.filter(place=place["C1"]).values_list("household_code", flat=True))
    assert {row[0] for row in rows[1:]} <= codes
    told = {row[0]: row[1] for row in about}
    assert (told["What it lists"], told["Judged for"], told["Exported by"]) == ("Being put right", "2023-09-26", "secretary")


def test_nobody_is_named(place: Places) -> None:
    rows, _ = sheet(as_("bureau"), f"/situation/families/sheet/?place={place['P'].pk}")
    assert len(rows) == 1 + sum(FAMILIES.values())
    assert not any("name" in str(cell).lower() for row in rows for cell in row)


def test_figures_of_a_place_and_of_those_below(place: Places) -> None:
    rows, _ = sheet(as_("county"), f"/situation/sheet/?place={place['U1'].pk}")
    families = {row[1]: row[3:6] for row in rows if row[2] == "All families"}
    assert families.keys() == {"U1", "S1"}
    assert sum(families["U1"]) == FAMILIES["C1"] + FAMILIES["C2"]
    assert any(str(row[2]).startswith("ED-01 ") for row in rows)


def test_it_stands_in_the_journal_by_keys(place: Places) -> None:
    as_("secretary").get(f"/situation/families/sheet/?place={place['C1'].pk}&light=education:out")
    as_("leader").get("/situation/sheet/")
    one, other = Line.objects.filter(act__startswith="export.").order_by("pk")
    assert (one.act, one.about, one.by) == ("export.lists", f"place:{place['C1'].pk}", "secretary")
    assert one.detail == {"rows": 30, "light": "education:out"}
    assert (other.act, other.about) == ("export.figures", f"place:{place['P'].pk}")


@pytest.mark.parametrize("who", ["worker", "leader", "auditor", "steward", "clerk"])
def test_a_list_is_for_those_who_may_take_lists(place: Places, who: str) -> None:
    assert as_(who).get("/situation/families/sheet/").status_code == 403
    assert not Line.objects.filter(act="export.lists").exists()


def test_the_neighbour_is_told_nothing(place: Places) -> None:
    client = as_("neighbour")
    for address in ("/situation/families/sheet/?place={}", "/situation/sheet/?place={}"):
        hers, nobodys = (client.get(address.format(key)) for key in (place["C1"].pk, 999_999))
        assert (hers.status_code, nobodys.status_code) == (404, 404)
        assert shown(hers) == shown(nobodys)
    assert not Line.objects.filter(act__startswith="export.").exists()


def test_too_many_are_refused_with_what_to_do(place: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST", 10)
    answer = as_("secretary").get(f"/situation/families/sheet/?place={place['C1'].pk}")
    assert answer.status_code == 413
    assert "choose a place further down" in answer.content.decode()


def test_a_text_that_looks_like_a_formula_stays_a_text(place: Places) -> None:
    Household.objects.filter(place=place["C2"]).update(building_no="=1+1")
    rows, _ = sheet(as_("neighbour"), f"/situation/families/sheet/?place={place['C2'].pk}")
    assert len(rows) == 1 + FAMILIES["C2"] and all(str(row[2]).startswith("=1+1-") for row in rows[1:])
