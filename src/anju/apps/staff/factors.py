"""The second factor: an authenticator app (RFC 6238), and recovery codes for the day the telephone is lost.

The secret and the seed of the recovery codes are sealed under the deployment's data.key and bound to their account: a stolen
dump of the database gives no code, and a row copied to another account opens nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.staff.actions import By, Refused
from anju.apps.staff.models import Account, SecondFactor
from anju.lake.intake import Vault

STEP = 30  # seconds that a code is good for
DRIFT = 1  # steps that a telephone's clock may be off
RECOVERY = 10  # codes


@dataclass(frozen=True, slots=True)
class Secret:
    secret: bytes
    seed: bytes

    @property
    def text(self) -> str:
        """As it is typed into an app: base32 in fours."""
        found = base64.b32encode(self.secret).decode()
        return " ".join(found[n : n + 4] for n in range(0, len(found), 4))

    @property
    def app(self) -> TOTP:
        return TOTP(self.secret, 6, SHA1(), STEP)  # authenticator apps know no other hash, and in an HMAC it is sound

    def code(self, step: int) -> str:
        return self.app.generate(step * STEP).decode()

    def recovery(self, nth: int) -> str:
        found = base64.b32encode(hmac.digest(self.seed, b"recovery %d" % nth, hashlib.sha256)).decode().lower()
        return f"{found[:5]}-{found[5:10]}"


def address_of(secret: Secret, account: Account, issuer: str) -> str:
    """What the QR code says: apps read the name to show and the secret from it."""
    return secret.app.get_provisioning_uri(account.username, issuer)


# --- turning on ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def offer_second_factor(*, account: Account, vault: Vault, at: datetime) -> Secret:
    """A secret that is not in force until a code of it was given. Asked again it is the same, so that a page may be read again."""
    factor = SecondFactor.objects.filter(account=account).first()
    if factor is not None and factor.confirmed_at is not None:
        raise Refused("the authenticator app is on already", "验证器已启用")
    if factor is not None and (known := _opened(factor, vault)) is not None:
        return known
    secret = Secret(os.urandom(20), os.urandom(20))
    sealed = _sealed(account, secret, vault)
    SecondFactor.objects.update_or_create(account=account, defaults={"sealed": sealed, "started_at": at, "last_step": 0, "used": 0})
    return secret


@transaction.atomic
def confirm_second_factor(*, account: Account, code: str, vault: Vault, by: By, at: datetime) -> list[str]:
    """From now on a code is asked at every sign-in. Returns the recovery codes, which are told once."""
    factor = SecondFactor.objects.filter(account=account, confirmed_at=None).first()
    secret = _opened(factor, vault) if factor is not None else None
    if factor is None or secret is None:
        raise Refused("begin again: there is no app waiting to be confirmed", "请重新开始：没有等待确认的验证器")
    if not _take(factor, secret, code, at, recovery=False):
        raise Refused(
            "this is not the code that the app shows now: look whether the telephone's clock is right, and type the next one",
            "验证码与应用当前显示的不符：请检查手机时间是否准确，再输入下一个验证码",
        )
    factor.confirmed_at = at
    factor.save(update_fields=["confirmed_at"])
    record(act="account.factor_on", about=f"account:{account.pk}", by=by, at=at)
    return [secret.recovery(nth) for nth in range(RECOVERY)]


# --- being asked -----------------------------------------------------------------------------------------------------------


def factor_of(account: Account) -> SecondFactor | None:
    """The one that is in force."""
    return SecondFactor.objects.filter(account=account).exclude(confirmed_at=None).first()


@transaction.atomic
def check_code(account: Account, code: str, vault: Vault, at: datetime) -> bool:
    """Whether this is a code of the app or a recovery code not used yet. What was right once is never right again."""
    factor = factor_of(account)
    secret = _opened(factor, vault) if factor is not None else None
    return factor is not None and secret is not None and _take(factor, secret, code, at, recovery=True)


def _take(factor: SecondFactor, secret: Secret, code: str, at: datetime, *, recovery: bool) -> bool:
    """Marks the code as used, by an update that only one of two at once can win."""
    given = re.sub(r"[\s-]", "", code).lower()
    now = int(at.timestamp()) // STEP
    rows = SecondFactor.objects.filter(pk=factor.pk)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if step > factor.last_step and hmac.compare_digest(secret.code(step).encode(), given.encode()):
            return bool(rows.filter(last_step__lt=step).update(last_step=step))
    for nth in range(RECOVERY) if recovery else ():
        bit = 1 << nth
        if not factor.used & bit and hmac.compare_digest(secret.recovery(nth).replace("-", "").encode(), given.encode()):
            return bool(rows.filter(used=factor.used).update(used=factor.used | bit))
    return False


def codes_left(factor: SecondFactor) -> int:
    return RECOVERY - factor.used.bit_count()


# --- and turning off ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def renew_recovery_codes(*, account: Account, vault: Vault, by: By, at: datetime) -> list[str]:
    """New ones; the old ones open nothing any more. The app stays as it is."""
    factor = factor_of(account)
    secret = _opened(factor, vault) if factor is not None else None
    if factor is None or secret is None:
        raise Refused("there is no authenticator app: turn it on first", "尚未启用验证器：请先启用")
    new = Secret(secret.secret, os.urandom(20))
    SecondFactor.objects.filter(pk=factor.pk).update(sealed=_sealed(account, new, vault), used=0)
    record(act="account.factor_codes", about=f"account:{account.pk}", by=by, at=at)
    return [new.recovery(nth) for nth in range(RECOVERY)]


@transaction.atomic
def drop_second_factor(*, account: Account, by: By, at: datetime) -> None:
    """By its owner, who has given the password and a code."""
    if not SecondFactor.objects.filter(account=account).exclude(confirmed_at=None).delete()[0]:
        raise Refused("there is no authenticator app to turn off", "尚未启用验证器，无需关闭")
    record(act="account.factor_off", about=f"account:{account.pk}", by=by, at=at)


def _sealed(account: Account, secret: Secret, vault: Vault) -> bytes:
    text = json.dumps({"account": account.pk, "secret": secret.secret.hex(), "seed": secret.seed.hex()})
    return vault.encrypt(text.encode())


def _opened(factor: SecondFactor, vault: Vault) -> Secret | None:
    """None where the key is another one, or the row was copied from another account: then no code is right."""
    try:
        found = json.loads(vault.decrypt(bytes(factor.sealed)))
    except InvalidTag:
        return None
    return Secret(bytes.fromhex(found["secret"]), bytes.fromhex(found["seed"])) if found["account"] == factor.account_id else None
