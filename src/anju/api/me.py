"""Who the token is: its account, its post and what that may do."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from anju.api.door import ANY, Caller, needs
from anju.api.shapes import Both, PlaceShort, both, place_short
from anju.apps.staff.permissions import ACTS, ROLES

router = Router(tags=["me"])


class AccountOut(Schema):
    username: str
    display_name: str


class PostOut(Schema):
    id: int
    role: str
    role_title: Both
    title: str
    place: PlaceShort
    side: str
    department: str | None
    start: date
    end: date | None


class TokenOut(Schema):
    id: int
    name: str
    expires: date
    last_used: date | None


class ActOut(Schema):
    act: str
    title: Both


class MeOut(Schema):
    account: AccountOut
    post: PostOut
    token: TokenOut
    acts: list[ActOut]


@router.get("/me", response=MeOut, summary="The account and post of the token, and what it may do")
@needs(ANY)
def me(request: HttpRequest) -> dict[str, Any]:
    caller: Caller = request.caller  # type: ignore[attr-defined]
    token, post = caller.token, caller.token.post
    return {
        "account": {"username": post.account.username, "display_name": str(post.account)},
        "post": {
            "id": post.pk, "role": post.role, "role_title": both(ROLES[post.role].title), "title": post.title, "place": place_short(post.place),
            "side": post.side, "department": post.department or None, "start": post.start, "end": post.end,
        },
        "token": {"id": token.pk, "name": token.name, "expires": token.expires, "last_used": token.last_used},
        "acts": [{"act": act, "title": both(ACTS[act])} for act in sorted(caller.viewer.may)],
    }  # fmt: skip
