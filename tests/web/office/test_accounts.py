"""Accounts and posts on their pages: found, opened, given, refused with the sentence why, handed over, imported."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from anju.apps.journal.models import Line
from anju.apps.staff.importing import COLUMNS, import_staff, read_staff
from anju.apps.staff.models import Account, Post, SecondFactor

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
PAGES = ("/accounts/", "/accounts/new/", "/accounts/1/", "/accounts/import/", "/accounts/import/list.xlsx")


def of(name: str) -> Account:
    return Account.objects.get(username=name)


def act(client: Client, name: str, what: str, **fields: str) -> Any:
    return client.post(reverse("account_act", args=[of(name).pk, what]), fields)


@pytest.fixture
def admin(as_: Any) -> Client:
    client: Client = as_("admin")
    return client


def test_accounts_are_listed_with_their_posts(admin: Client) -> None:
    text = admin.get("/accounts/").content.decode()
    assert "Mx secretary" in text and "First secretary, community, place C1" in text
    assert 'aria-current="page">Accounts' in text


@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_sees_them_and_a_stranger_signs_in_first(page: str, as_: Any) -> None:
    assert [as_(name).get(page).status_code for name in ("auditor", "secretary", "steward")] == [403] * 3
    assert as_("stranger").get(page)["Location"].startswith("/sign-in/?next=")


def test_the_administrator_sees_no_family(admin: Client) -> None:
    assert [admin.get(page).status_code for page in ("/households/", "/households/1/", "/situation/", "/journal/")] == [403] * 4


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=SECRET", {"secretary"}), ("role=auditor", {"auditor"}), ("place=C1", {"secretary"}), ("place=place+C2", {"neighbour"}),
        ("place=U1", {"secretary", "neighbour"}), ("state=locked", {"steward"}), ("state=idle", {"idle"}), ("state=first", {"idle"}),
        ("role=first_secretary&place=C2&state=open", {"neighbour"}), ("q=nobody", set()),
    ],
)  # fmt: skip
def test_filters_stand_in_the_address(admin: Client, query: str, names: set[str]) -> None:
    admin.post("/accounts/new/", {"username": "idle", "display_name": "Mx idle"})
    act(admin, "steward", "lock")
    text = admin.get(f"/accounts/?{query}").content.decode()
    assert set(re.findall(r'class="soft">(\w+)</span></span><span class="due"', text)) == names


def test_the_list_is_paged_by_its_key_and_costs_the_same_on_every_page(admin: Client, django_assert_num_queries: Any) -> None:
    rows = [(n, (f"worker{n:03}", f"W{n}", "grid_worker", "community", "C1", "", "", "", "")) for n in range(2, 132)]
    import_staff(rows, by="test", at=NOW)
    found, url = [], "/accounts/"
    while url:
        with django_assert_num_queries(7):  # session, account, its posts, accounts, their posts, unread, the run
            text = admin.get(url).content.decode()
        found += re.findall(r'class="soft">(\w+)</span></span><span class="due"', text)
        more = re.search(r'href="([^"]+after=[^"]+)"', text)
        url = more[1].replace("&amp;", "&") if more else ""
    assert found == sorted(account.username for account in Account.objects.all())


def test_an_account_is_opened_with_a_password_that_is_told_once(admin: Client) -> None:
    text = admin.post("/accounts/new/", {"username": "luo", "display_name": "罗春燕"}).content.decode()
    password = re.findall(r'class="secret">([^<]+)<', text)[1]
    assert of("luo").check_password(password) and of("luo").must_change_password
    assert password not in admin.get(f"/accounts/{of('luo').pk}/").content.decode()
    assert [line.act for line in Line.objects.filter(about=f"account:{of('luo').pk}")] == ["account.open"]


@pytest.mark.parametrize(("name", "why"), [("admin", "already an account"), ("", "needs a name"), ("two words", "no spaces")])
def test_a_name_that_cannot_be_is_refused_and_what_was_typed_stays(admin: Client, name: str, why: str) -> None:
    answer = admin.post("/accounts/new/", {"username": name, "display_name": "Typed Name"})
    assert answer.status_code == 400
    assert why in answer.content.decode() and "Typed Name" in answer.content.decode()


def test_a_post_is_given_and_ended(admin: Client) -> None:
    fields = {"role": "county_department", "place": "U1", "department": "education", "side": "origin", "title": "科长"}
    assert act(admin, "secretary", "give", **fields).status_code == 302
    post = Post.objects.get(role="county_department")
    assert (post.place.code, post.side, post.department, post.title) == ("U1", "origin", "education", "科长")
    act(admin, "secretary", "end", post=str(post.pk))
    post.refresh_from_db()
    assert post.end is not None
    assert list(Line.objects.filter(by="admin").values_list("act", flat=True)) == ["post.give", "post.end"]


@pytest.mark.parametrize(
    ("name", "fields", "why"),
    [
        ("steward", {"role": "auditor", "place": "P", "side": "destination"}, "three people"),
        ("secretary", {"role": "king", "place": "P", "side": "destination"}, "no role"),
        ("secretary", {"role": "cadre", "place": "C9", "side": "destination"}, "choose a place"),
        ("secretary", {"role": "cadre", "place": "C1", "side": "moon"}, "destination or origin"),
        ("secretary", {"role": "county_department", "place": "U1", "side": "destination"}, "name it"),
        ("secretary", {"role": "first_secretary", "place": "C1", "side": "destination"}, "held already"),
    ],
)
def test_a_post_that_cannot_be_is_refused_with_the_sentence_why(admin: Client, name: str, fields: dict[str, str], why: str) -> None:
    before = Post.objects.count()
    answer = act(admin, name, "give", **fields)
    assert answer.status_code == 400 and why in answer.content.decode()
    assert Post.objects.count() == before


def test_refusals_are_told_in_chinese_too(admin: Client) -> None:
    admin.cookies["django_language"] = "zh-hans"
    answer = act(admin, "steward", "give", role="auditor", place="P", side="destination")
    assert "数据管理员、审计员、系统管理员必须由三个人分别担任" in answer.content.decode()


def test_locking_signs_out_and_unlocking_opens_again(admin: Client, as_: Any) -> None:
    secretary = as_("secretary")
    act(admin, "secretary", "lock")
    assert secretary.get("/account/").status_code == 302
    assert act(admin, "secretary", "lock").status_code == 400
    act(admin, "secretary", "unlock")
    assert act(admin, "secretary", "unlock").status_code == 400
    assert as_("secretary").get("/account/").status_code == 200


def test_a_first_password_is_set_told_once_and_signs_out(admin: Client, as_: Any) -> None:
    secretary = as_("secretary")
    text = act(admin, "secretary", "password").content.decode()
    assert of("secretary").check_password(re.findall(r'class="secret">([^<]+)<', text)[1])
    assert secretary.get("/account/").status_code == 302


def test_the_app_of_another_is_reset(admin: Client) -> None:
    assert act(admin, "secretary", "reset").status_code == 400
    SecondFactor.objects.create(account=of("secretary"), sealed=b"x", started_at=NOW, confirmed_at=NOW)
    assert act(admin, "secretary", "reset").status_code == 302
    assert not SecondFactor.objects.exists()


@pytest.mark.parametrize("what", ["lock", "password", "reset", "hand-over"])
def test_the_administrator_does_none_of_that_to_herself(admin: Client, what: str) -> None:
    assert act(admin, "admin", what).status_code == 400
    assert of("admin").is_active and admin.get("/accounts/").status_code == 200


def test_somebody_always_manages_accounts(admin: Client) -> None:
    post = of("admin").posts.get()
    answer = act(admin, "admin", "end", post=str(post.pk))
    assert answer.status_code == 400 and "nobody would be left" in answer.content.decode()
    act(admin, "neighbour", "give", role="administrator", place="P", side="destination")
    assert act(admin, "admin", "end", post=str(post.pk)).status_code == 302


def test_whoever_leaves_hands_every_post_over_at_once(admin: Client) -> None:
    act(admin, "secretary", "give", role="cadre", place="C1", side="destination")
    assert act(admin, "secretary", "hand-over", to="neighbour").status_code == 302
    assert not of("secretary").is_active and not of("secretary").posts.filter(end=None).exists()
    assert sorted(of("neighbour").posts.filter(end=None).values_list("role", "place__code")) == [
        ("cadre", "C1"), ("first_secretary", "C1"), ("first_secretary", "C2"),
    ]  # fmt: skip
    assert Line.objects.filter(act="account.hand_over").count() == 1


@pytest.mark.parametrize(("to", "why"), [("nobody", "there is no account"), ("auditor", "three people"), ("steward", "another account")])
def test_a_handover_that_cannot_be_changes_nothing(admin: Client, to: str, why: str) -> None:
    answer = act(admin, "steward", "hand-over", to=to)
    assert answer.status_code == 400 and why in answer.content.decode()
    assert of("steward").is_active and of("steward").posts.filter(end=None).count() == 1


def test_an_act_or_account_that_does_not_exist_is_nothing(admin: Client) -> None:
    assert act(admin, "secretary", "promote").status_code == 404
    assert admin.post("/accounts/999/lock/").status_code == 404
    assert act(admin, "secretary", "end", post=str(of("neighbour").posts.get().pk)).status_code == 400


# --- a list --------------------------------------------------------------------------------------------------------------


def workbook(*rows: tuple[str, ...]) -> SimpleUploadedFile:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet()
    for n, row in enumerate((COLUMNS, *rows)):
        sheet.write_row(n, 0, row)
    book.close()
    return SimpleUploadedFile("list.xlsx", file.getvalue())


GOOD = ("luo", "罗春燕", "grid_worker", "community", "C1", "", "", "", "")
BAD = ("lu", "陆", "king", "community", "C9", "", "", "", "")


def test_a_list_is_looked_at_first_and_then_taken(admin: Client) -> None:
    text = admin.post("/accounts/import/", {"file": workbook(GOOD, BAD)}).content.decode()
    assert "Give 1 post" in text and "there is no role &#x27;king&#x27;" in text and "with the code &#x27;C9&#x27;" in text
    assert not Account.objects.filter(username="luo").exists()
    text = admin.post("/accounts/import/", {"sure": "1"}).content.decode()
    password = re.search(r"<td>luo</td><td><code>([^<]+)</code>", text)
    assert password and of("luo").check_password(password[1])
    assert not Account.objects.filter(username="lu").exists()
    assert admin.post("/accounts/import/", {"sure": "1"}).status_code == 400  # once only
    assert Line.objects.filter(act="accounts.import").count() == 1


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (SimpleUploadedFile("list.csv", b"a,b\n1,2\n"), "has no header that we know"), (SimpleUploadedFile("list.pdf", b"%PDF-1.4"), "list.pdf"),
        (None, "no file was chosen"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused(admin: Client, file: Any, why: str) -> None:
    answer = admin.post("/accounts/import/", {"file": file} if file else {})
    assert answer.status_code == 400 and why in answer.content.decode(), re.findall(r'role="alert">([^<]*)', answer.content.decode())


def test_a_list_that_is_too_long_is_refused_before_it_is_judged(admin: Client) -> None:
    rows = "\n".join([",".join(COLUMNS), *(f"w{n},W,cadre,community,C1,,,," for n in range(3_001))])
    answer = admin.post("/accounts/import/", {"file": SimpleUploadedFile("list.csv", rows.encode())})
    assert answer.status_code == 400 and "anju staff import" in answer.content.decode()


def test_the_list_to_fill_in_is_one_that_is_taken(admin: Client, tmp_path: Any) -> None:
    answer = admin.get("/accounts/import/list.xlsx")
    path = tmp_path / "list.xlsx"
    path.write_bytes(answer.content)
    report = import_staff(read_staff(path), by="test", at=NOW, dry_run=True)
    assert (report.rows, report.posts, report.refused) == (1, 1, [])
