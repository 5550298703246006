"""A family judged by the real engine, and a post for everybody who has to do with its listing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts_fixtures import places, rules
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account
from family_fixtures import family

__all__ = ["family", "places", "rules"]
AT = datetime(2021, 9, 1, tzinfo=UTC)


@pytest.fixture
def cast(family: Household) -> Household:
    """Beside the family's own cast a street, a county and their neighbours'."""
    for name, role, code in (
        ("street", "street", "U1"),
        ("county", "county_bureau", "U1"),
        ("far", "first_secretary", "C2"),
        ("far_street", "street", "U2"),
    ):
        account = open_account(username=name, display_name=name, password=None, by="test", at=AT)
        give_post(account=account, role=role, place=Place.objects.get(code=code), by="test", at=AT)
    Account.objects.update(must_change_password=False)
    Household.objects.update(building_no="3", unit_no="2")
    return family
