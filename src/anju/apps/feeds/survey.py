"""Somebody else's files, by a mapping, into places, the two registers and feeds: all of it, or nothing."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from anju.apps.feeds.actions import Received, receive_file
from anju.apps.people.importing import Counts, ImportReport, import_people
from anju.apps.people.publish import Directory
from anju.apps.people.staging import Refused
from anju.apps.places.actions import COLUMNS, PlacesReport, import_scope_places
from anju.core.contracts.faults import Fault, PolicyFaults
from anju.core.contracts.mapping import Mapping as Checked
from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.read_mapping import read_mapping
from anju.core.standards.model import Policy
from anju.lake.duck import open_duckdb
from anju.lake.intake import Vault
from anju.lake.mapping import Mapped, MappedTable, assign_files, map_files
from anju.lake.refused import read_refused


@dataclass(frozen=True, slots=True)
class Taken:
    """One target. `rows` of the file = new + changed + unchanged + set_aside + duplicates + skipped, for a feed
    = accepted + set_aside + duplicates + skipped; `doubtful` are some of those taken."""

    target: str
    file: str
    rows: int
    accepted: int
    set_aside: int
    duplicates: int
    skipped: int
    doubtful: int = 0
    new: int | None = None
    changed: int | None = None
    unchanged: int | None = None
    receipt: int | None = None
    same_as_before: bool = False

    @property
    def adds_up(self) -> bool:
        return self.rows == self.accepted + self.set_aside + self.duplicates + self.skipped


@dataclass(frozen=True, slots=True)
class SurveyReport:
    """`refused` and `doubtful` name file, line and column as they stand in the files that were given."""

    dry_run: bool
    as_of: date
    places: PlacesReport | None
    taken: tuple[Taken, ...]
    refused: tuple[Refused, ...]
    doubtful: tuple[Refused, ...]
    messages: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        return {
            "dry_run": self.dry_run,
            "as_of": self.as_of.isoformat(),
            "places": self.places.as_dict() if self.places is not None else None,
            "taken": [{name: getattr(taken, name) for name in Taken.__slots__} for taken in self.taken],
            "refused": list(self.refused),
            "doubtful": list(self.doubtful),
            "messages": list(self.messages),
        }


def import_survey(
    files: Sequence[Path], mapping: Path, *, policy: Policy, root: Path, vault: Vault, by: str, at: datetime, dry_run: bool = False
) -> SurveyReport:
    """Takes `files` in as `mapping` says. A dry run does everything and then takes it back, so that its figures are true.

    Raises PolicyFaults where the mapping does not fit the policy or the files, FileRefused where a file as a whole
    cannot be taken; then nothing has been written."""
    programme = policy.programme
    assert isinstance(programme, Programme)
    contracts = {code: each for code, each in policy.contracts.items() if isinstance(each, Contract)}
    checked, faults = read_mapping(mapping, contracts, programme)
    if checked is None:
        raise PolicyFaults(faults)
    if checked.as_of > at.date():
        what = f"answers of {checked.as_of} cannot have come on {at.date()}"
        raise PolicyFaults([Fault(mapping.name, 0, 0, what, "as_of is the day they speak of", "mend as_of, or --received-at")])
    with tempfile.TemporaryDirectory(prefix="survey-") as folder:
        work = Path(folder)
        con = open_duckdb(temp_directory=work)
        try:
            mapped = map_files(con, checked, assign_files(checked, files), work)
        finally:
            con.close()
        with transaction.atomic():
            lake = work / "lake" if dry_run else root
            report = _Survey(checked, mapped, policy, programme, lake, vault, by, at, dry_run).take(work)
            if dry_run:
                transaction.set_rollback(True)
    return report


class _Survey:
    def __init__(
        self,
        mapping: Checked,
        mapped: Mapped,
        policy: Policy,
        programme: Programme,
        root: Path,
        vault: Vault,
        by: str,
        at: datetime,
        dry_run: bool,
    ) -> None:
        self.mapping, self.mapped, self.policy, self.programme = mapping, mapped, policy, programme
        self.root, self.vault, self.by, self.at, self.dry_run = root, vault, by, at, dry_run
        self.taken: list[Taken] = []
        self.refused: list[Refused] = []
        self.doubtful: list[Refused] = []
        self.messages: list[str] = []

    def take(self, work: Path) -> SurveyReport:
        for file in self.mapped.files.values():
            unused = [f"columns that the mapping does not use: {', '.join(file.unused)}"] if file.unused else []
            self.messages += [f"{file.path.name}: {message}" for message in (*file.messages, *unused)]
        places = self._places(work) if self.mapped.places else None
        registers = [table for table in self.mapped.tables if table.target.contract.registry is not None]
        if registers:
            self._registers(registers)
        directory = Directory(*self.programme.identifier_names)
        for table in self.mapped.tables:
            if table.target.contract.registry is None:
                self._feed(table, directory)
        for taken in self.taken:
            if not taken.adds_up:
                raise RuntimeError(f"the import lost count of {taken.file} for {taken.target}: {taken}")
        return SurveyReport(
            self.dry_run, self.mapping.as_of, places, tuple(self.taken), tuple(self.refused), tuple(self.doubtful), tuple(self.messages)
        )

    def _places(self, work: Path) -> PlacesReport:
        path = work / "places.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(self.mapped.places)
        root = self.programme.levels[0].name
        report = import_scope_places(
            path, by=self.by, at=self.at, programme_code=self.programme.code, programme_name=self.programme.title.zh, root_level=root,
            unit_level=self.programme.unit_level,
        )  # fmt: skip
        named = self.mapped.files[self.mapping.places.file].path.name if self.mapping.places is not None else ""
        for fault in report.faults:
            place = self.mapped.places[int(str(fault["line"])) - 2]
            self.refused.append(Refused(file=named, line=0, column=f"{place[0]} {place[1]}", reason=str(fault["reason"])))
        return report

    # --- registers ----------------------------------------------------------------------------------------------

    def _registers(self, tables: Sequence[MappedTable]) -> None:
        report = import_people(
            [table.path for table in tables], by=self.by, at=self.at, valid=self.mapping.as_of, contracts=self.policy.contracts,  # type: ignore[arg-type]
            programme=self.programme,
        )  # fmt: skip
        by_file = {table.path.name: table for table in tables}
        for one in report.refused:
            self.refused.append(_as_given(by_file[one["file"]], one["line"], one["column"], one["reason"]))
        for table in tables:
            counts = report.households if table.target.contract.registry == "household" else report.persons
            doubtful = list(_doubts(table, report, self.mapped))
            self.doubtful += doubtful
            self.taken.append(_taken(table, counts, len({one["line"] for one in doubtful})))

    # --- feeds --------------------------------------------------------------------------------------------------

    def _feed(self, table: MappedTable, directory: Directory) -> None:
        contract = table.target.contract
        received = receive_file(
            table.path, feed=contract.code, policy=self.policy, root=self.root, directory=directory, vault=self.vault, by=self.by, at=self.at,
            unit=table.target.unit, valid=self.mapping.as_of,
        )  # fmt: skip
        self.taken.append(_received(table, received, self.dry_run))
        if received.repeats is None and received.delivery.refused:
            _, rows = read_refused(self.root, received.delivery.pk, self.vault)
            lines = zip(rows["line"].to_pylist(), rows["reason"].to_pylist(), strict=True)
            self.refused += [
                Refused(file=table.source.name, line=table.line_of(line), column=contract.code, reason=reason) for line, reason in lines
            ]
        if received.delivery.held_reason:
            self.messages.append(f"{contract.code} is held: {received.delivery.held_reason}")


def _as_given(table: MappedTable, at: int, column: str, reason: str) -> Refused:
    """A reason with the name of the given file, and of its own columns where the contract's are meant."""
    own = table.columns_of(column, at)
    return Refused(file=table.source.name, line=table.line_of(at), column=own, reason=reason if own == column else f"{column}: {reason}")


def _doubts(table: MappedTable, report: ImportReport, mapped: Mapped) -> Iterable[Refused]:
    for one in report.doubtful:
        if one["file"] == table.path.name:
            yield _as_given(table, one["line"], one["column"], one["reason"])
    for doubt in mapped.doubts:
        if doubt.target is table.target:
            yield _as_given(table, doubt.line, doubt.column, doubt.reason)


def _taken(table: MappedTable, counts: Counts, doubtful: int) -> Taken:
    return Taken(
        target=table.target.contract.code, file=table.source.name, rows=table.rows, accepted=counts.new + counts.changed + counts.unchanged,
        set_aside=counts.refused, duplicates=counts.duplicates, skipped=counts.skipped + table.skipped, doubtful=doubtful,
        new=counts.new, changed=counts.changed, unchanged=counts.unchanged,
    )  # fmt: skip


def _received(table: MappedTable, received: Received, dry_run: bool) -> Taken:
    found: Any = received.repeats or received.delivery
    return Taken(
        target=table.target.contract.code, file=table.source.name, rows=table.rows, accepted=found.accepted, set_aside=found.refused,
        duplicates=found.duplicates, skipped=found.skipped + table.skipped, receipt=None if dry_run else found.pk,
        same_as_before=received.repeats is not None,
    )  # fmt: skip
