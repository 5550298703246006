"""What the parts of a feed contract need of one another: columns that can tell who, when and which one a row is about."""

from __future__ import annotations

from collections.abc import Mapping

from anju.core.contracts.document import Node
from anju.core.contracts.model import Contract, FeedColumn

LINK_TYPES = ("person", "household", "place")
COARSER = {  # cadence -> types of its period column
    "quarter": ("quarter", "month"), "year": ("year", "quarter", "month"), "school_week": ("week",),
}  # fmt: skip


def check_shape(contract: Contract, fields: Mapping[str, Node]) -> None:
    """Records a fault for every part that cannot do what it is there for."""
    columns = {column.name: column for column in contract.columns}
    if not contract.key:
        fields["key"].fault("a key has at least one column", "a correction must be told from another row")
    for name in contract.key:
        column = columns.get(name)
        if column is not None and not _reaches_the_lake(column):
            fields["key"].fault(f"'{name}' does not reach the lake", f"it is of class {column.klass}", "take a plain column")
        elif column is not None and column.type in ("datetime", "list"):
            fields["key"].fault(f"'{name}' is a {column.type}", "rules see a moment as its day, and a list has no order", "take another column")
    if contract.by in columns and (columns[contract.by].klass != "plain" or columns[contract.by].type not in ("text", "code")):
        fields["by"].fault(f"'{contract.by}' cannot say who delivers", "it is no plain text or code", "take a column of codes")
    _check_when(contract, fields, columns)


def _check_when(contract: Contract, fields: Mapping[str, Node], columns: Mapping[str, FeedColumn]) -> None:
    if contract.kind == "period":
        wanted = COARSER.get(contract.cadence, (contract.cadence,))
        if contract.cadence in ("day", "once"):
            fields["cadence"].fault(
                f"a period feed does not come by '{contract.cadence}'", "", "make it a feed of events, or name another cadence"
            )
        column = columns.get(contract.period_column or "")
        if column is not None and (column.type not in wanted or column.klass != "plain"):
            fields["period_column"].fault(f"'{column.name}' does not name a {contract.cadence}", f"it is a {column.type}",
                                          f"make it a plain column of type {' or '.join(wanted)}")  # fmt: skip
    elif contract.cadence == "school_week":
        fields["cadence"].fault(f"a {contract.kind} feed does not come by school weeks", "", "make it a feed of periods, or say week")
    elif contract.kind == "state" and contract.cadence == "once" and contract.freshness.fresh_for is None:
        fields["cadence"].fault("nothing says how long this state stays fresh", "", "add 'freshness: {fresh_for: …}', or name a cadence")
    day = columns.get(contract.valid_column or "")
    if day is not None and (day.type not in ("date", "datetime") or day.klass != "plain"):
        fields["valid_column"].fault(
            f"'{day.name}' is not a day", f"it is a {day.type} of class {day.klass}", "take a plain column of type date"
        )


def _reaches_the_lake(column: FeedColumn) -> bool:
    return column.klass == "plain" or column.type in LINK_TYPES
