"""A first secretary of two communities with a password of her own, and what signs her in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.test import Client

from anju.apps.people.vault import FileVault
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.factors import STEP, Secret, confirm_second_factor, offer_second_factor
from anju.apps.staff.models import Account, SecondFactor

AT = datetime(2023, 1, 1, tzinfo=UTC)
PASSWORD = "set by the office"


@pytest.fixture
def account(db: None) -> Account:
    account = open_account(username="wei", display_name="韦秀英", password=PASSWORD, by="test", at=AT)
    for n in (1, 2):
        place = Place.objects.create(id=n, tree="scope", level="community", code=str(n), name=f"community {n}", path=f"/{n}/")
        give_post(account=account, role="first_secretary", place=place, by="test", at=AT)
    account.must_change_password = False
    account.save()
    return account


@pytest.fixture
def client() -> Client:
    return Client(HTTP_HOST="127.0.0.1")


@pytest.fixture(autouse=True)
def nobody_locked() -> Iterator[None]:
    cache.clear()
    yield


class App:
    """The telephone: what it shows at a moment. Each code is asked for later than the one before, as no code is good twice."""

    def __init__(self, account: Account, secret: Secret) -> None:
        self.account, self.secret = account, secret

    @property
    def code(self) -> str:
        SecondFactor.objects.filter(account=self.account).update(last_step=0)
        return self.secret.code(int(datetime.now(UTC).timestamp()) // STEP)


@pytest.fixture
def app(account: Account) -> App:
    """Turned on."""
    now = datetime.now(UTC)
    secret = offer_second_factor(account=account, vault=FileVault(), at=now)
    app = App(account, secret)
    confirm_second_factor(account=account, code=app.code, vault=FileVault(), by="wei", at=now)
    return app
