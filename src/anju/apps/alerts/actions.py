"""Every write about alerts: following a run, taking on, putting off, releasing what was held, calling to mind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, QuerySet

from anju.apps.alerts.models import OPEN, TAKEN, TODO, Episode, EpisodeEvent, Followed, Hold, Looked, Mute
from anju.apps.alerts.pipeline import walk, walk_household
from anju.apps.alerts.queries import alerts_in_scope, holds_in_scope, mutes_in_scope
from anju.apps.alerts.queues import count_moved
from anju.apps.alerts.stages.group import mark_leads
from anju.apps.alerts.work import Work
from anju.apps.feeds.retry import name_of
from anju.apps.findings.household_now import HouseholdAnswers
from anju.apps.findings.models import Run
from anju.apps.journal.actions import record
from anju.apps.places.codes import one_writer
from anju.apps.prepared.queries import prepared
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer

MOST_DAYS = 30  # of a mute
TEXT = 400
CLUSTERS = 500  # looked at in one statement


class Refused(ValueError):
    """What cannot be done, why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Follow:
    """`counts`: standard -> event -> number. `state`: followed, replay (of an earlier day: no alert), or known (followed before)."""

    state: str
    run: int
    day: date
    counts: dict[str, dict[str, int]]

    def total(self, what: str) -> int:
        return sum(events.get(what, 0) for events in self.counts.values())

    def as_dict(self) -> dict[str, object]:
        return {"state": self.state, "run": self.run, "day": self.day.isoformat(), "counts": self.counts}

    def lines(self) -> list[str]:
        if self.state != "followed":
            return [f"alerts: unchanged ({'a replay of an earlier day' if self.state == 'replay' else 'this run was followed before'})"]
        words = ("opened", "relapsed", "rose", "still", "eased", "doubted", "cleared", "ended")
        return ["alerts: " + ", ".join(f"{self.total(word)} {word}" for word in words)]


@transaction.atomic
def follow(policy: Policy, data: Path, run: Run) -> Follow:
    """Folds a completed run into the episodes, after those before it that were never folded in. One transaction; twice changes nothing."""
    one_writer()
    if run.finished_at is None:
        raise Refused(f"run {run.pk} is not whole: run it again, then follow that one")
    last = Followed.objects.order_by("-run_id").first()
    if last is not None and run.pk <= last.run_id:
        known = Followed.objects.filter(run_id=run.pk).first()
        return Follow("known" if known else "replay", run.pk, run.day, known.counts if known else {})
    newest = Followed.objects.aggregate(day=Max("day"))["day"]
    if run.replay or (newest is not None and run.day < newest):
        return Follow("replay", run.pk, run.day, {})
    missed = Run.objects.filter(pk__lt=run.pk, finished_at__isnull=False, replay=False).order_by("pk")
    if last is not None:
        missed = missed.filter(pk__gt=last.run_id)
    counts: dict[str, dict[str, int]] = {}
    for each in [*missed, run]:
        if each is run or (data / "lake" / each.folder).exists():
            counts = _follow_one(policy, data, each)
    return Follow("followed", run.pk, run.day, counts)


def _follow_one(policy: Policy, data: Path, run: Run) -> dict[str, dict[str, int]]:
    assert run.finished_at is not None
    with connection.cursor() as cursor:
        work = Work(policy, data, run.day, run.finished_at, run, cursor)
        walk(work)
    counts = {standard: dict(events) for standard, events in sorted(work.counts.items())}
    total: Counter[str] = Counter()
    for events in counts.values():
        total.update(events)
    record(act="alerts.follow", about=f"run:{run.pk}", by=run.started_by, at=run.finished_at, detail=dict(total))
    Followed.objects.create(run_id=run.pk, day=run.day, at=run.finished_at, counts=counts)
    return counts


@dataclass(frozen=True, slots=True)
class Moved:
    """`state`: moved, unchanged, not yet (the run judged from is not followed yet: following it will tell), or overtaken (another run
    has been followed since: judge the family anew). `counts`: event -> number."""

    state: str
    counts: dict[str, int]


@transaction.atomic
def move_household(policy: Policy, data: Path, household_id: int, answers: HouseholdAnswers, *, by: Viewer | str, at: datetime) -> Moved:
    """Folds what was found of one family at once into its alerts: they open, rise, ease and clear as by a run, and a run to come agrees or
    corrects. Findings and figures stay. One transaction; twice changes nothing."""
    one_writer()
    if answers.household != household_id:
        raise Refused(f"these answers are about household {answers.household}, not {household_id}: judge that one")
    run = Run.objects.get(pk=answers.run)
    last = Followed.objects.order_by("-run_id").first()
    if last is None or last.run_id < run.pk:
        return Moved("not yet", {})
    if last.run_id > run.pk or not run.current:
        return Moved("overtaken", {})
    until = EpisodeEvent.objects.aggregate(key=Max("pk"))["key"] or 0
    with connection.cursor() as cursor:
        walk_household(Work(policy, data, answers.day, at, run, cursor, household_id, name_of(by)), answers)
    new = EpisodeEvent.objects.filter(pk__gt=until).values_list("what", flat=True)
    counts = dict(sorted(Counter(new).items()))
    if not counts:
        return Moved("unchanged", {})
    record(act="alerts.judge_household", about=f"household:{household_id}", by=by, at=at, detail={"day": answers.day.isoformat(), **counts})
    return Moved("moved", counts)


def today() -> date | None:
    """The day of the deployment's clock: of the last run that was followed."""
    return _last_day.first()


@prepared
def _last_day() -> QuerySet[Followed, date]:
    return Followed.objects.order_by("-day").values_list("day", flat=True)[:1]


def _look_again(policy: Policy, data: Path, at: datetime) -> None:
    """The later stages over what stands, within the transaction of an action."""
    day = today()
    if day is not None:
        with connection.cursor() as cursor:
            walk(Work(policy, data, day, at, None, cursor))


@transaction.atomic
def repeat(policy: Policy, data: Path, *, at: datetime) -> int:
    """Ends what is over by its day and calls to mind what nobody has taken on; the nightly work of a day without a run too.
    Answers how many were called to mind."""
    one_writer()
    before = EpisodeEvent.objects.filter(what="reminded").count()
    _look_again(policy, data, at)
    return EpisodeEvent.objects.filter(what="reminded").count() - before


def mark_look(*, by: Viewer, at: datetime) -> None:
    """What changed was read until now."""
    if by.account is not None:
        Looked.objects.update_or_create(account=by.account, defaults={"at": at})


# --- taking on ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """`taken`: the numbers taken on now. `others`: number -> who had it already, or '' where it is no longer to be taken on."""

    taken: tuple[int, ...]
    others: dict[int, str]


@transaction.atomic
def acknowledge(*, numbers: Sequence[int], by: Viewer, at: datetime, comment: str = "") -> Acknowledged:
    """Takes alerts on by name. Of two people at once one wins, and the other is told who. Raises Refused for what lies outside
    the scope as for what does not exist."""
    _may(by, "alerts.acknowledge")
    one_writer()
    asked = sorted(set(numbers))
    found = {episode.pk: episode for episode in alerts_in_scope(by).filter(pk__in=asked)}
    _all_there(asked, found)
    ready = [pk for pk, episode in found.items() if episode.queue == TODO]
    said = comment.strip()[:TEXT]
    values = {
        "acknowledged_by": by.name,
        "acknowledged_account": by.account,
        "acknowledged_at": at,
        "acknowledged_comment": said,
    }
    before = list(Episode.objects.filter(pk__in=ready))
    changed = {"queue": TAKEN, "overdue": False}
    if Episode.objects.filter(pk__in=ready, queue=TODO, acknowledged_at=None).update(**values, **changed) != len(ready):
        raise Refused("somebody else was faster: load the page again")
    for episode in before:
        Episode.objects.filter(pk=episode.pk).update(urgency=(4 - episode.rank) * 2 + 1)
    _after(before, "acknowledged", by, at, said)
    for pk in ready:
        record(act="alerts.acknowledge", about=f"alert:{pk}", by=by, at=at)
    return Acknowledged(tuple(ready), {pk: episode.acknowledged_by for pk, episode in found.items() if pk not in set(ready)})


@transaction.atomic
def take_on(*, numbers: Sequence[int], account: int, name: str, at: datetime) -> int:
    """The alerts of a case follow it into somebody's hands. Those that are no longer to be taken on stay as they are."""
    one_writer()
    before = list(Episode.objects.filter(pk__in=numbers, queue=TODO))
    Episode.objects.filter(pk__in=[episode.pk for episode in before], queue=TODO).update(
        acknowledged_by=name, acknowledged_account=account, acknowledged_at=at, queue=TAKEN, overdue=False, urgency=(4 - F("rank")) * 2 + 1
    )
    if before:
        _after(before, "acknowledged", Viewer(name=name), at, "")
    return len(before)


def _after(before: Sequence[Episode], what: str, by: Viewer, at: datetime, reason: str) -> None:
    """The events, the lines of the clusters and the counts after episodes have changed queue."""
    day = today() or at.date()
    EpisodeEvent.objects.bulk_create(
        [EpisodeEvent(episode=episode, what=what, day=day, at=at, who=by.name, reason=reason) for episode in before], 1_000
    )
    with connection.cursor() as cursor:
        work: Any = Work(None, Path(), day, at, None, cursor)  # type: ignore[arg-type]  # the lines of a cluster ask for no rule
        clusters = sorted({episode.cluster for episode in before})
        for first in range(0, len(clusters), CLUSTERS):
            mark_leads(work, clusters[first : first + CLUSTERS])
    count_moved(before, Episode.objects.filter(pk__in=[episode.pk for episode in before]))


# --- putting off -------------------------------------------------------------------------------------------------------


@transaction.atomic
def mute(
    policy: Policy,
    data: Path,
    *,
    by: Viewer,
    at: datetime,
    reason: str,
    until: date,
    path: str,
    standard: str = "",
    household: int | None = None,
) -> Mute:
    """Puts reminders off for what matches. Raises Refused naming every fault."""
    _may(by, "alerts.mute")
    one_writer()
    day = today() or at.date()
    faults = mute_faults(policy, by, day, reason=reason, until=until, path=path, standard=standard)
    if faults:
        raise Refused("; ".join(faults))
    made = Mute.objects.create(
        owner=by.name, account=by.account, reason=reason.strip()[:TEXT], made_at=at, until=until, standard=standard, path=path,
        household_id=household, department=next(iter(sorted(by.departments)), ""),
    )  # fmt: skip
    record(act="alerts.mute", about=f"mute:{made.pk}", by=by, at=at, detail={"until": until.isoformat(), "reason": made.reason})
    _look_again(policy, data, at)
    made.refresh_from_db()
    return made


def mute_faults(policy: Policy, by: Viewer, day: date, *, reason: str, until: date, path: str, standard: str) -> list[str]:
    faults = []
    if len(reason.strip()) < 4:
        faults.append("a reason is needed: say in a few words why it may wait")
    if until < day:
        faults.append(f"the end {until} lies before today, {day}: choose a later day")
    if until > day + timedelta(days=MOST_DAYS):
        faults.append(f"a mute lasts at most {MOST_DAYS} days: choose {day + timedelta(days=MOST_DAYS)} or earlier")
    if standard and standard not in policy.standards:
        faults.append(f"there is no standard {standard}: one of {', '.join(sorted(policy.standards))}")
    if not by.sees_path(path):
        faults.append("that place lies outside your post: choose your own, or one below it")
    return faults


@transaction.atomic
def unmute(policy: Policy, data: Path, *, key: int, by: Viewer, at: datetime) -> Mute:
    """Ends a mute before its day: by its owner, or by whoever may mute in its place."""
    _may(by, "alerts.mute")
    one_writer()
    found = mutes_in_scope(by).filter(pk=key).first()
    if found is None:
        raise Refused("there is no such mute in the places of your post")
    if not Mute.objects.filter(pk=key, ended_at=None).update(ended_at=at, ended_by=by.name):
        raise Refused(f"{found.ended_by} has ended it already")
    record(act="alerts.unmute", about=f"mute:{key}", by=by, at=at)
    _look_again(policy, data, at)
    found.refresh_from_db()
    return found


# --- releasing ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def release_baseline(policy: Policy, data: Path, *, keys: Sequence[int], by: Viewer, at: datetime, comment: str = "") -> int:
    """Lets held alerts into the queues, in the name of a person; their clocks begin now. Answers how many alerts were let in."""
    _may(by, "alerts.release")
    one_writer()
    found = {hold.pk: hold for hold in holds_in_scope(by).filter(pk__in=keys)}
    if set(keys) - set(found):
        raise Refused("there is no such baseline in the places of your post")
    waiting = Hold.objects.filter(pk__in=keys, released_at=None)
    n = Episode.objects.filter(hold__in=waiting, state=OPEN).count()
    gone = [hold for hold in found.values() if hold.released_at is not None]
    if gone:
        raise Refused(f"{gone[0].released_by} has released {gone[0].standard} already")
    inside = list(Episode.objects.filter(hold__in=waiting, state=OPEN).values_list("pk", flat=True)) if n <= 1_000 else []
    waiting.update(released_by=by.name, released_at=at, comment=comment.strip()[:TEXT])
    day = today() or at.date()
    EpisodeEvent.objects.bulk_create(
        [EpisodeEvent(episode_id=pk, what="released", day=day, at=at, who=by.name, reason=comment[:TEXT]) for pk in inside], 1_000
    )
    for key, hold in sorted(found.items()):
        detail: dict[str, str | int | bool | None] = {
            "standard": hold.standard,
            "kind": hold.kind,
            "alerts": hold.alerts,
            "comment": comment.strip()[:TEXT],
        }
        record(act="alerts.release", about=f"hold:{key}", by=by, at=at, detail=detail)
    _look_again(policy, data, at)
    return n


def _may(by: Viewer, act: str) -> None:
    if not by.can(act):
        raise Refused("the post you act in may not do this: choose another post, or ask a colleague whose post may")


def _all_there(asked: Sequence[int], found: dict[int, Any]) -> None:
    missing = [str(number) for number in asked if number not in found]
    if missing:
        raise Refused(f"there is no alert No. {', '.join(missing)} in the places and departments of your post")
