"""What contracts may promise of a register is what the registry keeps."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from anju.apps.people.models import Household, Person
from anju.apps.people.staging import KEYS
from anju.apps.people.versions import arrow_fields
from anju.core.contracts.read import read_contracts
from anju.core.contracts.registers import REGISTERS
from anju.lake.rows import COLUMN_SQL

ARROW = {"BIGINT": "int64", "VARCHAR": "string", "BOOLEAN": "bool", "DATE": "date32[day]"}
KEPT_ELSEWHERE = {"household": {"dest_community_code", "head_person_id"}, "person": {"person_id", "household_code"}}


def test_the_columns_are_those_of_the_tables() -> None:
    assert set(REGISTERS) == set(KEYS)
    for register, model in (("household", Household), ("person", Person)):
        kept = {name: str(kind) for name, kind in arrow_fields(model) if name not in ("id", "place_id", "origin_place_id", "head_digest")}
        promised = {name: types for name, types in REGISTERS[register].items() if name not in KEPT_ELSEWHERE[register]}
        assert set(promised) == set(kept)
        for name, types in promised.items():
            assert {ARROW[COLUMN_SQL[kind]] for kind in types if kind != "household"} <= {kept[name]}, name


def faults_of(tmp_path: Path, old: str, new: str) -> list[str]:
    folder = tmp_path / "policy"
    shutil.copytree(Path(settings.POLICY), folder)
    path = folder / "feeds" / "migration" / "F02_person_register.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return [f"{fault.what} / {fault.remedy} / {fault.why}" for fault in read_contracts(folder)[1]]


def test_a_column_the_registry_does_not_keep_is_a_feed(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "  is_student:", "  shoe_size: {type: int}\n  is_student:")
    assert fault.startswith("the registry of persons keeps no 'shoe_size' / deliver it as a feed")


def test_a_column_of_another_type(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "birth_date: {type: date", "birth_date: {type: text")
    assert fault == "'birth_date' is a text here /  / the registry keeps a date"


def test_a_register_needs_its_key(tmp_path: Path) -> None:
    found = faults_of(tmp_path, "  person_id: {type: person, title: {en: Person id, zh: 身份证号}, required: true}\n", "")
    assert "a register of persons needs 'person_id' / add it, of type person / " in found
