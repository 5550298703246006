"""Where households came from: an origin of an old list still finds a place, and the place that it is today."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings

from anju.apps.people.importing import import_people
from anju.apps.people.models import Household
from anju.apps.people.publish import export_registry
from anju.apps.places.actions import import_official_list, import_scope_places
from anju.apps.places.models import Place
from anju.apps.places.succession import confirm_succession
from anju.core.standards.read import load_policy

pytestmark = pytest.mark.django_db
AT = datetime(2024, 1, 10, tzinfo=UTC)
LISTS = """vintage,level,code,name,parent_code
2017-10-31,county,522301,兴义市,5223
2017-10-31,town,522301108,马岭镇,522301
2017-10-31,county,522322,兴仁县,5223
2017-10-31,town,522322205,鲁础营回族乡,522322
2019-10-31,county,522301,兴义市,5223
2019-10-31,town,522301010,马岭街道,522301
2019-10-31,county,522302,兴仁市,5223
2019-10-31,town,522302200,鲁础营回族乡,522302
"""


def origins(folder: Path) -> dict[str, int | None]:
    snapshot = export_registry(date(2024, 2, 1), datetime(2024, 2, 1, tzinfo=UTC), folder, community_level="community", unit_level="unit")
    rows = pq.read_table(snapshot.path("household")).to_pylist()
    codes = dict(Household.objects.values_list("id", "household_code"))
    return {codes[row["household_id"]]: row["origin_place_id"] for row in rows}


def place(code: str) -> int:
    return Place.objects.get(tree="statistical", code=code).pk


def test_old_origins_find_the_places_of_today(tmp_path: Path) -> None:
    (tmp_path / "lists.csv").write_text(LISTS, encoding="utf-8")
    import_official_list(tmp_path / "lists.csv", vintage=date(2019, 10, 31), by="t", at=AT)
    (tmp_path / "places.csv").write_text("level,code,name,parent_code\nunit,U1,义龙,\ncommunity,C1,新城,U1\n", encoding="utf-8")
    import_scope_places(tmp_path / "places.csv", by="t", at=AT, programme_code="P", programme_name="p")
    rows = ["H1,C1,522301108", "H2,C1,522301108201", "H3,C1,522322205203", "H4,C1,522322999001", "H5,C1,999999999999", "H6,C1,"]
    (tmp_path / "h.csv").write_text("\n".join(("household_code,dest_community_code,origin_village_code", *rows)) + "\n", encoding="utf-8")
    policy = load_policy(Path(settings.POLICY))
    report = import_people([tmp_path / "h.csv"], by="t", at=AT, contracts=policy.contracts, programme=policy.programme)  # type: ignore[arg-type]
    assert report.refused == []
    assert any("3 villages of origin are in no list we have" in message for message in report.messages)
    old = place("522301108")
    assert origins(tmp_path / "r") == {
        "H1": old, "H2": old, "H3": place("522302200"), "H4": place("522302"), "H5": None, "H6": None,
    }  # fmt: skip
    confirm_succession("522301108", "522301010", by="t", at=AT)
    assert origins(tmp_path / "r")["H1"] == origins(tmp_path / "r")["H2"] == place("522301010") != old
    assert Household.objects.get(household_code="H1").origin_village_code == "522301108"
