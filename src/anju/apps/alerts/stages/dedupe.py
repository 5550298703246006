"""Dedupe: the fold of the run into the episodes. One open alert for one subject and standard, however often it is found."""

from __future__ import annotations

from datetime import timedelta

from anju.apps.alerts.models import CLEARED, ENDED, Episode
from anju.apps.alerts.stages.gather import GONE, WITHDRAWN
from anju.apps.alerts.work import EPISODE, EVENT, Said, Stage, Work, day, passes
from anju.core.standards.episodes import ANSWERS, CLEARS, STANDINGS, event_of

LOOK_BACK = 90
"""Days after clearing within which the same trouble is a relapse: the shortest look-back that every level has."""

REASONS = {GONE: "left", WITHDRAWN: "withdrawn", ANSWERS.index("not applicable"): "not_applicable"}
OPEN, SEEN_ANSWER, NEVER_CLEARS = STANDINGS.index("open"), ANSWERS.index("breached"), CLEARS.index(False)


def dedupe(work: Work) -> None:
    _fold(work)
    _tell(work)
    _carry_on(work)
    _close(work)
    _open(work)
    for standard, event, n in work.rows("SELECT standard, event, count(*) FROM alert_fold WHERE event <> 'nothing' GROUP BY 1, 2"):
        work.count(standard, event, n)


def _fold(work: Work) -> None:
    """`alert_fold`: each key once, with its standing, its answer and, by the table of the core, the event."""
    rules = [
        (STANDINGS.index(standing), ANSWERS.index(answer), CLEARS.index(clears), event_of(standing, answer, clears))
        for standing in STANDINGS for answer in ANSWERS for clears in CLEARS
    ]  # fmt: skip
    work.temporary("alert_rule", "standing SMALLINT, answer SMALLINT, clears SMALLINT, event TEXT", rules, key="standing, answer, clears")
    work.sql("DROP TABLE IF EXISTS alert_fold")
    standing = (
        f"CASE WHEN l.state = 'open' THEN {OPEN} WHEN l.state = '{CLEARED}' AND l.closed_on >= {day()}"
        f" THEN {STANDINGS.index('cleared')} ELSE {STANDINGS.index('none')} END"
    )
    last = f"(SELECT max(x.id) FROM {EPISODE} x WHERE x.standard = s.standard AND x.subject_id = s.subject_id)"
    work.sql(
        "CREATE TEMP TABLE alert_fold AS SELECT k.*, CASE WHEN r.event = 'still' AND k.level_rank > k.old_rank THEN 'rose' ELSE r.event END"
        " AS event FROM ("
        f"SELECT s.standard, s.subject_id, l.id AS episode_id, l.rank AS old_rank, {standing} AS standing, {SEEN_ANSWER} AS answer,"
        f" {NEVER_CLEARS} AS clears, {SEEN_ANSWER} AS said, s.household_id, s.place_id, s.path, s.level_rank"
        f" FROM alert_seen s LEFT JOIN {EPISODE} l ON l.id = {last}"
        f" UNION ALL SELECT a.standard, a.subject_id, e.id, e.rank, {OPEN}, CASE WHEN a.answer < 0 THEN 0 ELSE a.answer END, a.clears,"
        " a.answer, a.household_id, a.place_id, a.path, 0"
        f" FROM alert_answered a JOIN {EPISODE} e ON e.standard = a.standard AND e.subject_id = a.subject_id AND e.state = 'open'"
        ") k JOIN alert_rule r ON r.standing = k.standing AND r.answer = k.answer AND r.clears = k.clears",
        [work.day - timedelta(days=LOOK_BACK)],
    )
    work.sql("CREATE INDEX alert_fold_episode ON alert_fold (episode_id)")
    work.analyse("alert_fold")


def _tell(work: Work) -> None:
    """An event where something turned; that it still stands is told by no line."""
    of = f"SELECT f.episode_id AS id FROM alert_fold f JOIN {EPISODE} e ON e.id = f.episode_id WHERE"
    work.record("rose", f"{of} f.event = 'rose'")
    work.record("back", f"{of} f.event IN ('still', 'rose') AND (e.eased_since IS NOT NULL OR e.doubted_since IS NOT NULL)")
    work.record("eased", f"{of} f.event = 'eased' AND e.eased_since IS NULL")
    work.record("doubted", f"{of} f.event = 'doubted' AND e.doubted_since IS NULL")
    work.record("cleared", f"{of} f.event = 'cleared'")
    for said, reason in REASONS.items():
        work.record("ended", f"{of} f.event = 'ended' AND f.said = {said}", reason=reason)


def _carry_on(work: Work) -> None:
    """Open alerts stay where their subject is now: who moved is seen where she lives."""
    assert work.run is not None
    moved = ", ".join(f"{name} = COALESCE(f.{name}, {EPISODE}.{name})" for name in ("household_id", "place_id", "path"))
    same = f"{EPISODE}.id = f.episode_id"
    work.sql(
        f"UPDATE {EPISODE} SET seen_on = %s, seen_run = %s, breach = s.breach, at_least = s.at_least, subject_key = s.subject_key,"
        " eased_since = NULL, doubted_since = NULL, level = CASE WHEN f.event = 'rose' THEN s.level ELSE"
        f" {EPISODE}.level END, rank = CASE WHEN f.event = 'rose' THEN s.level_rank ELSE {EPISODE}.rank END, {moved}"
        " FROM alert_fold f JOIN alert_seen s ON s.standard = f.standard AND s.subject_id = f.subject_id"
        f" WHERE {same} AND f.event IN ('still', 'rose')",
        [work.day, work.run.pk],
    )
    work.sql(
        f"UPDATE {EPISODE} SET eased_since = COALESCE(eased_since, {day()}), doubted_since = NULL, {moved} FROM alert_fold f"
        f" WHERE {same} AND f.event = 'eased'",
        [work.day],
    )
    work.sql(
        f"UPDATE {EPISODE} SET doubted_since = COALESCE(doubted_since, {day()}), {moved} FROM alert_fold f WHERE {same} AND f.event = 'doubted'",
        [work.day],
    )


def _close(work: Work) -> None:
    assert work.run is not None
    reasons = " ".join(f"WHEN {said} THEN '{reason}'" for said, reason in REASONS.items())
    work.sql(
        f"UPDATE {EPISODE} SET state = CASE WHEN f.event = 'cleared' THEN '{CLEARED}' ELSE '{ENDED}' END, closed_on = %s, closed_run = %s,"
        f" end_reason = CASE WHEN f.event = 'cleared' THEN '' ELSE CASE f.said {reasons} END END, eased_since = NULL, doubted_since = NULL"
        f" FROM alert_fold f WHERE {EPISODE}.id = f.episode_id AND f.event IN ('cleared', 'ended')",
        [work.day, work.run.pk],
    )


def _open(work: Work) -> None:
    assert work.run is not None
    owners = [(code, version.owner) for code, version in work.versions()]
    work.temporary("alert_owner", "standard TEXT, owner TEXT", owners, key="standard")
    given = "standard, subject, subject_id, subject_key, household_id, place_id, path, breach, level, at_least"
    work.sql(
        f"INSERT INTO {EPISODE} ({given}, rank, state, opened_on, opened_run, seen_on, seen_run, relapse_of_id, owner,"
        " end_reason, cluster, lead, lines, owner_lead, owner_lines, queue, urgency, sort_on,"
        " overdue, routed_department, reminders, acknowledged_by,"
        f" acknowledged_comment) SELECT s.{given.replace(', ', ', s.')}, s.level_rank, 'open', {day()}, %s, {day()}, %s,"
        " CASE WHEN f.event = 'relapsed' THEN f.episode_id END, o.owner, '', '', %s, 1, %s, 1, '', 99, " + day() + ", %s, '', 0, '', ''"
        " FROM alert_fold f JOIN alert_seen s ON s.standard = f.standard AND s.subject_id = f.subject_id"
        " JOIN alert_owner o ON o.standard = f.standard WHERE f.event IN ('opened', 'relapsed')"
        " ORDER BY s.path, s.household_id, s.standard, s.subject_id",
        [work.day, work.run.pk, work.day, work.run.pk, False, False, work.day, False],
    )
    told = f"EXISTS (SELECT 1 FROM {EVENT} v WHERE v.episode_id = {EPISODE}.id)"  # those that this run has opened before
    new = f"SELECT id FROM {EPISODE} WHERE state = 'open' AND opened_run = {work.run.pk} AND NOT {told}{work.only()} AND relapse_of_id IS"
    work.record("opened", f"{new} NULL")
    work.record("relapsed", f"{new} NOT NULL")


def said(episode: Episode, work: Work) -> Said:
    since = f"{episode.opened_on:%Y-%m-%d}"
    if episode.relapse_of_id is not None:
        return passes(
            "dedupe",
            f"one alert since {since}; a relapse of No. {episode.relapse_of_id}",
            f"自 {since} 起为一条线索；为第 {episode.relapse_of_id} 号复发",
        )
    return passes("dedupe", f"one alert since {since}, however often it was found", f"自 {since} 起合为一条线索，不重复提醒")


STAGE = Stage("dedupe", dedupe, said)
