"""Signing in, being locked out, choosing one's own password, switching posts, languages and looks."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from anju.apps.journal.models import Line
from anju.apps.staff.actions import give_post, make_token, open_account
from anju.apps.staff.models import Account, Post, Token
from anju.apps.staff.permissions import ROLES
from anju.web.layout.home import home_of

pytestmark = pytest.mark.django_db
SET, OWN = "set by the office", "my own three words"


def sign_in(client: Client, password: str = SET, **more: str) -> Any:
    return client.post("/sign-in/", {"username": "wei", "password": password, **more})


def test_signing_in_leads_where_one_was_going(account: Account, client: Client) -> None:
    assert sign_in(client, next="/households/?q=%E9%9F%A6")["Location"] == "/households/?q=%E9%9F%A6"


@pytest.mark.parametrize("role", ROLES)
def test_signing_in_leads_to_where_the_work_of_the_post_begins(account: Account, client: Client, role: str) -> None:
    department = "education" if ROLES[role].of_department else ""
    Post.objects.filter(account=account).update(role=role, department=department)
    home = sign_in(client)["Location"]
    assert home == home_of(role) != "/"
    assert client.get(home).status_code == 200  # it is hers
    assert client.get("/sign-in/")["Location"] == home  # whoever is signed in already comes there too


def test_a_worker_begins_with_her_work_and_a_leader_with_the_situation() -> None:
    assert [home_of(role) for role in ("grid_worker", "county_department", "leader", "data_steward")] == [
        "/cases/", "/cases/", "/situation/", "/deliveries/",
    ]  # fmt: skip
    assert home_of("") == ""


def test_a_wrong_password_keeps_the_name_and_says_what_to_do(account: Account, client: Client) -> None:
    text = sign_in(client, "wrong").content.decode()
    assert 'value="wei"' in text
    assert "Ask your administrator" in text


def test_too_many_wrong_passwords_say_how_long_and_whom_to_ask(account: Account, client: Client) -> None:
    answers = [sign_in(client, f"wrong {n}") for n in range(8)]
    assert [answer.status_code for answer in answers[:7]] == [200] * 7
    refused = sign_in(client)  # the right one does not help any more
    text = refused.content.decode()
    assert (answers[7].status_code, refused.status_code) == (429, 429)
    assert "wait 15 minutes" in text
    assert "ask your administrator" in text


def test_a_form_sent_too_late_leads_back_to_its_page(client: Client, account: Account) -> None:
    answer = client.post("/households/1/reveal/1/", HTTP_REFERER="http://127.0.0.1/households/1/?x=1")
    assert answer["Location"] == "/sign-in/?next=%2Fhouseholds%2F1%2F%3Fx%3D1"
    elsewhere = client.post("/households/1/reveal/1/", HTTP_REFERER="http://elsewhere.example/trap/")
    assert elsewhere["Location"] == "/sign-in/?next=%2F"


def test_a_password_set_by_somebody_else_is_changed_first(account: Account, client: Client) -> None:
    Account.objects.update(must_change_password=True)
    sign_in(client)
    asked = client.get("/households/?q=x")
    assert asked["Location"] == "/account/password/?next=%2Fhouseholds%2F%3Fq%3Dx"
    assert "set by somebody else" in client.get(asked["Location"]).content.decode()
    sent = {"old_password": SET, "new_password1": OWN, "new_password2": OWN, "next": "/households/?q=x"}
    assert client.post("/account/password/", sent)["Location"] == "/households/?q=x"
    assert client.get("/households/?q=x").status_code == 200
    assert Account.objects.get().check_password(OWN)
    assert Line.objects.filter(act="account.password").count() == 1


@pytest.mark.parametrize("new", ["short", "password123", "1234567890"])
def test_a_poor_password_is_refused_with_the_reason(account: Account, client: Client, new: str) -> None:
    sign_in(client)
    answer = client.post("/account/password/", {"old_password": SET, "new_password1": new, "new_password2": new})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert Account.objects.get().check_password(SET)


def test_one_acts_in_the_post_one_chose_and_in_no_other(account: Account, client: Client) -> None:
    sign_in(client)
    first, second = Post.objects.order_by("pk")
    assert client.get("/account/").wsgi_request.viewer.post == first.pk
    client.post("/account/post/", {"post": str(second.pk)})
    assert client.get("/account/").wsgi_request.viewer.scopes == ("/2/",)
    client.post("/account/post/", {"post": "999"})
    assert client.get("/account/").wsgi_request.viewer.post == second.pk


def test_the_language_is_remembered_for_the_account(account: Account, client: Client) -> None:
    sign_in(client)
    client.post("/language/", {"language": "zh-hans", "next": "/account/"})
    assert "当前岗位" in client.get("/account/").content.decode()
    other = Client(HTTP_HOST="127.0.0.1")
    sign_in(other)
    assert "当前岗位" in other.get("/account/").content.decode()


def test_looks_are_remembered_for_the_account(account: Account, client: Client) -> None:
    sign_in(client)
    client.post("/account/appearance/", {"theme": "dark", "text": "large", "next": "/account/"})
    text = client.get("/account/").content.decode()
    assert 'data-theme="dark" class="large"' in text
    client.post("/account/appearance/", {"theme": "nonsense"})
    assert Account.objects.get().theme == "dark"


def test_the_page_asks_the_database_for_little(account: Account, client: Client, django_assert_num_queries: Any) -> None:
    sign_in(client)
    client.get("/account/")
    with django_assert_num_queries(10):  # session, account, posts of the viewer, posts, sign-ins, their sessions, app, tokens, unread, run
        client.get("/account/")


def test_a_program_that_acts_for_oneself_is_ended_there_and_nobody_elses_is(account: Account, client: Client) -> None:
    sign_in(client)
    post, at = Post.objects.filter(account=account)[0], timezone.now()
    token, _ = make_token(post=post, name="nightly export", days=30, by="test", at=at)
    other = open_account(username="other", display_name="Other", password=None, by="test", at=at)
    theirs = give_post(account=other, role=post.role, place=post.place, by="test", at=at)
    foreign, _ = make_token(post=theirs, name="theirs", days=30, by="test", at=at)
    page = client.get("/account/").content.decode()
    assert "nightly export" in page and 'href="/api/v1/"' in page and "theirs" not in page
    assert client.post(f"/account/tokens/{foreign.pk}/revoke/").status_code == 404 == client.post("/account/tokens/999/revoke/").status_code
    assert client.get(f"/account/tokens/{token.pk}/revoke/").status_code == 405
    assert "opens nothing any more" in client.post(f"/account/tokens/{token.pk}/revoke/", follow=True).content.decode()
    assert "nightly export" not in client.get("/account/").content.decode()
    assert "revoked before" in client.post(f"/account/tokens/{token.pk}/revoke/", follow=True).content.decode()
    assert [t.revoked_at is None for t in Token.objects.order_by("pk")] == [False, True]
    assert Line.objects.filter(act="token.revoke", about=f"token:{token.pk}").count() == 1
