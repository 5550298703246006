"""Reads `parameters/*.yaml`: dated values, by area and by key, each with its source."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import get_args

from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault
from anju.core.contracts.naming import check_name
from anju.core.standards.model import Parameter, ParameterValue, Title, Type
from anju.core.terms.money import to_fen

TYPES = ("int", "decimal", "money", "text", "date", "bool")


def title_of(node: Node | None, name: str) -> Title:
    if node is None:
        return Title(name, name)
    words = node.bilingual()
    return Title(words.en, words.zh)


def read_parameters(folder: Path, faults: list[Fault], minor_digits: int = 2) -> dict[str, Parameter]:
    """`minor_digits` are the decimal places of the programme's currency."""
    found: dict[str, Parameter] = {}
    for path in sorted((folder / "parameters").rglob("*.yaml")):
        root = read_document(path, path.relative_to(folder).as_posix(), faults)
        if root is None:
            continue
        fields = root.mapping(required=("parameters",))
        for child in fields["parameters"].listing() if "parameters" in fields else ():
            parameter = _parameter(child, minor_digits)
            if parameter is None:
                continue
            if parameter.name.lower() in (name.lower() for name in found):
                child.fault(f"parameter '{parameter.name}' is already given")
            found[parameter.name] = parameter
    return found


def _parameter(node: Node, minor_digits: int) -> Parameter | None:
    fields = node.mapping(required=("name", "type", "values"), optional=("title", "by_area", "keyed_by", "note"))
    if len([name for name in ("name", "type", "values") if name in fields]) < 3:
        return None
    kind = fields["type"].choice(tuple(name for name in TYPES if name in get_args(Type)))
    name = fields["name"].text()
    if kind is None or name is None or not check_name(fields["name"], name):
        return None
    by_area = bool(fields["by_area"].boolean()) if "by_area" in fields else False
    keyed_by = fields["keyed_by"].texts() if "keyed_by" in fields else ()
    values = [_value(child, kind, by_area, len(keyed_by), minor_digits) for child in fields["values"].listing()]
    whole = [value for value in values if value is not None]
    seen: set[tuple[object, ...]] = set()
    for value in whole:
        mark = (value.start, value.area, value.keys)
        if mark in seen:
            fields["values"].fault(f"'{name}' has two values from {value.start} for the same area and keys")
        seen.add(mark)
    if not whole:
        fields["values"].fault(f"'{name}' has no value")
    return Parameter(name, kind, title_of(fields.get("title"), name), by_area, keyed_by, tuple(whole))  # type: ignore[arg-type]


def _value(node: Node, kind: str, by_area: bool, keys: int, minor_digits: int) -> ParameterValue | None:
    fields = node.mapping(required=("from", "value", "source"), optional=("area", "keys", "example"))
    if len([name for name in ("from", "value", "source") if name in fields]) < 3:
        return None
    start = fields["from"].day()
    value = scalar(fields["value"], kind, minor_digits)
    area = fields["area"].text() if "area" in fields and not fields["area"].is_null() else None
    if area is not None and not by_area:
        fields["area"].fault("this parameter does not differ by area", remedy="add 'by_area: true', or remove it")
    key_nodes = fields["keys"].listing() if "keys" in fields else ()
    if len(key_nodes) != keys:
        node.fault(f"{keys} keys are needed, {len(key_nodes)} are given", "one for each name in 'keyed_by'")
    if start is None or value is None:
        return None
    return ParameterValue(
        start=start,
        value=value,
        area=area,
        keys=tuple(_key(child) for child in key_nodes),
        source=fields["source"].text() or "",
        example=bool(fields["example"].boolean()) if "example" in fields else False,
    )


def _key(node: Node) -> str | int | bool:
    if node.tag == "bool":
        return bool(node.boolean())
    if node.tag == "int":
        return node.integer() or 0
    return node.text() or ""


def scalar(node: Node, kind: str, minor_digits: int = 2) -> int | Decimal | str | date | bool | None:
    """A value of the parameter's type; money is written in the currency's unit and kept in minor units."""
    if kind == "int":
        return node.integer()
    if kind == "decimal":
        return node.decimal()
    if kind == "bool":
        return node.boolean()
    if kind == "date":
        return node.day()
    if kind == "money":
        try:
            return to_fen(node.raw, minor_digits)
        except ValueError as error:
            node.fault(str(error))
            return None
    return node.text()
