"""Which column of a file is which column of a contract: by name, by either title, by alias, or as remembered."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from anju.core.contracts.faults import nearest
from anju.core.contracts.model import Contract
from anju.lake.raw import FileRefused
from anju.lake.refused import ROW_HEADER

TOTALS = ("合计", "总计", "小计", "total", "totals", "sum", "subtotal")
OPERATION = ("op", "operation", "操作", "操作类型")
DELETE_WORDS = ("delete", "d", "del", "删除", "注销", "撤销")
KEEP_WORDS = ("", "upsert", "insert", "update", "i", "u", "新增", "修改", "变更")


@dataclass(frozen=True, slots=True)
class HeaderMap:
    """`columns[name]` is the position of a contract's column in the file; `unknown` headers are left alone."""

    columns: Mapping[str, int]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]  # optional columns the file does not have
    operation: int | None = None  # of a feed of changes: the column that says whether a row takes another back


class MendedRows(FileRefused):
    """The file is no delivery but mends one."""


def folded(text: str) -> str:
    """Header names are compared without case, space, width, underscores or bracketed remarks."""
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = plain.split("(")[0]
    return "".join(ch for ch in plain if ch.isalnum())


MENDED = folded(ROW_HEADER)
_folded_name = lru_cache(8_192)(folded)  # of contracts, which are asked for again with every row that may be a header


def known_names(contract: Contract) -> dict[str, str]:
    """Folded name -> column. Names come first, titles and aliases never displace them."""
    found: dict[str, str] = {}
    for column in contract.columns:
        found.setdefault(_folded_name(column.name), column.name)
    for column in contract.columns:
        for title in (column.title.zh, column.title.en, *column.aliases):
            found.setdefault(_folded_name(title), column.name)
    return found


def recognised(row: Sequence[str], contract: Contract) -> int:
    names = known_names(contract)
    return len({names[key] for cell in row if (key := folded(str(cell))) in names})


def _check_said(header: Sequence[str], said: Mapping[str, str]) -> None:
    there = {folded(cell) for cell in header}
    for name in said:
        if folded(name) not in there:
            seen = [cell for cell in header if cell]
            raise FileRefused(f"the file has no column '{name}'", f"it has: {', '.join(seen)}", "name one of them", nearest(name, seen))


def map_headers(
    header: Sequence[str],
    contract: Contract,
    remembered: Mapping[str, str] | None = None,
    others: Sequence[Contract] = (),
    said: Mapping[str, str] | None = None,
) -> HeaderMap:
    """`remembered` are headers confirmed before; `said` is what the sender says of this very file.

    Raises FileRefused where a needed column is missing, saying which feed the file looks like instead."""
    names = known_names(contract)
    remembered = {folded(key): value for key, value in (dict(remembered or {}) | dict(said or {})).items()}
    _check_said(header, said or {})
    columns: dict[str, int] = {}
    unknown = []
    operation = None
    for position, cell in enumerate(header):
        key = folded(cell)
        name = remembered.get(key) or names.get(key)
        if key == MENDED:
            raise MendedRows(
                "these are rows set aside of a receipt, to be mended", "as a delivery of their own they would displace the others",
                "send the sheet as it is: anju feeds import FILE",
            )  # fmt: skip
        if name is None:
            if key in OPERATION and contract.delivery == "delta" and operation is None:
                operation = position
            elif cell:
                unknown.append(cell)
            continue
        if name in columns:
            raise FileRefused(f"two columns of the file are '{name}'", f"'{header[columns[name]]}' and '{cell}'", "remove or rename one of them")
        columns[name] = position
    lacking = [column for column in contract.columns if column.name not in columns]
    needed = [column.name for column in lacking if column.required or column.name in contract.key]
    if needed:
        better = max(others, key=lambda other: recognised(header, other), default=None)
        if better is not None and recognised(header, better) > len(columns):
            raise FileRefused(
                f"this is not {contract.code} {contract.title.zh}", f"its columns are those of {better.code} {better.title.zh}",
                f"send it as {better.code}",
            )  # fmt: skip
        raise FileRefused(
            f"{contract.code} needs columns that the file does not have: {', '.join(needed)}",
            f"the file has: {', '.join(cell for cell in header if cell)}",
            "add them, or say which of the file's columns they are",
            nearest(needed[0], [cell for cell in header if cell]),
        )
    return HeaderMap(columns, tuple(unknown), tuple(column.name for column in lacking), operation)
