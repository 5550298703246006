"""Twelve standards about people and families, for ways that are written by hand: which, and whom they may be compared on.

A data frame and OpenFisca know no delivery that is missing. So answers are compared for everybody whose answer is known here;
those who are unknown, or breached "at least", are counted and left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from anju.core.standards.compile import RunPlan
from anju.core.standards.compile.answers import AT_LEAST, BREACHED, answer_column
from benchmarks.judged import Setting

PERSON = ("ED-01", "ED-03", "MH-01", "SS-05", "HX-02", "DX-01")
HOUSEHOLD = ("HS-03", "MH-02", "SS-01", "EM-01", "MW-02", "QX-02")
CODES = PERSON + HOUSEHOLD
UNKNOWN = 2
Codes = dict[str, Any]  # standard -> int8 per subject, in order of id: 0 not applicable, 1 met, 10 + n breached by the n-th breach


def our_codes(con: Any, plan: RunPlan) -> Codes:
    found: Codes = {}
    for subject, codes in plan.standards.items():
        for code in codes:
            if code in CODES:
                rows = con.execute(f"SELECT {answer_column(code)}::SMALLINT AS a FROM {plan.tables[subject]} ORDER BY id").fetchnumpy()
                found[code] = np.asarray(rows["a"])
    return found


def must_agree(ours: Codes, theirs: Codes) -> dict[str, int]:
    """Raises AssertionError naming the standards that differ. Answers how many were compared, by standard."""
    wrong, compared = [], {}
    for code, codes in theirs.items():
        known = (ours[code] != UNKNOWN) & (ours[code] < AT_LEAST) & (codes >= 0)
        different = int((ours[code][known] != codes[known]).sum())
        if different:
            pairs = np.unique(np.stack([ours[code][known], codes[known]]), axis=1, return_counts=True)
            shown = [f"{a}/{b} {n}" for (a, b), n in zip(pairs[0].T.tolist(), pairs[1].tolist(), strict=True) if a != b]
            wrong.append(f"{code}: {different} (here/there: {', '.join(shown[:4])})")
        compared[code] = int(known.sum())
    if wrong:
        raise AssertionError("; ".join(wrong))
    return compared


def coded(applies: Any, breaches: list[Any]) -> Any:
    """The code of the first breach that holds, 1 where none does, 0 where the standard does not apply."""
    codes = np.select([~applies, *breaches], [0, *(BREACHED + n for n in range(len(breaches)))], default=1)
    return codes.astype(np.int16)


def limits(setting: Setting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those of PostgreSQL's statements, and what the drafts need besides."""
    values = {v.start: v.value for v in setting.policy.parameters["outpatient_line"].values if v.start <= setting.day}
    return dict(parameters) | {"outpatient_line": values[max(values)]}
