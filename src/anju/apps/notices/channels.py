"""The ways out that an account sets up for itself: added, proved by a code that was sent, switched off and on, removed."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F

from anju.apps.journal.actions import record
from anju.apps.notices.actions import message_of
from anju.apps.notices.models import DINGTALK, FAILED, FEISHU, KINDS, MAIL, UNCERTAIN, WAITING, WECOM, Channel, Message, Notice
from anju.apps.notices.refusals import Refused
from anju.core.terms.viewer import Viewer

HOSTS = {WECOM: ("qyapi.weixin.qq.com",), DINGTALK: ("oapi.dingtalk.com",), FEISHU: ("open.feishu.cn", "open.larksuite.com")}
MOST = 5  # channels of one account
TRIES = 10  # wrong codes
LONGEST = 400


class Sealer(Protocol):
    """What encrypts a text under the deployment's key; `apps/people/vault.Sealer` is one. The rooms above hand it in."""

    def seal(self, text: str) -> bytes: ...

    def open(self, sealed: bytes) -> str: ...


@dataclass(frozen=True, slots=True)
class Address:
    """`secret` signs what goes to a robot of DingTalk or Feishu, where its owner demands it."""

    to: str
    secret: str = ""


def address_of(channel: Channel, sealer: Sealer) -> Address:
    return Address(**json.loads(sealer.open(bytes(channel.sealed))))


@transaction.atomic
def add_channel(*, kind: str, address: str, sealer: Sealer, by: Viewer, at: datetime, secret: str = "") -> Channel:
    """A channel of one's own, with its code on the way. Raises Refused."""
    address, secret = address.strip(), secret.strip()
    if by.account is None:
        raise Refused("sign in first", "请先登录")
    if kind not in KINDS or len(address) > LONGEST or len(secret) > LONGEST:
        raise Refused(f"choose one of {', '.join(KINDS)} and give its address", "请选择通道类型并填写地址")
    masked = _masked_mail(address) if kind == MAIL else _masked_robot(kind, address)
    if Channel.objects.filter(account=by.account, removed_at=None).count() >= MOST:
        raise Refused(f"an account has at most {MOST} channels: remove one first", f"每个账号最多 {MOST} 个通道：请先删除一个")
    made = Channel.objects.create(
        account=by.account, kind=kind, sealed=sealer.seal(json.dumps({"to": address, "secret": secret})), masked=masked,
        code=f"{secrets.randbelow(1_000_000):06}", made_at=at,
    )  # fmt: skip
    _send_code(made, at)
    record(act="channel.add", about=f"channel:{made.pk}", by=by, at=at, detail={"kind": kind})
    return made


def _masked_mail(address: str) -> str:
    if not settings.MAIL:
        raise Refused(
            "no mail leaves this deployment yet: its operator sets ANJU_MAIL (docs/notices.md); use a robot of your office's chat meanwhile",
            "本平台尚未开通邮件：请运维人员设置 ANJU_MAIL（见 docs/notices.md）；可先用办公软件的群机器人",
        )
    try:
        validate_email(address)
        address.encode("ascii")
    except (ValidationError, UnicodeEncodeError):
        raise Refused("this is no address of mail: write name@office.example", "邮箱地址不正确：应形如 name@office.example") from None
    name, _, host = address.rpartition("@")
    return f"{name[0]}***@{host}"


def _masked_robot(kind: str, address: str) -> str:
    hosts = (*HOSTS[kind], *settings.CHAT_HOSTS)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    where = f"{parts.hostname}:{port}" if port else str(parts.hostname)
    if parts.scheme != "https" or parts.username or where not in hosts:
        raise Refused(
            f"copy the robot's whole address: it begins with https:// and is of {', '.join(hosts)}",
            f"请完整复制机器人的 Webhook 地址：以 https:// 开头，域名为 {'、'.join(hosts)}",
        )
    key = next(
        iter([*parse_qs(parts.query).get("key", []), *parse_qs(parts.query).get("access_token", [])]), parts.path.rstrip("/").rpartition("/")[2]
    )
    return f"{parts.hostname} …{key[-4:]}"


def _send_code(channel: Channel, at: datetime) -> None:
    """Read already: on the page there is nothing to be done about it."""
    key = f"channel.test:{channel.pk}:{at.isoformat()}:{channel.code}"
    told = Notice.objects.create(
        account=channel.account, what="channel.test", number=channel.code, link="/account/channels/", key=key, made_at=at, read_at=at
    )
    message_of(told, channel, at).save()


@transaction.atomic
def send_test(*, channel: int, by: Viewer, at: datetime) -> Channel:
    """Another code on the way; of one that is proved already, a message to see whether it still comes. Raises Refused."""
    found = _own(channel, by)
    if Message.objects.filter(channel=found, notice__what="channel.test", state=WAITING).exists():
        raise Refused("a test message is on its way: wait a minute or two", "测试消息正在发送：请稍等一两分钟")
    found.code, found.tries = f"{secrets.randbelow(1_000_000):06}", 0
    found.save(update_fields=["code", "tries"])
    _send_code(found, at)
    record(act="channel.test", about=f"channel:{found.pk}", by=by, at=at)
    return found


def verify_channel(*, channel: int, code: str, by: Viewer, at: datetime) -> Channel:
    """From now on notices leave by it. Raises Refused for a wrong code, and after ten of them until another was sent."""
    found = _own(channel, by)
    if not Channel.objects.filter(pk=found.pk, tries__lt=TRIES).update(tries=F("tries") + 1):
        raise Refused("too many wrong codes: send another test message", "验证码错误次数过多：请重新发送测试消息")
    if not secrets.compare_digest(found.code.encode(), code.strip().encode()):
        raise Refused("this is not the code of the last test message: look at the newest one", "验证码不正确：请查看最新一条测试消息")
    with transaction.atomic():
        Channel.objects.filter(pk=found.pk).update(verified_at=at, enabled=True, tries=0)
        Message.objects.filter(channel=found, notice__what="channel.test", state=UNCERTAIN).update(state="sent", ended_at=at)
        record(act="channel.verify", about=f"channel:{found.pk}", by=by, at=at)
    return Channel.objects.get(pk=found.pk)


@transaction.atomic
def switch_channel(*, channel: int, on: bool, by: Viewer, at: datetime) -> Channel:
    """Switched off, nothing new leaves by it, and what waits is called off."""
    found = _own(channel, by)
    Channel.objects.filter(pk=found.pk).update(enabled=on)
    if not on:
        _call_off(found, at, "its channel was switched off")
    record(act="channel.on" if on else "channel.off", about=f"channel:{found.pk}", by=by, at=at)
    return Channel.objects.get(pk=found.pk)


@transaction.atomic
def remove_channel(*, channel: int, by: Viewer, at: datetime) -> None:
    """Its address is erased."""
    found = _own(channel, by)
    Channel.objects.filter(pk=found.pk).update(removed_at=at, enabled=False, sealed=b"")
    _call_off(found, at, "its channel was removed")
    record(act="channel.remove", about=f"channel:{found.pk}", by=by, at=at)


def _call_off(channel: Channel, at: datetime, why: str) -> None:
    Message.objects.filter(channel=channel, state=WAITING).update(state=FAILED, ended_at=at, said=why)


def _own(channel: int, by: Viewer) -> Channel:
    found = Channel.objects.filter(pk=channel, account=by.account, removed_at=None).first() if by.account is not None else None
    if found is None:
        raise Refused("there is no such channel: load the page again", "没有这个通道：请刷新页面")
    return found
