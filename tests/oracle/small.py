"""A small programme with one feed of every kind, for features whose value is known beforehand.

    judge = judged([feature("x", "person", "count: FE")], {"as_of": DAY, "FE": [{"on_day": …}]})
    judge.values.fact("person", 1, "x")

The world is written as the case beside a standard is. Both judges are asked, and must agree on everything.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from anju.core.standards.case_world import build_world
from anju.core.standards.catalogue import Catalogue, SubjectScope
from anju.core.standards.features import build_feature
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from oracle.agree import WITNESS, differences, witnessed
from oracle.policies import CALENDAR, DECISIONS, HOUSEHOLDS, PARAMETERS, PERSONS, PROGRAMME, ROLL, SHARED

DAY = date(2023, 9, 26)


def contract(code: str, link: str, kind: str, *lines: str, delivery: str = "full", world: str = "closed", by: str = "unit") -> str:
    """A feed about `link` ('person', 'household' or 'place') with the columns that all feeds here share."""
    column = {"person": "who", "household": "home", "place": "spot"}[link]
    spell = next((line.rsplit(" ", 1)[-1] for line in lines if line.startswith("cadence")), "month")
    period = "period_column: spell\n" if kind == "period" else "valid_column: on_day\n" if kind == "event" else ""
    whole = "" if any(line.startswith("cadence") for line in lines) else "cadence: month\n"
    key = f"key: [{column}, item{', spell' if kind == 'period' else ''}]\n"
    own = f"  {column}: {{type: {link}}}\n" + (f"  spell: {{type: {spell}, required: true}}\n" if kind == "period" else "")
    return (
        f"code: {code}\ndataset: d{code}\ntitle: {{en: t, zh: t}}\nowner: o\nkind: {kind}\ndelivery: {delivery}\nworld: {world}\nby: {by}\n"
        f"{whole}{period}{key}" + "".join(f"{line}\n" for line in lines) + f"columns:\n{own}{SHARED}"
    )  # fmt: skip


CONTRACTS = {
    "RH": HOUSEHOLDS, "RP": PERSONS, "P01": DECISIONS, "FR": ROLL,
    "FS": contract("FS", "person", "state", "freshness: {due_days: 10, fresh_for: 45}"),
    "FO": contract("FO", "person", "state", "freshness: {due_days: 10, fresh_for: 45}", world="open"),
    "FD": contract("FD", "household", "state", "freshness: {due_days: 10, fresh_for: 45}", delivery="delta"),
    "FP": contract("FP", "person", "period", "freshness: {due_days: 10}"),
    "FQ": contract("FQ", "household", "period", "cadence: quarter", "freshness: {due_days: 20}", world="open"),
    "FT": contract("FT", "person", "period", "cadence: term", "dated: start", "freshness: {due_days: 10}"),
    "FW": contract("FW", "person", "period", "cadence: week", "unit_from: roll.school", "freshness: {due_days: 3}", by="school"),
    "FE": contract("FE", "person", "event", "freshness: {due_days: 10}", delivery="delta"),
    "FY": contract("FY", "place", "event", "freshness: {due_days: 10}", delivery="delta"),
    "FC": contract("FC", "place", "state", "freshness: {due_days: 10, fresh_for: 45}", by="programme"),
    "F1": contract("F1", "person", "state", "freshness: {due_days: 10, fresh_for: 45}"),
    "F2": contract("F2", "household", "state", "freshness: {due_days: 10, fresh_for: 45}"),
    "FX": contract("FX", "place", "state", "through: {feed: F2, on: item}", "freshness: {due_days: 10, fresh_for: 45}"),
}  # fmt: skip
ROLL_OF_PERSON = "{name: roll, subject: person, latest: FR}"


def feature(name: str, subject: str, text: str) -> str:
    return f"{{name: {name}, subject: {subject}, {text}}}"


def standard(code: str, subject: str, *, applies: str = "true", clears: str | None = "true", start: str = "2020-01-01", **breaches: str) -> str:
    """`breaches`: level -> condition."""
    lines = "".join(f'      {level}: {{level: {level}, when: "{when}", title: {{en: t, zh: t}}}}\n' for level, when in breaches.items())
    return (
        f"code: {code}\ntitle: {{en: t, zh: t}}\ndomain: extension\nsource: {{basis: assumption, text: t}}\nsubject: {subject}\n"
        f'sentence: {{en: t, zh: t}}\nversions:\n  - from: {start}\n    applies: "{applies}"\n    breaches:\n{lines}'
        + (f'    clears_when: "{clears}"\n' if clears is not None else "")
        + "    handle: 10d\n    owner: o\n    evidence: []\n"
    )  # fmt: skip


def write_policy(folder: Path, features: Sequence[str], standards: Mapping[str, str] = {}, **contracts: str) -> Path:  # noqa: B006
    files = {"programme.yaml": PROGRAMME, "calendar.yaml": CALENDAR, "parameters/all.yaml": PARAMETERS}
    files |= {f"feeds/{code}.yaml": text for code, text in (CONTRACTS | contracts).items()}
    files["features/all.yaml"] = "features:\n" + "".join(f"  - {text}\n" for text in [ROLL_OF_PERSON, *features])
    files |= {f"standards/{code}.yaml": text for code, text in standards.items()}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def small_policy(features: Sequence[str], standards: Mapping[str, str] = {}, **contracts: str) -> Policy:  # noqa: B006
    with tempfile.TemporaryDirectory() as folder:
        return load_policy(write_policy(Path(folder), features, standards, **contracts))


def subject_scope(policy: Policy, subject: str, current: str | None = None) -> SubjectScope:
    """Where an expression about `subject` may be read, with everything of the policy built already."""
    codes = {code: standard.subject for code, standard in policy.standards.items() if not code.startswith(WITNESS)}
    catalogue = Catalogue(policy.programme, policy.contracts, policy.parameters, policy.keyed, build_feature, {}, codes, dict(policy.features))  # type: ignore[arg-type]
    catalogue.current = current
    return SubjectScope(catalogue, subject)


def judged(policy: Policy, case: Mapping[str, Any]) -> Judge:
    """The interpreter over the case's world, after DuckDB has said the same of every subject and feature."""
    world = build_world(policy, case)
    day, known_at = case["as_of"], datetime.combine(case.get("known_at", case["as_of"]), time(23, 59))
    found = differences(witnessed(policy), world, day, known_at)
    assert not found, "\n".join(str(difference) for difference in found)
    return Judge(policy, world, day, known_at)
