"""How a message leaves: by mail, or through the robot of an office's chat. Each says which of four things became of it.

A server that says no has sent nothing, and it may be tried again; one that falls silent after it was given the message may have sent
it, and nobody tries again by himself. That is why the robots are spoken to here (docs/decisions/0019): a library that answers yes or no
cannot tell the two apart.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import smtplib
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from anju.apps.notices.channels import Address
from anju.apps.notices.models import DINGTALK, FAILED, FEISHU, SENT, UNCERTAIN, WAITING, WECOM, Message
from anju.apps.notices.words import head_of

TIMEOUT = 20  # seconds
TOO_OFTEN = {WECOM: (45009, 45033, -1), DINGTALK: (130101, 130102, 410100, -1), FEISHU: (9499, 11232, 99991400)}
SILENT = (502, 504)  # a gateway that does not know what became of it
LATER = (408, 425, 429, 500, 503)


@dataclass(frozen=True, slots=True)
class Answer:
    """`state`: sent, waiting (to be tried again), failed (never), uncertain. `said` by the server."""

    state: str
    said: str = ""


class Unreachable(Exception):
    """Nothing was sent, and nothing else can be by this way at present."""


def text_of(message: Message) -> tuple[str, str]:
    """(subject, text): the head of the sentence in both languages, a number and a link. What the notice's arguments say stays on the page."""
    notice, head = message.notice, head_of(message.notice.what)
    number = f" {notice.number}" if notice.number else ""
    link = f"{settings.ADDRESS}{notice.link}" if settings.ADDRESS else ""
    where = ("查看 Open: " + link) if link else "请登录安居平台，在“消息”中查看。 Sign in to Anju and open Notices."
    return f"安居 Anju:{number} {head.zh}", f"{head.zh}{number}\n{head.en}{number}\n\n{where}\n"


class Mail:
    """One connection for as long as it lasts."""

    def __init__(self) -> None:
        self._backend: EmailBackend | None = None

    def send(self, message: Message, address: Address) -> Answer:
        """Raises Unreachable."""
        backend = self._opened()
        subject, text = text_of(message)
        mail = EmailMessage(subject, text, to=[address.to], headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"})
        try:
            backend.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return self._refused(code, said)
        except smtplib.SMTPResponseException as error:
            return self._refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:  # it fell silent, and may have the message
            self.close()
            return Answer(UNCERTAIN, f"the mail server fell silent: {type(error).__name__}: {error}")
        return Answer(SENT)

    def _opened(self) -> EmailBackend:
        if self._backend is None:
            if not settings.MAIL:
                raise Unreachable("no mail leaves this deployment: ANJU_MAIL is not set")
            backend = EmailBackend(timeout=TIMEOUT)
            try:
                backend.open()
            except (smtplib.SMTPException, OSError) as error:
                raise Unreachable(f"the mail server is not reached: {type(error).__name__}: {error}") from None
            self._backend = backend
        return self._backend

    def _refused(self, code: int, said: bytes | str) -> Answer:
        self.close()
        told = said.decode(errors="replace") if isinstance(said, bytes) else said
        return Answer(WAITING if 400 <= code < 500 else FAILED, f"{code} {told}")

    def close(self) -> None:
        if self._backend is not None:
            self._backend.close()
            self._backend = None


class Robot:
    """A webhook of WeCom, DingTalk or Feishu. No redirect is followed, and the address was checked when it was given."""

    def send(self, message: Message, address: Address) -> Answer:
        kind = message.channel.kind
        subject, text = text_of(message)
        path, payload = _signed(kind, address, f"{subject}\n{text}")
        parts = urlsplit(address.to)
        connection = http.client.HTTPSConnection(str(parts.hostname), parts.port, timeout=TIMEOUT, context=ssl.create_default_context())
        try:
            try:
                connection.connect()
            except (OSError, http.client.HTTPException) as error:
                return Answer(WAITING, f"{parts.hostname} is not reached: {type(error).__name__}")
            try:
                body = json.dumps(payload, ensure_ascii=False).encode()
                connection.request("POST", path, body, {"Content-Type": "application/json; charset=utf-8"})
                response = connection.getresponse()
                answer = response.read(20_000)
            except (OSError, http.client.HTTPException) as error:
                return Answer(UNCERTAIN, f"{parts.hostname} fell silent: {type(error).__name__}")
        finally:
            connection.close()
        return _judged(kind, response.status, answer)


def _signed(kind: str, address: Address, text: str) -> tuple[str, dict[str, Any]]:
    parts = urlsplit(address.to)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if kind == FEISHU:
        payload: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        if address.secret:
            now = str(int(time.time()))
            payload |= {"timestamp": now, "sign": _signature(f"{now}\n{address.secret}".encode(), b"")}
        return path, payload
    if kind == DINGTALK and address.secret:
        now = str(int(time.time() * 1000))
        sign = _signature(address.secret.encode(), f"{now}\n{address.secret}".encode())
        path += f"{'&' if parts.query else '?'}timestamp={now}&sign={quote(sign, safe='')}"
    return path, {"msgtype": "text", "text": {"content": text}}


def _signature(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()


def _judged(kind: str, status: int, body: bytes) -> Answer:
    """All three answer 200 to a message that they refuse, with a code of their own in the body."""
    if status in SILENT:
        return Answer(UNCERTAIN, f"HTTP {status}")
    if status != 200:
        return Answer(WAITING if status in LATER else FAILED, f"HTTP {status}")
    try:
        found = json.loads(body)
        code = found.get("errcode", found.get("code", found.get("StatusCode")))
        said = str(found.get("errmsg", found.get("msg", found.get("StatusMessage", ""))))
    except (ValueError, AttributeError):
        return Answer(UNCERTAIN, "it answered nothing that says whether it was taken")
    if code == 0:
        return Answer(SENT)
    if code is None:
        return Answer(UNCERTAIN, "it answered nothing that says whether it was taken")
    return Answer(WAITING if code in TOO_OFTEN[kind] else FAILED, f"{code} {said}")
