"""Every cell of the table of permissions: each role at each address of pages and API, by every method.

What is asked for here does not exist, so whoever may ask is told that; whoever may not is refused before, and told what to do next.
With real families, alerts and deliveries the same is tried in tests/browser.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.actions import make_token
from anju.apps.staff.models import Account
from anju.apps.staff.permissions import ACTS, APART, ROLES
from anju.cli.permissions import OPEN, SIGNED_IN, Address, addresses
from anju.sample.accounts import CAST, PART_OF, make_accounts
from anju.sample.families import GIRL

pytestmark = pytest.mark.django_db
AT = datetime(2023, 1, 1, tzinfo=UTC)
FOUND = list(addresses())
PAGES = [one for one in FOUND if one.acts and not one.of_api]
OPERATIONS = [one for one in FOUND if one.of_api]
VALUES = {"int": "987654", "str": "XX-99", "uuid": "00000000-0000-4000-8000-000000000000", "slug": "xx", "path": "xx", "": "987654"}


@pytest.fixture
def cast() -> dict[str, Account]:
    """One account for each role, as the sample has them; nothing else is here."""
    above: Place | None = None
    for n, level in enumerate(("programme", "unit", "street", "community", "grid"), start=1):
        path = f"{above.path if above else '/'}{n}/"
        above = Place.objects.create(id=n, tree="scope", level=level, code=level, name=f"a {level}", parent=above, path=path)
    Household.objects.create(id=1, household_code=GIRL.code, place=above, valid_from=AT.date(), known_from=AT)
    make_accounts(by="test")
    return {role: Account.objects.get(username=part.username) for role, part in PART_OF.items()}


def path_of(one: Address) -> str:
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: VALUES[found[1] or ""], one.path)


def signed_in(account: Account) -> Client:
    client = Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)
    client.force_login(account, backend="anju.apps.staff.signed_in.Backend")
    return client


# --- every address has an act ----------------------------------------------------------------------------------------------


def test_every_page_needs_an_act_or_is_on_the_short_list() -> None:
    bare = [one.path for one in FOUND if not one.of_api and not one.acts and one.name not in OPEN]
    assert not bare, f"no access.needs('…') on: {bare}; whoever may open it must be decided"


def test_every_act_asked_for_is_in_the_table() -> None:
    assert {act for one in (*PAGES, *OPERATIONS) for act in one.acts} <= set(ACTS)


def test_the_short_list_is_short_and_of_pages_that_need_nothing() -> None:
    assert [one.name for one in FOUND if one.name in OPEN and one.acts] == []
    assert len(OPEN) < 26


def test_steward_auditor_and_administrator_share_no_act_that_would_hide_one_from_the_other() -> None:
    for act in ("accounts.manage", "journal.see", "feeds.withdraw"):
        assert len([role for role in APART if act in ROLES[role].may]) == 1


# --- pages --------------------------------------------------------------------------------------------------------------------


def test_the_cast_has_every_role() -> None:
    assert {part.role for part in CAST} == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_each_page_for_each_role(cast: dict[str, Account], role: str) -> None:
    client, may = signed_in(cast[role]), ROLES[role].may
    for one in PAGES:
        for method in ("get", "post"):
            answer = getattr(client, method)(path_of(one))
            where = f"{role} {method} {one.path} ({one.acts})"
            if one.open_to(may):
                assert answer.status_code in (200, 302, 400, 404, 405, 409), f"{where}: {answer.status_code}"
                assert not answer.get("Location", "").startswith(reverse("sign_in")), where
            else:
                assert answer.status_code == 403, f"{where}: {answer.status_code}"
                refused(answer, where)


def refused(answer: Any, where: str) -> None:
    """What cannot be done, why, and where to go on; nothing of what was asked for."""
    text = answer.content.decode()
    assert "This page is not for the post you act in" in text, where
    assert f'href="{reverse("account")}"' in text and 'href="/"' in text, where
    assert not any(value in text.split("<main")[1].split("</main>")[0] for value in ("987654", "XX-99")), where


def test_a_stranger_is_asked_to_sign_in_everywhere_and_comes_back() -> None:
    client = Client(HTTP_HOST="127.0.0.1")
    for one in PAGES:
        answer = client.get(path_of(one))
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("sign_in")), one.path
        assert "next=" in answer["Location"]
        assert client.post(path_of(one)).status_code == 302, one.path


def test_a_strangers_own_account_does_not_exist() -> None:
    client = Client(HTTP_HOST="127.0.0.1")
    for name in SIGNED_IN:
        assert client.get(reverse(name))["Location"].startswith(reverse("sign_in")), name


def test_an_account_without_a_post_may_do_nothing(cast: dict[str, Account]) -> None:
    account = cast["prefecture_bureau"]
    account.posts.all().delete()
    client = signed_in(account)
    for one in PAGES:
        assert client.get(path_of(one)).status_code == 403, one.path


# --- the API -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_each_operation_for_each_role(cast: dict[str, Account], role: str) -> None:
    may = ROLES[role].may
    _token, text = make_token(post=cast[role].posts.get(), name="test", days=30, by="test", at=timezone.now())
    client = Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)
    for one in OPERATIONS:
        for method in one.methods:
            answer = client.generic(method, path_of(one), headers={"Authorization": f"Bearer {text}"})
            where = f"{role} {method} {one.path} ({one.acts}): {answer.status_code} {answer.content[:200]!r}"
            if not one.acts or one.open_to(may):
                assert answer.status_code not in (401, 403, 500), where
            else:
                assert answer.status_code == 403 and answer.json()["type"].endswith("not-for-your-post"), where
                assert answer.json()["detail"], where


def test_a_program_without_a_token_is_told_where_to_get_one() -> None:
    client = Client(HTTP_HOST="127.0.0.1")
    for one in OPERATIONS:
        for method in one.methods:
            answer = client.generic(method, path_of(one))
            assert answer.status_code == 401 and answer.json()["detail"], one.path
