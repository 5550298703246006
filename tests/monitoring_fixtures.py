"""A family of C1 and the posts that list it as monitored: each step by the real actions."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from anju.apps.monitoring import actions, endings, plans, posting
from anju.apps.monitoring.models import Listing
from anju.apps.people.models import Household, Membership, Person
from anju.apps.staff.permissions import ROLES
from anju.core.casework.elimination import Facts
from anju.core.casework.listing import Meeting
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer

DAY = date(2023, 9, 26)
AT = datetime(2023, 9, 26, 9, tzinfo=UTC)
OVER = date(2023, 10, 11)  # the notice put up on DAY is over
MEETING = Meeting(date(2023, 9, 26), "community centre", 9, 7, 1, "folder 3")
SAID = plans.Said(
    "employment", "a post as cleaner in the community", "罗春燕", date(2023, 11, 30), "human_resources", 120_000, "county fund", "1,200 a month"
)
WELL = Facts(
    income=800_000, line=690_000, income_before=700_000, line_before=640_000, falling=False, rigid_share=12,
    lights={"water": (Bilingual("Water", "饮水安全"), "met")}, labour=2,
)  # fmt: skip


def person(name: str, role: str, path: str, account: int) -> Viewer:
    return Viewer(name, role, (path,), may=ROLES[role].may, account=account)


CADRE = person("cadre", "cadre", "/1/2/3/", 1)
SECRETARY = person("secretary", "first_secretary", "/1/2/3/", 2)
STREET = person("street", "street", "/1/2/", 3)
COUNTY = person("county", "county_bureau", "/1/2/", 4)
NEIGHBOUR = person("neighbour", "first_secretary", "/1/2/4/", 5)
OTHER_STREET = person("other-street", "street", "/1/5/", 6)
ORIGIN = Viewer("origin", "county_bureau", (), origins=("/1/5/",), may=ROLES["county_bureau"].may, account=7)


@pytest.fixture
def home(places: None) -> Household:
    said = {"valid_from": date(2021, 9, 1), "known_from": datetime(2021, 9, 1, tzinfo=UTC)}
    home = Household.objects.create(
        id=1, household_code="H0001", place_id=3, origin_place_id=5, building_no="3", unit_no="2", room_no="501", is_registered_poor=True, **said
    )  # fmt: skip
    someone = Person.objects.create(id=1, name="韦秀英", relation_to_head="01", **said)
    Membership.objects.create(id=1, person=someone, household=home, start=date(2018, 6, 1), known_from=said["known_from"])
    return home


def propose(by: Viewer = CADRE, **more: object) -> Listing:
    said: dict[str, object] = {
        "household_id": 1, "category": "sudden", "risk_types": ["illness", "employment"], "source": "declared", "clue_on": date(2023, 9, 20),
        "on": DAY, "by": by, "at": AT, **more,
    }  # fmt: skip
    return actions.propose_listing(**said)  # type: ignore[arg-type]


def verify(listing: Listing, by: Viewer = CADRE) -> None:
    actions.verify_household(
        number=listing.pk, visited_on=DAY, found_there="two rooms, one of four earns", authorisation="folder 12, sheet 3", on=DAY, by=by, at=AT
    )  # fmt: skip


def compare(listing: Listing, by: Viewer = CADRE) -> None:
    actions.compare_data(number=listing.pk, run=None, doubts="", on=DAY, by=by, at=AT)


def review(listing: Listing, by: Viewer = STREET, meeting: Meeting = MEETING) -> None:
    actions.record_review(number=listing.pk, meeting=meeting, on=DAY, by=by, at=AT)


def put_up(listing: Listing, by: Viewer = STREET, on: date = DAY) -> int:
    return posting.put_up_notice(number=listing.pk, place="board at the gate", on=on, by=by, at=AT).pk


def township(listing: Listing, by: Viewer = STREET, on: date = OVER) -> None:
    actions.review_by_township(number=listing.pk, note="", on=on, by=by, at=AT)


def approve(listing: Listing, by: Viewer = COUNTY, on: date = OVER) -> None:
    actions.approve_listing(number=listing.pk, note="", on=on, by=by, at=AT)


ALL = (verify, compare, review, put_up, township, approve)


def until(listing: Listing, last: object) -> Listing:
    """Every step up to and with `last`."""
    for step in ALL:
        step(listing)
        if step is last:
            break
    listing.refresh_from_db()
    return listing


def listed(**more: object) -> Listing:
    return until(propose(**more), approve)


LATER = date(2024, 4, 12)  # half a year after the listing
END_OVER = date(2024, 4, 30)


def end(listing: Listing, facts: Facts = WELL) -> None:
    """The whole procedure by which the risk is declared over."""
    endings.propose_elimination(
        number=listing.pk, facts=facts, found_there="both parents work", visited_on=LATER, run=None, on=LATER, by=SECRETARY, at=AT
    )  # fmt: skip
    meeting = Meeting(LATER, "community centre", 9, 8, 0, "folder 4")
    endings.review_elimination(number=listing.pk, meeting=meeting, on=LATER, by=STREET, at=AT)
    put_up(listing, on=LATER)
    endings.approve_elimination(number=listing.pk, facts=facts, note="", on=END_OVER, by=COUNTY, at=AT)
    listing.refresh_from_db()
