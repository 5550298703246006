"""Group: the alerts of one family are one line of a queue, and a site's alert is one line however many families live there."""

from __future__ import annotations

from collections.abc import Sequence

from anju.apps.alerts.models import Episode
from anju.apps.alerts.work import EPISODE, Said, Stage, Work, passes
from anju.apps.findings.models import FamilyCount


def group(work: Work) -> None:
    levels = ", ".join(f"'{level.name}'" for level in work.programme.levels)
    cluster = (
        f"CASE WHEN subject IN ({levels}) THEN 'P' || CAST(place_id AS VARCHAR(20)) WHEN household_id IS NOT NULL THEN"
        " 'H' || CAST(household_id AS VARCHAR(20)) ELSE 'S' || standard || ':' || CAST(subject_id AS VARCHAR(20)) END"
    )
    work.sql(f"UPDATE {EPISODE} SET cluster = {cluster} WHERE state = 'open' AND cluster <> {cluster}{work.only()}")
    if work.household is not None:
        return
    sites = work.rows(f"SELECT DISTINCT place_id FROM {EPISODE} WHERE state = 'open' AND subject IN ({levels}) AND place_id IS NOT NULL")
    if not sites:
        return
    counted = FamilyCount.objects.filter(run__current=True, place_id__in=[key for (key,) in sites])
    rows = [(c.place_id, c.in_place + c.put_right + c.not_known) for c in counted]
    work.temporary("alert_site", "place_id BIGINT, n INTEGER", rows)
    work.sql(
        f"UPDATE {EPISODE} SET households = s.n FROM alert_site s WHERE {EPISODE}.place_id = s.place_id AND {EPISODE}.state = 'open'"
        f" AND {EPISODE}.subject IN ({levels}) AND COALESCE({EPISODE}.households, -1) <> s.n"
    )


def mark_leads(work: Work, clusters: Sequence[str] = ()) -> None:
    """Which alert speaks for its cluster in a queue, and for how many; among all, and among those of one owner. Only what changed
    is written. With `clusters`, of these alone."""
    only, values = (f" AND cluster IN ({', '.join(['%s'] * len(clusters))})", list(clusters)) if clusters else ("", [])
    order = "ORDER BY urgency, sort_on, id"
    work.sql("DROP TABLE IF EXISTS alert_lead")
    work.sql(
        f"CREATE TEMP TABLE alert_lead AS SELECT id, row_number() OVER (PARTITION BY cluster, queue {order}) = 1 AS lead,"
        " count(*) OVER (PARTITION BY cluster, queue) AS lines,"
        f" row_number() OVER (PARTITION BY cluster, queue, owner {order}) = 1 AS owner_lead,"
        f" count(*) OVER (PARTITION BY cluster, queue, owner) AS owner_lines FROM {EPISODE} WHERE state = 'open'{only}",
        values,
    )
    work.sql("CREATE INDEX alert_lead_key ON alert_lead (id)")
    work.analyse("alert_lead")
    names = ("lead", "lines", "owner_lead", "owner_lines")
    assigned = ", ".join(f"{name} = l.{name}" for name in names)
    differs = " OR ".join(f"{EPISODE}.{name} <> l.{name}" for name in names)
    work.sql(f"UPDATE {EPISODE} SET {assigned} FROM alert_lead l WHERE {EPISODE}.id = l.id AND ({differs})")


def said(episode: Episode, work: Work) -> Said:
    if episode.cluster.startswith("P"):
        n = episode.households or 0
        return passes("group", f"one item of the site, with {n} households", f"整个小区一条，涉及 {n} 户")
    if episode.lines > 1:
        return passes("group", f"one line for this family, with {episode.lines} alerts", f"一户一条，共 {episode.lines} 项线索")
    return passes("group", "the only alert of its family or thing", "该户（主体）仅此一项")


STAGE = Stage("group", group, said)
