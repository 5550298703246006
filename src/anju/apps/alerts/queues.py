"""The queue each episode stands in, how urgent it is, and the counts by place. Written here, so that pages only read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db.models import F

from anju.apps.alerts.models import DONE, HELD, MERGED, MUTED, REMINDER, TAKEN, TODO, AlertCount, Episode
from anju.apps.alerts.stages.group import mark_leads
from anju.apps.alerts.work import EPISODE, HOLD, Work, keys_of

QUEUE = (
    f"CASE WHEN state <> 'open' THEN '{DONE}' WHEN inhibited_by_id IS NOT NULL THEN '{MERGED}' WHEN mute_id IS NOT NULL THEN '{MUTED}'"
    f" WHEN hold_id IN (SELECT id FROM {HOLD} WHERE released_at IS NULL) THEN '{HELD}' WHEN level = 'blue' THEN '{REMINDER}'"
    f" WHEN acknowledged_at IS NOT NULL THEN '{TAKEN}' ELSE '{TODO}' END"
)
Key = tuple[str, int, str, str, str, str, bool]


def place_in_queues(work: Work) -> None:
    """Overdue: nobody has taken it on by the end of the day on which it was to be verified."""
    late = f"({QUEUE} = '{TODO}' AND due_verify IS NOT NULL AND due_verify < %s)"
    sort = "COALESCE(due_verify, opened_on)"
    urgency = f"((4 - rank) * 2 + CASE WHEN {late} THEN 0 ELSE 1 END)"
    work.sql(
        f"UPDATE {EPISODE} SET queue = {QUEUE}, overdue = {late}, urgency = {urgency}, sort_on = {sort}"
        f" WHERE queue <> '{DONE}' AND (queue <> {QUEUE} OR overdue <> {late} OR urgency <> {urgency} OR sort_on <> {sort}){work.only()}",
        [work.day] * 4,
    )
    mark_leads(work, [] if work.household is None else [f"H{work.household}"])


def count_all(work: Work) -> None:
    """Every count anew, from one grouped pass for each side. What is over is not counted."""
    names = "owner, standard, level, queue, overdue, count(*)"
    totals: Counter[Key] = Counter()
    for side, column in ((AlertCount.DESTINATION, "path"), (AlertCount.ORIGIN, "origin_path")):
        for path, owner, standard, level, queue, overdue, n in work.rows(
            f"SELECT {column}, {names} FROM {EPISODE} WHERE queue <> '{DONE}' AND {column} IS NOT NULL GROUP BY {column}, owner, standard,"
            " level, queue, overdue"
        ):
            for place in {0, *keys_of(path)}:
                totals[side, place, owner, standard, level, queue, bool(overdue)] += n
    AlertCount.objects.all().delete()
    AlertCount.objects.bulk_create([_row(key, n) for key, n in totals.items()], 2_000)


def count_moved(before: Iterable[Episode], after: Iterable[Episode]) -> None:
    """The counts after a few episodes have changed, in the transaction that changed them."""
    moved: Counter[Key] = Counter()
    for step, episodes in ((-1, before), (1, after)):
        for episode in episodes:
            if episode.queue == DONE:
                continue
            for side, path in ((AlertCount.DESTINATION, episode.path), (AlertCount.ORIGIN, episode.origin_path)):
                for place in {0, *keys_of(path)} if path is not None else ():
                    key = (side, place, episode.owner, episode.standard, episode.level, episode.queue, episode.overdue)
                    moved[key] += step
    for key, n in sorted(moved.items()):
        if n:
            side, place, owner, standard, level, queue, overdue = key
            found = AlertCount.objects.filter(
                side=side, place_id=place, owner=owner, standard=standard, level=level, queue=queue, overdue=overdue
            )
            if not found.update(n=F("n") + n):
                _row(key, n).save(force_insert=True)


def _row(key: Key, n: int) -> AlertCount:
    side, place, owner, standard, level, queue, overdue = key
    return AlertCount(side=side, place_id=place, owner=owner, standard=standard, level=level, queue=queue, overdue=overdue, n=n)
