"""Where one is signed in, ending it, and what was typed into a form that came too late."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from anju.apps.journal.models import Line
from anju.apps.staff.actions import end_all_sessions, lock_account, open_account
from anju.apps.staff.models import Account, SignIn
from anju.apps.staff.sessions import KEPT

pytestmark = pytest.mark.django_db
SET = "set by the office"
NOW = datetime.now(UTC)
PAGE = "http://127.0.0.1/households/1/?x=1"
TYPED = {"reason": "检查前核对 & call", "csrfmiddlewaretoken": "t"}


def sign_in(client: Client, name: str = "wei") -> Any:
    return client.post("/sign-in/", {"username": name, "password": SET, "next": "/households/"}, HTTP_USER_AGENT="X Firefox/1 Windows")


def another() -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    sign_in(client)
    return client


def test_one_sees_where_one_is_signed_in_and_ends_it_there(account: Account, client: Client) -> None:
    sign_in(client)
    other = another()
    page = client.get("/account/").content.decode()
    assert page.count("Firefox · Windows") == 2 and page.count("This device") == 1
    row = SignIn.objects.get(session_key=other.session.session_key)
    client.post(f"/account/sessions/{row.pk}/end/")
    assert other.get("/account/").status_code == 302
    assert client.get("/account/").status_code == 200
    assert Line.objects.filter(act="account.session_end").count() == 1


def test_nobody_ends_a_session_of_somebody_else(account: Account, client: Client) -> None:
    open_account(username="lu", display_name="lu", password=SET, by="test", at=NOW)
    Account.objects.update(must_change_password=False)
    sign_in(client)
    stranger = Client(HTTP_HOST="127.0.0.1")
    sign_in(stranger, "lu")
    row = SignIn.objects.get(account=account)
    assert stranger.post(f"/account/sessions/{row.pk}/end/").status_code == stranger.post("/account/sessions/999/end/").status_code == 404
    assert client.get("/account/").status_code == 200


def test_every_other_device_is_signed_out_and_this_one_stays(account: Account, client: Client) -> None:
    sign_in(client)
    others = [another(), another()]
    client.post("/account/sessions/end/")
    assert [other.get("/account/").status_code for other in others] == [302, 302]
    page = client.get("/account/").content.decode()
    assert page.count("This device") == 1 and "Sign out there" not in page


@pytest.mark.parametrize("act", [end_all_sessions, lock_account])
def test_whoever_is_signed_out_everywhere_or_locked_is_signed_out_at_once(act: Any, account: Account, client: Client) -> None:
    sign_in(client)
    act(account=account, by="admin", at=NOW)
    assert client.get("/account/").status_code == 302


def test_only_the_last_sign_ins_are_kept(account: Account) -> None:
    for _ in range(KEPT + 3):
        sign_in(Client(HTTP_HOST="127.0.0.1"))
    assert SignIn.objects.filter(account=account).count() == KEPT


# --- a form that came too late -----------------------------------------------------------------------------------------


def expired(client: Client) -> None:
    Session.objects.all().delete()


def test_what_was_typed_is_given_back_after_signing_in_and_sent_with_one_button(account: Account, client: Client) -> None:
    sign_in(client)
    expired(client)
    sent = client.post("/households/1/reveal/1/", TYPED, HTTP_REFERER=PAGE)
    assert sent["Location"] == "/sign-in/?next=%2Fhouseholds%2F1%2F%3Fx%3D1"
    assert sign_in(client)["Location"] == "/sign-in/kept/"
    page = client.get("/sign-in/kept/").content.decode()
    assert 'action="/households/1/reveal/1/"' in page
    assert 'name="reason" value="检查前核对 &amp; call"' in page and page.count("csrfmiddlewaretoken") == 3  # language, sign-out, this form
    assert 'href="/households/1/?x=1"' in page


def test_what_one_person_typed_is_not_given_to_another(account: Account, client: Client) -> None:
    open_account(username="lu", display_name="lu", password=SET, by="test", at=NOW)
    Account.objects.update(must_change_password=False)
    sign_in(client)
    expired(client)
    client.post("/households/1/reveal/1/", TYPED, HTTP_REFERER=PAGE)
    assert sign_in(client, "lu")["Location"] == "/households/"
    assert client.get("/sign-in/kept/")["Location"] == "/"


@pytest.mark.parametrize(
    "fields", [{"password": "secret"}, {"old_password": "secret", "reason": "x"}, {"code": "123456"}, {"reason": "x" * 30_000}]
)
def test_secrets_and_what_is_too_long_are_not_kept(account: Account, client: Client, fields: dict[str, str]) -> None:
    sign_in(client)
    expired(client)
    client.post("/households/1/reveal/1/", fields, HTTP_REFERER=PAGE)
    assert sign_in(client)["Location"] == "/households/"


def test_a_stranger_who_was_never_here_leaves_nothing(account: Account, client: Client) -> None:
    client.post("/households/1/reveal/1/", TYPED, HTTP_REFERER=PAGE)
    assert Session.objects.count() == 0


def test_a_page_opened_before_the_last_sign_in_gives_back_what_was_typed(account: Account) -> None:
    strict = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    strict.force_login(account)
    answer = strict.post("/households/1/reveal/1/", TYPED, HTTP_ORIGIN="http://127.0.0.1", HTTP_REFERER=PAGE)
    assert answer.status_code == 403 and "检查前核对" in answer.content.decode()
    trap = strict.post("/households/1/reveal/1/", TYPED, HTTP_ORIGIN="http://elsewhere.example")
    assert trap.status_code == 403 and "检查前核对" not in trap.content.decode()


def test_the_browser_is_told_which_form_was_taken(account: Account, client: Client) -> None:
    sign_in(client)
    client.post("/account/appearance/", {"theme": "dark"})
    assert client.cookies["sent"].value == "/account/appearance/"
    client.post("/households/1/reveal/1/", {"reason": "audit"})
    assert client.cookies["sent"].value == "/account/appearance/"  # what was refused was not taken
