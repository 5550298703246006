"""Families that the sample's people list as monitored, by the procedure: proposed by whoever judged, visited, reviewed by a meeting, put up
on a notice, approved by the county; then a plan, and a visit a month. What comes next is told from where a listing stands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction

from anju.apps.cases.models import Case
from anju.apps.findings.queries import current_run
from anju.apps.monitoring.actions import (
    approve_listing,
    compare_data,
    propose_listing,
    record_review,
    refuse_listing,
    review_by_township,
    verify_household,
)
from anju.apps.monitoring.models import Listing, Notice
from anju.apps.monitoring.plans import Said, add_measure
from anju.apps.monitoring.posting import put_up_notice, take_down_notices
from anju.apps.monitoring.states import STANDING
from anju.apps.monitoring.steps import Refused
from anju.apps.people.models import Household
from anju.apps.visits.actions import Seen, record_visit
from anju.core.casework.listing import COMPARED, LISTED, NOTICED, PROPOSED, REVIEWED, TOWNSHIP, VERIFIED, Meeting
from anju.core.terms.viewer import Viewer
from anju.sample.hands import Living, must
from anju.sample.plan import hash_of

RISKS = {"MH-02": ("illness",), "EM-01": ("employment",), "MW-02": ("employment",)}
AFTER = {PROPOSED: 0, VERIFIED: 0, COMPARED: 1, REVIEWED: 0, NOTICED: 0, TOWNSHIP: 0, LISTED: 3}  # days
SLOW, REFUSED = 5, 9  # one in so many: waits a fortnight for its meeting, or is refused by it
EVERY = 30  # days between two visits to a monitored family


def propose(case: Case, by: Viewer, living: Living, risks: tuple[str, ...]) -> None:
    """Of a case that was judged so, where the family is not on its way already."""
    assert case.household_id is not None
    home = Household.objects.get(pk=case.household_id)
    if Listing.objects.filter(household=home, state__in=STANDING).exists():
        return
    category = "unstable" if home.is_registered_poor else "marginal"
    propose_listing(
        household_id=home.pk, category=category, risk_types=risks, source=f"case:{case.pk}", clue_on=case.opened_on, on=living.day, by=by,
        at=living.at,
    )  # fmt: skip


def go_on(living: Living) -> None:
    """A day's steps of every listing on its way, and what monitored families are owed."""
    take_down_notices(on=living.day, by=living.staff.by, at=living.at)
    for key in Listing.objects.filter(state__in=STANDING).order_by("pk").values_list("pk", flat=True):
        for _ in range(len(AFTER)):
            listing = Listing.objects.select_related("household__place").get(pk=key)
            if listing.state not in AFTER or living.day < _ready(listing):
                break
            try:
                with transaction.atomic():
                    moved = _step(living, listing)
            except Refused as refusal:
                living.told.append(f"listing {key} {listing.state}: {refusal}")
                break
            if not moved:
                break


def _ready(listing: Listing) -> date:
    if listing.state == NOTICED:
        notice = Notice.objects.filter(listing=listing, elimination=None).order_by("-pk")[0]
        return notice.until + timedelta(days=1)
    slow = 14 if listing.state == COMPARED and _chance(listing) % SLOW == 1 else 0
    return listing.state_on + timedelta(days=AFTER[listing.state] + slow)


def _chance(listing: Listing) -> int:
    return hash_of(f"listing:{listing.household.household_code}:{listing.clue_on}")


def _step(living: Living, listing: Listing) -> bool:
    """Takes the next step; False where nothing is left to do this day."""
    path, day = listing.household.place.path, living.day
    cadre = must(living.staff.who("cadre", path), "visit")
    street = must(living.staff.who("street", path) or living.staff.who("county_bureau", path, "", 1), "review")
    common: dict[str, Any] = {"number": listing.pk, "on": day, "at": living.at}
    match listing.state:
        case "proposed":
            _visit(living, listing, cadre)
            verify_household(
                visited_on=day, found_there="入户核实，家庭收入与支出属实", authorisation="纸质承诺授权书存社区档案柜", by=cadre, **common
            )
        case "verified":
            run = current_run()
            compare_data(run=run.pk if run is not None else None, doubts="", by=cadre, **common)
        case "compared" if not _chance(listing) % REFUSED:
            refuse_listing(reason="评议认为家庭收入稳定、支出可承受，暂不纳入，继续关注", by=street, **common)
        case "compared":
            attended = 9 + _chance(listing) % 6
            meeting = Meeting(day, "社区会议室", attended, attended - _chance(listing) % 3, 0, "会议记录存社区档案柜")
            record_review(meeting=meeting, by=street, **common)
        case "reviewed":
            put_up_notice(place="社区公告栏", by=street, **common)
        case "noticed":
            review_by_township(note="公示无异议", by=street, **common)
        case "township_reviewed":
            approve_listing(note="同意纳入监测", by=must(living.staff.who("county_bureau", path), "approve"), **common)
        case _:
            return _look_after(living, listing, cadre)
    return True


def _look_after(living: Living, listing: Listing, cadre: Viewer) -> bool:
    """The plan's first measure, within its ten days; then a visit a month."""
    if listing.measures_on is None:
        due = living.day + timedelta(days=60)
        said = Said("employment", "推荐公益岗位，跟踪到岗", "社区就业专干", due, target="一人稳定就业")
        add_measure(number=listing.pk, said=said, on=living.day, by=cadre, at=living.at)
    elif listing.identified_on is not None and not (living.day - listing.identified_on).days % EVERY:
        _visit(living, listing, cadre)
    return False


def _visit(living: Living, listing: Listing, cadre: Viewer) -> None:
    record_visit(
        seen=Seen(made_on=living.day, mode="door", met=True, answered_by="家人", findings=("hardship",), minutes=20 + listing.pk % 15),
        questions={}, client_key=f"sample:listing:{listing.pk}:{living.day}", household_id=listing.household_id, purpose="routine",
        by=cadre, at=living.at,
    )  # fmt: skip
