"""Accounts and posts from a list: every row is taken, or refused with its reason, and a refused row changes nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.places.models import Place
from anju.apps.places.tables import read_rows
from anju.apps.staff.actions import Refused, give_post, open_account
from anju.apps.staff.models import Account, Post
from anju.apps.staff.permissions import ROLES

WANTED = ("username", "display_name", "role", "place_level", "place_code")
OPTIONAL = ("department", "side", "title", "start")


@dataclass(frozen=True, slots=True)
class RefusedRow:
    line: int
    username: str
    reason: str


@dataclass
class StaffReport:
    """`passwords`: username -> the first password of each new account, told once and changed at the first sign-in."""

    rows: int = 0
    accounts: int = 0
    posts: int = 0
    known: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)


def import_staff(path: Path, *, by: str, at: datetime, departments: frozenset[str] = frozenset()) -> StaffReport:
    """A list with username, display_name, role, place_level and place_code, and if need be department, side, title and start.

    One row is one post; several rows of one username are several posts of one account. `departments`: the codes that exist.
    Raises FileRefused where the file as a whole cannot be read."""
    report = StaffReport()
    for line, cells in read_rows(path, WANTED, OPTIONAL):
        row = {name: text.strip() for name, text in zip((*WANTED, *OPTIONAL), cells, strict=True)}
        report.rows += 1
        try:
            with transaction.atomic():
                _take(row, report, by, at, departments)
        except Refused as refused:
            report.refused.append(RefusedRow(line, row["username"], str(refused)))
    return report


def _take(row: dict[str, str], report: StaffReport, by: str, at: datetime, departments: frozenset[str]) -> None:
    place = _place(row)
    start = _start(row["start"])
    side = row["side"] or Post.DESTINATION
    if side not in (Post.DESTINATION, Post.ORIGIN):
        raise Refused(f"side is destination or origin, not '{side}'")
    if row["department"] and departments and row["department"] not in departments:
        raise Refused(f"there is no department '{row['department']}': one of {', '.join(sorted(departments))}")
    if row["role"] not in ROLES:
        raise Refused(f"there is no role '{row['role']}': one of {', '.join(sorted(ROLES))}")
    account = Account.objects.filter(username__iexact=row["username"]).first() if row["username"] else None
    password = ""
    if account is None:
        password = secrets.token_urlsafe(9)
        account = open_account(username=row["username"], display_name=row["display_name"], password=password, by=by, at=at)
    held = Post.objects.filter(account=account, role=row["role"], place=place, side=side, department=row["department"], end=None)
    if held.exists():
        report.known += 1
        return
    post = give_post(
        account=account, role=row["role"], place=place, by=by, at=at, side=side, department=row["department"], title=row["title"], start=start
    )  # fmt: skip
    record(act="post.give", about=f"account:{account.pk}", by=by, at=at, detail={"role": post.role, "place": place.pk, "new": bool(password)})
    report.posts += 1
    if password:
        report.accounts += 1
        report.passwords[account.username] = password


def _place(row: dict[str, str]) -> Place:
    place = Place.objects.filter(tree="scope", level=row["place_level"], code=row["place_code"]).first()
    if place is None:
        raise Refused(f"there is no place of level '{row['place_level']}' with the code '{row['place_code']}'")
    return place


def _start(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(f"start is a day like 2023-09-26, not '{text}'") from None
