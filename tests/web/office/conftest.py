"""An administrator, an auditor, a first secretary and her neighbour, and two families."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account

AT = datetime(2023, 1, 1, tzinfo=UTC)
TREE = (("P", "", "programme"), ("U1", "P", "unit"), ("C1", "U1", "community"), ("C2", "U1", "community"))
CAST = {"admin": ("administrator", "P"), "auditor": ("auditor", "P"), "secretary": ("first_secretary", "C1"),
        "neighbour": ("first_secretary", "C2"), "steward": ("data_steward", "P")}  # fmt: skip
As = Callable[[str], Client]


@pytest.fixture
def places(db: None) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for n, (code, above, level) in enumerate(TREE, start=1):
        parent = found.get(above)
        path = f"{parent.path if parent else '/'}{n}/"
        found[code] = Place.objects.create(id=n, tree="scope", level=level, code=code, name=f"place {code}", parent=parent, path=path)
    for name, (role, code) in CAST.items():
        account = open_account(username=name, display_name=f"Mx {name}", password="a long pass-phrase", by="test", at=AT)
        give_post(account=account, role=role, place=found[code], by="test", at=AT)
    Account.objects.update(must_change_password=False)
    for n, code in ((1, "C1"), (2, "C2")):
        Household.objects.create(
            id=n, household_code=f"H{n}", place=found[code], valid_from=date(2023, 1, 1), known_from=AT, move_in_date=date(2023, 1, 1)
        )  # fmt: skip
    return found


@pytest.fixture
def as_(places: dict[str, Place]) -> As:
    def signed_in(name: str) -> Client:
        client = Client(HTTP_HOST="127.0.0.1")
        if name != "stranger":
            client.force_login(Account.objects.get(username=name))
        return client

    return signed_in
