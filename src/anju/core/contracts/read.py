"""Reads feed contracts (`feeds/<department>/<code>_<dataset>.yaml`): every fault of every file in one go."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault, nearest
from anju.core.contracts.model import Bilingual, Cadence, ColumnType, Contract, FeedColumn, Freshness
from anju.core.contracts.naming import check_feed_code, check_name, twice
from anju.core.contracts.registers import check_register
from anju.core.contracts.shape import check_shape

REQUIRED = ("code", "dataset", "title", "owner", "kind", "delivery", "world", "by", "cadence", "key", "columns")
OPTIONAL = (
    "unit_from", "period_column", "valid_column", "links", "through", "freshness", "max_shrink", "matched_floor",
    "registry", "platform", "dated", "note",
)  # fmt: skip
COLUMN_OPTIONAL = ("title", "class", "empty_means", "required", "codes", "min", "max", "aliases", "in")
LINK_TYPES = ("person", "household", "place")
EMPTY = Bilingual("", "")
MOST_DAYS = 3_660
KEYS = {"person_id": "person", "household_id": "household", "place_id": "place"}
RESERVED = ("unit", "period", "valid", "known_at", "row_id", "delivery_id", "deleted", "ord")


def read_contracts(folder: Path, broken: set[str] | None = None) -> tuple[dict[str, Contract], list[Fault]]:
    """Contracts by code. A contract with a fault is left out; the faults say which, and `broken` gets its code."""
    faults: list[Fault] = []
    found: dict[str, Contract] = {}
    for path in sorted((folder / "feeds").rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        before = len(faults)
        root = read_document(path, name, faults)
        contract = _contract(root, name) if root is not None else None
        if contract is None or len(faults) > before:
            if broken is not None:
                broken.add(contract.code if contract is not None else path.stem.split("_")[0])
            continue
        if contract.code in found:
            faults.append(Fault(name, 1, 1, f"feed {contract.code} is already described in {found[contract.code].file}"))
            continue
        found[contract.code] = contract
    if not found and not faults:
        faults.append(Fault("feeds", 0, 0, "no feed contract was found", f"looked in {folder / 'feeds'}"))
    _check_between(found, faults)
    return found, faults


def _contract(root: Node, name: str) -> Contract | None:
    fields = root.mapping(required=REQUIRED, optional=OPTIONAL)
    if any(field not in fields for field in REQUIRED):
        return None
    columns = _columns(fields["columns"])
    names = {column.name for column in columns}
    check_feed_code(fields["code"], fields["code"].text() or "")
    key = _names(fields["key"], names)
    links = _links(fields.get("links"), columns)
    kind = fields["kind"].choice(("state", "period", "event")) or "state"
    contract = Contract(
        code=fields["code"].text() or "",
        dataset=fields["dataset"].text() or "",
        title=fields["title"].bilingual(),
        owner=fields["owner"].text() or "",
        kind=kind,  # type: ignore[arg-type]
        delivery=fields["delivery"].choice(("full", "delta")) or "full",  # type: ignore[arg-type]
        world=fields["world"].choice(("closed", "open")) or "open",  # type: ignore[arg-type]
        by=fields["by"].text() or "programme",
        unit_from=fields["unit_from"].text() if "unit_from" in fields else None,
        cadence=fields["cadence"].choice(get_args(Cadence)) or "once",  # type: ignore[arg-type]
        period_column=_column_name(fields.get("period_column"), names),
        valid_column=_column_name(fields.get("valid_column"), names),
        key=key,
        columns=columns,
        links=links,
        through=_through(fields.get("through")),
        freshness=_freshness(fields.get("freshness")),
        max_shrink=_share(fields.get("max_shrink"), "0.2"),
        matched_floor=_share(fields.get("matched_floor"), "0.9"),
        registry=_registry(fields.get("registry")),
        platform=bool(fields["platform"].boolean()) if "platform" in fields else False,
        file=name,
        dated=(fields["dated"].choice(("start", "end")) if "dated" in fields else None) or "end",  # type: ignore[arg-type]
    )
    if kind == "period" and contract.period_column is None:
        fields["kind"].fault("a period feed needs 'period_column'", "its rows must say which period they are about")
    if kind == "event" and contract.valid_column is None:
        fields["kind"].fault("an event feed needs 'valid_column'", "its rows must say on which day they happened")
    if contract.by not in ("programme", "unit", *names):
        fields["by"].fault(f"'{contract.by}' does not say who delivers", remedy="programme, unit, or a column",
                           alternatives=nearest(contract.by, ("programme", "unit", *names)))  # fmt: skip
    if contract.by in names and contract.unit_from is None:
        fields["by"].fault("'unit_from' is missing", "a subject's own delivering unit must be found",
                           "name the feature, such as on_roll.school_code")  # fmt: skip
    check_shape(contract, fields)
    check_register(contract, fields["columns"].mapping(optional=None), fields["columns"])
    return contract


def _columns(node: Node) -> tuple[FeedColumn, ...]:
    """`columns` is a mapping: name: {type: …, title: …}; the order is the order of the file."""
    found = []
    named = node.mapping(optional=None)
    if (same := twice(named)) is not None:
        named[same].fault(f"'{same}' stands here twice, once with other capitals", remedy="keep one of them")
    for name, field in named.items():
        check_name(field, name)
        if name.lower() in RESERVED:
            field.fault(f"'{name}' is a name that every row has already", remedy=f"call it {name}_code or {name}_text")
        fields = field.mapping(required=("type",), optional=COLUMN_OPTIONAL)
        kind = fields["type"].choice(get_args(ColumnType)) if "type" in fields else None
        if name.lower() in KEYS and kind != KEYS[name.lower()]:
            own = KEYS[name.lower()]
            field.fault(f"'{name}' is our own key of a {own}", remedy=f"make it of type {own}, or give it another name")
        codes, aliases = _codes(fields.get("codes"))
        if kind in ("code", "list") and not codes:
            field.fault(f"column '{name}' needs 'codes'", f"a {kind} column has a closed list")
        klass = fields["class"].choice(("plain", "identifier", "text")) if "class" in fields else None
        empty = fields["empty_means"].choice(("no", "unknown")) if "empty_means" in fields else None
        found.append(
            FeedColumn(
                name=name,
                type=kind or "text",  # type: ignore[arg-type]
                title=fields["title"].bilingual() if "title" in fields else Bilingual(name, name),
                klass=klass or ("identifier" if kind == "person" else "plain"),  # type: ignore[arg-type]
                empty_means=empty or "unknown",  # type: ignore[arg-type]
                required=bool(fields["required"].boolean()) if "required" in fields else False,
                codes=codes,
                code_aliases=aliases,
                minimum=_number(fields.get("min")),
                maximum=_number(fields.get("max")),
                aliases=fields["aliases"].texts() if "aliases" in fields else (),
                in_minor_units="in" in fields and fields["in"].choice(("minor", "major")) == "minor",
            )
        )
    return tuple(found)


def _number(node: Node | None) -> Decimal | None:
    return node.decimal() if node is not None else None


def _codes(node: Node | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """A list of codes, or a mapping code: [other spellings]."""
    if node is None:
        return (), {}
    if node.is_sequence():
        return node.texts(), {}
    codes, aliases = [], {}
    for code, spellings in node.mapping(optional=None).items():
        codes.append(code)
        if not spellings.is_null():
            for spelling in spellings.texts() if spellings.is_sequence() else (spellings.text() or "",):
                aliases[spelling] = code
    return tuple(codes), aliases


def _names(node: Node, known: set[str]) -> tuple[str, ...]:
    for child in node.listing():
        if (text := child.text()) is not None and text not in known:
            child.fault(f"there is no column '{text}'", alternatives=nearest(text, known))
    return node.texts() if node.is_sequence() else ()


def _column_name(node: Node | None, known: set[str]) -> str | None:
    if node is None:
        return None
    text = node.text()
    if text is not None and text not in known:
        node.fault(f"there is no column '{text}'", alternatives=nearest(text, known))
        return None
    return text


def _links(node: Node | None, columns: tuple[FeedColumn, ...]) -> dict[str, str]:
    """Which column says whose row it is. Default: the first column of type person, household and place."""
    first: dict[str, str] = {}
    for column in columns:
        if column.type in LINK_TYPES:
            first.setdefault(column.type, column.name)
    if node is None:
        return first
    types = {column.name: column.type for column in columns}
    found = {}
    for kind, child in node.mapping(optional=LINK_TYPES).items():
        name = child.text() or ""
        if types.get(name) != kind:
            child.fault(f"'{name}' is not a column of type {kind}",
                        alternatives=[c.name for c in columns if c.type == kind])  # fmt: skip
        found[kind] = name
    return found


def _through(node: Node | None) -> tuple[str, str] | None:
    if node is None:
        return None
    fields = node.complete(("feed", "on"))
    if fields is None:
        return None
    return fields["feed"].text() or "", fields["on"].text() or ""


def _freshness(node: Node | None) -> Freshness:
    if node is None:
        return Freshness(due_days=10, fresh_for=None)
    fields = node.mapping(optional=("due_days", "fresh_for"))
    due = fields["due_days"].integer() if "due_days" in fields else 10
    fresh = fields["fresh_for"].integer() if "fresh_for" in fields else None
    for name, days in (("due_days", due), ("fresh_for", fresh)):
        if days is not None and not 0 <= days <= MOST_DAYS:
            fields[name].fault(f"{days} days cannot be", "a delivery comes after what it tells of", f"write 0 to {MOST_DAYS}")
            return Freshness(due_days=10, fresh_for=None)
    return Freshness(due_days=due or 0, fresh_for=fresh)


def _share(node: Node | None, default: str) -> Decimal:
    if node is None:
        return Decimal(default)
    share = node.decimal()
    if share is not None and not 0 <= share <= 1:
        node.fault(f"{share} is not a share", remedy="write a number from 0 to 1")
    return share if share is not None else Decimal(default)


def _registry(node: Node | None) -> Any:
    return node.choice(("household", "person", "event")) if node is not None else None


def _check_between(found: dict[str, Contract], faults: list[Fault]) -> None:
    for contract in found.values():
        if contract.through is None:
            continue
        feed, column = contract.through
        other = found.get(feed)
        if other is None:
            faults.append(Fault(contract.file, 1, 1, f"'through' names feed {feed}, which is not described",
                                alternatives=nearest(feed, found)))  # fmt: skip
        elif column not in {c.name for c in other.columns} & {c.name for c in contract.columns}:
            faults.append(Fault(contract.file, 1, 1, f"'through' needs a column '{column}' in both {contract.code} and {feed}"))
        elif other.through is not None or "household" not in other.links:
            why = f"{feed} finds its own through {other.through[0]}" if other.through is not None else f"{feed} links no household"
            faults.append(
                Fault(contract.file, 1, 1, f"no household is found through {feed}", why, "name a feed whose rows name their household")
            )
