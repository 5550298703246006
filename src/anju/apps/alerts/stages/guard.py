"""Guard: what a standard or feed brings at first is a baseline (存量), and what a rule suddenly brings by the hundred is held, until a
named person releases it. The volume guard never holds red."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from anju.apps.alerts.models import Episode, Followed, Hold
from anju.apps.alerts.work import EPISODE, HOLD, Said, Stage, Work, held, passes
from anju.apps.findings.models import Attainment
from anju.core.terms.levels import RANK

FLOOR = 50  # new alerts of one standard in one run; fewer never trip the guard
TIMES = 5  # as many as the most that any run of the last LOOK days brought
SHARE = 20  # one in so many of those judged
LOOK = 100  # days: a quarter, so that what monthly and quarterly feeds bring at once is usual
FRESH = "fresh"  # in Followed.counts: opened, and no baseline


def guard(work: Work) -> None:
    if work.run is not None and work.household is None:  # one family is neither a baseline nor a flood
        _baselines(work)
        _volumes(work)
    red = RANK["red"]
    work.sql(
        f"UPDATE {EPISODE} SET hold_id = NULL WHERE rank = {red} AND hold_id IN (SELECT id FROM {HOLD} WHERE kind = '{Hold.GUARD}'){work.only()}"
    )


def _baselines(work: Work) -> None:
    """The first run that could judge a standard in a unit: a new standard everywhere, a new feed where it came."""
    assert work.run is not None
    units = {key for key, (level, _, tree) in work.places.items() if level == work.programme.unit_level and tree == "scope"}
    rows = Attainment.objects.filter(run=work.run, place_id__in=units).values_list("standard", "place_id", "met", "breached")
    judged: set[tuple[str, int | None]] = {(standard, place) for standard, place, met, breached in rows if met + breached}
    judged |= {(standard, None) for standard, n in work.run.counts.items() if n.get("met", 0) + n.get("breached", 0)}
    known = set(Hold.objects.filter(kind=Hold.BASELINE).values_list("standard", "place_id"))
    new = judged - known
    if not new:
        return
    made = [
        Hold(kind=Hold.BASELINE, standard=standard, place_id=place, owner=owner_of(work, standard), run_id=work.run.pk, day=work.day)
        for standard, place in sorted(new, key=lambda key: (key[0], key[1] or 0))
    ]
    Hold.objects.bulk_create(made, 1_000)
    key_of = {(hold.standard, hold.place_id): hold.pk for hold in Hold.objects.filter(kind=Hold.BASELINE, run_id=work.run.pk)}
    paths = work.rows(f"SELECT DISTINCT standard, path FROM {EPISODE} WHERE state = 'open' AND opened_run = %s", [work.run.pk])
    given = []
    for standard, path in paths:
        hold = key_of.get((standard, work.above(path, work.programme.unit_level)))
        if hold is not None:
            given.append((standard, path, hold))
    work.temporary("alert_baseline", "standard TEXT, path TEXT, hold_id BIGINT", given, key="standard, path")
    work.sql(
        f"UPDATE {EPISODE} SET hold_id = b.hold_id FROM alert_baseline b WHERE {EPISODE}.standard = b.standard AND {EPISODE}.path = b.path"
        f" AND {EPISODE}.state = 'open' AND {EPISODE}.opened_run = %s",
        [work.run.pk],
    )
    _count_alerts(work)
    # where there was nothing to hold, there is nothing to release
    Hold.objects.filter(kind=Hold.BASELINE, run_id=work.run.pk, alerts=0).update(released_at=work.at, comment="no alert")


def _volumes(work: Work) -> None:
    assert work.run is not None
    new = work.rows(
        f"SELECT standard, count(*), sum(CASE WHEN rank < {RANK['red']} THEN 1 ELSE 0 END) FROM {EPISODE}"
        " WHERE state = 'open' AND opened_run = %s AND hold_id IS NULL GROUP BY standard",
        [work.run.pk],
    )
    before = Followed.objects.filter(day__gte=work.day - timedelta(days=LOOK), day__lt=work.day).values_list("day", "counts")
    most: Counter[str] = Counter()
    for _, counts in before:
        for standard, events in counts.items():
            most[standard] = max(most[standard], events.get(FRESH, 0))
    long_known = min((day for day, _ in before), default=work.day) <= work.day - timedelta(days=LOOK // 3)
    for standard, opened, milder in new:
        work.count(standard, FRESH, opened)
        n = work.run.counts.get(standard, {})
        judged = n.get("met", 0) + n.get("breached", 0)
        if milder >= FLOOR and trips(opened, most[standard] if long_known else None, judged):
            hold = Hold.objects.create(
                kind=Hold.GUARD, standard=standard, owner=owner_of(work, standard), run_id=work.run.pk, day=work.day, usual=most[standard]
            )
            work.sql(
                f"UPDATE {EPISODE} SET hold_id = %s WHERE state = 'open' AND opened_run = %s AND standard = %s AND hold_id IS NULL"
                f" AND rank < {RANK['red']}",
                [hold.pk, work.run.pk, standard],
            )
    _count_alerts(work)


def trips(opened: int, usual: int | None, judged: int) -> bool:
    """Whether so many new alerts are more than a rule can mean. `usual` is None while nothing is known of what is usual."""
    if opened < FLOOR:
        return False
    return opened * SHARE > judged or (usual is not None and opened > TIMES * max(usual, FLOOR // TIMES))


def _count_alerts(work: Work) -> None:
    assert work.run is not None
    work.sql(f"UPDATE {HOLD} SET alerts = (SELECT count(*) FROM {EPISODE} e WHERE e.hold_id = {HOLD}.id) WHERE run_id = %s", [work.run.pk])


def owner_of(work: Work, standard: str) -> str:
    version = work.version(standard)
    return version.owner if version is not None else ""


def said(episode: Episode, work: Work) -> Said:
    hold = episode.hold
    if hold is None:
        return passes("guard", "not held: neither a baseline nor more than usual", "未暂存：不是存量，数量正常")
    on = f"{hold.day:%Y-%m-%d}"
    if hold.released_at is not None:
        return passes("guard", f"held on {on}, released by {hold.released_by}", f"{on} 暂存，由 {hold.released_by} 下发")
    if hold.kind == Hold.BASELINE:
        return held(
            "guard", f"in the baseline of {hold.standard} of {on} ({hold.alerts} alerts), which nobody has released yet",
            f"属于 {hold.standard} {on} 的存量（{hold.alerts} 项），尚未下发",
        )  # fmt: skip
    return held(
        "guard", f"{hold.standard} brought {hold.alerts} alerts on {on}, where at most {hold.usual} were usual: somebody must look first",
        f"{hold.standard} 在 {on} 一次产生 {hold.alerts} 项（通常至多 {hold.usual} 项），需有人核对后下发",
    )  # fmt: skip


STAGE = Stage("guard", guard, said)
