"""Reads one cell of a mapping: which columns it is made of, and how; checked against the column it fills."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from anju.core.contracts.document import Node
from anju.core.contracts.faults import nearest
from anju.core.contracts.mapping import (
    Amount,
    BornByAge,
    Cell,
    Choices,
    Composed,
    Constant,
    Copied,
    Day,
    DayParts,
    OneHot,
    Source,
    SourceFile,
    Truth,
)
from anju.core.contracts.model import FeedColumn

KINDS = {
    "text": (), "value": (), "age": ("months", "on", "unknown"), "year": ("month", "day", "unknown"),
    "one_hot": ("yes", "no", "none", "unknown"), "sum": ("times", "over", "unknown"),
    "column": ("codes", "unknown", "yes", "no", "format", "split", "times", "over"),
}  # fmt: skip
PART = re.compile(r"\{([^{}]*)\}")
NUMBERS = ("int", "decimal", "money")


@dataclass(slots=True)
class CellReader:
    """Of one target: `file` is where its rows come from."""

    file: SourceFile
    files: Mapping[str, SourceFile]
    lists: Mapping[str, Node]
    as_of: date
    minor_digits: int

    def read(self, node: Node, column: FeedColumn | None) -> Cell | None:
        """`column` is what is filled, None for a code or name of a place. None after recording a fault."""
        before = len(node.faults)
        if not node.is_mapping():
            text = node.text()
            return None if text is None else Copied(self.named(text, node))
        given = node.mapping(optional=None)
        kinds = [kind for kind in KINDS if kind in given]
        if len(kinds) != 1:
            what = f"this has {' and '.join(kinds)}" if kinds else f"this has {', '.join(given) or 'nothing'}"
            node.fault(f"a cell is made in exactly one way; {what}", remedy="write a column's name, or one of these", alternatives=tuple(KINDS))
            return None
        fields = node.mapping(required=(kinds[0],), optional=KINDS[kinds[0]])
        if kinds[0] not in fields:
            return None
        cell = self._cell(kinds[0], node, fields, column)
        return cell if len(node.faults) == before else None

    def named(self, text: str, node: Node) -> Source:
        """'hid' is a column of the own file, 'households.geo1' one of a file it joins."""
        file, dot, name = text.partition(".")
        if dot and file in self.files:
            if file != self.file.name and file not in self.file.joins:
                node.fault(f"'{self.file.name}' does not join '{file}'", remedy=f"add joins: {{{file}: […]}} to '{self.file.name}'",
                           alternatives=tuple(self.file.joins))  # fmt: skip
            return Source(file, name, node.line, node.column)
        return Source(self.file.name, text, node.line, node.column)

    def _source(self, node: Node) -> Source:
        return self.named(node.text() or "", node)

    def _cell(self, kind: str, node: Node, fields: dict[str, Node], column: FeedColumn | None) -> Cell | None:
        unknown = _texts(fields.get("unknown"))
        match kind:
            case "text":
                return self._composed(fields["text"])
            case "value":
                return _constant(fields["value"], column)
            case "age":
                return self._born(fields, unknown, node, column)
            case "year":
                return self._day_parts(fields, unknown, node, column)
            case "one_hot":
                return self._one_hot(fields, unknown, node, column)
            case "sum":
                sources = tuple(self._source(child) for child in fields["sum"].listing())
                return self._amount(sources, fields, unknown, node, column)
        return self._of_column(node, fields, unknown, column)

    def _of_column(self, node: Node, fields: dict[str, Node], unknown: tuple[str, ...], column: FeedColumn | None) -> Cell | None:
        source = self._source(fields["column"])
        if "split" in fields:
            return self._choices(source, fields, unknown, node, column)
        if "yes" in fields or "no" in fields:
            return self._truth(source, fields, unknown, node, column)
        if "format" in fields:
            _only_for(node, column, ("date",), "a day")
            text = fields["format"].text() or ""
            if not all(mark in text for mark in ("%d", "%m")) or ("%Y" not in text and "%y" not in text):
                fields["format"].fault(f"'{text}' does not say day, month and year", remedy="31/12/2023 is written %d/%m/%Y")
            return Day(source, text, unknown)
        if "times" in fields or "over" in fields:
            return self._amount((source,), fields, unknown, node, column)
        codes = self._codes(fields["codes"], column) if "codes" in fields else None
        _apart(fields, codes, unknown)
        return Copied(source, codes, unknown)

    # --- kinds --------------------------------------------------------------------------------------------------

    def _composed(self, node: Node) -> Cell | None:
        text = node.text()
        if text is None:
            return None
        parts: list[str | Source] = []
        at = 0
        for found in PART.finditer(text):
            parts += [text[at : found.start()]] if found.start() > at else []
            parts.append(self.named(found[1].strip(), node))
            at = found.end()
        rest = text[at:]
        if "{" in rest or "}" in rest or any(isinstance(part, str) and set(part) & set("{}") for part in parts):
            node.fault(f"'{text}' has a brace that is not closed", remedy='write "{hid}-{idno}"')
        if not any(isinstance(part, Source) for part in parts):
            node.fault(f"'{text}' names no column", "columns stand in braces", "write {column}, or 'value:' for a fixed text")
        return Composed((*parts, rest) if rest else tuple(parts))

    def _truth(self, source: Source, fields: dict[str, Node], unknown: tuple[str, ...], node: Node, column: FeedColumn | None) -> Cell:
        _only_for(node, column, ("bool",), "yes or no")
        yes, no = _texts(fields.get("yes")), _texts(fields.get("no"))
        if not yes or not no:
            node.fault("both 'yes' and 'no' are needed", "a text that is neither is set aside, never taken for no", "yes: [1], no: [0]")
        _no_text_twice(node, yes, no, unknown)
        return Truth(source, yes, no, unknown)

    def _born(self, fields: dict[str, Node], unknown: tuple[str, ...], node: Node, column: FeedColumn | None) -> Cell:
        _only_for(node, column, ("date",), "a day of birth")
        on: date | Source = self.as_of
        if "on" in fields:
            on = self._source(fields["on"]) if fields["on"].tag != "timestamp" else fields["on"].day() or self.as_of
        months = self._source(fields["months"]) if "months" in fields else None
        return BornByAge(self._source(fields["age"]), months, on, unknown)

    def _day_parts(self, fields: dict[str, Node], unknown: tuple[str, ...], node: Node, column: FeedColumn | None) -> Cell | None:
        _only_for(node, column, ("date",), "a day")
        if "month" not in fields or "day" not in fields:
            node.fault("a day needs year, month and day", "a day is never made up", "name the three columns, or an age: {age: column}")
            return None
        return DayParts(self._source(fields["year"]), self._source(fields["month"]), self._source(fields["day"]), unknown)

    def _choices(self, source: Source, fields: dict[str, Node], unknown: tuple[str, ...], node: Node, column: FeedColumn | None) -> Cell | None:
        _only_for(node, column, ("list",), "several answers")
        if "codes" not in fields:
            node.fault("'codes' is missing", "each answer needs its code", "codes: {radio: [A], bicycle: [B]}")
            return None
        codes = self._codes(fields["codes"], column)
        _apart(fields, codes, unknown)
        return Choices(source, fields["split"].text() or "", codes, unknown)

    def _one_hot(self, fields: dict[str, Node], unknown: tuple[str, ...], node: Node, column: FeedColumn | None) -> Cell | None:
        _only_for(node, column, ("list",), "several answers")
        for needed, example in (("yes", "[1]"), ("no", "[0]"), ("none", "none")):
            if needed not in fields:
                why = "all answers 'no' is something known, and must not look like no answer" if needed == "none" else ""
                node.fault(f"'{needed}' is missing", why, f"add {needed}: {example}")
        yes, no = _texts(fields.get("yes")), _texts(fields.get("no"))
        none = fields["none"].text() if "none" in fields else None
        if none is not None and column is not None:
            _known_code(none, column, fields["none"])
        columns = []
        for code, child in fields["one_hot"].mapping(optional=None).items():
            if column is not None:
                _known_code(code, column, child)
            columns.append((code, self._source(child)))
        _no_text_twice(node, yes, no, unknown)
        return OneHot(tuple(columns), yes, no, none or "", unknown)

    def _amount(
        self, sources: tuple[Source, ...], fields: dict[str, Node], unknown: tuple[str, ...], node: Node, column: FeedColumn | None
    ) -> Cell:
        _only_for(node, column, NUMBERS, "a number")
        factors = []
        for name in ("times", "over"):
            factor = fields[name].decimal() if name in fields else Decimal(1)
            if factor is not None and factor <= 0:
                fields[name].fault(f"{factor} is not above zero")
            factors.append(factor or Decimal(1))
        kind = column.type if column is not None else "decimal"
        places = {"int": 0, "money": 0 if column is not None and column.in_minor_units else self.minor_digits}.get(kind, 4)
        return Amount(sources, factors[0], factors[1], places, unknown)

    # --- code lists ---------------------------------------------------------------------------------------------

    def _codes(self, node: Node, column: FeedColumn | None) -> dict[str, str]:
        """{our code: [texts of the file]} or the name of a list, as {text in lower case: our code}."""
        if not node.is_mapping():
            name = node.text() or ""
            if name not in self.lists:
                node.fault(f"there is no list '{name}'", remedy="write the codes here, or add it under 'lists'",
                           alternatives=nearest(name, self.lists))  # fmt: skip
                return {}
            node = self.lists[name]
        found: dict[str, str] = {}
        for code, child in node.mapping(optional=None).items():
            if column is not None:
                _known_code(code, column, child)
            for text in _texts(child):
                if found.setdefault(text, code) != code:
                    child.fault(f"'{text}' stands for '{found[text]}' and for '{code}'", remedy="keep one of them")
        return found


def _known_code(code: str, column: FeedColumn, node: Node) -> None:
    codes = ("true", "false") if column.type == "bool" else column.codes
    if codes and code not in codes:
        node.fault(f"'{code}' is no code of '{column.name}'", f"the contract lists {', '.join(codes)}", alternatives=nearest(code, codes))


def _constant(node: Node, column: FeedColumn | None) -> Cell:
    text = node.text() or ""
    if column is not None and column.type == "code":
        _known_code(text, column, node)
    return Constant(text)


def _texts(node: Node | None) -> tuple[str, ...]:
    """Texts as they stand in the file, compared in lower case; a single one need not be in a list."""
    if node is None or node.is_null():
        return ()
    return tuple(text.lower() for text in (node.texts() if node.is_sequence() else (node.text() or "",)))


def _only_for(node: Node, column: FeedColumn | None, types: tuple[str, ...], what: str) -> None:
    if column is None or column.type not in types:
        name = f"'{column.name}' is a column of type {column.type}" if column is not None else "this is the code or name of a place"
        node.fault(f"this makes {what}", name, f"only columns of type {' or '.join(types)} take it")


def _apart(fields: dict[str, Node], codes: Mapping[str, str] | None, unknown: tuple[str, ...]) -> None:
    for text in unknown:
        if codes is not None and text in codes:
            fields["unknown"].fault(f"'{text}' is unknown, and stands for '{codes[text]}'", remedy="keep one of them")


def _no_text_twice(node: Node, *groups: tuple[str, ...]) -> None:
    texts = [text for group in groups for text in group]
    for text in sorted({text for text in texts if texts.count(text) > 1}):
        node.fault(f"'{text}' stands in more than one of yes, no and unknown", remedy="keep one of them")
