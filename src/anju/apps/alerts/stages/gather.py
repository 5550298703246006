"""Gather: what the run says of every subject that is breached or that an open alert is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq

from anju.apps.alerts.models import Episode
from anju.apps.alerts.work import EPISODE, Said, Stage, Work, passes
from anju.apps.findings.actions import run_folder
from anju.apps.findings.household_now import HouseholdAnswers
from anju.apps.places.models import Place
from anju.core.standards.compile.answers import MET, UNKNOWN
from anju.core.standards.episodes import ANSWERS, CLEARS
from anju.core.terms.levels import RANK
from anju.lake.answers import answers_of_subjects

SEEN = (
    "standard TEXT, subject TEXT, subject_id BIGINT, subject_key TEXT, household_id BIGINT, place_id BIGINT, path TEXT, breach TEXT,"
    " level TEXT, at_least BOOLEAN, level_rank SMALLINT"
)
COLUMNS = tuple(column.split()[0] for column in SEEN.split(",")[:-1])
ANSWERED = "standard TEXT, subject_id BIGINT, household_id BIGINT, place_id BIGINT, path TEXT, answer SMALLINT, clears SMALLINT"
KEY_MARK = "|"  # between the parts of a subject's key
UNIT_COLUMNS = ("unit_code", "mgmt_unit_code")
GONE, WITHDRAWN = -1, -2
"""Instead of an answer: the subject is judged no longer, or no standard of this code is in force any more."""


def gather(work: Work) -> None:
    """`alert_seen`: every breach of the run. `alert_answered`: what else it says of subjects with an open alert."""
    assert work.run is not None
    if work.run.current:
        ranks = " ".join(f"WHEN '{level}' THEN {rank}" for level, rank in RANK.items())
        work.temporary("alert_seen", SEEN)
        work.sql(
            f"INSERT INTO alert_seen SELECT {', '.join(COLUMNS)}, CASE level {ranks} END FROM findings_finding"
        )  # fmt: skip
        work.sql("CREATE INDEX alert_seen_key ON alert_seen (standard, subject_id)")
        work.analyse("alert_seen")
    else:  # a run that was never folded in, because somebody ended the process: its own file tells what it found
        work.temporary("alert_seen", SEEN, _breaches(work), key="standard, subject_id")
    _place_things(work)
    answered = list(_answered(work))  # it asks the database, which on PostgreSQL cannot answer in the middle of a COPY
    work.temporary("alert_answered", ANSWERED, answered, key="standard, subject_id")


def gather_household(work: Work, answers: HouseholdAnswers) -> None:
    """The same of one family that was judged at once; of its other alerts nothing is said."""
    seen = [
        (a.standard, a.subject, a.subject_id, None, a.household_id, a.place_id, a.path, a.breach, a.level, a.at_least, RANK[a.level])
        for a in answers.answers if a.level is not None
    ]  # fmt: skip
    work.temporary("alert_seen", SEEN, seen, key="standard, subject_id")
    rest = [a for a in answers.answers if a.level is None]
    met = [
        (a.standard, a.subject_id, a.household_id, a.place_id, None if a.path == "/" else a.path, ANSWERS.index(a.answer),
         CLEARS.index(a.clears)) for a in rest
    ]  # fmt: skip
    work.temporary("alert_answered", ANSWERED, met, key="standard, subject_id")


def _place_things(work: Work) -> None:
    """A thing that lies nowhere, such as a delivery, belongs to the unit that its key names, else to the whole programme."""
    things = work.rows("SELECT DISTINCT subject, subject_key FROM alert_seen WHERE path = '/' AND subject_key IS NOT NULL")
    if not things:
        return
    scope = Place.objects.filter(tree="scope")
    units = {code: (key, path) for code, key, path in scope.filter(level=work.programme.unit_level).values_list("code", "id", "path")}
    top = scope.filter(parent=None).order_by("id").values_list("id", "path").first()
    found = []
    for subject, key in things:
        keyed = work.policy.keyed.get(subject)
        parts = dict(zip(keyed.key if keyed is not None else (), key.split(KEY_MARK), strict=False))
        place = next((units[parts[column]] for column in UNIT_COLUMNS if parts.get(column) in units), top)
        if place is not None:
            found.append((subject, key, *place))
    work.temporary("alert_thing", "subject TEXT, subject_key TEXT, place_id BIGINT, path TEXT", found, key="subject, subject_key")
    work.sql(
        "UPDATE alert_seen SET place_id = t.place_id, path = t.path FROM alert_thing t WHERE alert_seen.path = '/'"
        " AND t.subject = alert_seen.subject AND t.subject_key = alert_seen.subject_key"
    )


def _breaches(work: Work) -> Iterator[tuple[Any, ...]]:
    assert work.run is not None
    file = pq.ParquetFile(run_folder(work.data, work.run) / "breaches.parquet")
    for batch in file.iter_batches(batch_size=20_000, columns=list(COLUMNS)):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield (*row, RANK[row[8]])


def _answered(work: Work) -> Iterator[tuple[Any, ...]]:
    """Read from the run's Parquet, a column of each standard at a time."""
    assert work.run is not None
    folder = run_folder(work.data, work.run)
    asked: dict[tuple[str, str], list[int]] = {}
    for standard, subject, key in work.rows(
        f"SELECT e.standard, e.subject, e.subject_id FROM {EPISODE} e WHERE e.state = 'open' AND NOT EXISTS"
        " (SELECT 1 FROM alert_seen s WHERE s.standard = e.standard AND s.subject_id = e.subject_id) ORDER BY 1, 2, 3"
    ):
        asked.setdefault((standard, subject), []).append(key)
    words = {MET: ANSWERS.index("met"), UNKNOWN: ANSWERS.index("unknown")}
    for (standard, subject), keys in asked.items():
        judged = standard in work.run.counts
        found = answers_of_subjects(folder, subject, standard, keys) if judged else {}
        for key in keys:
            if key not in found:
                yield (standard, key, None, None, None, GONE if judged else WITHDRAWN, CLEARS.index(None))
                continue
            household, place, path, answer, clears = found[key]
            yield (standard, key, household, place, None if path == "/" else path, words.get(answer, 0), CLEARS.index(clears))


def said(episode: Episode, work: Work) -> Said:
    on = f"{episode.seen_on:%Y-%m-%d}"
    version = work.version(episode.standard)
    breach = next((b for b in version.breaches if b.name == episode.breach), None) if version is not None else None
    en, zh = (breach.title.en.lower(), breach.title.zh) if breach is not None else (episode.breach, episode.breach)
    return passes("gather", f"found by the run of {on}: {en}", f"{on} 研判发现：{zh}")


STAGE = Stage("gather", gather, said)
