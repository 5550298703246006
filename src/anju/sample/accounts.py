"""The people who work in the sample: one account for each role, with its place and department. Nobody knows a password of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import transaction

from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account
from anju.sample.families import GIRL

SINCE = datetime(2023, 1, 1, tzinfo=UTC)
MARK = "（演示）"


@dataclass(frozen=True, slots=True)
class Part:
    """`level` is where the post is held: at the place of that level above the family whose story the first screen tells.
    A building is no place of the register, so who works there holds the post at its grid."""

    username: str
    name: str
    role: str
    level: str
    department: str = ""


CAST = (
    Part("sample-grid", "罗春燕", "grid_worker", "grid"),
    Part("sample-building", "陆阿妹", "street_head", "grid"),
    Part("sample-cadre", "王德明", "cadre", "community"),
    Part("sample-secretary", "韦建国", "first_secretary", "community"),
    Part("sample-street", "杨胜利", "street", "street"),
    Part("sample-education", "陆文斌", "county_department", "unit", "education"),
    Part("sample-county", "班玉珍", "county_bureau", "unit"),
    Part("sample-bureau", "岑志远", "prefecture_bureau", "programme"),
    Part("sample-insurance", "黄丽萍", "prefecture_department", "programme", "medical_security"),
    Part("sample-leader", "韦国栋", "leader", "programme"),
    Part("sample-province", "王海燕", "above", "programme"),
    Part("sample-policy", "罗晓梅", "policy_officer", "programme"),
    Part("sample-steward", "陆明辉", "data_steward", "programme"),
    Part("sample-auditor", "班正清", "auditor", "programme"),
    Part("sample-administrator", "杨秀兰", "administrator", "programme"),
)
PART_OF = {part.role: part for part in CAST}


@transaction.atomic
def make_accounts(*, by: str) -> int:
    """Opens the accounts that are not there yet. Returns how many are new."""
    known = set(Account.objects.filter(username__in=[part.username for part in CAST]).values_list("username", flat=True))
    missing = [part for part in CAST if part.username not in known]
    if not missing:
        return 0
    home = Household.objects.select_related("place").get(household_code=GIRL.code)
    above = Place.objects.filter(pk__in=[int(key) for key in home.place.path.strip("/").split("/")])
    places = {place.level: place for place in above}
    for part in missing:
        account = open_account(username=part.username, display_name=f"{part.name}{MARK}", password=None, by=by, at=SINCE)
        give_post(
            account=account, role=part.role, place=places[part.level], by=by, at=SINCE, department=part.department, start=date(2023, 1, 1)
        )  # fmt: skip
    return len(missing)
