"""Route: which community or unit and which department has it, from which day, and until when it must be verified."""

from __future__ import annotations

from anju.apps.alerts.models import Episode
from anju.apps.alerts.work import EPISODE, HOLD, Said, Stage, Work, due_on, held, passes

FREE = (
    "inhibited_by_id IS NULL AND mute_id IS NULL AND level <> 'blue' AND (hold_id IS NULL OR hold_id NOT IN"
    f" (SELECT id FROM {HOLD} WHERE released_at IS NULL))"
)
"""SQL: nothing holds the alert back. Blue is a reminder and sent to nobody."""


def route(work: Work) -> None:
    _places(work)
    clocks = [
        (code, breach.name, due_on(work.day, breach.verify, work).isoformat())
        for code, version in work.versions() for breach in version.breaches
    ]  # fmt: skip
    work.temporary("alert_clock", "standard TEXT, breach TEXT, due DATE", clocks, key="standard, breach")
    same = f"alert_clock.standard = {EPISODE}.standard AND alert_clock.breach = {EPISODE}.breach"
    due = f"(SELECT due FROM alert_clock WHERE {same})"
    work.record("dispatched", f"SELECT id FROM {EPISODE} WHERE state = 'open' AND dispatched_on IS NULL AND {FREE}{work.only()}")
    work.sql(
        f"UPDATE {EPISODE} SET dispatched_on = %s, due_verify = {due}, repeat_on = {due}"
        f" WHERE state = 'open' AND dispatched_on IS NULL AND {FREE}{work.only()}",
        [work.day],
    )
    if work.run is not None:  # what rose is wanted sooner, never later
        work.sql(
            f"UPDATE {EPISODE} SET due_verify = {due} WHERE dispatched_on IS NOT NULL AND {due} < due_verify"
            " AND id IN (SELECT episode_id FROM alert_fold WHERE event = 'rose')"
        )


def _places(work: Work) -> None:
    """The community, else the unit, else where it is; and where the family came from, for posts of the origin."""
    paths = work.rows(f"SELECT DISTINCT path FROM {EPISODE} WHERE state = 'open'{work.only()}")
    levels = (work.programme.community_level, work.programme.unit_level)
    routes = []
    for (path,) in paths:
        keys = [key for level in levels if (key := work.above(path, level)) is not None]
        own = [int(part) for part in path.split("/") if part][-1:]
        routes.append((path, (keys + own + [None])[0]))
    work.temporary("alert_route", "path TEXT, place_id BIGINT", routes, key="path")
    place = f"(SELECT place_id FROM alert_route r WHERE r.path = {EPISODE}.path)"
    work.sql(
        f"UPDATE {EPISODE} SET routed_place_id = {place}, routed_department = owner WHERE state = 'open'"
        f" AND (COALESCE(routed_place_id, 0) <> COALESCE({place}, 0) OR routed_department <> owner){work.only()}"
    )
    origin = f"(SELECT p.path FROM people_household h JOIN places_place p ON p.id = h.origin_place_id WHERE h.id = {EPISODE}.household_id)"
    work.sql(
        f"UPDATE {EPISODE} SET origin_path = {origin} WHERE state = 'open' AND household_id IS NOT NULL"
        f" AND COALESCE(origin_path, '') <> COALESCE({origin}, ''){work.only()}"
    )


def said(episode: Episode, work: Work) -> Said:
    if episode.dispatched_on is None:
        if episode.level == "blue":
            return held("route", "blue: a reminder, sent to nobody", "蓝色：仅作提醒，不派发")
        return held("route", "not sent yet: held back before", "尚未派发：前一环节已拦下")
    on, due = f"{episode.dispatched_on:%Y-%m-%d}", f"{episode.due_verify:%Y-%m-%d}" if episode.due_verify else "–"
    return passes(
        "route",
        f"sent on {on} to {episode.routed_department}; to be verified by {due}",
        f"{on} 派发至 {episode.routed_department}；{due} 前核查",
    )


STAGE = Stage("route", route, said)
