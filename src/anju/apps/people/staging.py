"""One register file judged in DuckDB: every row accepted, or set aside with the column and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import pyarrow as pa

from anju.apps.people.models import Household, Person, VitalEvent
from anju.apps.people.vault import Keys, digest
from anju.apps.people.versions import arrow_fields
from anju.core.contracts.model import Contract, FeedColumn, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.terms.periods import Calendar
from anju.lake.checks import cell, check
from anju.lake.duck import name as named
from anju.lake.duck import quoted
from anju.lake.files import load_raw
from anju.lake.headers import TOTALS, map_headers, recognised
from anju.lake.identifiers import normalise
from anju.lake.rows import COLUMN_SQL

KEYS = {"household": "household_code", "person": "digest", "event": "event_id"}
SHOWN = {"household": "household_code", "person": "person_id", "event": "event_id"}
HEAD = "head_person_id"
TWICE = "the same key stands here twice with different content"
TWO_HOMES = "the same number stands here in two households"


class Refused(TypedDict):
    file: str
    line: int
    column: str
    reason: str


@dataclass(slots=True)
class Staged:
    """After `settle`: table `accepted` has line, the columns of `fields`, for persons normal, digest and household_id, and for events
    normal, digest, new_normal and new_digest."""

    con: Any
    file: str
    registry: str
    contract: Contract
    table: str
    columns: Mapping[str, int]
    calendar: Calendar
    minor_digits: int
    validator: str
    messages: list[str]
    rows: int = 0
    skipped: int = 0
    duplicates: int = 0
    refused: int = 0
    fields: list[str] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    doubtful: list[Refused] = field(default_factory=list)

    def settle(self, identifier: str, keys: Keys) -> None:
        if self.registry != "household" or HEAD in self.columns:
            self._normalise(identifier, keys)
        self._judge()
        self._settle_doubles()
        sql = "SELECT line, fault.c, fault.r FROM (SELECT line, unnest(faults) AS fault FROM judged) ORDER BY line"
        self.refusals = [Refused(file=self.file, line=n, column=c, reason=r) for n, c, r in self.con.execute(sql).fetchall()]
        self.refused = self._one("SELECT count(*) FROM judged WHERE len(faults) > 0")
        self.con.execute("CREATE OR REPLACE TABLE accepted AS SELECT * EXCLUDE (faults) FROM judged WHERE len(faults) = 0")
        if self.registry == "person":
            self._find_doubtful()
        elif (
            self.registry == "household"
            and "origin_village_code" in self.columns
            and (above := self._one("SELECT count(*) FROM accepted WHERE origin_above"))
        ):
            self.messages.append(f"{self.file}: {above} villages of origin are in no list we have: the town or county they lay in is taken")

    def _one(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])

    def _normalise(self, identifier: str, keys: Keys) -> None:
        """`numbers`: every distinct text of the identifier columns with its normal form and hash, or why it has none."""
        texts = [cell(self.columns[column]) for column in ("person_id", "new_person_id", HEAD) if column in self.columns]
        spoken = " UNION ".join(f"SELECT {text} AS v FROM {self.table} WHERE {text} IS NOT NULL" for text in texts)
        values = self.con.sql(f"SELECT DISTINCT v FROM ({spoken})").to_arrow_table()["v"].combine_chunks().cast(pa.string())
        normal, why = normalise(values, self.validator)
        hashed = [digest(keys, identifier, text) if text is not None else None for text in normal.to_pylist()]
        self.con.register("given", pa.table([values, normal, pa.array(hashed, pa.string()), why], names=["v", "normal", "digest", "why"]))
        self.con.execute("CREATE OR REPLACE TABLE numbers AS SELECT * FROM given")
        self.con.unregister("given")

    def _judge(self) -> None:
        models: dict[str, type[Household] | type[Person] | type[VitalEvent]] = {"household": Household, "person": Person, "event": VitalEvent}
        model = models[self.registry]
        lengths = {f.name: getattr(f, "max_length", None) for f in model._meta.concrete_fields}
        kinds = set(lengths) if self.registry == "event" else {c for c, _ in arrow_fields(Household if self.registry == "household" else Person)}
        texts, items, faults = ["line"], ["line"], []
        self.fields = []
        for column in self.contract.columns:
            if column.name not in self.columns:
                continue
            t = named("t:" + column.name)
            texts.append(f"{cell(self.columns[column.name])} AS {t}")
            if column.name in kinds and column.type not in ("place", "person"):
                checked = check(column, t, self.calendar, self.minor_digits)
                faults.append(_fault(column.name, checked.reason))
                faults.append(_fault(column.name, _too_much(column, t, checked.value, lengths[column.name])))
                value = t if column.type == "household" else f"CAST({checked.value} AS {COLUMN_SQL[column.type]})"
                if column.name == "birth_date" and self.validator == "cn_resident_id":
                    value = f"COALESCE({value}, TRY_STRPTIME(substr(numbers.normal, 7, 8), '%Y%m%d')::DATE)"
                items.append(f"{value} AS {named(column.name)}")
                self.fields.append(column.name)
        self._add_keys(texts, items, faults)
        found = f"list_filter([{', '.join(faults)}], lambda f: f IS NOT NULL)"
        texts.append("faults")  # of the row as such, or found by a mapping
        found = f"list_concat(faults, {found})"
        source = f"(SELECT {', '.join(texts)} FROM {self.table}) {self._joins()}"
        self.con.execute(f"CREATE OR REPLACE TABLE judged AS SELECT {', '.join(items)}, {found} AS faults FROM {source}")

    def _add_keys(self, texts: list[str], items: list[str], faults: list[str]) -> None:
        if self.registry == "household":
            home = "COALESCE(below.id, places.id)" if "grid_code" in self.columns else "places.id"
            for source, target, found in (
                ("dest_community_code", "place_id", home),
                ("origin_village_code", "origin_place_id", "COALESCE(all_places.id, town.id, county.id)"),
            ):
                if source in self.columns:
                    items.append(f"{found} AS {target}")
                    self.fields.append(target)
            if "origin_village_code" in self.columns:
                items.append("all_places.id IS NULL AND COALESCE(town.id, county.id) IS NOT NULL AS origin_above")
            if HEAD in self.columns:
                items += ["head.digest AS head_digest", "head.why AS head_why"]
                self.fields.append("head_digest")
            t = named("t:dest_community_code")
            if "dest_community_code" not in self.columns:
                texts.append(f"NULL::VARCHAR AS {t}")
            faults.append(_fault("dest_community_code", f"CASE WHEN {t} IS NULL THEN 'is empty: a household needs the place it lives in'"
                                 " WHEN places.id IS NULL THEN 'no place of this code' END"))  # fmt: skip
            faults.append(_fault("household_code", f"CASE WHEN {named('t:household_code')} IS NULL THEN 'is empty, and must not be' END"))
            return
        if self.registry == "event":
            self._add_numbers(texts, items, faults)
            return
        t = named("t:household_code")
        if "household_code" not in self.columns:
            texts.append(f"NULL::VARCHAR AS {t}")
        if "birth_date" not in self.columns:
            items.append("TRY_STRPTIME(substr(numbers.normal, 7, 8), '%Y%m%d')::DATE AS birth_date" if self.validator == "cn_resident_id"
                         else "NULL::DATE AS birth_date")  # fmt: skip
            if self.validator == "cn_resident_id":
                self.fields.append("birth_date")
        items += ["numbers.normal", "numbers.digest", "old_household.id AS household_id", f"{t} IS NULL AS homeless"]
        number = named("t:person_id")
        faults.append(_fault("person_id", f"CASE WHEN {number} IS NULL THEN 'is empty, and must not be' ELSE numbers.why END"))
        faults.append(_fault("household_code", f"CASE WHEN {t} IS NOT NULL AND old_household.id IS NULL THEN 'no household of this code' END"))

    def _add_numbers(self, texts: list[str], items: list[str], faults: list[str]) -> None:
        """Whom an event is about, and the other number that an id_change gives them."""
        for column in ("person_id", "new_person_id", "event_type"):
            if column not in self.columns:
                texts.append(f"NULL::VARCHAR AS {named('t:' + column)}")
        items += [f"NULL::{kind} AS {column}" for column, kind in (("residence_permit_no", "VARCHAR"), ("residence_permit_expiry", "DATE"))
                  if column not in self.columns]  # fmt: skip
        items += ["numbers.normal", "numbers.digest", "newer.normal AS new_normal", "newer.digest AS new_digest"]
        number, other, kind = (named("t:" + column) for column in ("person_id", "new_person_id", "event_type"))
        faults.append(_fault("person_id", f"CASE WHEN {number} IS NULL THEN 'is empty, and must not be' ELSE numbers.why END"))
        faults.append(_fault("event_type", f"CASE WHEN {kind} IS NULL THEN 'is empty, and must not be' END"))
        wrong = (
            f"CASE WHEN newer.why IS NOT NULL THEN newer.why WHEN {kind} <> 'id_change' AND {other} IS NOT NULL"
            f" THEN 'only an id_change gives another number' WHEN {kind} = 'id_change' AND {other} IS NULL"
            " THEN 'is empty: an id_change needs the new number' WHEN newer.digest = numbers.digest THEN 'is the old number' END"
        )
        faults.append(_fault("new_person_id", wrong))

    def _joins(self) -> str:
        if self.registry == "household":
            t = named("t:origin_village_code")
            # a village of which only an older list knew: its town, or its county, is what is sure of it
            origin = f"LEFT JOIN all_places ON all_places.code = {t}" + "".join(
                f" LEFT JOIN all_places {above} ON regexp_full_match({t}, '[0-9]{{12}}') AND {above}.code = substr({t}, 1, {digits})"
                for above, digits in (("town", 9), ("county", 6))
            )
            joins = [f"LEFT JOIN places ON places.code = {named('t:dest_community_code')}"]
            if "grid_code" in self.columns:  # a household lives in its grid where the grid is a place, else in the community
                joins.append(f"LEFT JOIN below ON below.above = places.id AND below.code = {named('t:grid_code')}")
            if HEAD in self.columns:
                joins.append(f"LEFT JOIN numbers head ON head.v = {named('t:' + HEAD)}")
            return " ".join([*joins, origin] if "origin_village_code" in self.columns else joins)
        numbers = f"LEFT JOIN numbers ON numbers.v = {named('t:person_id')}"
        if self.registry == "event":
            return f"{numbers} LEFT JOIN numbers newer ON newer.v = {named('t:new_person_id')}"
        return (f"{numbers} LEFT JOIN old_household ON old_household.household_code = {named('t:household_code')}")  # fmt: skip

    def _settle_doubles(self) -> None:
        """Identical rows are kept once; one key with different content is a conflict, and all its rows are set aside."""
        key = KEYS[self.registry]
        columns = [row[0] for row in self.con.execute("DESCRIBE judged").fetchall() if row[0] not in ("line", "faults")]
        whole = ", ".join(named(column) for column in columns)
        sql = f"SELECT line, row_number() OVER (PARTITION BY {whole} ORDER BY line) AS nth FROM judged WHERE len(faults) = 0"
        before = self._one("SELECT count(*) FROM judged")
        self.con.execute(f"DELETE FROM judged WHERE line IN (SELECT line FROM ({sql}) WHERE nth > 1)")
        self.duplicates = before - self._one("SELECT count(*) FROM judged")
        apart = (
            "min(household_id) IS DISTINCT FROM max(household_id) OR count(household_id) < count(*)" if self.registry == "person" else "FALSE"
        )
        twice = f"SELECT {key} AS k, {apart} AS apart FROM judged WHERE len(faults) = 0 GROUP BY 1 HAVING count(*) > 1"
        words = f"CASE WHEN apart THEN {quoted(TWO_HOMES)} ELSE {quoted(TWICE)} END"
        fault = f"[{{'c': {quoted(SHOWN[self.registry])}, 'r': {words}}}]"
        self.con.execute(f"UPDATE judged SET faults = {fault} FROM ({twice}) t WHERE t.k = judged.{key} AND len(faults) = 0")

    def _find_doubtful(self) -> None:
        """Taken as they are, and worth a look: a day of birth that is not the number's, and a person of no household."""
        number = "TRY_STRPTIME(substr(normal, 7, 8), '%Y%m%d')::DATE"
        differs = f"SELECT line, 'birth_date', 'is not the day of birth in the identity number' FROM accepted WHERE birth_date <> {number}"
        sql = "SELECT line, 'household_code', 'is empty: the person belongs to no household' FROM accepted WHERE homeless"
        if self.validator == "cn_resident_id":
            sql = f"{differs} UNION ALL {sql}"
        rows = self.con.execute(f"SELECT * FROM ({sql}) ORDER BY 1").fetchall()
        self.doubtful = [Refused(file=self.file, line=n, column=c, reason=r) for n, c, r in rows]


def _fault(column: str, reason: str) -> str:
    return f"CASE WHEN ({reason}) IS NOT NULL THEN {{'c': {quoted(column)}, 'r': {reason}}} END"


def _too_much(column: FeedColumn, t: str, value: str, length: int | None) -> str:
    if column.type == "int":
        return f"CASE WHEN abs({value}) > 2147483647 THEN 'is too large' END"
    return f"CASE WHEN length({t}) > {length} THEN 'is longer than {length} characters' END" if length else "NULL::VARCHAR"


def stage(con: Any, path: Path, nth: int, contracts: Mapping[str, Contract], programme: Programme, work: Path) -> Staged:
    """Reads a file into a table of its own and finds out which register it is. Raises FileRefused."""
    registers = [contract for contract in contracts.values() if contract.registry in KEYS]
    raw = load_raw(con, path, lambda row: max(recognised(row, contract) for contract in registers), work)
    contract = max(registers, key=lambda each: recognised(raw.header, each))
    headers = map_headers(raw.header, contract, others=[other for other in registers if other is not contract])
    table, registry = f"raw_{nth}", str(contract.registry)
    rows = con.execute("SELECT count(*) FROM raw").fetchall()[0][0]
    used = sorted(set(headers.columns.values()))
    empty = " AND ".join(f"{cell(position)} IS NULL" for position in used)
    totals = ", ".join(quoted(word) for word in TOTALS)
    first = f"COALESCE(rtrim(replace(lower(trim(c{used[0]})), ' ', ''), ':：'), '')"
    con.execute(f"CREATE TABLE {table} AS SELECT * FROM raw WHERE (NOT ({empty}) OR len(faults) > 0) AND {first} NOT IN ({totals})")
    con.execute("DROP TABLE raw")
    skipped = rows - con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    notes = [f"{path.name}: {message}" for message in raw.messages]
    if headers.unknown:
        notes.append(f"{path.name}: columns not known and left out: {', '.join(headers.unknown)}")
    calendar, digits, validator = calendar_of(programme), programme.minor_digits, programme.identifiers[0].validator
    return Staged(con, path.name, registry, contract, table, headers.columns, calendar, digits, validator, notes, rows, skipped)
