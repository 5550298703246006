"""Mute: what somebody has put off (暂缓提醒), until a day, with a reason. The clock runs on."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from anju.apps.alerts.models import OPEN, Episode, Mute
from anju.apps.alerts.work import EPISODE, Said, Stage, Work, held, passes
from anju.core.terms.levels import RANK


def mute(work: Work) -> None:
    """Each standing mute in the order in which they were made; the first that matches holds."""
    work.temporary("alert_muted", "id BIGINT, mute_id BIGINT")
    standing = Mute.objects.filter(ended_at=None, until__gte=work.day).order_by("id")
    for each in standing:
        found = matched(each) if work.household is None else matched(each).filter(household_id=work.household)
        text, values = found.order_by().values_list("id").query.sql_with_params()
        work.sql(f"INSERT INTO alert_muted SELECT q.id, %s FROM ({text}) q WHERE q.id NOT IN (SELECT id FROM alert_muted)", [each.pk, *values])
    work.sql("CREATE INDEX alert_muted_key ON alert_muted (id)")
    work.analyse("alert_muted")
    fresh = f"FROM alert_muted m JOIN {EPISODE} e ON e.id = m.id WHERE e.mute_id IS NULL OR e.mute_id <> m.mute_id"
    for key, n in work.rows(f"SELECT m.mute_id, count(*) {fresh} GROUP BY 1"):
        Mute.objects.filter(pk=key).update(hits=F("hits") + n)
    work.record("muted", f"SELECT m.id FROM alert_muted m JOIN {EPISODE} e ON e.id = m.id WHERE e.mute_id IS NULL")
    work.record(
        "unmuted",
        f"SELECT e.id FROM {EPISODE} e WHERE e.state = 'open' AND e.mute_id IS NOT NULL AND e.id NOT IN (SELECT id FROM alert_muted)"
        f"{work.only('e.')}",
    )
    by = f"(SELECT m.mute_id FROM alert_muted m WHERE m.id = {EPISODE}.id)"
    work.sql(
        f"UPDATE {EPISODE} SET mute_id = {by} WHERE state = 'open' AND (mute_id IS NOT NULL OR id IN (SELECT id FROM alert_muted))"
        f" AND COALESCE(mute_id, 0) <> COALESCE({by}, 0){work.only()}"
    )


def matched(each: Mute) -> QuerySet[Episode]:
    """The open alerts that a mute holds. Red is put off only where the mute names one family: nobody silences red by the street."""
    inside = Q(path__gte=each.path, path__lt=each.path[:-1] + chr(ord("/") + 1))
    found = Episode.objects.filter(inside, state=OPEN)
    if each.standard:
        found = found.filter(standard=each.standard)
    if each.household_id is not None:
        found = found.filter(household_id=each.household_id)
    else:
        found = found.filter(rank__lt=RANK["red"])
    if each.department:
        found = found.filter(owner=each.department)
    return found


def said(episode: Episode, work: Work) -> Said:
    each = episode.mute
    if each is not None and episode.state == OPEN and each.ended_at is None:
        until = f"{each.until:%Y-%m-%d}"
        return held("mute", f"put off until {until} by {each.owner}: {each.reason}", f"{each.owner} 暂缓提醒至 {until}：{each.reason}")
    return passes("mute", "nobody has put it off", "没有暂缓提醒")


STAGE = Stage("mute", mute, said)
