"""Somebody is told something once; what leaves the house carries a number and a link; nothing is lost and nothing sent twice."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as deployed
from django.db import transaction
from django.utils import timezone

from anju.apps.journal.models import Line
from anju.apps.notices.actions import Told, let_go, mark_read, notify, notify_many, settle_message
from anju.apps.notices.carriers import text_of
from anju.apps.notices.channels import TRIES, add_channel, remove_channel, send_test, switch_channel, verify_channel
from anju.apps.notices.models import Channel, Message, Notice
from anju.apps.notices.queries import MOST, channels_of, notice_of, notices_of, open_messages, outbox_waits, unread_of
from anju.apps.notices.refusals import Refused
from anju.apps.notices.sending import PAUSES, doubt_interrupted, send_due
from anju.apps.notices.words import SENTENCES, WORDS, added, head_of
from anju.apps.people.vault import Sealer, ensure_keys
from anju.core.terms.viewer import STRANGER, Viewer
from anju.settings import mail_server as mail_settings
from apps.notices.servers import Mailbox, Robots, mail_server, robots

pytestmark = pytest.mark.django_db
LUO, WEI = Viewer("luo", account=7, post=3), Viewer("wei", account=8)
ADMIN = Viewer("admin", account=1, may=frozenset({"accounts.manage"}))
AT = datetime(2023, 9, 26, 12, tzinfo=UTC)


def tell(key: str = "case:12:assigned:7", account: int = 7, **more: Any) -> bool:
    told = {"what": "case.assigned", "number": "C-12", "link": "/cases/12/", "args": {"due": "2023-10-08"}, **more}
    return notify(account=account, key=key, at=AT, **told)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(ensure_keys())


@pytest.fixture
def mail(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as box:
        _mail_by(settings, box.port)
        yield box


def _mail_by(settings: Any, port: int) -> None:
    settings.MAIL, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        mail_settings(f"smtp://127.0.0.1:{port}?from=anju@office.example"),
        "127.0.0.1",
        port,
    )
    settings.DEFAULT_FROM_EMAIL, settings.ADDRESS = "anju@office.example", "https://anju.example"


@pytest.fixture
def chat(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Robots]:
    with robots(tmp_path) as found:
        settings.CHAT_HOSTS, settings.ADDRESS = (found.host,), "https://anju.example"
        monkeypatch.setenv("SSL_CERT_FILE", str(found.certificate))
        yield found


def a_channel(sealer: Sealer, kind: str = "mail", address: str = "luo@office.example", by: Viewer = LUO, **more: str) -> Channel:
    """Proved; without the message that carried its code."""
    made = add_channel(kind=kind, address=address, sealer=sealer, by=by, at=AT, **more)
    done = verify_channel(channel=made.pk, code=made.code, by=by, at=AT)
    Notice.objects.filter(what="channel.test").delete()
    return done


def send(sealer: Sealer, sender: str = "w1") -> tuple[int, int, int, int]:
    done = send_due(sender=sender, sealer=sealer)
    return done.sent, done.later, done.failed, done.uncertain


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def due_again() -> None:
    Message.objects.filter(state="waiting").update(next_try=timezone.now())


# --- telling ----------------------------------------------------------------------------------------------------------


def test_somebody_is_told_once_and_reads_it() -> None:
    assert tell() is True
    assert tell() is False
    (one,) = notices_of(LUO)
    assert (one.what, one.number, one.link, one.args, one.read_at) == ("case.assigned", "C-12", "/cases/12/", {"due": "2023-10-08"}, None)
    assert (unread_of(LUO), unread_of(WEI), unread_of(STRANGER)) == (1, 0, 0)
    assert list(notices_of(WEI)) == list(notices_of(STRANGER)) == []
    assert notice_of(WEI, one.pk) is None and notice_of(LUO, one.pk) == one
    assert mark_read(viewer=WEI, at=AT, number=one.pk) == 0
    assert mark_read(viewer=LUO, at=AT, number=one.pk) == 1
    assert unread_of(LUO) == 0


def test_what_is_undone_was_never_told() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        tell()
        raise RuntimeError
    assert not Notice.objects.exists()


def test_many_are_told_in_a_fixed_number_of_statements(django_assert_num_queries: Any, sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    told = [Told(7, "case.overdue", f"C-{n}", f"/cases/{n}/", f"case:{n}:overdue", {"days": n}) for n in range(90)]
    with django_assert_num_queries(7):  # savepoint, those known, the notices, their keys, the channels, the messages, savepoint
        assert notify_many(told, at=AT) == 90
    assert Message.objects.count() == 90
    assert notify_many(told, at=AT) == 0
    assert Message.objects.count() == 90


def test_unread_notices_are_counted_no_further_than_one_can_read(django_assert_num_queries: Any) -> None:
    notify_many([Told(7, "case.overdue", "C-1", "/cases/", str(n)) for n in range(MOST + 20)], at=AT)
    with django_assert_num_queries(1):
        assert unread_of(LUO) == MOST + 1


def test_what_came_after_the_page_was_opened_stays_unread() -> None:
    tell()
    seen = Notice.objects.get().pk
    tell(key="another")
    assert mark_read(viewer=LUO, at=AT, up_to=seen) == 1
    assert unread_of(LUO) == 1


def test_a_page_of_notices_goes_on_where_the_last_ended() -> None:
    for n in range(5):
        notify(account=7, what="case.overdue", number=f"C-{n}", link="/cases/", key=str(n), at=AT + timedelta(hours=n // 2))
    whole = [one.number for one in notices_of(LUO)]
    assert whole == ["C-4", "C-3", "C-2", "C-1", "C-0"]
    first = list(notices_of(LUO)[:2])
    assert [one.number for one in notices_of(LUO, after=(first[-1].made_at, first[-1].pk))] == whole[2:]


def test_what_was_told_long_ago_goes() -> None:
    tell()
    assert let_go(AT + timedelta(days=399)) == 0
    assert let_go(AT + timedelta(days=401)) == 1


# --- never a name, never health ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"args": {"name": "韦秀英"}}, "no argument 'name'"), ({"args": {"standard": "SS-04"}}, "no argument 'standard'"),
        ({"args": {"n": "韦秀英"}}, "is a count"), ({"args": {"n": 13_800_000_000}}, "is a count"), ({"args": {"n": True}}, "is a count"),
        ({"args": {"due": "hypertension"}}, "is a day"), ({"args": {"due": "2023-10-8"}}, "is a day"), ({"args": {"on": 5}}, "is a day"),
        ({"number": "韦秀英"}, "number of a matter"), ({"number": "wei"}, "number of a matter"),
        ({"number": "13800000000"}, "number of a matter"),
        ({"number": "522301199003074321"}, "number of a matter"), ({"number": "C 12"}, "number of a matter"),
        ({"link": "/households/?q=韦秀英"}, "is a path"), ({"link": "https://elsewhere.example/"}, "is a path"),
        ({"link": "//elsewhere.example/"}, "is a path"), ({"link": "/persons/522301199003074321/"}, "is a path"),
        ({"link": "/a/\r\nBcc: x"}, "is a path"), ({"number": "C-12\n"}, "number of a matter"), ({"link": "/a/\n"}, "is a path"),
        ({"what": "household.wei.is.ill"}, "no word"), ({"key": ""}, "1 to 160"),
    ],
)  # fmt: skip
def test_what_a_message_must_not_carry_is_not_told(told: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        tell(**told)
    assert not Notice.objects.exists()


def test_every_fault_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="no word.*number of a matter.*is a path.*no argument"):
        tell(what="x", number="韦", link="x", args={"name": "韦"})


def test_one_bad_notice_keeps_all_back() -> None:
    told = [Told(7, "case.overdue", "C-1", "/cases/1/", "1"), Told(7, "case.overdue", "韦", "/cases/2/", "2")]
    with pytest.raises(ValueError, match="number of a matter"):
        notify_many(told, at=AT)
    assert not Notice.objects.exists()


@pytest.mark.parametrize("what", sorted(WORDS))
def test_outside_stand_a_sentence_a_number_and_a_link(what: str, settings: Any) -> None:
    settings.ADDRESS = "https://anju.example"
    args = {name: "2023-10-08" if name in ("due", "until", "on") else 77_777 for name in SENTENCES}
    notice = Notice(account=7, what=what, number="C-12", link="/cases/12/", args=args, key="k", made_at=AT)
    subject, text = text_of(Message(notice=notice))
    left = subject + text
    for known in ("C-12", "https://anju.example/cases/12/", WORDS[what].en, WORDS[what].zh, "查看 Open:", "安居 Anju:"):
        left = left.replace(known, "")
    assert left.strip() == "", "no argument and nothing else leaves the house"
    assert "77777" in added(args).en and "77777" in added(args).zh
    assert not any(word in WORDS[what].en.lower() for word in ("health", "ill", "disab", "child", "school", "debt"))


def test_a_word_of_a_newer_release_reads_as_it_is() -> None:
    assert head_of("case.from_next_year").zh == "case.from_next_year"


# --- channels ---------------------------------------------------------------------------------------------------------


def test_a_channel_is_proved_by_the_code_it_brought(sealer: Sealer, mail: Mailbox) -> None:
    made = add_channel(kind="mail", address=" luo@office.example ", sealer=sealer, by=LUO, at=AT)
    assert (made.masked, made.verified_at) == ("l***@office.example", None)
    assert b"luo@office" not in bytes(made.sealed)
    tell()
    assert send(sealer) == (1, 0, 0, 0), "its code, and no notice before it is proved"
    (came,) = mail.got
    assert came["To"] == "luo@office.example" and made.code in came["Subject"] and made.code in came.get_content()
    with pytest.raises(Refused, match="not the code"):
        verify_channel(channel=made.pk, code="x", by=LUO, at=AT)
    verify_channel(channel=made.pk, code=f" {made.code} ", by=LUO, at=AT)
    assert list(notices_of(LUO).values_list("what", flat=True)) == ["case.assigned"], "its test is no notice to be read"
    tell(key="next")
    assert send(sealer) == (1, 0, 0, 0)
    acts = [line.act for line in Line.objects.order_by("pk")]
    assert acts == ["channel.add", "channel.verify"]
    assert "luo@" not in str(list(Line.objects.values()))


@pytest.mark.parametrize(
    ("kind", "address", "why"),
    [
        ("mail", "luo", "no address of mail"), ("mail", "罗@office.example", "no address of mail"),
        ("mail", "a@b.example\nBcc: c@d.example", "no address"),
        ("wecom", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a", "begins with https"),
        ("wecom", "https://elsewhere.example/?key=a", "is of qyapi"),
        ("wecom", "https://oapi.dingtalk.com/robot/send?access_token=a", "is of qyapi"),
        ("dingtalk", "https://oapi.dingtalk.com:9/robot", "is of oapi"),
        ("feishu", "https://me@open.feishu.cn/open-apis/bot/v2/hook/a", "begins with https"), ("feishu", "https://[::1", "begins with https"),
        ("feishu", "https://127.0.0.1/", "is of open.feishu"), ("sms", "13800000000", "choose one of"), ("mail", "x" * 401, "choose one of"),
    ],
)  # fmt: skip
def test_an_address_is_looked_at_before_it_is_kept(kind: str, address: str, why: str, sealer: Sealer, mail: Mailbox) -> None:
    with pytest.raises(Refused, match=why) as refused:
        add_channel(kind=kind, address=address, sealer=sealer, by=LUO, at=AT)
    assert refused.value.title.zh
    assert not Channel.objects.exists()


def test_without_a_mail_server_nobody_adds_mail(sealer: Sealer, settings: Any) -> None:
    settings.MAIL = None
    with pytest.raises(Refused, match="ANJU_MAIL"):
        add_channel(kind="mail", address="luo@office.example", sealer=sealer, by=LUO, at=AT)


def test_codes_are_not_tried_for_ever(sealer: Sealer, mail: Mailbox) -> None:
    made = add_channel(kind="mail", address="luo@office.example", sealer=sealer, by=LUO, at=AT)
    for _ in range(TRIES):
        with pytest.raises(Refused, match="not the code"):
            verify_channel(channel=made.pk, code="", by=LUO, at=AT)
    with pytest.raises(Refused, match="too many"):
        verify_channel(channel=made.pk, code=made.code, by=LUO, at=AT)
    with pytest.raises(Refused, match="on its way"):
        send_test(channel=made.pk, by=LUO, at=AT)
    send(sealer)
    again = send_test(channel=made.pk, by=LUO, at=AT + timedelta(minutes=5))
    assert verify_channel(channel=made.pk, code=again.code, by=LUO, at=AT).verified_at == AT


def test_another_ones_channel_does_not_exist(sealer: Sealer, mail: Mailbox) -> None:
    made = a_channel(sealer)
    for act in (
        lambda by: send_test(channel=made.pk, by=by, at=AT), lambda by: verify_channel(channel=made.pk, code=made.code, by=by, at=AT),
        lambda by: switch_channel(channel=made.pk, on=False, by=by, at=AT), lambda by: remove_channel(channel=made.pk, by=by, at=AT),
    ):  # fmt: skip
        for by in (WEI, STRANGER):
            with pytest.raises(Refused, match="no such channel"):
                act(by)
    assert (list(channels_of(LUO)), list(channels_of(WEI)), list(channels_of(STRANGER))) == ([made], [], [])


def test_switched_off_or_removed_nothing_leaves_by_it(sealer: Sealer, mail: Mailbox) -> None:
    made = a_channel(sealer)
    tell()
    switch_channel(channel=made.pk, on=False, by=LUO, at=AT)
    tell(key="while it is off")
    assert (send(sealer), mail.got, states()) == ((0, 0, 0, 0), [], ["failed"])
    switch_channel(channel=made.pk, on=True, by=LUO, at=AT)
    tell(key="on again")
    remove_channel(channel=made.pk, by=LUO, at=AT)
    assert (send(sealer), mail.got, states()) == ((0, 0, 0, 0), [], ["failed", "failed"])
    assert bytes(Channel.objects.get().sealed) == b""
    assert list(channels_of(LUO)) == []


def test_an_account_has_at_most_five_channels(sealer: Sealer, mail: Mailbox) -> None:
    for n in range(5):
        add_channel(kind="mail", address=f"l{n}@office.example", sealer=sealer, by=LUO, at=AT)
    with pytest.raises(Refused, match="at most 5"):
        add_channel(kind="mail", address="l@office.example", sealer=sealer, by=LUO, at=AT)


# --- sending by mail --------------------------------------------------------------------------------------------------


def test_a_mail_is_sent_once_and_can_be_told_apart(sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    tell()
    assert outbox_waits(timezone.now())
    assert send(sealer) == (1, 0, 0, 0)
    assert send(sealer) == (0, 0, 0, 0)
    (came,) = mail.got
    assert came["Subject"].strip() == "安居 Anju: C-12 有帮扶事项交办给您"
    assert came["From"] == "anju@office.example" and came["Auto-Submitted"] == "auto-generated"
    assert came["Message-ID"] == Message.objects.get().message_id
    assert "https://anju.example/cases/12/" in came.get_content() and "2023-10-08" not in came.get_content()
    assert not outbox_waits(timezone.now())


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted", "421 4.3.2 shutting down", "452 4.2.2 mailbox full"])
def test_a_server_that_says_not_now_is_asked_again(answer: str, sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    tell()
    mail.answers = [answer]
    before = timezone.now()
    assert send(sealer) == (0, 1, 0, 0)
    one = Message.objects.get()
    assert (one.state, one.attempts) == ("waiting", 1)
    assert one.next_try >= before + timedelta(seconds=PAUSES[0]) and answer[:3] in one.said
    assert send(sealer) == (0, 0, 0, 0), "not before its time"
    due_again()
    assert send(sealer) == (1, 0, 0, 0)
    assert len(mail.got) == 1 and mail.got[0]["Message-ID"] == one.message_id


def test_a_server_that_says_no_is_not_asked_again_and_its_words_are_masked(sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    tell()
    mail.refuses = {"luo@office.example"}
    assert send(sealer) == (0, 0, 1, 0)
    one = Message.objects.get()
    assert one.state == "failed" and one.said.startswith("550") and "luo@" not in one.said


def test_a_server_that_falls_silent_leaves_it_in_doubt(sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    tell()
    tell(key="the next")
    mail.answers = ["silence"]
    assert send(sealer) == (1, 0, 0, 1)
    assert sorted(states()) == ["sent", "uncertain"]
    due_again()
    assert send(sealer) == (0, 0, 0, 0)
    assert len(mail.got) == 2, "once each, though of one we do not know it"


def test_while_a_server_is_away_every_message_waits_and_only_one_tries(sealer: Sealer, settings: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        _mail_by(settings, free.getsockname()[1])
    a_channel(sealer)
    for n in range(5):
        tell(key=str(n))
    assert send(sealer) == (0, 1, 0, 0)
    assert states() == ["waiting"] * 5
    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 0, 0, 0, 1]
    with mail_server() as box:
        _mail_by(settings, box.port)
        due_again()
        assert send(sealer) == (5, 0, 0, 0)
    assert len({came["Message-ID"] for came in box.got}) == len(box.got) == 5


def test_after_its_last_attempt_it_has_failed(sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    tell()
    mail.answers = ["451 later"] * 20
    for n in range(len(PAUSES)):
        assert send(sealer) == (0, 1, 0, 0), n
        due_again()
    assert send(sealer) == (0, 0, 1, 0)
    assert Message.objects.get().said.startswith(f"given up after {len(PAUSES) + 1} attempts: 451")


def test_another_key_opens_no_address(sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    tell()
    Channel.objects.update(sealed=b"x" * 60)
    assert send(sealer) == (0, 0, 1, 0)
    assert mail.got == []


# --- sending by the robots of chats -----------------------------------------------------------------------------------


def robot(chat: Robots, sealer: Sealer, kind: str, **more: str) -> None:
    path = {
        "wecom": "/cgi-bin/webhook/send?key=abcd1234",
        "dingtalk": "/robot/send?access_token=abcd1234",
        "feishu": "/open-apis/bot/v2/hook/abcd1234",
    }
    made = a_channel(sealer, kind, f"https://{chat.host}{path[kind]}", **more)
    assert made.masked == "127.0.0.1 …1234"


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu"])
def test_each_chat_gets_a_text_in_its_own_form(kind: str, chat: Robots, sealer: Sealer) -> None:
    robot(chat, sealer, kind)
    tell()
    assert send(sealer) == (1, 0, 0, 0)
    ((path, body),) = chat.got
    assert "abcd1234" in path
    text = body["content"]["text"] if kind == "feishu" else body["text"]["content"]
    assert body["msg_type" if kind == "feishu" else "msgtype"] == "text"
    assert "C-12" in text and "https://anju.example/cases/12/" in text


def test_where_its_owner_demands_it_a_message_is_signed(chat: Robots, sealer: Sealer) -> None:
    robot(chat, sealer, "dingtalk", secret="SECabc")
    robot(chat, sealer, "feishu", secret="abc")
    tell()
    assert send(sealer) == (2, 0, 0, 0)
    (ding, _), (_, fei) = sorted(chat.got, key=lambda one: "robot" not in one[0])
    assert "&timestamp=" in ding and "&sign=" in ding
    assert fei["timestamp"].isdigit() and len(fei["sign"]) == 44


@pytest.mark.parametrize(
    ("kind", "answer", "state"),
    [
        ("wecom", (200, '{"errcode": 93000, "errmsg": "invalid webhook url"}'), "failed"), ("wecom", (200, '{"errcode": 45009}'), "waiting"),
        ("dingtalk", (200, '{"errcode": 310000, "errmsg": "keywords not in content"}'), "failed"),
        ("dingtalk", (200, '{"errcode": 130101}'), "waiting"),
        ("feishu", (200, '{"code": 19001, "msg": "param invalid"}'), "failed"), ("feishu", (200, '{"code": 0, "msg": "success"}'), "sent"),
        ("feishu", (200, '{"StatusCode": 0, "StatusMessage": "success"}'), "sent"),
        ("wecom", (500, ""), "waiting"), ("wecom", (429, ""), "waiting"),
        ("wecom", (404, ""), "failed"), ("wecom", (302, ""), "failed"), ("wecom", (504, ""), "uncertain"),
        ("wecom", (200, "<html>"), "uncertain"),
        ("wecom", (200, "[]"), "uncertain"), ("wecom", (200, "{}"), "uncertain"), ("wecom", None, "uncertain"),
    ],
)  # fmt: skip
def test_what_a_chat_says_decides(kind: str, answer: tuple[int, str] | None, state: str, chat: Robots, sealer: Sealer) -> None:
    robot(chat, sealer, kind)
    tell()
    chat.answers = [answer]
    send(sealer)
    assert states() == [state], Message.objects.get().said
    assert len(chat.got) == 1, "no redirect is followed"


def test_a_certificate_that_nobody_trusts_is_not_spoken_to(chat: Robots, sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    robot(chat, sealer, "wecom")
    tell()
    monkeypatch.delenv("SSL_CERT_FILE")
    assert send(sealer) == (0, 1, 0, 0)
    assert chat.got == []


# --- interrupted ------------------------------------------------------------------------------------------------------


def test_what_a_dead_sender_had_in_hand_is_in_doubt_and_what_a_living_one_has_is_not(sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    for n, sender in enumerate(("dead", "living", "living")):
        tell(key=str(n))
        claimed = {"state": "sending", "claimed_by": sender, "claimed_at": AT if n < 2 else AT - timedelta(hours=2), "attempts": 1}
        Message.objects.filter(notice__key=str(n)).update(**claimed)
    assert doubt_interrupted(living=["living"], now=AT) == 2
    assert states() == ["uncertain", "sending", "uncertain"]
    assert send(sealer, "living") == (0, 0, 0, 1), "its own, when it begins anew"
    assert mail.got == []


def test_an_error_of_our_own_in_between_leaves_it_in_doubt(sealer: Sealer, mail: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    a_channel(sealer)
    tell()
    monkeypatch.setattr(smtplib.SMTP, "sendmail", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send(sealer)
    monkeypatch.undo()
    assert send(sealer) == (0, 0, 0, 1)
    assert states() == ["uncertain"]


# --- the administrator ------------------------------------------------------------------------------------------------


def test_only_the_administrator_decides_and_of_two_the_first(sealer: Sealer, mail: Mailbox) -> None:
    a_channel(sealer)
    for n in range(3):
        tell(key=str(n))
    first, second, third = Message.objects.order_by("pk")
    Message.objects.filter(pk__in=[first.pk, second.pk]).update(state="uncertain")
    Message.objects.filter(pk=third.pk).update(state="failed", attempts=8)
    assert [one.pk for one in open_messages(ADMIN)] == [third.pk, second.pk, first.pk]
    assert [one.pk for one in open_messages(ADMIN, state="failed")] == [third.pk]
    assert [one.pk for one in open_messages(ADMIN, before=second.pk)] == [first.pk]
    assert list(open_messages(LUO)) == []
    with pytest.raises(Refused, match="only an administrator"):
        settle_message(message=first.pk, came=True, by=LUO, at=AT)
    settle_message(message=first.pk, came=True, by=ADMIN, at=AT)
    with pytest.raises(Refused, match="settled already"):
        settle_message(message=first.pk, came=False, by=ADMIN, at=AT)
    with pytest.raises(Refused, match="settled already"):
        settle_message(message=third.pk, came=True, by=ADMIN, at=AT)  # it failed: it did not come
    settle_message(message=second.pk, came=False, by=ADMIN, at=AT)
    settle_message(message=third.pk, came=False, by=ADMIN, at=AT)
    assert send(sealer) == (2, 0, 0, 0)
    assert [line.act for line in Line.objects.filter(act__startswith="messages").order_by("pk")] == [
        "messages.came",
        "messages.again",
        "messages.again",
    ]


@pytest.mark.parametrize("url", ["mail.example", "http://a?from=b@c", "smtp://a", "smtp://?from=b@c"])
def test_a_mail_server_is_written_in_one_way(url: str) -> None:
    with pytest.raises(ValueError, match=r"smtp\+starttls://"):
        mail_settings(url)


def test_where_mail_leaves_is_one_address() -> None:
    found = mail_settings("smtp+starttls://wei%40x:p%3A1@mail.example?from=anju@x.example")
    assert found is not None
    assert (found.host, found.port, found.user, found.password, found.tls) == ("mail.example", 587, "wei@x", "p:1", "starttls")
    assert mail_settings("") is None and deployed.MAIL is None
