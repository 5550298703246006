"""Pages as people load them: fifty at once on the served deployment, by the lowest role that has the page and by the widest.

The goal is the lowest role's: many open the pages of a community or a street, few those of the whole prefecture. What the widest
role waits is told beside it, and the lowest is to wait no longer: it must not pay for the scope in every query."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from anju.apps.people.models import Household, Person
from anju.apps.staff.models import Account
from benchmarks.crowd import AT_ONCE, load, p95, served, sign_in
from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timing

if TYPE_CHECKING:
    from benchmarks.situation import Situation

WIDEST = "prefecture_bureau"


@dataclass(frozen=True, slots=True)
class Page:
    """`role` is the lowest that has the page; `addresses` are what different people ask for."""

    name: str
    role: str
    addresses: tuple[str, ...]


def pages() -> list[Page]:
    """What people open, over many families of the grid worker's own community."""
    worker = Account.objects.get(username="sample-grid").posts.get()
    homes = list(Household.objects.filter(place__path__startswith=worker.place.path).order_by("pk").values_list("pk", flat=True)[:2000:20])
    people = Person.objects.filter(memberships__household__in=homes).exclude(name=None).values_list("name", flat=True)
    names = sorted({name[:2] for name in people if name})[:40]
    return [
        Page("first screen", "grid_worker", ("/",)),
        Page("my work (cases)", "grid_worker", ("/cases/", "/cases/?queue=open", "/cases/?queue=observed")),
        Page("alerts (queue)", "grid_worker", ("/work/", "/work/?level=red", "/work/?level=orange")),
        Page("search by name", "grid_worker", tuple(f"/households/?q={quote(name)}" for name in names)),
        Page("family page", "grid_worker", tuple(f"/households/{key}/" for key in homes)),
        Page("situation", "first_secretary", ("/situation/",)),
        Page("standards", "grid_worker", ("/standards/", "/standards/ED-01/", "/standards/MW-02/")),
    ]


async def _measured(port: int, pages: Sequence[Page]) -> list[tuple[Page, str, list[float]]]:
    found = []
    sessions: dict[str, dict[str, str]] = {}
    for page in pages:
        for role in (page.role, WIDEST):
            if role not in sessions:
                sessions[role] = await sign_in(port, role)
            await load(port, sessions[role], page.addresses)
            seconds = await load(port, sessions[role], page.addresses)
            print(f"{page.name}, as {role}: p95 {p95(seconds) * 1000:.0f} ms", flush=True)
            found.append((page, role, seconds))
    return found


def measure(situation: Situation) -> Section:
    opened = pages()
    with served() as port:
        found = asyncio.run(_measured(port, opened))
    rows, goals = [], []
    widest = {page.name: p95(seconds) for page, role, seconds in found if role == WIDEST}
    for page, role, seconds in found:
        if role == page.role:
            goals.append(Goal(f"{page.name}, as {role}: p95", p95(seconds) * 1000, "ms", 300, at_most=True))
            goals.append(Goal(f"{page.name}: p95 as {role}, of that as {WIDEST}", p95(seconds) / widest[page.name], "x", 1.25, at_most=True))
        rows.append(Row(f"{page.name}, as {role}", Timing(tuple(seconds)), remark=f"{len(seconds) / sum(seconds) * AT_ONCE:.0f} pages a second"))
    return Section(rows, goals)
