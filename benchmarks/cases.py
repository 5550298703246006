"""A hundred thousand open cases: the queues and steps of people, and what follows on a run and on a new day.

Works on a copy of the world's tables, in a process of its own:  python -m benchmarks.cases OUT"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.crowd import AT_ONCE, load, p95, served, sign_in
from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timing

if TYPE_CHECKING:
    from anju.core.terms.viewer import Viewer
    from benchmarks.situation import Situation

CASES, FED_BACK, ASSIGNED = 100_000, 10_000, 1_000
ASKED = 40  # times that a page's queries are asked
STANDARDS = (("ED-01", "education", "absent", "orange"), ("MH-01", "medical_security", "uninsured", "orange"),
             ("SS-05", "civil_affairs", "overdue_key", "yellow"))  # fmt: skip
RANK = {"yellow": 2, "orange": 3}
QUEUES = ("/cases/", "/cases/?queue=open", "/cases/?queue=open&level=orange", "/cases/?queue=post")
CAST = {"grid": "sample-grid", "street": "sample-street", "bureau": "sample-county", "prefecture": "sample-bureau"}


def measure(situation: Situation) -> Section:
    folder = situation.folder / "cases"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    data = situation.world.data
    shutil.copy2(data / "anju.sqlite3", folder / "anju.sqlite3")
    shutil.copytree(data / "keys", folder / "keys")
    (folder / "lake").symlink_to(data / "lake")
    out = folder / "out.json"
    environment = os.environ | {"ANJU_DATA": str(folder), "ANJU_DATABASE_URL": "", "ANJU_SAMPLE": "1"}
    subprocess.run([sys.executable, "-m", "benchmarks.cases", str(out)], env=environment, check=True)
    found = json.loads(out.read_text(encoding="utf-8"))
    with served(folder) as port:
        found["goals"] += asyncio.run(_pages(port))
    shutil.rmtree(folder)
    rows = [Row(name, Timing(tuple(seconds)), remark=remark) for name, seconds, remark in found["rows"]]
    goals = [Goal(text, figure, "ms", wanted, at_most=wanted is not None) for text, figure, wanted in found["goals"]]
    return Section(rows, goals)


async def _pages(port: int) -> list[tuple[str, float, float | None]]:
    """The queue's page as one person after another opens it, and as fifty do at once."""
    found: list[tuple[str, float, float | None]] = []
    for role in ("grid_worker", "first_secretary", "county_bureau", "prefecture_bureau"):
        cookies = await sign_in(port, role)
        for people, each, wanted in ((1, 60, 200.0), (AT_ONCE, 5, None)):
            await load(port, cookies, QUEUES, people=people, each=3)
            seconds = await load(port, cookies, QUEUES, people=people, each=each)
            how = "one after another" if people == 1 else f"{people} at once"
            found.append((f"queue page, as {role}, {how}: p95", 1_000 * p95(seconds), wanted))
            print(*found[-1], flush=True)
    return found


class Bench:
    """`rows` and `goals` as they are reported."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, list[float], str]] = []
        self.goals: list[tuple[str, float, float | None]] = []

    def once(self, name: str, act: Callable[[], Any], remark: Callable[[Any], str] = str) -> Any:
        started = time.perf_counter()
        answer = act()
        self.rows.append((name, [time.perf_counter() - started], remark(answer)))
        print(*self.rows[-1], flush=True)
        return answer

    def often(self, name: str, ask: Callable[[], Any], wanted: float | None = None) -> None:
        seconds = []
        for _ in range(ASKED):
            started = time.perf_counter()
            ask()
            seconds.append(time.perf_counter() - started)
        self.goals.append((f"{name}: p95", 1_000 * p95(seconds), wanted))
        print(*self.goals[-1], flush=True)


def main(out: Path) -> None:
    import django  # noqa: PLC0415  (Django is set up in the child only)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    bench = Bench()
    _measure(bench)
    out.write_text(json.dumps({"rows": bench.rows, "goals": bench.goals}), encoding="utf-8")


def _measure(bench: Bench) -> None:
    from django.conf import settings  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from anju.apps.cases import counting, overseeing, publish, queries  # noqa: PLC0415
    from anju.apps.cases.models import Case  # noqa: PLC0415
    from anju.apps.cases.queries import Filters  # noqa: PLC0415
    from anju.apps.cases.rules import as_of, today  # noqa: PLC0415
    from anju.apps.cases.steps.assigning import assign  # noqa: PLC0415
    from anju.apps.cases.steps.opening import follow_alerts  # noqa: PLC0415
    from anju.apps.cases.steps.reminding import pass_day  # noqa: PLC0415
    from anju.apps.cases.steps.watching import watch  # noqa: PLC0415
    from anju.apps.places.scope import inside  # noqa: PLC0415

    day, at, data = today(), timezone.now(), Path(settings.DATA)
    cast = people()
    worker = cast["grid"]
    make_alerts(worker.scopes[0], day)
    bench.once(f"{CASES:,} cases opened from alerts", lambda: follow_alerts(at=at), lambda found: f"{found.opened:,} opened")
    bench.once("alerts followed again, nothing changed", lambda: follow_alerts(at=at), lambda found: f"{sum(found.as_dict().values())} changes")
    hers = list(Case.objects.filter(inside(worker), waits_on="assign").values_list("pk", flat=True)[:ASSIGNED])
    to = worker.account or 0
    bench.once(
        f"{len(hers):,} cases assigned at once", lambda: assign(numbers=hers, to=to, by=cast["street"], at=at), lambda done: f"{len(done):,}"
    )
    feed_back_some(day, at)
    bench.once(f"the gate of {FED_BACK:,} cases that were fed back", lambda: watch(data=data, at=at), lambda n: f"{n:,} moved")
    bench.once("the gate again, nothing changed", lambda: watch(data=data, at=at), lambda n: f"{n:,} moved")
    street, bureau = cast["street"], cast["bureau"]
    for name, viewer, which in (
        ("grid worker, in her hands", worker, "mine"), ("grid worker, all open", worker, "open"), ("street, for its post", street, "post"),
        ("street, all open", street, "open"), ("bureau, for its post", bureau, "post"), ("bureau, all open", bureau, "open"),
        ("prefecture, all open", cast["prefecture"], "open"), ("prefecture, over", cast["prefecture"], "done"),
    ):  # fmt: skip
        wanted = Filters(queue=which)
        bench.often(f"queue: {name}", partial(queries.queue, viewer, wanted), 50)
    bench.often("numbers above the queue, prefecture", lambda: counting.counts(cast["prefecture"]), 50)
    bench.often("what changed, bureau", lambda: overseeing.changed_since(cast["bureau"], at - timedelta(days=3)), 50)
    bench.once("rows for the lake", lambda: sum(1 for _ in publish.cases(day, timezone.now())), lambda n: f"{n:,} rows")
    with as_of(day + timedelta(days=60)):
        bench.once("a day passes on which nearly all are overdue", lambda: len(pass_day(at=at)), lambda n: f"{n:,} ranks told")
        bench.once("the same day again", lambda: len(pass_day(at=at)), lambda n: f"{n:,} ranks told")


def people() -> dict[str, Viewer]:
    """The sample's own cast: a grid worker, and whoever sees the street, the unit and the prefecture above her grid."""
    from anju.apps.staff.models import Account  # noqa: PLC0415
    from anju.apps.staff.queries import viewer_of  # noqa: PLC0415
    from benchmarks.world import DAY  # noqa: PLC0415

    return {name: viewer_of(Account.objects.get(username=username), DAY) for name, username in CAST.items()}


def make_alerts(first: str, day: date) -> None:
    """Episodes as a run sends them out, of as many persons; those of the worker's place come first."""
    from anju.apps.alerts.models import Episode  # noqa: PLC0415
    from anju.apps.people.models import Membership  # noqa: PLC0415

    found = Membership.objects.exclude(household__place=None).order_by("pk")
    names = ("person_id", "household_id", "household__place_id", "household__place__path", "household__origin_place__path")
    here = found.filter(household__place__path__startswith=first).values_list(*names)[:2_000]
    there = found.exclude(household__place__path__startswith=first).values_list(*names)
    seen: set[tuple[str, int]] = set()
    made: list[Episode] = []
    n = 0
    while len(made) < CASES:
        standard, owner, breach, level = STANDARDS[n]
        for person, household, place, path, origin in islice((row for some in (here, there.iterator(10_000)) for row in some), CASES):
            if (standard, person) in seen or len(made) == CASES or (len(made) > (n + 1) * CASES // len(STANDARDS) + 1):
                continue
            seen.add((standard, person))
            made.append(Episode(
                standard=standard, subject="person", subject_id=person, household_id=household, place_id=place, path=path, origin_path=origin,
                state="open", level=level, rank=RANK[level], breach=breach, opened_on=day, opened_run=0, seen_on=day, seen_run=0, owner=owner,
                cluster=f"H{household}", queue="todo", urgency=4, sort_on=day,
            ))  # fmt: skip
        n += 1
    standing = set(Episode.objects.filter(state="open").values_list("standard", "subject_id"))
    Episode.objects.bulk_create([one for one in made if (one.standard, one.subject_id) not in standing], 2_000)


def feed_back_some(day: date, at: datetime) -> None:
    """Brought to their feedback as a set: the steps themselves are measured elsewhere."""
    from anju.apps.cases.models import Case, CaseCount, Measure  # noqa: PLC0415
    from anju.apps.cases.standing import count_moved, keys_of  # noqa: PLC0415

    some = list(Case.objects.filter(waits_on="assign").order_by("-pk")[:FED_BACK])
    before = [key for case in some for key in keys_of(case)]
    for case in some:
        case.state, case.waits_on, case.assignee, case.assignee_name = "feedback", "show", 0, "bench"
        case.measured_on = case.fed_back_on = day
        case.fed_back_at, case.deadline, case.close_due, case.handle_due = at, day, day, day
    Case.objects.bulk_update(
        some, ["state", "waits_on", "assignee", "assignee_name", "measured_on", "fed_back_on", "fed_back_at", "deadline", "close_due",
               "handle_due"], batch_size=500,
    )  # fmt: skip
    Measure.objects.bulk_create(
        [Measure(case=case, text="x", owner="x", due_on=day, planned_by="x", planned_at=at, done_on=day) for case in some], 2_000
    )
    count_moved(before, [key for case in some for key in keys_of(case)])
    assert CaseCount.objects.exists()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
