"""Every write about accounts and posts."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.places.models import Place
from anju.apps.staff.models import Account, Post, SecondFactor, SignIn, Token
from anju.apps.staff.permissions import APART, ROLES
from anju.apps.staff.queries import digest_of_token
from anju.core.standards.model import Title
from anju.core.terms.viewer import Viewer

By = Viewer | str
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # what is not mistaken for one another when read aloud
ADMINISTRATOR = "administrator"
TOKEN_MARK = "anju_"  # so that a token left in a file is known for what it is
TOKEN_DAYS = 366  # at most


class Refused(ValueError):
    """What cannot be done, and what to do instead; in both languages."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.title = Title(en, zh)


# --- accounts ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_account(*, username: str, display_name: str, password: str | None, by: By, at: datetime) -> Account:
    """An account without a post sees nothing. Without a password nobody can sign in with it yet."""
    if (fault := name_fault(username, taken=Account.objects.filter(username__iexact=username.strip()).exists())) is not None:
        raise fault
    account = new_account(username, display_name, at)
    if password:
        account.set_password(password)
        account.must_change_password = True
    account.save()
    record(act="account.open", about=f"account:{account.pk}", by=by, at=at)
    return account


def name_fault(username: str, *, taken: bool) -> Refused | None:
    """Why nobody can have this name to sign in with."""
    if not username.strip():
        return Refused("an account needs a name to sign in with", "账号需要一个登录名")
    if len(username.strip()) > 150 or any(letter.isspace() for letter in username.strip()):
        return Refused("a name to sign in with has no spaces and at most 150 characters", "登录名不能含空格，且不超过 150 个字符")
    if taken:
        return Refused(
            f"there is already an account '{username}': choose another name, or give that one another post",
            f"已有账号“{username}”：请另取登录名，或给该账号增加岗位",
        )
    return None


def new_account(username: str, display_name: str, at: datetime) -> Account:
    """Not saved yet, and without a password."""
    name = username.strip()
    account = Account(username=name, display_name=display_name.strip()[:100] or name, date_joined=at)
    account.set_unusable_password()
    return account


def first_password() -> str:
    """16 letters in fours, 79 bits: told once, to be read aloud or copied, and changed at the first sign-in."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def hashed_quickly(password: str) -> str:
    """For passwords that we drew ourselves: nobody tries out 79 bits however quick the hash, and a list of a thousand accounts
    must not take minutes. The first sign-in replaces it by a slow one, as Django does with every hash of fewer rounds."""
    hasher = PBKDF2PasswordHasher()
    return str(hasher.encode(password, hasher.salt(), iterations=1_000))


@transaction.atomic
def set_first_password(*, account: Account, by: By, at: datetime) -> str:
    """A new password, returned once; every session of the account ends, and it is changed at the next sign-in."""
    _not_oneself(account, by, "change your own password on your own page", "请在“我的账号”页面修改自己的密码")
    password = first_password()
    account.password, account.must_change_password = hashed_quickly(password), True
    account.save(update_fields=["password", "must_change_password"])
    end_sessions(account, at)
    record(act="account.password_set", about=f"account:{account.pk}", by=by, at=at)
    return password


@transaction.atomic
def lock_account(*, account: Account, by: By, at: datetime) -> None:
    """Nobody can sign in with it, and whoever is signed in is signed out; its posts stay."""
    _not_oneself(
        account, by, "you cannot lock the account you act with: ask another administrator", "不能锁定自己正在使用的账号：请另一位管理员操作"
    )
    if not account.is_active:
        raise Refused("this account is locked already", "该账号已锁定")
    _somebody_manages(account)
    account.is_active = False
    account.save(update_fields=["is_active"])
    end_sessions(account, at)
    record(act="account.lock", about=f"account:{account.pk}", by=by, at=at)


@transaction.atomic
def unlock_account(*, account: Account, by: By, at: datetime) -> None:
    if account.is_active:
        raise Refused("this account is not locked", "该账号未锁定")
    account.is_active = True
    account.save(update_fields=["is_active"])
    record(act="account.unlock", about=f"account:{account.pk}", by=by, at=at)


@transaction.atomic
def end_all_sessions(*, account: Account, by: By, at: datetime) -> None:
    """Signs the account out on every device."""
    end_sessions(account, at)
    record(act="account.sign_out", about=f"account:{account.pk}", by=by, at=at)


def end_sessions(account: Account, at: datetime) -> None:
    """Every session carries a hash with this salt in it: with another salt none of them is valid any more."""
    account.session_salt = secrets.token_hex(16)
    account.save(update_fields=["session_salt"])
    SignIn.objects.filter(account=account, ended_at=None).update(ended_at=at)


@transaction.atomic
def reset_second_factor(*, account: Account, by: By, at: datetime) -> None:
    """For whoever has lost the telephone and the recovery codes; the account is signed out everywhere."""
    _not_oneself(account, by, "turn your own app off on your own page, with your password and a code", "请在“我的账号”页面凭密码和验证码关闭")
    if not SecondFactor.objects.filter(account=account).delete()[0]:
        raise Refused("this account has no authenticator app to reset", "该账号未启用验证器，无需重置")
    end_sessions(account, at)
    record(act="account.factor_reset", about=f"account:{account.pk}", by=by, at=at)


# --- posts -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def give_post(
    *, account: Account, role: str, place: Place, by: By, at: datetime, side: str = Post.DESTINATION, department: str = "",
    title: str = "", start: date | None = None,
) -> Post:  # fmt: skip
    """Raises Refused for a role that does not exist, lacks its department, is held already, or would join what three people
    must hold apart."""
    held = list(Post.objects.filter(account=account, end=None))
    post = Post(account=account, role=role, place=place, side=side, department=department, title=title.strip()[:100], start=start or at.date())
    if faults := post_faults(post, held):
        raise faults[0]
    post.save()
    record(act="post.give", about=f"account:{account.pk}", by=by, at=at, detail={"post": post.pk, "role": role, "place": place.pk})
    return post


def post_faults(post: Post, held: list[Post]) -> list[Refused]:
    """Why this post cannot be given to somebody who holds these."""
    role, names, others = post.role, post.department, {one.role for one in held} & (APART - {post.role})
    if role not in ROLES:
        known = ", ".join(sorted(ROLES))
        return [Refused(f"there is no role '{role}': one of {known}", f"没有岗位角色“{role}”，可选：{known}")]
    title, faults = ROLES[role].title, []
    if ROLES[role].of_department and not names:
        faults.append(Refused(f"the role {role} is held for a department: name it", f"“{title.zh}”须指明所属部门"))
    if not ROLES[role].of_department and names:
        faults.append(Refused(f"the role {role} is of no department: leave '{names}' out", f"“{title.zh}”不属于任何部门：请去掉“{names}”"))
    if post.side not in (Post.DESTINATION, Post.ORIGIN):
        faults.append(
            Refused(
                f"side is destination or origin, not '{post.side}'",
                f"“side”只能是 destination（迁入地）或 origin（迁出地），不能是“{post.side}”",
            )
        )
    if role in APART and others:
        had = sorted(others)
        faults.append(Refused(
            f"{post.account} is {', '.join(had)} already: steward, auditor and administrator are three people",
            f"{post.account}已是{'、'.join(ROLES[one].title.zh for one in had)}：数据管理员、审计员、系统管理员必须由三个人分别担任",
        ))  # fmt: skip
    if any((one.role, one.place_id, one.side, one.department) == (role, post.place_id, post.side, names) for one in held):
        faults.append(Refused("this post is held already", "该账号已有此岗位"))
    return faults


@transaction.atomic
def end_post(*, post: Post, by: By, at: datetime) -> Post:
    """The post is not held from this day on."""
    if post.end is not None:
        raise Refused(f"this post ended on {post.end} already", f"该岗位已于 {post.end} 结束")
    if post.role == ADMINISTRATOR:
        _somebody_manages(post.account)
    post.end = at.date()
    post.save(update_fields=["end"])
    record(act="post.end", about=f"account:{post.account_id}", by=by, at=at, detail={"post": post.pk, "role": post.role})
    return post


@transaction.atomic
def hand_over(*, account: Account, to: Account | None, by: By, at: datetime) -> int:
    """Whoever leaves: every post ends today and the account is locked; `to` is given the same posts. Answers how many posts.

    Raises Refused and changes nothing where `to` cannot hold one of them."""
    _not_oneself(account, by, "ask another administrator to hand your own posts over", "自己的岗位请另一位管理员办理交接")
    if to is not None and (to.pk == account.pk or not to.is_active):
        raise Refused("hand over to another account that is not locked", "请交接给另一个未锁定的账号")
    posts = list(Post.objects.filter(account=account, end=None).select_related("place"))
    if to is None or not any(post.role == ADMINISTRATOR for post in posts):
        _somebody_manages(account)
    new: list[Post] = []
    held = list(Post.objects.filter(account=to, end=None)) if to is not None else []
    for post in posts if to is not None else ():
        one = Post(account=to, role=post.role, place=post.place, side=post.side, department=post.department, title=post.title, start=at.date())
        if faults := [fault for fault in post_faults(one, held + new) if "held already" not in str(fault)]:
            raise faults[0]
        if not any((h.role, h.place_id, h.side, h.department) == (one.role, one.place_id, one.side, one.department) for h in held):
            new.append(one)
    Post.objects.filter(pk__in=[post.pk for post in posts]).update(end=at.date())
    Post.objects.bulk_create(new)
    account.is_active = False
    account.save(update_fields=["is_active"])
    end_sessions(account, at)
    detail: dict[str, str | int | bool | None] = {"posts": len(posts), "to": to.pk if to is not None else None}
    record(act="account.hand_over", about=f"account:{account.pk}", by=by, at=at, detail=detail)
    return len(posts)


def _not_oneself(account: Account, by: By, en: str, zh: str) -> None:
    if isinstance(by, Viewer) and by.account == account.pk:
        raise Refused(en, zh)


def _somebody_manages(account: Account) -> None:
    """Raises Refused where without this account nobody would be left who can manage accounts."""
    posts = Post.objects.filter(role=ADMINISTRATOR, end=None, account__is_active=True)
    holders = set(posts.values_list("account_id", flat=True))
    if holders == {account.pk}:
        raise Refused(
            "nobody would be left to manage accounts: give somebody else the role of administrator first",
            "这样将没有人能管理账号：请先让另一人担任系统管理员",
        )


# --- tokens of programs -------------------------------------------------------------------------------------------------


@transaction.atomic
def make_token(*, post: Post, name: str, days: int, by: By, at: datetime) -> tuple[Token, str]:
    """A token that acts in this post, and its text: it is kept nowhere, and cannot be shown again. Raises Refused."""
    if not name.strip():
        raise Refused("a token needs a name: say which program uses it, and for what", "令牌需要名称：请写明由哪个程序使用、用于什么")
    if not 1 <= days <= TOKEN_DAYS:
        raise Refused(
            f"a token serves for 1 to {TOKEN_DAYS} days, not {days}: make a new one when it ends",
            f"令牌有效期为 1 至 {TOKEN_DAYS} 天，不能是 {days} 天：到期后请另建",
        )
    if post.end is not None and post.end <= at.date():
        raise Refused(f"that post ended on {post.end}: name one that is held", f"该岗位已于 {post.end} 结束：请选择在任岗位")
    text = TOKEN_MARK + secrets.token_urlsafe(32)
    token = Token.objects.create(
        digest=digest_of_token(text), name=name.strip()[:100], post=post, made_by=by.name if isinstance(by, Viewer) else by, made_at=at,
        expires=at.date() + timedelta(days=days),
    )  # fmt: skip
    record(act="token.make", about=f"token:{token.pk}", by=by, at=at, detail={"post": post.pk, "expires": token.expires.isoformat()})
    return token, text


@transaction.atomic
def revoke_token(*, token: Token, by: By, at: datetime) -> Token:
    """From now on it opens nothing. Raises Refused where it was revoked before."""
    who = by.name if isinstance(by, Viewer) else by
    if not Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at, revoked_by=who):
        token.refresh_from_db()
        raise Refused(f"token {token.pk} was revoked already, by {token.revoked_by}", f"令牌 {token.pk} 已由 {token.revoked_by} 吊销")
    token.refresh_from_db()
    record(act="token.revoke", about=f"token:{token.pk}", by=by, at=at)
    return token


def note_use(*, token: Token, day: date) -> None:
    """The day of its last use: one write a day."""
    if token.last_used != day:
        Token.objects.filter(pk=token.pk).update(last_used=day)
