"""YAML with positions: every value knows its file, line and column, and a wrong one becomes a fault, never a crash.

    faults: list[Fault] = []
    root = read_document(path, "standards/ED-01.yaml", faults)
    fields = root.mapping(required=("code",), optional=("title",))
    code = fields["code"].text()          # None after a fault

A node that is missing or of the wrong kind answers None (or an empty tuple) and has already recorded its fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml

from anju.core.contracts.faults import Fault, nearest
from anju.core.contracts.model import Bilingual

MAX_BYTES = 2_000_000
MAX_DEPTH = 60
MOST_DIGITS, MOST_PLACES = 15, 6


class Node:
    """A YAML node. `line` and `column` count from 1 and point at the value (into a quoted text: at its quote)."""

    def __init__(self, node: yaml.Node, file: str, faults: list[Fault]) -> None:
        self.node = node
        self.file = file
        self.faults = faults
        self.line = node.start_mark.line + 1
        self.column = node.start_mark.column + 1

    def fault(self, what: str, why: str = "", remedy: str = "", alternatives: Iterable[str] = (), *, offset: int = 0) -> None:
        """Records a fault here; `offset` moves the column to the right, for a place inside a one-line text."""
        self.faults.append(Fault(self.file, self.line, self.column + offset, what, why, remedy, tuple(alternatives)))

    # --- kinds ----------------------------------------------------------------------------------------------

    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    def is_sequence(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def is_null(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag == "tag:yaml.org,2002:null"

    @property
    def tag(self) -> str:
        """'str', 'int', 'float', 'bool', 'null', 'timestamp', 'map' or 'seq'."""
        return self.node.tag.rsplit(":", 1)[-1]

    @property
    def raw(self) -> str:
        """The text of a scalar as written ('' otherwise)."""
        return self.node.value if isinstance(self.node, yaml.ScalarNode) else ""

    # --- values ---------------------------------------------------------------------------------------------

    def mapping(self, required: Iterable[str] = (), optional: Iterable[str] | None = ()) -> dict[str, Node]:
        """The fields by name. Unknown ones are faults unless `optional` is None (any name goes)."""
        found = self._pairs()
        if found is None:
            return {}
        required = tuple(required)
        if optional is not None:
            known = (*required, *optional)
            for name, node in found.items():
                if name not in known:
                    node.fault(f"'{name}' is not known here", remedy="remove it, or correct its name",
                               alternatives=nearest(name, known))  # fmt: skip
        for name in required:
            if name not in found or found[name].is_null():
                self.fault(f"'{name}' is missing", remedy=f"add '{name}:'")
                found.pop(name, None)
        return found

    def complete(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Node] | None:
        """The fields by name, or None where one of `required` is missing."""
        required = tuple(required)
        found = self.mapping(required, optional)
        return found if all(name in found for name in required) else None

    def _pairs(self) -> dict[str, Node] | None:
        if not isinstance(self.node, yaml.MappingNode):
            self.fault(f"a mapping (name: value) is expected, this is {_kind(self.node)}")
            return None
        found: dict[str, Node] = {}
        for key, value in self.node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            child = Node(value, self.file, self.faults)
            if not isinstance(name, str):
                Node(key, self.file, self.faults).fault("a name must be plain text")
            elif name in found:
                Node(key, self.file, self.faults).fault(f"'{name}' stands here twice", remedy="keep one of them")
            else:
                found[name] = child
        return found

    def listing(self) -> tuple[Node, ...]:
        if not isinstance(self.node, yaml.SequenceNode):
            self.fault(f"a list is expected, this is {_kind(self.node)}", remedy="write [a, b] or one '- ' per line")
            return ()
        return tuple(Node(child, self.file, self.faults) for child in self.node.value)

    def text(self) -> str | None:
        if not isinstance(self.node, yaml.ScalarNode) or self.is_null():
            self.fault(f"a text is expected, this is {_kind(self.node)}")
            return None
        return str(self.node.value)

    def choice(self, options: Iterable[str]) -> str | None:
        options = tuple(options)
        text = self.text()
        if text is not None and text not in options:
            self.fault(f"'{text}' is not one of the choices", alternatives=options)
            return None
        return text

    def texts(self) -> tuple[str, ...]:
        return tuple(text for child in self.listing() if (text := child.text()) is not None)

    def integer(self) -> int | None:
        if self.tag == "int":
            try:
                number = int(self.raw.replace("_", ""), 10)
                if abs(number) < 10**MOST_DIGITS:
                    return number
                self.fault(f"{_kind(self.node)} is out of range", "at most 15 digits are counted with")
                return None
            except ValueError:
                pass
        self.fault(f"a whole number is expected, this is {_kind(self.node)}")
        return None

    def boolean(self) -> bool | None:
        if self.tag == "bool":
            return self.raw.lower() in ("true", "yes", "on")
        self.fault(f"true or false is expected, this is {_kind(self.node)}")
        return None

    def decimal(self) -> Decimal | None:
        if self.tag in ("int", "float"):
            try:
                number = Decimal(self.raw.replace("_", ""))
                if number.is_finite() and number.adjusted() < MOST_DIGITS and -int(number.as_tuple().exponent) <= MOST_PLACES:
                    return number
                self.fault(f"{_kind(self.node)} is out of range", f"at most 15 digits before the point and {MOST_PLACES} behind it")
                return None
            except InvalidOperation:
                pass
        self.fault(f"a number is expected, this is {_kind(self.node)}")
        return None

    def day(self) -> date | None:
        try:
            day = date.fromisoformat(self.raw)
        except ValueError:
            self.fault(f"'{self.raw[:40]}' is not a day", remedy="write it like 2023-09-26")
            return None
        if not 1900 <= day.year <= 2200:
            self.fault(f"'{self.raw}' is too long ago or too far off", remedy="name a day from 1900 to 2200")
            return None
        return day

    def bilingual(self) -> Bilingual:
        """{en: …, zh: …}; both are needed."""
        fields = self.mapping(required=("en", "zh"))
        texts = {name: (fields[name].text() or "") if name in fields else "" for name in ("en", "zh")}
        return Bilingual(**texts)


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if node.tag.endswith(":null"):
        return "empty"
    return f"'{str(node.value)[:40]}'"


def read_document(path: Path, name: str, faults: list[Fault]) -> Node | None:
    """The root of a YAML file, or None after recording why it cannot be read. `name` is how faults call the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        faults.append(Fault(name, 0, 0, "the file cannot be read", str(error)))
        return None
    if len(data) > MAX_BYTES:
        faults.append(Fault(name, 0, 0, f"the file has {len(data)} bytes", f"at most {MAX_BYTES} are read"))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        faults.append(Fault(name, line, 1, "the file is not UTF-8", f"byte {error.start}", "save it as UTF-8"))
        return None
    return parse_document(text, name, faults)


def parse_document(text: str, name: str, faults: list[Fault]) -> Node | None:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        faults.append(Fault(name, line, column, "this is not YAML", str(error.problem or error.context)))
        return None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        faults.append(Fault(name, 0, 0, "this is not YAML", str(error).split("\n")[0]))
        return None
    if node is None:
        faults.append(Fault(name, 1, 1, "the file is empty"))
        return None
    if not _shallow(node):
        faults.append(Fault(name, 1, 1, "the file refers to itself or nests too deeply", f"at most {MAX_DEPTH} levels"))
        return None
    return Node(node, name, faults)


def _shallow(root: yaml.Node) -> bool:
    """No circles through aliases, and no bombs: depth and the number of visits are bounded."""
    stack, visits = [(root, 0)], 0
    while stack:
        node, depth = stack.pop()
        visits += 1
        if depth > MAX_DEPTH or visits > 500_000:
            return False
        if isinstance(node, yaml.MappingNode):
            stack += [(child, depth + 1) for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            stack += [(child, depth + 1) for child in node.value]
    return True
