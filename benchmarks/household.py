"""One household judged again by the interpreter, as after a visit: its own rows read, every standard about it answered."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anju.core.standards.compile.answers import AT_LEAST, BREACHED
from anju.core.standards.meaning.judge import Judge
from anju.lake.dossier import Dossier
from benchmarks.judged import whole_run
from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timed, Timing, Watch

if TYPE_CHECKING:
    from benchmarks.situation import Situation

HOUSEHOLDS = 300
WORDS = {"not applicable": 0, "met": 1, "unknown": 2}
Said = dict[tuple[str, str, int], int]  # subject, standard, id -> code of the answer


def measure(situation: Situation) -> Section:
    setting = situation.published
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as folder:
        result = whole_run(setting, None, Path(folder) / "run").answer  # also makes the kept files that a dossier reads
        expected = {subject: pq.read_table(path) for subject, path in result.answers.items()}
        watch = Watch()
        dossier = Dossier(setting.sources, setting.policy, setting.day, setting.known_at, work=Path(folder))
        opening = watch.stop()
        homes = pq.read_table(setting.sources.registry / "household.parquet", columns=["household_id"])["household_id"].to_pylist()
        chosen = random.Random(7).sample(homes, min(HOUSEHOLDS, len(homes)))
        taken: list[Timed] = []
        said: Said = {}
        for household in chosen:
            watch = Watch()
            judge = dossier.judge([household])
            said |= _answers(judge, dossier.standards)
            taken.append(watch.stop())
    _must_agree(said, expected)
    timing = Timing(tuple(t.seconds for t in taken), tuple(t.processor for t in taken))
    ordered, processor = sorted(timing.seconds), sorted(timing.processor)
    rows = [
        Row(f"one household, {len(dossier.standards)} standards, its members' too", timing, remark=f"{len(said):,} answers equal to the run's"),
        Row("opening the dossier, once a day", Timing((opening.seconds,), (opening.processor,))),
    ]
    goals = [
        Goal("p50", 1000 * ordered[len(ordered) // 2], "ms"),
        Goal("p95", 1000 * ordered[int(0.95 * len(ordered))], "ms", 150, at_most=True),
        Goal("p95 of its processor time", 1000 * processor[int(0.95 * len(processor))], "ms"),
    ]
    return Section(rows, goals)


def _answers(judge: Judge, standards: tuple[str, ...]) -> Said:
    found: Said = {}
    for code in standards:
        standard = judge.policy.standards[code]
        for key in judge.subjects.all(standard.subject):
            finding = judge.finding(code, key)
            found[standard.subject, code, key] = WORDS.get(finding.answer, -1) if finding.answer != "breached" else _breached(judge, finding)
    return found


def _breached(judge: Judge, finding: Any) -> int:
    """The run's code: 10 and the place of the breach, 100 more for "at least"."""
    version = judge.policy.standards[finding.standard].version_on(judge.day)
    assert version is not None
    names = [breach.name for breach in version.breaches]
    return BREACHED + names.index(finding.breach) + (AT_LEAST if finding.at_least else 0)


def _must_agree(said: Said, expected: dict[str, Any]) -> None:
    for subject, table in expected.items():
        mine = {key: code for (s, _, key), code in said.items() if s == subject}
        if not mine:
            continue
        own = table.filter(pc.is_in(table["subject_id"], value_set=pa.array(sorted(mine), pa.int64())))
        ids = own["subject_id"].to_pylist()
        for name in {code for s, code, _ in said if s == subject}:
            for key, code in zip(ids, own[name].to_pylist(), strict=True):
                if said[subject, name, key] != code:
                    raise AssertionError(f"{name} for {subject} {key}: {said[subject, name, key]} alone, {code} in the run")
