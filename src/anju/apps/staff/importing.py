"""Accounts and posts from a list: every row is taken, or refused with its reason, and a refused row changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.db import transaction
from django.db.models.functions import Lower

from anju.apps.journal.actions import record
from anju.apps.places.models import Place
from anju.apps.places.tables import read_rows
from anju.apps.staff.actions import By, Refused, first_password, hashed_quickly, name_fault, new_account, post_faults
from anju.apps.staff.models import Account, Post
from anju.core.standards.model import Title

WANTED = ("username", "display_name", "role", "place_level", "place_code")
OPTIONAL = ("department", "side", "title", "start")
COLUMNS = (*WANTED, *OPTIONAL)
BATCH = 1_000
Row = tuple[int, tuple[str, ...]]  # its line, and its cells in the order of COLUMNS


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One cell that is wrong: its line and column, and why in both languages."""

    line: int
    username: str
    column: str
    why: Title

    @property
    def reason(self) -> str:
        return self.why.en


@dataclass
class StaffReport:
    """`passwords`: username -> the first password of each new account, told once and changed at the first sign-in."""

    rows: int = 0
    accounts: int = 0
    posts: int = 0
    known: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)


def read_staff(path: Path) -> list[Row]:
    """Raises FileRefused where the file as a whole cannot be read, or lacks a column."""
    return [(line, tuple(text.strip() for text in cells)) for line, cells in read_rows(path, WANTED, OPTIONAL)]


def import_staff(
    rows: Path | Sequence[Row], *, by: By, at: datetime, departments: frozenset[str] = frozenset(), dry_run: bool = False
) -> StaffReport:
    """A list with username, display_name, role, place_level and place_code, and if need be department, side, title and start.

    One row is one post; several rows of one username are several posts of one account. `departments`: the codes that exist.
    A dry run says the same and changes nothing. Raises FileRefused where the file as a whole cannot be read."""
    found = read_staff(rows) if isinstance(rows, Path) else list(rows)
    with transaction.atomic():
        taking = _Taking(found, at, departments)
        for line, cells in found:
            taking.take(line, dict(zip(COLUMNS, cells, strict=True)))
        if not dry_run:
            taking.save()
            report = taking.report
            detail: dict[str, str | int | bool | None] = {
                "rows": report.rows,
                "accounts": report.accounts,
                "posts": report.posts,
                "refused": len(report.refused),
            }
            record(act="accounts.import", about="accounts:list", by=by, at=at, detail=detail | taking.numbers())
    return taking.report


class _Taking:
    """What the list names, read once; every row is judged in memory, and what is new is written at once."""

    def __init__(self, rows: Sequence[Row], at: datetime, departments: frozenset[str]) -> None:
        self.at, self.departments, self.report = at, departments, StaffReport()
        cells = [dict(zip(COLUMNS, row, strict=True)) for _, row in rows]
        codes = {cell["place_code"] for cell in cells}
        self.places = {(place.level, place.code): place for place in Place.objects.filter(tree="scope", code__in=codes)}
        names = {cell["username"].lower() for cell in cells}
        known = Account.objects.alias(low=Lower("username")).filter(low__in=names)
        self.accounts: dict[str, Account] = {account.username.lower(): account for account in known}
        self.held: dict[str, list[Post]] = {}
        for post in Post.objects.filter(account__in=known, end=None).select_related("account", "place"):
            self.held.setdefault(post.account.username.lower(), []).append(post)
        self.new: list[Account] = []
        self.posts: list[Post] = []

    def take(self, line: int, row: dict[str, str]) -> None:
        self.report.rows += 1
        name = row["username"].lower()
        account = self.accounts.get(name)
        fault = name_fault(row["username"], taken=False) if account is None else None
        faults = [("username", fault.title)] if fault is not None else []
        account = account or new_account(row["username"], row["display_name"], self.at)
        place, start = self._place(row, faults), _start(row["start"], faults)
        if row["department"] and self.departments and row["department"] not in self.departments:
            codes = ", ".join(sorted(self.departments))
            told = Title(f"there is no department '{row['department']}': one of {codes}", f"没有部门“{row['department']}”，可选：{codes}")
            faults.append(("department", told))
        post = Post(account=account, role=row["role"], side=row["side"] or Post.DESTINATION, department=row["department"])
        post.title, post.start = row["title"][:100], start or self.at.date()
        post.place_id = place.pk if place is not None else 0
        refused = post_faults(post, self.held.get(name, []))
        if not faults and [str(fault) for fault in refused] == ["this post is held already"]:
            self.report.known += 1
            return
        faults += [(_column(fault), fault.title) for fault in refused]
        if faults:
            self.report.refused += [RefusedRow(line, row["username"], column, why) for column, why in faults]
            return
        if name not in self.accounts:
            self.accounts[name] = account
            self.new.append(account)
            self.report.accounts += 1
        self.held.setdefault(name, []).append(post)
        self.posts.append(post)
        self.report.posts += 1

    def _place(self, row: dict[str, str], faults: list[tuple[str, Title]]) -> Place | None:
        level, code = row["place_level"], row["place_code"]
        place = self.places.get((level, code))
        if place is None:
            en, zh = f"there is no place of level '{level}' with the code '{code}'", f"没有级别为“{level}”、代码为“{code}”的地点"
            faults.append(("place_code", Title(en, zh)))
        return place

    def save(self) -> None:
        for account in self.new:
            password = first_password()
            account.password, account.must_change_password = hashed_quickly(password), True
            self.report.passwords[account.username] = password
        Account.objects.bulk_create(self.new, BATCH)
        for post in self.posts:
            post.account_id = post.account.pk
        Post.objects.bulk_create(self.posts, BATCH)

    def numbers(self) -> dict[str, str | int | bool | None]:
        """The keys that the list has made: from the first to the last."""
        keys = [post.pk for post in self.posts]
        return {"first_post": min(keys), "last_post": max(keys)} if keys else {}


def _column(fault: Refused) -> str:
    """The cell to mend."""
    text = str(fault)
    return "department" if "department" in text else "side" if text.startswith("side") else "role"


def _start(text: str, faults: list[tuple[str, Title]]) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        faults.append(("start", Title(f"start is a day like 2023-09-26, not '{text}'", f"“start”应是 2023-09-26 这样的日期，而不是“{text}”")))
        return None
