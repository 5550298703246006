"""The programme's own tree and the official lists, of which a later one loses nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from anju.apps.places.actions import PlacesReport, import_official_list, import_scope_places
from anju.apps.places.codes import place_codes
from anju.apps.places.models import Place, PlaceCode, Succession

pytestmark = pytest.mark.django_db
AT = datetime(2024, 1, 10, tzinfo=UTC)
HEAD = "level,code,name,parent_code"
OFFICIAL = """vintage,level,code,name,parent_code
2017-10-31,county,522322,兴仁县,5223
2017-10-31,town,522322001,东湖街道办事处,522322
2017-10-31,town,522322205,鲁础营回族乡,522322
2017-10-31,county,522301,兴义市,5223
2017-10-31,town,522301108,马岭镇,522301
2018-10-31,county,522302,兴仁市,5223
2018-10-31,town,522302001,东湖街道,522302
2018-10-31,town,522302200,鲁础营回族乡,522302
2018-10-31,county,522301,兴义市,5223
2018-10-31,town,522301010,马岭街道,522301
"""


def scope(tmp_path: Path, *rows: str) -> PlacesReport:
    path = tmp_path / "places.csv"
    path.write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    return import_scope_places(path, by="clerk", at=AT, programme_code="P", programme_name="programme")


def test_scope_tree_twice(tmp_path: Path) -> None:
    rows = ("unit,U1,义龙,", "street,S1,木贾,U1", "community,C1,新城,S1")
    assert scope(tmp_path, *rows).new == 3
    community = Place.objects.get(code="C1")
    assert community.path.count("/") == 5 and community.parent is not None and community.parent.code == "S1"
    assert list(Place.objects.filter(is_unit=True).values_list("code", flat=True)) == ["U1"]
    again = scope(tmp_path, *rows)
    assert (again.new, again.changed, again.unchanged, PlaceCode.objects.count()) == (0, 0, 3, 4)
    assert scope(tmp_path, "unit,U1,义龙,", "community,C1,新城,U1").changed == 1
    community.refresh_from_db()
    assert community.path.count("/") == 4


def test_bad_rows_are_told_with_their_lines(tmp_path: Path) -> None:
    report = scope(tmp_path, "unit,U1,义龙,", "street,S1,,U1", "community,C1,新城,S1", "unit,U1,又一个,")
    assert sorted((fault["line"], fault["column"]) for fault in report.faults) == [(3, "name"), (4, "parent_code"), (5, "code")]
    assert report.new + len(report.faults) == report.rows == 4


def test_later_list_loses_nobody(tmp_path: Path) -> None:
    path = tmp_path / "official.csv"
    path.write_text(OFFICIAL, encoding="utf-8")
    report = import_official_list(path, vintage=date(2018, 10, 31), by="clerk", at=AT)
    assert (report.closed, report.followed, len(report.doubtful), report.lost) == (4, 3, 1, [])
    codes = place_codes()
    assert codes["522322"] == codes["522302"] and codes["522322205"] == codes["522302200"]
    assert codes["522322001"] == codes["522302001"]
    assert codes["522301108"] != codes["522301010"]
    assert Succession.objects.get(doubtful=True).to_key == "522301010"
    assert PlaceCode.objects.get(code="522322").valid_to == date(2018, 10, 31)
    before = (Place.objects.count(), PlaceCode.objects.count())
    again = import_official_list(path, vintage=date(2018, 10, 31), by="clerk", at=AT)
    assert (again.new, again.closed, before) == (0, 0, (Place.objects.count(), PlaceCode.objects.count()))


def test_villages_with_headings_one_level_off(tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    path.write_text(
        "province_name,city_name,city_code,town_name,town_code,villagetr_name,villagetr_code,street_name,street_code,street_type\n"
        "贵州省,黔西南州,522300000000,兴仁市,522302000000,东湖街道,522302001000,街心社区居委会,522302001001,111\n",
        encoding="utf-8",
    )
    assert import_official_list(path, vintage=date(2021, 10, 31), layout="nested", by="clerk", at=AT).new == 4
    village = Place.objects.get(level="village")
    assert (village.name, village.code) == ("街心社区", "522302001001")
    assert village.parent is not None and village.parent.name == "东湖街道"
