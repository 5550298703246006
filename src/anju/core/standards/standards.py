"""Reads one standard: a promise with a population, its dated versions, breaches, clocks and evidence."""

from __future__ import annotations

import re

from anju.core.contracts.document import Node
from anju.core.contracts.naming import check_name
from anju.core.standards.catalogue import Catalogue, SubjectScope
from anju.core.standards.expressions import parse_expression
from anju.core.standards.model import (
    Breach,
    Evidence,
    Expr,
    Latest,
    Ref,
    Source,
    Standard,
    Version,
)
from anju.core.standards.numbers import OVERLONG, overlong
from anju.core.standards.order import needs_of, refs_of
from anju.core.standards.parameters import title_of
from anju.core.terms.durations import Duration, duration_of
from anju.core.terms.levels import LEVELS, RANK

REQUIRED = ("code", "title", "domain", "source", "subject", "sentence", "versions")
OPTIONAL = ("measures", "note")
VERSION_REQUIRED = ("from", "applies", "breaches", "evidence", "owner", "handle")
VERSION_OPTIONAL = ("verify", "then", "closing", "clears_when", "inhibits", "note")
MOST_BREACHES = 60
BASES = ("article", "published", "knowledge", "assumption")
DEFAULT_VERIFY = {"red": "24h", "orange": "3wd", "yellow": "5wd", "blue": "10wd"}


def read_standard(root: Node, name: str, catalogue: Catalogue) -> Standard | None:
    """The standard, or None after recording its faults. Features it asks for are built on the way."""
    before = len(root.faults)
    fields = root.mapping(required=REQUIRED, optional=OPTIONAL)
    if any(field not in fields for field in REQUIRED):
        return None
    code = fields["code"].text() or ""
    subject = fields["subject"].text() or ""
    if not re.fullmatch(r"[A-Z]{1,4}-[0-9]{2}", code):
        fields["code"].fault(f"'{code}' is not a code", remedy="two letters, a dash, two digits: ED-01")
    if root.file.rsplit("/", 1)[-1] != f"{code}.yaml":
        root.fault(f"the file of {code} must be named {code}.yaml")
    catalogue.current = code
    versions: list[Version] = []
    for child in fields["versions"].listing():
        version = _version(child, catalogue, subject)
        if version is not None:
            if versions and version.start <= versions[-1].start:
                child.fault("versions follow one another by 'from'", f"{version.start} is not after {versions[-1].start}")
            versions.append(version)
    catalogue.current = None
    if fields["versions"].is_sequence() and not fields["versions"].listing():
        fields["versions"].fault("a standard has at least one version")
    domains = catalogue.programme.domains
    domain = (fields["domain"].choice(domains) if domains else fields["domain"].text()) or ""
    measures = tuple(m for child in fields["measures"].listing() if (m := child.integer())) if "measures" in fields else ()
    standard = Standard(
        code=code,
        title=title_of(fields["title"], code),
        domain=domain,
        measures=measures,
        source=_source(fields["source"]),
        subject=subject,
        sentence=title_of(fields["sentence"], code),
        versions=tuple(versions),
        file=name,
    )
    return standard if len(root.faults) == before else None


def _source(node: Node) -> Source:
    fields = node.mapping(required=("basis", "text"), optional=("official_number",))
    basis = fields["basis"].choice(BASES) if "basis" in fields else None
    number = fields.get("official_number")
    return Source(
        basis or "assumption",
        (fields["text"].text() or "") if "text" in fields else "",
        number.text() if number is not None and not number.is_null() else None,
    )


def _version(node: Node, catalogue: Catalogue, subject: str) -> Version | None:
    fields = node.mapping(required=VERSION_REQUIRED, optional=VERSION_OPTIONAL)
    if any(name not in fields for name in VERSION_REQUIRED):
        return None
    scope = SubjectScope(catalogue, subject)
    start = fields["from"].day()
    applies = _condition(fields["applies"], scope)
    breaches = _breaches(fields, scope)
    clears = _condition(fields["clears_when"], scope) if "clears_when" in fields else None
    evidence = tuple(e for child in fields["evidence"].listing() if (e := _evidence(child, scope)) is not None)
    closing = fields["closing"].choice(("data", "visit", "gate")) if "closing" in fields else "gate"
    if closing not in ("gate", None) and any(breach.level in ("red", "orange") for breach in breaches):
        fields["closing"].fault(f"closing: {closing} does not do for red or orange", "they close through the gate only")
    if start is None or applies is None or not breaches:
        return None
    if "clears_when" not in fields:
        _check_clearing(node, catalogue, subject, breaches)
    return Version(
        start=start,
        applies=applies,
        breaches=tuple(sorted(breaches, key=lambda breach: -RANK[breach.level])),
        clears_when=clears,
        evidence=evidence,
        closing=closing or "gate",  # type: ignore[arg-type]
        owner=fields["owner"].text() or "",
        inhibits=fields["inhibits"].texts() if "inhibits" in fields else (),
        clears_text=" ".join((fields["clears_when"].text() or "").split()) if "clears_when" in fields else "",
    )


def _condition(node: Node, scope: SubjectScope) -> Expr | None:
    found = parse_expression(node, scope, ("bool",))
    if found is not None and overlong(found.expr, scope.subject, scope.catalogue.built, scope.catalogue.parameters):
        node.fault(*OVERLONG)
    return found.expr if found is not None else None


def _breaches(fields: dict[str, Node], scope: SubjectScope) -> list[Breach]:
    found = []
    nodes = fields["breaches"].mapping(optional=None)
    if not nodes:
        fields["breaches"].fault("a standard names at least one breach")
    if len(nodes) > MOST_BREACHES:
        fields["breaches"].fault(f"{len(nodes)} breaches are too many", f"at most {MOST_BREACHES} are told apart")
    for name, child in nodes.items():
        check_name(child, name)
        inner = child.mapping(required=("level", "when", "title"), optional=("verify", "handle", "then"))
        if any(field not in inner for field in ("level", "when", "title")):
            continue
        level = inner["level"].choice(LEVELS[1:])
        when = _condition(inner["when"], scope)
        if level is None or when is None:
            continue
        verify = duration(inner.get("verify") or fields.get("verify")) or _default(level)
        handle = duration(inner.get("handle") or fields["handle"]) or Duration(30, "d")
        title = title_of(inner["title"], name)
        text = " ".join((inner["when"].text() or "").split())
        then = duration(inner.get("then") or fields.get("then"))
        found.append(Breach(name, title, level, when, verify, handle, then, text))  # type: ignore[arg-type]
    return found


def _default(level: str) -> Duration:
    found = duration_of(DEFAULT_VERIFY[level])
    assert found is not None
    return found


def duration(node: Node | None) -> Duration | None:
    """24h, 10d or 10wd (working days)."""
    if node is None:
        return None
    found = duration_of(node.raw)
    if found is None:
        node.fault(f"'{node.raw}' is not a length of time", remedy="24h, 10d, or 10wd for working days")
    return found


def _evidence(node: Node, scope: SubjectScope) -> Evidence | None:
    text = node.text()
    if text is None:
        return None
    found = scope.name(tuple(text.split(".")), node, 0)
    if found is None:
        return None
    if not isinstance(found.expr, Ref) or found.type == "row":
        node.fault(f"'{text}' is a whole row", remedy="name one of its columns")
        return None
    return Evidence(text, found.expr)


def _check_clearing(node: Node, catalogue: Catalogue, subject: str, breaches: list[Breach]) -> None:
    """Time alone must not clear a breach: a window that begins anew, or an event, needs its own condition."""
    seen: set[tuple[str, str]] = set()
    stack = [(subject, ref.feature) for breach in breaches for ref in refs_of(breach.when)]
    while stack:
        key = stack.pop()
        feature = catalogue.built.get(key)
        if key in seen or feature is None:
            continue
        seen.add(key)
        window = getattr(feature, "window", None)
        resets = window is not None and window.form == "this"
        contract = catalogue.contracts.get(getattr(feature, "feed", ""))
        event = isinstance(feature, Latest) and contract is not None and contract.kind == "event"
        if (resets or event) and subject not in catalogue.keyed:
            why = f"'{feature.name}' looks at {'a window that begins anew' if resets else 'an event'}"
            node.fault("'clears_when' is missing", f"{why}: time alone would clear the breach", "say what clears it")
            return
        stack += list(catalogue_needs(catalogue, key))


def catalogue_needs(catalogue: Catalogue, key: tuple[str, str]) -> list[tuple[str, str]]:
    """What a built feature reads, for walking the graph."""
    feature = catalogue.built.get(key)
    needs = needs_of(feature, catalogue.contracts, catalogue.parameters) if feature else []
    return [need for need in needs if need[0] != "standard"]
