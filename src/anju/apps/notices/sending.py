"""Carries the outbox out. A message is claimed, then sent, then its end is written down; each of the three is on the disk before the next.

A sender that dies after a claim leaves its message 'sending'. Nobody knows then whether it went out: whoever comes next marks it
'uncertain', and it is never sent again but by a person. So nothing is lost, and nothing is sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from django.utils import timezone

from anju.apps.notices.carriers import Answer, Mail, Robot, Unreachable
from anju.apps.notices.channels import Address, Sealer, address_of
from anju.apps.notices.models import FAILED, MAIL, SENDING, SENT, UNCERTAIN, WAITING, Message

PAUSES = (60, 300, 900, 3_600, 4 * 3_600, 8 * 3_600, 24 * 3_600)  # seconds before the next attempt; after the last it has failed
BATCH = 100
SILENCE = timedelta(hours=1)  # in hand for longer, whoever has it: nothing takes so long
BROKEN_OFF = "its sender was interrupted with it in hand"
DIED = "its sender died with it in hand"


@dataclass(slots=True)
class Carried:
    """`later` will be tried again; `uncertain` counts those of dead senders too."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    uncertain: int = 0


def in_hand() -> bool:
    """Whether any message is with a sender at this moment."""
    return Message.objects.filter(state=SENDING).exists()


def doubt_interrupted(*, living: Collection[str], now: datetime) -> int:
    """What senders that are no more had in hand is uncertain from now on. `living`: the names of those that are. Answers how many."""
    left = Message.objects.filter(state=SENDING)
    gone = left.exclude(claimed_by__in=living).update(state=UNCERTAIN, ended_at=now, said=DIED)
    return gone + left.filter(claimed_at__lt=now - SILENCE).update(state=UNCERTAIN, ended_at=now, said=DIED)


def send_due(*, sender: str, sealer: Sealer, go_on: Callable[[], bool] = lambda: True) -> Carried:
    """Everything that is due, one after the other, outside of any transaction. `sender` is a name of this process alone: what it still
    has in hand when it begins was broken off, and is uncertain."""
    done, mail, robot = Carried(), Mail(), Robot()
    own = Message.objects.filter(state=SENDING, claimed_by=sender)
    done.uncertain = own.update(state=UNCERTAIN, ended_at=timezone.now(), said=BROKEN_OFF)
    shut: set[str] = set()
    try:
        while go_on() and (batch := _due(shut)):
            for message in batch:
                if message.channel.kind in shut or not go_on() or not _claim(message, sender):
                    continue
                answer = _carry(message, mail, robot, sealer, shut)
                _end(message, sender, answer, done)
    finally:
        mail.close()
    return done


def _due(shut: set[str]) -> list[Message]:
    found = Message.objects.filter(state=WAITING, next_try__lte=timezone.now()).exclude(channel__kind__in=shut)
    return list(found.select_related("notice", "channel").order_by("next_try", "pk")[:BATCH])


def _claim(message: Message, sender: str) -> bool:
    """Of two senders one gets it."""
    claimed = {"state": SENDING, "claimed_by": sender, "claimed_at": timezone.now(), "attempts": message.attempts + 1}
    return Message.objects.filter(pk=message.pk, state=WAITING, attempts=message.attempts).update(**claimed) == 1


def _carry(message: Message, mail: Mail, robot: Robot, sealer: Sealer, shut: set[str]) -> Answer:
    try:
        address = address_of(message.channel, sealer)
    except (InvalidTag, ValueError):
        return Answer(FAILED, "its channel's address cannot be opened with this deployment's key, or was removed")
    try:
        answer = mail.send(message, address) if message.channel.kind == MAIL else robot.send(message, address)
    except Unreachable as error:
        shut.add(message.channel.kind)  # the others of this kind keep their attempts
        answer = Answer(WAITING, str(error))
    return Answer(answer.state, _masked(answer.said, address, message.channel.masked))


def _masked(said: str, address: Address, masked: str) -> str:
    """A server likes to repeat the address that it does not know."""
    plain = said.replace(address.to, masked)
    return re.sub(r"[\w.+-]+@[\w.-]+", "***@***", plain.replace(masked, "…"))[:300]


def _end(message: Message, sender: str, answer: Answer, done: Carried) -> None:
    now, attempts = timezone.now(), message.attempts + 1
    state, said = answer.state, answer.said
    if state == WAITING and attempts > len(PAUSES):
        state, said = FAILED, f"given up after {attempts} attempts: {said}"[:300]
    next_try = now + timedelta(seconds=PAUSES[attempts - 1]) if state == WAITING else message.next_try
    written = {"state": state, "said": said, "next_try": next_try, "ended_at": None if state == WAITING else now}
    Message.objects.filter(pk=message.pk, state=SENDING, claimed_by=sender, attempts=attempts).update(**written)
    name = {SENT: "sent", WAITING: "later", FAILED: "failed", UNCERTAIN: "uncertain"}[state]
    setattr(done, name, getattr(done, name) + 1)
