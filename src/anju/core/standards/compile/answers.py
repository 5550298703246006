"""A standard's answer for each subject as columns: the code of the answer, and whether it clears."""

from __future__ import annotations

from datetime import date

from anju.core.standards.compile.expressions import Writer
from anju.core.standards.compile.names import quoted
from anju.core.standards.model import Standard
from anju.core.terms.levels import RANK

NOT_APPLICABLE, MET, UNKNOWN, BREACHED, AT_LEAST = 0, 1, 2, 10, 100


def answer_column(code: str) -> str:
    return quoted(f"a:{code}")


def clears_column(code: str) -> str:
    return quoted(f"c:{code}")


def answer_columns(standard: Standard, day: date, writer: Writer) -> list[str]:
    """SELECT items `a:CODE` and `c:CODE`. Each condition is written once, under a name of its own.

    Answer: 0 not applicable, 1 met, 2 unknown, 10 + i breached by the i-th breach, 100 more if only 'at least'
    because a breach of a strictly higher level cannot be judged."""
    version = standard.version_on(day)
    assert version is not None
    code = standard.code
    applies = quoted(f"p:{code}")
    items = [f"{writer.sql(version.applies)} AS {applies}"]
    names = []
    for nth, breach in enumerate(version.breaches):
        name = quoted(f"w:{code}:{nth}")
        items.append(f"{writer.sql(breach.when)} AS {name}")
        names.append(name)
    branches = [f"WHEN {applies} IS NULL THEN {UNKNOWN}", f"WHEN NOT {applies} THEN {NOT_APPLICABLE}"]
    for nth, breach in enumerate(version.breaches):
        above = [
            names[other] for other in range(nth) if RANK[version.breaches[other].level] > RANK[breach.level]
        ]  # fmt: skip
        doubt = " OR ".join(f"{name} IS NULL" for name in above)
        plain = BREACHED + nth
        said = f"CASE WHEN {doubt} THEN {plain + AT_LEAST} ELSE {plain} END" if doubt else str(plain)
        branches.append(f"WHEN {names[nth]} THEN {said}")
    unknown = " OR ".join(f"{name} IS NULL" for name in names)
    branches.append(f"WHEN {unknown} THEN {UNKNOWN}")
    items.append(f"CAST(CASE {' '.join(branches)} ELSE {MET} END AS UTINYINT) AS {answer_column(code)}")
    if version.clears_when is not None:
        items.append(f"{writer.sql(version.clears_when)} AS {clears_column(code)}")
    else:
        answer = answer_column(code)
        items.append(f"CASE {answer} WHEN {MET} THEN TRUE WHEN {UNKNOWN} THEN NULL ELSE FALSE END AS {clears_column(code)}")
    return items
