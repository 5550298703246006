"""A process of its own that takes steps with cases as it is told, one JSON object a line:  python -m apps.cases.acting

`hold`: the step is taken and its transaction kept open until another line comes. `die`: the process is killed, for real, at the n-th
statement inside a transaction. `full`: nothing longer than so many bytes may be written to a file from now on."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from anju.apps.alerts.models import Episode, Followed  # noqa: E402
from anju.apps.cases.models import AnswerLink, Case, CaseAlert, CaseCount, CaseEvent, CaseMark, LookBack, Measure  # noqa: E402
from anju.apps.cases.refusing import Refused  # noqa: E402
from anju.apps.cases.standing import MARK, MARKED, NAMES, keys_of  # noqa: E402
from anju.apps.cases.steps import assigning, closing, handling, judging, looking_back, opening, reminding, reviewing, verifying  # noqa: E402
from anju.apps.cases.steps.watching import watch  # noqa: E402
from anju.apps.journal.models import Line  # noqa: E402
from apps.cases.conftest import Loop, found_loop, made_loop  # noqa: E402
from kill.dying import at_statement  # noqa: E402

DAY = date(2023, 9, 4)
Told = dict[str, Any]


def _loop() -> Loop:
    return found_loop(Path(settings.DATA))


def at() -> datetime:
    newest = Followed.objects.order_by("-day").values_list("day", flat=True).first() or DAY
    return datetime.combine(newest, datetime.min.time(), UTC) + timedelta(hours=12)


def _by(told: Told) -> Told:
    return {"by": _loop().cast[told["who"]], "at": at()}


def set_up(_told: Told) -> None:
    made_loop(Path(settings.DATA))
    pass_to({"day": DAY.isoformat()})


def pass_to(told: Told) -> None:
    n = Followed.objects.count() + 1
    Followed.objects.create(run_id=n, day=date.fromisoformat(told["day"]), at=datetime.now(UTC))


def tell(told: Told) -> list[int]:
    """So many cases; `until`: brought as far as that state."""
    loop = _loop()
    made = []
    for _ in range(told.get("n", 1)):
        case = loop.told(level="yellow")
        made.append(case.pk)
        bring(loop, case.pk, told.get("until", "alerted"))
    return made


def bring(loop: Loop, number: int, until: str) -> None:
    def by(who: str) -> Told:
        return {"by": loop.cast[who], "at": at()}

    if until == "alerted":
        return
    assigning.assign(numbers=[number], to=loop.accounts["worker"], **by("secretary"))
    if until == "assigned":
        return
    verifying.verify(number=number, found="confirmed", mode="door", words="as told", **by("worker"))
    if until == "verified":
        return
    day = at().date()
    judging.judge(numbers=[number], outcome="handle", reason="needs help", **by("secretary"))
    made = handling.plan_measure(number=number, text="talk", owner="worker", due_on=day, **by("worker"))
    handling.finish_measure(number=number, measure=made.pk, done_on=day, result="done", **by("worker"))
    handling.feed_back(number=number, words="all is done", **by("worker"))
    if until == "ready":
        closing.record_answer(number=number, answer="solved", channel="phone", data=loop.data, **by("worker"))


def trouble(told: Told) -> None:
    """Episodes of as many persons, sent out and without a case."""
    path = _loop().place["G1"].path
    for n in range(told["n"]):
        Episode.objects.create(
            standard="ED-01", subject="person", subject_id=100 + n, household_id=1, path=path, state="open", level="orange", rank=3, breach="x",
            opened_on=DAY, opened_run=1, seen_on=DAY, seen_run=1, owner="education", cluster="H1", queue="todo", urgency=1, sort_on=DAY,
        )  # fmt: skip


def graver(_told: Told) -> None:
    Episode.objects.update(level="red", rank=4)


def check(_told: Told) -> Told:
    """What the tables hold, counted over."""
    wanted = Counter(key for case in Case.objects.all() for key in keys_of(case))
    kept = {row[:-1]: row[-1] for row in CaseCount.objects.exclude(n=0).values_list(*NAMES, "n")}
    kept |= {(MARK, *row[:-1]): row[-1] for row in CaseMark.objects.exclude(n=0).values_list(*MARKED, "n")}
    events = CaseEvent.objects
    return {
        "counts": kept == dict(wanted), "cases": Case.objects.count(), "links": CaseAlert.objects.count(),
        **{what: events.filter(what=what).count() for what in ("opened", "assign", "rose", "escalated", "close")},
        "journal": Line.objects.filter(act="cases.assign").count(), "states": dict(Counter(Case.objects.values_list("state", flat=True))),
        "overdue": Case.objects.filter(overdue=True).count(), "look_backs": LookBack.objects.count(), "measures": Measure.objects.count(),
    }  # fmt: skip


def link(told: Told) -> str:
    return closing.make_link(number=told["number"], **_by(told))[1]


def _data() -> Path:
    return Path(settings.DATA)


DO: dict[str, Callable[[Told], Any]] = {
    "set_up": set_up, "pass_to": pass_to, "tell": tell, "trouble": trouble, "graver": graver, "check": check, "link": link,
    "assign": lambda told: len(assigning.assign(numbers=told["numbers"], to=_loop().accounts[told["to"]], **_by(told))),
    "take": lambda told: assigning.take(number=told["number"], **_by(told)).assignee_name,
    "judge": lambda told: len(judging.judge(numbers=[told["number"]], outcome="handle", reason=f"says {told['who']}", **_by(told))),
    "close": lambda told: closing.close(number=told["number"], data=_data(), **_by(told)).state,
    "return_back": lambda told: reviewing.return_back(number=told["number"], reason="not enough", **_by(told)).state,
    "hand_on": lambda told: len(assigning.hand_on(numbers=told["numbers"], to=_loop().accounts[told["to"]], reason="leave", **_by(told))),
    "answer": lambda told: closing.answer_by_link(text=told["text"], answer=told["answer"], words="", at=at(), data=_data()).answer,
    "look_back": lambda told: looking_back.look_back(
        key=LookBack.objects.get(case=told["number"]).pk, holds=told["holds"], words="as it was", **_by(told)
    ).state,
    "follow": lambda _told: opening.follow_alerts(at=at()).as_dict(),
    "pass_day": lambda _told: len(reminding.pass_day(at=at())),
    "watch": lambda _told: watch(data=_data(), at=at()),
    "links_used": lambda _told: AnswerLink.objects.exclude(used_at=None).count(),
}  # fmt: skip


def act(told: Told) -> Told:
    try:
        if told.get("hold"):
            with transaction.atomic():
                found = DO[told["do"]](told)
                say({"held": True})
                sys.stdin.readline()
        else:
            found = DO[told["do"]](told)
    except Refused as refused:
        return {"refused": str(refused)}
    except Exception as wrong:  # noqa: BLE001 - whatever it is, the test is told
        return {"wrong": f"{type(wrong).__name__}: {wrong}", "where": traceback.format_exc()}
    return {"done": found}


def say(answer: Told) -> None:
    print(json.dumps(answer, default=str), flush=True)


def main() -> None:
    say({"ready": connection.vendor})
    for line in sys.stdin:
        told = json.loads(line)
        if "full" in told:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (told["full"], resource.RLIM_INFINITY))
        if "batch" in told:
            opening.BATCH = reminding.AT_ONCE = told["batch"]
        if "die" in told:
            connection.execute_wrappers.append(at_statement(told["die"]))
        say(act(told))


if __name__ == "__main__":
    main()
