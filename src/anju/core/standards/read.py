"""Reads a policy folder into a checked `Policy`, or into every fault of every file, in one go."""

from __future__ import annotations

import hashlib
from pathlib import Path

from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault, PolicyFaults, nearest
from anju.core.contracts.model import Contract
from anju.core.contracts.naming import check_name, forbidden_in, names_of
from anju.core.contracts.programme import SubjectKey, read_programme
from anju.core.contracts.read import read_contracts
from anju.core.standards.catalogue import LINKED, Catalogue
from anju.core.standards.features import build_feature
from anju.core.standards.model import KeyedSubject, Latest, Policy, Standard, Title
from anju.core.standards.order import order_of
from anju.core.standards.parameters import read_parameters
from anju.core.standards.standards import read_standard

NO_RULE = ("schedule.yaml", "casework.yaml", "questions.yaml", "discovery.yaml")  # when, by whom, what is asked: nothing promised
NO_RULES = "forms/"  # how others want to read it


def load_policy(folder: Path, *, drafts: bool = False) -> Policy:
    """The policy in `folder`. Raises PolicyFaults with all of them where anything is wrong."""
    policy, faults = read_policy(folder, drafts=drafts)
    if policy is None:
        raise PolicyFaults(faults)
    return policy


def read_policy(folder: Path, *, drafts: bool = False) -> tuple[Policy | None, list[Fault]]:
    """The policy, or None, with every fault sorted by place. `drafts` reads `drafts/` too."""
    if not folder.is_dir():
        return None, [
            Fault(str(folder), 0, 0, "there is no such policy folder", "", "name the folder that holds programme.yaml, or set ANJU_POLICY")
        ]
    programme, subject_keys, faults = read_programme(folder)
    broken: set[str] = set()
    contracts, contract_faults = read_contracts(folder, broken)
    faults += contract_faults
    parameters = read_parameters(folder, faults, programme.minor_digits if programme is not None else 2)
    if programme is None:
        return None, sorted(faults)
    keyed = _keyed(subject_keys, contracts, broken, programme.forbidden_columns, faults)
    catalogue = Catalogue(programme, contracts, parameters, keyed, build_feature, broken=frozenset(broken))
    _collect_features(folder, catalogue, faults)
    documents = _standard_documents(folder, drafts, catalogue, faults)
    _check_units(catalogue, contracts, faults)
    standards: dict[str, Standard] = {}
    for node, name in documents:
        standard = read_standard(node, name, catalogue)
        if standard is not None:
            standards[standard.code] = standard
    for subject, name in list(catalogue.raw):
        catalogue.feature(subject, name)
    _check_inhibits(standards, catalogue, faults)
    order = order_of(catalogue, standards, faults)
    faults = sorted(set(faults))
    if faults:
        return None, faults
    digest = _digest(folder, drafts)
    policy = Policy(catalogue.built, parameters, standards, keyed, contracts, programme, order, digest)
    return policy, []


def _keyed(
    found: dict[str, SubjectKey], contracts: dict[str, Contract], broken: set[str], forbidden: tuple[str, ...], faults: list[Fault]
) -> dict[str, KeyedSubject]:
    keyed = {}
    for name, subject in found.items():
        contract = contracts.get(subject.feed)
        if contract is None and subject.feed in broken:
            continue
        if contract is None:
            faults.append(Fault("programme.yaml", subject.line, subject.column, f"subject '{name}': no feed {subject.feed}",
                                alternatives=nearest(subject.feed, contracts)))  # fmt: skip
            continue
        if contract.unit_from is not None:
            what = f"subject '{name}': {subject.feed} is delivered by {contract.by}, and nobody could say by which one for each {name}"
            faults.append(Fault("programme.yaml", subject.line, subject.column, what, remedy="name a feed delivered by unit or programme"))
        columns = {column.name for column in contract.columns}
        for key in subject.key:
            column = next((each for each in contract.columns if each.name == key), None)
            if column is not None and (bad := forbidden_in(names_of(column), forbidden)) is not None:
                what = f"subject '{name}': '{key}' is '{bad}': nobody is a subject by it"
                faults.append(Fault("programme.yaml", subject.line, subject.column, what, "service, not surveillance", "take another key"))
            if column is not None and (column.type in ("datetime", "list") or not (column.klass == "plain" or column.type in LINKED)):
                what = f"subject '{name}': '{key}' cannot be its key: it is a {column.type} of class {column.klass}"
                faults.append(Fault("programme.yaml", subject.line, subject.column, what, remedy="take a plain text, code or number"))
            if key not in columns:
                what = f"subject '{name}': {subject.feed} has no column '{key}'"
                faults.append(Fault("programme.yaml", subject.line, subject.column, what, alternatives=nearest(key, columns)))
        if not subject.key:
            faults.append(Fault("programme.yaml", subject.line, subject.column, f"subject '{name}': its key has no column"))
        keyed[name] = KeyedSubject(name, subject.feed, subject.key, Title(subject.title.en, subject.title.zh))
    return keyed


def _collect_features(folder: Path, catalogue: Catalogue, faults: list[Fault]) -> None:
    taken: set[tuple[str, str]] = {
        (contract.registry, column.name.lower())
        for contract in catalogue.contracts.values() if contract.registry in ("person", "household")
        for column in contract.columns
    }  # fmt: skip
    for path in sorted((folder / "features").rglob("*.yaml")):
        root = read_document(path, path.relative_to(folder).as_posix(), faults)
        fields = root.mapping(required=("features",)) if root is not None else {}
        for child in fields["features"].listing() if "features" in fields else ():
            if not child.is_mapping():
                child.fault("a feature is a mapping")
                continue
            inner = child.mapping(optional=None)
            subject = inner["subject"].text() if "subject" in inner else None
            name = inner["name"].text() if "name" in inner else None
            if subject is None or name is None:
                child.fault("a feature needs 'name' and 'subject'")
                continue
            if not check_name(inner["name"], name):
                continue
            if name in catalogue.subjects():
                inner["name"].fault(f"'{name}' is a subject", f"{name}.x would mean two things", "give the feature another name")
                continue
            if (subject.lower(), name.lower()) in taken:
                child.fault(f"{subject} already has a feature '{name}'", remedy="use the one there is, or another name")
                continue
            taken.add((subject.lower(), name.lower()))
            catalogue.raw[subject, name] = child


def _standard_documents(folder: Path, drafts: bool, catalogue: Catalogue, faults: list[Fault]) -> list[tuple[Node, str]]:
    """Every standards file; their codes and subjects are known before any expression is read."""
    found = []
    folders = [folder / "standards", *([folder / "drafts"] if drafts else [])]
    for path in sorted(p for top in folders for p in top.rglob("*.yaml") if not p.name.endswith(".cases.yaml")):
        name = path.relative_to(folder).as_posix()
        root = read_document(path, name, faults)
        if root is None or not root.is_mapping():
            if root is not None:
                root.fault("a standard is a mapping")
            continue
        fields = root.mapping(optional=None)
        code = fields["code"].text() if "code" in fields else None
        subject = fields["subject"].text() if "subject" in fields else None
        if code is None or subject is None:
            root.fault("a standard needs 'code' and 'subject'")
            continue
        if code in catalogue.standards:
            root.fault(f"standard {code} is already written in another file")
            continue
        if subject not in catalogue.subjects():
            fields["subject"].fault(f"there is no subject '{subject}'", alternatives=catalogue.subjects())
            continue
        catalogue.standards[code] = subject
        found.append((root, name))
    return found


def _check_units(catalogue: Catalogue, contracts: dict[str, Contract], faults: list[Fault]) -> None:
    """`unit_from` of a contract must name a feature (or a field of one) at the subject its rows are about. Nobody is found, and no
    delivery told apart, by what may never be a condition."""
    for contract in contracts.values():
        told = {contract.by, *((contract.through[1],) if contract.through is not None else ())}
        for column in contract.columns:
            if column.name in told and (bad := catalogue.forbidden(column)) is not None:
                faults.append(Fault(contract.file, 1, 1, f"'{column.name}' is '{bad}': no row is found by it", "service, not surveillance"))
        if contract.unit_from is None:
            continue
        subject = next((kind for kind in ("person", "household") if kind in contract.links), None)
        name, _, field = contract.unit_from.partition(".")
        feature = catalogue.feature(subject, name) if subject else None
        if feature is None or (field and not (isinstance(feature, Latest) and field in feature.fields)):
            faults.append(Fault(contract.file, 1, 1, f"'unit_from: {contract.unit_from}' names no feature of a {subject or 'person'}"))
        elif isinstance(feature, Latest):
            source = next((column for column in contracts[feature.feed].columns if column.name == field), None)
            if source is not None and (bad := catalogue.forbidden(source)) is not None:
                faults.append(Fault(contract.file, 1, 1, f"'{field}' is '{bad}': nobody is found by it", "service, not surveillance"))
            if not field:
                faults.append(Fault(contract.file, 1, 1, f"'{name}' is a whole row", "", f"name one of its columns: {name}.school_code"))


def _check_inhibits(standards: dict[str, Standard], catalogue: Catalogue, faults: list[Fault]) -> None:
    for standard in standards.values():
        for version in standard.versions:
            for code in version.inhibits:
                if code not in catalogue.standards:
                    faults.append(Fault(standard.file, 1, 1, f"'inhibits' names {code}, which is no standard",
                                        alternatives=nearest(code, catalogue.standards)))  # fmt: skip


def _digest(folder: Path, drafts: bool) -> str:
    """sha256 over the names and bytes of every file that was read, so that a run can name its rules."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        if name.endswith(".cases.yaml") or name in NO_RULE or name.startswith(NO_RULES) or (name.startswith("drafts/") and not drafts):
            continue
        total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
