"""The bell, one's notices, the channels one sets up; and the administrator's page of what did not go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from anju.apps.notices.actions import notify
from anju.apps.notices.models import Channel, Message, Notice
from anju.apps.notices.queries import MOST
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account

pytestmark = pytest.mark.django_db
AT = datetime(2023, 9, 26, 12, tzinfo=UTC)
ROBOT = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abcd1234"
BACKEND = "anju.apps.staff.signed_in.Backend"


@pytest.fixture
def wei(account: Account, client: Client) -> Account:
    client.force_login(account, backend=BACKEND)
    return account


def tell(account: Account, key: str, what: str = "case.assigned") -> Notice:
    notify(account=account.pk, what=what, number="C-12", link="/account/", key=key, at=AT, args={"due": "2023-10-08"})
    return Notice.objects.get(key=key)


def text(client: Client, url: str, **more: Any) -> str:
    return str(client.get(url, **more).content.decode())


def test_the_bell_counts_and_leads_to_what_was_told(wei: Account, client: Client) -> None:
    assert 'aria-label="Notices"' in text(client, "/account/")
    one = tell(wei, "1")
    assert 'aria-label="Notices, 1 unread"' in text(client, "/account/")
    page = text(client, "/notices/")
    assert "A case is in your hands" in page and "C-12" in page and "due on 2023-10-08" in page
    client.cookies["django_language"] = "zh-hans"
    assert "有帮扶事项交办给您" in text(client, "/notices/") and "截止 2023-10-08" in text(client, "/notices/")
    client.cookies["django_language"] = "en"
    assert client.get(f"/notices/{one.pk}/")["Location"] == "/account/"
    assert 'aria-label="Notices"' in text(client, "/account/")
    assert "You have read everything" in text(client, "/notices/?show=unread")


def test_more_than_can_be_read_are_not_counted(wei: Account, client: Client) -> None:
    for n in range(MOST + 1):
        tell(wei, str(n))
    assert 'aria-label="Notices, more than 99 unread"' in text(client, "/account/")


def test_all_that_the_page_showed_is_read(wei: Account, client: Client) -> None:
    one, two = tell(wei, "1"), tell(wei, "2")
    later = tell(wei, "3")
    client.post("/notices/", {"number": str(one.pk)})
    client.post("/notices/", {"up_to": str(two.pk)})
    assert list(Notice.objects.filter(read_at=None)) == [later]
    client.post("/notices/", {})
    assert list(Notice.objects.filter(read_at=None)) == [later]


def test_another_ones_notice_does_not_exist(wei: Account, client: Client) -> None:
    other = open_account(username="luo", display_name="罗", password=None, by="test", at=AT)
    theirs = tell(other, "1")
    assert client.get(f"/notices/{theirs.pk}/").status_code == client.get("/notices/999999/").status_code == 404
    client.post("/notices/", {"number": str(theirs.pk)})
    client.post("/notices/", {"up_to": "999999999"})
    theirs.refresh_from_db()
    assert theirs.read_at is None
    assert "C-12" not in text(client, "/notices/")


def test_pages_follow_one_another(wei: Account, client: Client, django_assert_num_queries: Any) -> None:
    for n in range(60):
        tell(wei, str(n))
    with django_assert_num_queries(6):  # session, account, its posts, notices, the unread, the run
        first = text(client, "/notices/")
    assert first.count("A case is in your hands") == 50
    more = first.split('href="/notices/?after=')[1].split('"')[0]
    assert text(client, f"/notices/?after={more}").count("A case is in your hands") == 10


def test_a_channel_is_added_proved_switched_and_removed(wei: Account, client: Client) -> None:
    assert client.post("/account/channels/", {"do": "add", "kind": "wecom", "address": ROBOT}).status_code == 302
    made = Channel.objects.get()
    page = text(client, "/account/channels/")
    assert "waits for its code" in page and "qyapi.weixin.qq.com …1234" in page and "abcd" not in page and made.code not in page
    wrong = client.post("/account/channels/", {"do": "verify", "channel": str(made.pk), "code": "x"})
    assert wrong.status_code == 400 and "not the code of the last test message" in wrong.content.decode()
    client.post("/account/channels/", {"do": "verify", "channel": str(made.pk), "code": made.code})
    assert "waits for its code" not in text(client, "/account/channels/")
    client.post("/account/channels/", {"do": "off", "channel": str(made.pk)})
    assert not Channel.objects.get().enabled
    client.post("/account/channels/", {"do": "on", "channel": str(made.pk)})
    assert Channel.objects.get().enabled
    client.post("/account/channels/", {"do": "remove", "channel": str(made.pk)})
    assert "None yet" in text(client, "/account/channels/")


def test_a_refused_address_stays_in_its_field(wei: Account, client: Client) -> None:
    answer = client.post("/account/channels/", {"do": "add", "kind": "dingtalk", "address": "http://elsewhere.example/x"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="http://elsewhere.example/x"' in page and "begins with https://" in page and '<option value="dingtalk" selected>' in page
    assert "no such channel" in client.post("/account/channels/", {"do": "remove", "channel": "9" * 30}).content.decode()
    assert 'value="mail"' not in page, "no mail server is set up"


@pytest.fixture
def office(db: None) -> Client:
    admin = open_account(username="admin", display_name="管理员", password=None, by="test", at=AT)
    place = Place.objects.create(id=9, tree="scope", level="prefecture", code="9", name="prefecture", path="/9/")
    give_post(account=admin, role="administrator", place=place, by="test", at=AT)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(admin, backend=BACKEND)
    return client


def test_what_is_in_doubt_waits_for_the_administrator(wei: Account, client: Client, office: Client) -> None:
    client.post("/account/channels/", {"do": "add", "kind": "wecom", "address": ROBOT})
    Channel.objects.update(verified_at=AT)
    for n in range(3):
        tell(wei, str(n))
    doubtful, failed, again = Message.objects.filter(notice__what="case.assigned").order_by("pk")
    Message.objects.filter(pk__in=[doubtful.pk, again.pk]).update(state="uncertain", said="its sender died with it in hand")
    Message.objects.filter(pk=failed.pk).update(state="failed", said="93000 invalid webhook url")
    page = text(office, "/messages/")
    assert "93000 invalid webhook url" in page and "韦秀英" in page and "…1234" in page and "abcd" not in page
    assert (page.count(">It came<"), page.count(">Send again<")) == (2, 3)
    assert text(office, "/messages/?state=failed").count(">Send again<") == 1
    office.post("/messages/", {"message": str(doubtful.pk), "do": "came"})
    office.post("/messages/", {"message": str(again.pk), "do": "again"})
    states = {one.pk: one.state for one in Message.objects.all()}
    assert (states[doubtful.pk], states[again.pk], states[failed.pk]) == ("sent", "waiting", "failed")
    office.post("/messages/", {"message": str(doubtful.pk), "do": "again"})
    assert "settled already" in text(office, "/messages/")
    assert client.get("/messages/").status_code == 403
