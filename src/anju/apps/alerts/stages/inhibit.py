"""Inhibit: an alert that a graver one of the same subject, family or site explains is merged into it (已并入). Findings stay."""

from __future__ import annotations

from anju.apps.alerts.models import Episode
from anju.apps.alerts.work import EPISODE, HOLD, Said, Stage, Work, held, passes

PERSON, HOUSEHOLD = "person", "household"


def inhibit(work: Work) -> None:
    """Only what is at least as grave inhibits: a red alert is never merged into a milder one. Nothing is merged into what waits for
    somebody's word, unless it waits itself."""
    work.temporary("alert_inhibited", "id BIGINT, by_id BIGINT")
    waiting = f"(SELECT id FROM {HOLD} WHERE released_at IS NULL)"
    for over, under in pairs(work):
        joined = _joined(work, over, under)
        if joined:
            work.sql(
                f"INSERT INTO alert_inhibited SELECT e.id, min(c.id) FROM {EPISODE} c JOIN {EPISODE} e ON {joined}"
                " WHERE c.standard = %s AND e.standard = %s AND c.state = 'open' AND e.state = 'open' AND c.rank >= e.rank AND"
                f" (c.hold_id IS NULL OR c.hold_id NOT IN {waiting} OR e.hold_id IN {waiting}){work.only('e.')} GROUP BY e.id",
                [over, under],
            )
    work.sql("CREATE INDEX alert_inhibited_key ON alert_inhibited (id)")
    work.analyse("alert_inhibited")
    by = f"(SELECT min(i.by_id) FROM alert_inhibited i WHERE i.id = {EPISODE}.id)"
    work.record(
        "merged",
        f"SELECT e.id FROM {EPISODE} e WHERE e.inhibited_by_id IS NULL AND e.id IN (SELECT id FROM alert_inhibited)",
    )
    work.record(
        "parted",
        f"SELECT e.id FROM {EPISODE} e WHERE e.state = 'open' AND e.inhibited_by_id IS NOT NULL"
        f" AND e.id NOT IN (SELECT id FROM alert_inhibited){work.only('e.')}",
    )
    work.sql(
        f"UPDATE {EPISODE} SET inhibited_by_id = {by} WHERE state = 'open' AND"
        f" (inhibited_by_id IS NOT NULL OR id IN (SELECT id FROM alert_inhibited)) AND COALESCE(inhibited_by_id, 0) <> COALESCE({by}, 0)"
        f"{work.only()}"
    )


def pairs(work: Work) -> list[tuple[str, str]]:
    """(over, under) of the rules in force, without those that would close a circle, in which everybody would wait for another."""
    found: dict[str, set[str]] = {}
    kept = []
    for over, version in work.versions():
        for under in version.inhibits:
            if not _leads_to(found, under, over):
                found.setdefault(over, set()).add(under)
                kept.append((over, under))
    return kept


def _leads_to(found: dict[str, set[str]], start: str, end: str) -> bool:
    return start == end or any(_leads_to(found, step, end) for step in found.get(start, ()))


def _joined(work: Work, over: str, under: str) -> str:
    """How the subject of the one holds the subject of the other; '' where it cannot."""
    if over not in work.policy.standards or under not in work.policy.standards:
        return ""
    above, below = work.policy.standards[over].subject, work.policy.standards[under].subject
    if above == below:
        return "c.subject_id = e.subject_id"
    if above in {level.name for level in work.programme.levels}:  # a site, over its families and whatever else lies there
        return "substr(e.path, 1, length(c.path)) = c.path"
    if above == HOUSEHOLD:
        return "c.household_id = e.household_id"
    return ""


def said(episode: Episode, work: Work) -> Said:
    if episode.inhibited_by_id is not None and episode.state == "open":
        over = episode.inhibited_by
        assert over is not None
        return held("inhibit", f"merged into No. {over.pk} ({over.standard}, {over.level})", f"已并入第 {over.pk} 号（{over.standard}）")
    return passes("inhibit", "no graver alert explains it", "没有更严重的线索可以并入")


STAGE = Stage("inhibit", inhibit, said)
