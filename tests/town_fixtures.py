"""One settlement with two families, taken in by the real intake and judged by the real runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from anju.apps.alerts.actions import Follow, follow, release_baseline
from anju.apps.alerts.models import Hold
from anju.apps.feeds.actions import receive_file
from anju.apps.feeds.own import SILENT, OwnFeeds, own_feeds_of
from anju.apps.findings.actions import judge
from anju.apps.findings.models import Run
from anju.apps.people.importing import import_people
from anju.apps.people.models import Household
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.apps.places.actions import import_scope_places
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.core.terms.identifiers import check_digit
from anju.core.terms.viewer import Viewer

DAY = date(2023, 9, 26)
BEGIN = datetime(2023, 8, 1, 12, tzinfo=UTC)
CAME = datetime(2023, 9, 12, 12, tzinfo=UTC)
NOW = datetime(2023, 9, 26, 18, tzinfo=UTC)
BUREAU = Viewer(name="luo", role="prefecture_bureau", scopes=("/1/",), may=frozenset({"alerts.see", "alerts.release"}))
MONTHS = ("2023-03", "2023-04", "2023-05", "2023-06", "2023-07", "2023-08")


def evening(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


def number(nth: int) -> str:
    body = f"52230119800303{nth:03d}"
    return body + check_digit(body)


@dataclass
class Town:
    """The first family paid 60,000 yuan for a hospital; the second lives well. Both flats are in use unless said otherwise."""

    policy: Policy
    data: Path
    folder: Path
    household: int = 0
    neighbour: int = 0

    def receive(self, feed: str, header: str, *rows: str, name: str = "", periods: tuple[str, str] | None = None) -> None:
        path = self.folder / f"{feed}{name}.csv"
        path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
        receive_file(
            path, feed=feed, policy=self.policy, root=self.data / "lake", directory=Directory("cn_resident_id"), vault=FileVault(), by="clerk",
            at=CAME, unit="U1", periods=periods,
        )  # fmt: skip

    def say(self, **feeds: list[dict[str, Any]]) -> OwnFeeds:
        """What the platform itself knows: P01=[{...}], about the first family unless a row names another."""
        keys = {"P01": "decision_id", "P04": "visit_id"}
        told = {
            code: [{keys.get(code, "household_id"): str(nth), "household_id": self.household, **row} for nth, row in enumerate(rows)]
            for code, rows in feeds.items()
        }  # fmt: skip
        return own_feeds_of(self.policy, told, DAY)

    def paid(self, on: date = date(2023, 9, 20), **more: Any) -> OwnFeeds:
        return self.say(P01=[{"standard": "MH-02", "decision": "assistance_paid", "decided_on": on, **more}])

    def run(self, own: OwnFeeds = SILENT, day: date = DAY) -> Run:
        return judge(self.policy, self.data, day, evening(day), own=own, by="clerk").run

    def follow(self, own: OwnFeeds = SILENT, day: date = DAY) -> Follow:
        """A run, folded into the alerts; what is held as a baseline is let go."""
        followed = follow(self.policy, self.data, self.run(own, day))
        waiting = list(Hold.objects.filter(released_at=None).values_list("pk", flat=True))
        release_baseline(self.policy, self.data, keys=waiting, by=BUREAU, at=evening(day))
        return followed

    def homes(self, *, in_use: bool = True) -> None:
        """Flats, the months in which they were used, and half a year of visits that found nothing."""
        self.receive("F04", "unit_code,household_code", "D1,H1", "D2,H2")
        for month in MONTHS:
            use = str(in_use or month < "2023-06").lower()
            self.receive("F06", "unit_code,month,in_use", f"D1,{month},{use}", f"D2,{month},true", name=month)
        header = "visit_id,household_code,visited_on,mode,findings"
        self.receive("F29", header, "V1,H2,2023-05-04,door,none", periods=(MONTHS[0], MONTHS[-1]))


@pytest.fixture
def town(db: None, tmp_path: Path) -> Town:
    policy = load_policy(Path(settings.POLICY))
    town = Town(policy, Path(settings.DATA), tmp_path)
    places, homes, people = (tmp_path / name for name in ("places.csv", "F01.csv", "F02.csv"))
    places.write_text("level,code,name,parent_code\nunit,U1,义龙,\nstreet,T1,木贾,U1\ncommunity,C1,新城,T1\n", encoding="utf-8")
    import_scope_places(places, by="clerk", at=BEGIN, programme_code="P", programme_name="programme", root_level="programme", unit_level="unit")
    rows = "\n".join(f"{home},C1,2019-01-01,active" for home in ("H1", "H2"))
    homes.write_text(f"household_code,dest_community_code,move_in_date,status\n{rows}\n", encoding="utf-8")
    rows = "\n".join(f"{number(nth)},H{nth},甲,1,true,living_here" for nth in (1, 2))
    people.write_text(f"person_id,household_code,name,sex,alive,resident_status\n{rows}\n", encoding="utf-8")
    import_people([homes, people], by="clerk", at=BEGIN, contracts=policy.contracts, programme=policy.programme)
    town.receive("F14", "settlement_id,person_id,visit_type,settled_on,self_paid", f"S1,{number(1)},inpatient,2023-08-10,60000")
    header = "household_code,month,wage_income,business_income,property_income,transfer_income,rigid_expense"
    town.receive("F26", header, "H1,2023-06,80000,0,0,0,10000", "H2,2023-06,80000,0,0,0,10000")
    town.household, town.neighbour = Household.objects.order_by("household_code").values_list("pk", flat=True)
    return town
