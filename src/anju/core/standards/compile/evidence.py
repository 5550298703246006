"""What a run keeps of each breach: which one, how grave, whether it clears, and the evidence with its states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from anju.core.standards.compile.answers import AT_LEAST, BREACHED, answer_column, clears_column
from anju.core.standards.compile.expressions import Writer
from anju.core.standards.compile.names import bound_column, literal, quoted
from anju.core.standards.compile.tables import Evidence
from anju.core.standards.model import Standard

STATE_WORDS = ("value", "absent", "blank", "undelivered", "at_least")


def breached_table(subject: str) -> str:
    return quoted(f"e_{subject}")


def with_evidence(located: str, evidence: Evidence) -> str:
    """A source for FROM: the rows of `located` with the evidence that their own table does not have."""
    columns = [f"{table}.{column}" for table, names in evidence.stored.items() for column in names]
    joins = [f"JOIN {table} ON {table}.id = b.id" for table in evidence.stored]
    sql = f"(SELECT {', '.join(['b.*', *columns, *evidence.read])} FROM {located} b {' '.join([*joins, *evidence.joins])})"
    return f"(SELECT *, {', '.join(evidence.worked_out)} FROM {sql})" if evidence.worked_out else sql


def breached_step(subject: str, shown: str, codes: Sequence[str]) -> str:
    """CREATE TABLE of whoever is in breach of one of `codes`: few are, so that evidence is fetched for them instead of carried along
    for everybody. `shown`: the subject's rows `with_evidence`."""
    breached = " OR ".join(f"{answer_column(code)} >= {BREACHED}" for code in codes)
    return f"CREATE TABLE {breached_table(subject)} AS SELECT * FROM {shown} WHERE {breached}"


def breach_select(standard: Standard, table: str, day: date, writer: Writer) -> str:
    """SELECT of every breach of one standard, in the columns of the run's breaches."""
    version = standard.version_on(day)
    assert version is not None
    names = ", ".join(literal(breach.name) for breach in version.breaches)
    levels = ", ".join(literal(breach.level) for breach in version.breaches)
    answer = answer_column(standard.code)
    which = f"({answer} % {AT_LEAST} - {BREACHED - 1})"
    return (
        f"SELECT {literal(standard.code)} AS standard, {literal(standard.subject)} AS subject, id AS subject_id, subject_key,"
        f" household_id, place_id, path, [{names}][{which}] AS breach, [{levels}][{which}] AS level,"
        f" {answer} >= {AT_LEAST} AS at_least, {clears_column(standard.code)} AS clears, {_evidence(standard, day, writer)} AS evidence"
        f" FROM {table} WHERE {answer} >= {BREACHED}"
    )


def _evidence(standard: Standard, day: date, writer: Writer) -> str:
    """JSON text of the evidence in its declared order: {"away": {"v": 7, "s": "value"}}."""
    version = standard.version_on(day)
    assert version is not None
    parts = []
    for evidence in version.evidence:
        ref = evidence.ref
        value = writer.sql(ref)
        state = f"[{', '.join(literal(word) for word in STATE_WORDS)}][{writer.state(ref)} + 1]"
        if writer.has_bound(ref):
            value = f"COALESCE({value}, {bound_column(ref.feature)})"
        extent = writer.extent(ref)
        if ref.type in ("decimal", "date") or extent.places:  # JSON would make them floats
            value = f"CAST({value} AS VARCHAR)"
        elif extent.digits > 18:  # and a sum that is too long for a number it can hold exactly is kept as text
            value = f"COALESCE(to_json(TRY_CAST({value} AS BIGINT)), to_json(CAST({value} AS VARCHAR)))"
        parts.append(f"{literal(evidence.name)}, json_object('v', {value}, 's', {state})")
    return f"CAST(json_object({', '.join(parts)}) AS VARCHAR)"
