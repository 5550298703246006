"""The authenticator app: turned on, asked for, recovered from, turned off, reset, demanded; and what it must never do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.test.utils import override_settings

from anju.apps.journal.models import Line
from anju.apps.people.vault import FileVault, Keys
from anju.apps.staff.actions import open_account, reset_second_factor
from anju.apps.staff.factors import STEP, Secret, check_code, factor_of, offer_second_factor
from anju.apps.staff.models import Account, SecondFactor
from anju.settings import demanding_roles
from anju.web.account.factor import qr_path

pytestmark = pytest.mark.django_db
SET = "set by the office"
NOW = datetime.now(UTC)


def sign_in(client: Client, password: str = SET, **more: str) -> Any:
    return client.post("/sign-in/", {"username": "wei", "password": password, **more})


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# the first published test values of RFC 6238, cut to six digits as every app does
@pytest.mark.parametrize(("second", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")])
def test_the_codes_are_those_of_the_standard(second: int, code: str) -> None:
    assert Secret(b"12345678901234567890", b"").code(second // STEP) == code


def test_it_is_turned_on_with_a_code_and_recovery_codes_are_told_once(account: Account, client: Client) -> None:
    sign_in(client)
    other = Client(HTTP_HOST="127.0.0.1")
    sign_in(other)
    assert client.post("/account/app/", {"act": "begin"})["Location"] == "/account/app/"
    page = client.get("/account/app/").content.decode()
    secret = offer_second_factor(account=account, vault=FileVault(), at=NOW)
    assert secret.text in page and '<path d="M' in page
    answer = client.post("/account/app/", {"act": "confirm", "code": secret.code(int(datetime.now(UTC).timestamp()) // STEP)})
    codes = re.findall(r"<li><code>([a-z2-7]{5}-[a-z2-7]{5})</code>", answer.content.decode())
    assert len(set(codes)) == 10
    assert all(code in answer.content.decode().split("data:text/plain")[1] for code in codes)  # the file to keep
    assert not any(code in client.get("/account/app/").content.decode() for code in codes)
    assert signed_in(client) and client.get("/account/").status_code == 200  # this device stays signed in, the other does not
    assert other.get("/account/").status_code == 302
    assert Line.objects.filter(act="account.factor_on", about=f"account:{account.pk}").count() == 1


def test_a_wrong_first_code_turns_nothing_on(account: Account, client: Client) -> None:
    sign_in(client)
    client.post("/account/app/", {"act": "begin"})
    answer = client.post("/account/app/", {"act": "confirm", "code": "000000"})
    assert answer.status_code == 400 and "telephone" in answer.content.decode()
    assert factor_of(account) is None
    assert sign_in(Client(HTTP_HOST="127.0.0.1"))["Location"] == "/cases/"


def test_the_code_is_asked_after_the_password(account: Account, client: Client, app: Any) -> None:
    assert sign_in(client, next="/households/?q=x")["Location"] == "/sign-in/code/"
    assert not signed_in(client)
    assert client.get("/account/").status_code == 302
    assert client.post("/sign-in/code/", {"code": app.code[:3] + " " + app.code[3:]})["Location"] == "/households/?q=x"
    assert signed_in(client)


def test_no_code_is_good_twice(account: Account, app: Any) -> None:
    code = app.code
    assert check_code(account, code, FileVault(), datetime.now(UTC))
    assert not check_code(account, code, FileVault(), datetime.now(UTC))


def test_a_telephone_whose_clock_is_half_a_minute_off_is_understood_and_no_more(account: Account, app: Any) -> None:
    step = int(NOW.timestamp()) // STEP
    for off, right in ((-2, False), (-1, True), (1, True), (3, False)):
        SecondFactor.objects.update(last_step=0)
        assert check_code(account, app.secret.code(step + off), FileVault(), NOW) is right, off


def test_a_recovery_code_opens_once(account: Account, client: Client, app: Any) -> None:
    code = app.secret.recovery(7).upper()
    sign_in(client)
    client.post("/sign-in/code/", {"code": code})
    assert signed_in(client)
    client.post("/sign-out/")
    sign_in(client)
    assert client.post("/sign-in/code/", {"code": code}).status_code == 200
    assert not signed_in(client)


def test_wrong_codes_lock_like_wrong_passwords(account: Account, client: Client, app: Any) -> None:
    sign_in(client)
    answers = [client.post("/sign-in/code/", {"code": f"{n:06}"}).status_code for n in range(8)]
    assert answers == [200] * 7 + [429]
    assert client.post("/sign-in/code/", {"code": app.code}).status_code == 429  # the right one does not help any more
    assert sign_in(client).status_code == 429


def test_signing_in_again_between_wrong_codes_forgives_none(account: Account, client: Client, app: Any) -> None:
    for n in range(7):
        sign_in(client)
        client.post("/sign-in/code/", {"code": f"{n:06}"})
    sign_in(client)
    assert client.post("/sign-in/code/", {"code": "000008"}).status_code == 429


def test_the_code_is_asked_of_nobody_without_the_password(account: Account, client: Client, app: Any) -> None:
    assert client.get("/sign-in/code/")["Location"] == "/sign-in/"
    assert client.post("/sign-in/code/", {"code": app.code})["Location"] == "/sign-in/"
    sign_in(client)
    session = client.session
    session["asked"] = {**session["asked"], "at": (NOW - timedelta(minutes=11)).isoformat()}
    session.save()
    assert client.post("/sign-in/code/", {"code": app.code})["Location"] == "/sign-in/"


def test_it_is_turned_off_with_the_password_and_a_code(account: Account, client: Client, app: Any) -> None:
    sign_in(client)
    client.post("/sign-in/code/", {"code": app.code})
    for password, code in (("wrong", app.code), (SET, "000000")):
        refused = client.post("/account/app/", {"act": "off", "password": password, "code": code})
        assert refused.status_code == 400 and factor_of(account) is not None
    assert client.post("/account/app/", {"act": "off", "password": SET, "code": app.code})["Location"] == "/account/"
    assert factor_of(account) is None
    assert Line.objects.filter(act="account.factor_off").count() == 1


def test_new_recovery_codes_replace_the_old(account: Account, client: Client, app: Any) -> None:
    sign_in(client)
    client.post("/sign-in/code/", {"code": app.code})
    answer = client.post("/account/app/", {"act": "codes", "password": SET, "code": app.code})
    assert answer.content.decode().count("<li><code>") == 10
    assert not check_code(account, app.secret.recovery(0), FileVault(), NOW)
    assert app.secret.recovery(0) not in answer.content.decode()


def test_an_administrator_resets_another_and_never_oneself(account: Account, client: Client, app: Any) -> None:
    reset_second_factor(account=account, by="admin", at=NOW)
    assert factor_of(account) is None
    assert sign_in(client)["Location"] == "/cases/"


def test_what_is_stored_gives_no_code(account: Account, app: Any) -> None:
    sealed = bytes(SecondFactor.objects.get().sealed)
    assert app.secret.secret not in sealed and app.secret.secret.hex().encode() not in sealed
    elsewhere = FileVault(Keys(b"k" * 32, b"i" * 32))
    assert not check_code(account, app.code, elsewhere, datetime.now(UTC))


def test_a_row_copied_to_another_account_opens_nothing(account: Account, app: Any) -> None:
    other = open_account(username="other", display_name="other", password=SET, by="test", at=NOW)
    sealed = SecondFactor.objects.get().sealed
    SecondFactor.objects.create(account=other, sealed=sealed, started_at=NOW, confirmed_at=NOW)
    assert not check_code(other, app.secret.code(int(NOW.timestamp()) // STEP), FileVault(), NOW)


@override_settings(SECOND_FACTOR=frozenset({"first_secretary"}))
def test_a_role_may_demand_it(account: Account, client: Client) -> None:
    sign_in(client)
    assert client.get("/households/?q=x")["Location"] == "/account/app/"
    assert "asks for one" in client.get("/account/app/").content.decode()
    client.post("/account/app/", {"act": "begin"})
    secret = offer_second_factor(account=account, vault=FileVault(), at=NOW)
    client.post("/account/app/", {"act": "confirm", "code": secret.code(int(datetime.now(UTC).timestamp()) // STEP)})
    assert client.get("/households/?q=x").status_code == 200


@override_settings(SECOND_FACTOR=frozenset({"first_secretary"}))
def test_an_account_without_a_password_as_the_samples_is_not_asked(account: Account, client: Client) -> None:
    account.set_unusable_password()
    account.save()
    client.force_login(account)
    assert client.get("/households/?q=x").status_code == 200


def test_a_role_that_does_not_exist_cannot_demand() -> None:
    assert demanding_roles("administrator, auditor") == {"administrator", "auditor"}
    with pytest.raises((ValueError, ImproperlyConfigured), match="there is no role king; roles are"):
        demanding_roles("king")


def test_the_picture_is_drawn_row_by_row() -> None:
    size, path = qr_path("otpauth://totp/x")
    assert path.startswith("M4 4h7v1h-7z")  # the upper edge of the first corner, within its quiet zone
    assert size == 33
