"""anju token: what programs show to the REST interface."""

from __future__ import annotations

import click
from django.utils import timezone

from anju.apps.staff.actions import TOKEN_DAYS, Refused, make_token, revoke_token
from anju.apps.staff.models import Account, Post, Token
from anju.apps.staff.queries import posts_of, tokens_of
from anju.cli.context import actor, fail, json_option, migrated, say


@click.group()
def token() -> None:
    """Tokens of programs: each acts in one post, and is shown once."""


@token.command()
@click.argument("username")
@click.option("--name", required=True, help="Which program uses it, and for what.")
@click.option("--post", "number", type=int, help="The post it acts in (default: the only one the account holds).")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, TOKEN_DAYS), help="How long it serves.")
@json_option
def create(username: str, name: str, number: int | None, days: int, as_json: bool) -> None:
    """Make a token for a post of USERNAME, and say it once.

    \b
    anju token create wei --name "school roll, nightly"
    anju token create wei --name "dashboard" --post 12 --days 30
    """
    migrated()
    post = _post(_account(username), number)
    try:
        made, text = make_token(post=post, name=name, days=days, by=actor(), at=timezone.now())
    except Refused as refused:
        fail(str(refused))
    lines = [text, f"token {made.pk} acts as {_words(post)} until {made.expires}; it is shown this once, and kept nowhere"]
    say(as_json, {"token": text, **_told(made)}, lines)


@token.command("list")
@click.argument("username", required=False)
@json_option
def list_(username: str | None, as_json: bool) -> None:
    """List tokens, of USERNAME or of everybody; never their text.

    \b
    anju token list
    """
    migrated()
    found = tokens_of(_account(username)) if username else Token.objects.select_related("post__place", "post__account").order_by("-pk")
    rows = [_told(one) for one in found]
    lines = [
        f"{row['id']:>5}  {row['username']:<16} {row['post']:<40} {row['name']:<30} until {row['expires']}"
        + (f"  last used {row['last_used']}" if row["last_used"] else "  never used")
        + (f"  REVOKED by {row['revoked_by']}" if row["revoked"] else "")
        for row in rows
    ]
    say(as_json, {"tokens": rows}, lines or ["there is no token"])


@token.command()
@click.argument("number", type=int)
@json_option
def revoke(number: int, as_json: bool) -> None:
    """End token NUMBER now.

    \b
    anju token revoke 7
    """
    migrated()
    found = Token.objects.select_related("post__place", "post__account").filter(pk=number).first()
    if found is None:
        fail(f"there is no token {number}", "anju token list")
    try:
        revoke_token(token=found, by=actor(), at=timezone.now())
    except Refused as refused:
        fail(str(refused))
    say(as_json, _told(found), [f"token {number} opens nothing from now on"])


def _account(username: str) -> Account:
    found = Account.objects.filter(username__iexact=username).first()
    if found is None:
        fail(f"there is no account '{username}'", "anju staff import opens accounts")
    return found


def _post(account: Account, number: int | None) -> Post:
    held = posts_of(account, timezone.localdate())
    known = ", ".join(f"{post.pk} ({_words(post)})" for post in held) or "none"
    chosen = [post for post in held if number in (None, post.pk)]
    if len(chosen) != 1:
        what = f"{account.username} holds {len(held)} posts" if number is None else f"{account.username} holds no post {number}"
        fail(what, f"say --post with one of: {known}")
    return chosen[0]


def _words(post: Post) -> str:
    return f"{post.role} at {post.place.name}" + (f", {post.department}" if post.department else "")


def _told(one: Token) -> dict[str, object]:
    return {
        "id": one.pk, "name": one.name, "username": one.post.account.username, "post": _words(one.post), "expires": one.expires.isoformat(),
        "last_used": one.last_used and one.last_used.isoformat(), "made_by": one.made_by, "revoked": one.revoked_at is not None,
        "revoked_by": one.revoked_by,
    }  # fmt: skip
