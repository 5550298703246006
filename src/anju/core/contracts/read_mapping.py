"""Reads a mapping file against the contracts of the policy in use: every fault in one go, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault, nearest
from anju.core.contracts.mapping import BornByAge, Cell, Constant, Join, PlaceCells, PlaceList, Source, SourceFile, Target
from anju.core.contracts.mapping import Mapping as Checked
from anju.core.contracts.mapping_cells import CellReader
from anju.core.contracts.model import Contract, Programme

APPROXIMATE = "birth_date_approximate"
OPTIONAL = ("only", "each", "empty", "note")
MOST_BLOCKS = 4_000


def read_mapping(path: Path, contracts: Mapping[str, Contract], programme: Programme) -> tuple[Checked | None, list[Fault]]:
    """The mapping, or None with the faults sorted by place."""
    faults: list[Fault] = []
    root = read_document(path, path.name, faults)
    if root is None:
        return None, faults
    fields = root.mapping(required=("as_of", "files"), optional=("lists", "places", "households", "persons", "feeds", "note"))
    if "as_of" not in fields or "files" not in fields:
        return None, sorted(faults)
    as_of = fields["as_of"].day()
    files = _files(fields["files"])
    reader = _Reader(contracts, programme, files, as_of or date.min, _lists(fields.get("lists")))
    places = reader.places(fields["places"]) if "places" in fields else None
    household = reader.register(fields["households"], "household") if "households" in fields else None
    person = reader.register(fields["persons"], "person") if "persons" in fields else None
    feeds = {code: feed for code, node in _pairs(fields.get("feeds")).items() if (feed := reader.feed(code, node)) is not None}
    if not any(name in fields for name in ("places", "households", "persons", "feeds")):
        root.fault("the mapping makes nothing", "it has no places, households, persons or feeds", "add what the files hold")
    if faults or as_of is None:
        return None, sorted(set(faults))
    return Checked(path.name, as_of, files, places, household, person, feeds), []


def _pairs(node: Node | None) -> dict[str, Node]:
    return node.mapping(optional=None) if node is not None else {}


def _lists(node: Node | None) -> dict[str, Node]:
    """Code lists by name, read where they are used."""
    return _pairs(node)


# --- files ------------------------------------------------------------------------------------------------------------


def _files(node: Node) -> dict[str, SourceFile]:
    nodes = node.mapping(optional=None)
    if not nodes:
        node.fault("no file is named", remedy="files: {households: {file: '*household*.csv', key: [hid]}}")
    found: dict[str, SourceFile] = {}
    keys: dict[str, int] = {}
    read: dict[str, dict[str, Node]] = {}
    for name, child in nodes.items():
        if not name.isidentifier():
            child.fault(f"'{name}' cannot be a name", remedy="letters, digits and _")
        read[name] = child.mapping(required=("file",), optional=("key", "joins", "blank", "note"))
        keys[name] = len(read[name]["key"].listing()) if "key" in read[name] else 0
    for name, fields in read.items():
        found[name] = SourceFile(
            name=name,
            pattern=(fields["file"].text() or "") if "file" in fields else "",
            key=_columns(name, fields.get("key")),
            joins=_joins(name, fields.get("joins"), keys),
            blank=tuple(text.lower() for text in fields["blank"].texts()) if "blank" in fields else (),
            line=nodes[name].line,
            column=nodes[name].column,
        )
    return found


def _columns(file: str, node: Node | None) -> tuple[Source, ...]:
    children = node.listing() if node is not None else ()
    return tuple(Source(file, text, child.line, child.column) for child in children if (text := child.text()) is not None)


def _joins(file: str, node: Node | None, keys: Mapping[str, int]) -> dict[str, Join]:
    """`joins: {households: [hid]}`, or {on: [hid], missing: blank}."""
    found: dict[str, Join] = {}
    for other, child in _pairs(node).items():
        if other not in keys or other == file:
            child.fault(f"there is no other file '{other}'", alternatives=nearest(other, set(keys) - {file}))
            continue
        missing = False
        on: Node | None = child
        if child.is_mapping():
            fields = child.mapping(required=("on",), optional=("missing",))
            on = fields.get("on")
            missing = "missing" in fields and fields["missing"].choice(("blank", "refuse")) == "blank"
        columns = _columns(file, on)
        if on is not None and len(columns) != keys[other]:
            what = f"{len(columns)} columns are to find a row of '{other}', whose key has {keys[other]}"
            on.fault(what, remedy=f"name one column for each of the key of '{other}', in its order")
        found[other] = Join(other, columns, missing)
    return found


# --- targets ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Reader:
    contracts: Mapping[str, Contract]
    programme: Programme
    files: Mapping[str, SourceFile]
    as_of: date
    lists: Mapping[str, Node]

    def register(self, node: Node, kind: str) -> Target | None:
        contract = next((each for each in self.contracts.values() if each.registry == kind), None)
        if contract is None:
            node.fault(f"the policy has no register of {kind}s", "no feed contract says 'registry: " + kind + "'")
            return None
        fields = node.mapping(required=("from", "columns"), optional=(*OPTIONAL, *(("head",) if kind == "person" else ())))
        target = self._target(fields, contract)
        if target is None or kind != "person":
            return target
        if APPROXIMATE in {column.name for column in contract.columns}:
            target = replace(target, columns=_reckoned(target.columns), each=tuple(_reckoned(block) for block in target.each))
        head = fields["head"].text() if "head" in fields else None
        if head is not None and "relation_to_head" not in target.names():
            fields["head"].fault("nothing says who is the head", "relation_to_head is not among the columns", "add it, or leave 'head' out")
        return replace(target, head=head)

    def feed(self, code: str, node: Node) -> Target | None:
        contract = self.contracts.get(code)
        taken = sorted(c for c, each in self.contracts.items() if each.registry is None and not each.platform)
        if contract is None or code not in taken:
            why = "it is a register or the platform's own" if contract is not None else ""
            node.fault(f"'{code}' is no feed that is delivered", why, "name one of these", nearest(code, taken))
            return None
        fields = node.mapping(required=("from", "columns"), optional=(*OPTIONAL, "unit"))
        target = self._target(fields, contract)
        unit = fields["unit"].text() if "unit" in fields else None
        if contract.by == "unit" and unit is None:
            node.fault(f"who sends {code}?", "it is delivered by management unit", "add 'unit: CODE'")
        if contract.by != "unit" and unit is not None:
            fields["unit"].fault(f"{code} is not delivered by unit", f"it is delivered by {contract.by}", "leave 'unit' out")
        return target and replace(target, unit=unit)

    def _target(self, fields: dict[str, Node], contract: Contract) -> Target | None:
        if "from" not in fields or "columns" not in fields:
            return None
        file = fields["from"].choice(tuple(self.files))
        if file is None:
            return None
        cells = CellReader(self.files[file], self.files, self.lists, self.as_of, self.programme.minor_digits)
        columns = self._cells(fields["columns"], contract, cells)
        each, skip_empty = self._each(fields, contract, cells)
        written = {*fields["columns"].mapping(optional=None), *(name for block in each for name in block)}
        lacking = [c.name for c in contract.columns if (c.required or c.name in contract.key) and c.name not in written]
        if lacking:
            fields["columns"].fault(f"{contract.code} needs columns that are not given: {', '.join(lacking)}", f"see {contract.file}")
        return Target(contract, file, columns, self._only(fields.get("only"), cells), each=each, skip_empty=skip_empty)

    @staticmethod
    def _cells(node: Node, contract: Contract, cells: CellReader) -> dict[str, Cell]:
        by_name = {column.name: column for column in contract.columns}
        found: dict[str, Cell] = {}
        for name, child in node.mapping(optional=None).items():
            if name not in by_name:
                child.fault(f"{contract.code} has no column '{name}'", f"see {contract.file}", alternatives=nearest(name, by_name))
            elif (cell := cells.read(child, by_name[name])) is not None:
                found[name] = cell
        return found

    def _each(self, fields: dict[str, Node], contract: Contract, cells: CellReader) -> tuple[tuple[dict[str, Cell], ...], bool]:
        """`each:` a list of blocks of cells, all filling the same columns; `empty:` what becomes of a block left blank."""
        if "each" not in fields:
            return (), False
        nodes = fields["each"].listing()
        blocks = [self._cells(child, contract, cells) for child in nodes]
        if not 0 < len(blocks) <= MOST_BLOCKS:
            fields["each"].fault(f"{len(blocks)} blocks are given", f"from 1 to {MOST_BLOCKS} are taken")
        first = list(nodes[0].mapping(optional=None)) if nodes else []
        for child in nodes[1:]:
            if sorted(child.mapping(optional=None)) != sorted(first):
                child.fault("this block fills other columns than the first", f"the first fills {', '.join(first)}", "name the same in each")
        if "empty" not in fields:
            fields["each"].fault("'empty' is missing", "a block left blank may be no row (there is no third child), or a row with no answer",
                                 "add empty: skip, or empty: keep")  # fmt: skip
            return tuple(blocks), False
        return tuple(blocks), fields["empty"].choice(("skip", "keep")) == "skip"

    def _only(self, node: Node | None, cells: CellReader) -> tuple[tuple[Source, tuple[str, ...]], ...]:
        """`only: {status: [1, 2]}`: rows with other texts are left out, and counted as skipped. "" is a blank."""
        return tuple((cells.named(name, child), _lower(child)) for name, child in _pairs(node).items())

    def places(self, node: Node) -> PlaceList | None:
        fields = node.mapping(required=("from", "levels"), optional=("note",))
        if "from" not in fields or "levels" not in fields:
            return None
        file = fields["from"].choice(tuple(self.files))
        names = [level.name for level in self.programme.levels[1:]]
        found: list[PlaceCells] = []
        given = fields["levels"].mapping(optional=None)
        for name, child in given.items():
            if name not in names:
                child.fault(f"the programme has no level '{name}' below {self.programme.levels[0].name}", alternatives=names)
            inner = child.mapping(required=("code", "name"))
            if file is None or len(inner) < 2 or name not in names:
                continue
            cells = CellReader(self.files[file], self.files, self.lists, self.as_of, self.programme.minor_digits)
            code, title = cells.read(inner["code"], None), cells.read(inner["name"], None)
            if code is not None and title is not None:
                found.append(PlaceCells(name, code, title))
        found.sort(key=lambda level: names.index(level.level))
        if self.programme.community_level not in given:
            why = f"households live in a place of level '{self.programme.community_level}'"
            fields["levels"].fault(f"level '{self.programme.community_level}' is missing", why, "add it")
        return PlaceList(file or "", tuple(found))


def _lower(node: Node) -> tuple[str, ...]:
    return tuple(text.lower() for text in (node.texts() if node.is_sequence() else (node.text() or "",)))


def _reckoned(columns: Mapping[str, Cell]) -> Mapping[str, Cell]:
    """Says of a day of birth whether it was reckoned from an age."""
    if "birth_date" not in columns or APPROXIMATE in columns:
        return columns
    return {**columns, APPROXIMATE: Constant("true" if isinstance(columns["birth_date"], BornByAge) else "false")}
