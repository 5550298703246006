"""Repeat: what nobody has taken on when its clock is over is called to mind again, red every day."""

from __future__ import annotations

from datetime import timedelta

from anju.apps.alerts.models import OPEN, Episode
from anju.apps.alerts.stages.route import FREE
from anju.apps.alerts.work import EPISODE, Said, Stage, Work, held, passes

EVERY = {"red": 1, "orange": 3, "yellow": 7}  # days


def repeat(work: Work) -> None:
    due = f"state = 'open' AND acknowledged_at IS NULL AND repeat_on < %s AND dispatched_on IS NOT NULL AND {FREE}{work.only()}"
    work.record("reminded", f"SELECT id FROM {EPISODE} WHERE {due}", [work.day])
    for level, days in EVERY.items():
        work.sql(
            f"UPDATE {EPISODE} SET reminders = reminders + 1, repeat_on = %s WHERE {due} AND level = %s",
            [work.day + timedelta(days=days - 1), work.day, level],
        )


def said(episode: Episode, work: Work) -> Said:
    if episode.state != OPEN:
        return held("repeat", "it is over", "已结束")
    if episode.acknowledged_at is not None:
        return held("repeat", f"{episode.acknowledged_by} has taken it on", f"{episode.acknowledged_by} 已认领")
    if episode.repeat_on is None:
        return held("repeat", "nothing was sent, so nothing is repeated", "未派发，不重复提醒")
    after = f"{episode.repeat_on:%Y-%m-%d}"
    return passes("repeat", f"reminded {episode.reminders} times; again after {after}", f"已提醒 {episode.reminders} 次；{after} 后再提醒")


STAGE = Stage("repeat", repeat, said)
