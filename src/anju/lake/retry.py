"""Rows set aside because nobody knew whom they are about, tried again now that more people are known.

The rows that can be used now become one more immutable file, under a number of its own; the rows still set aside are written
anew under that number too. Until the caller records it, nothing of the delivery they came in has changed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from anju.core.contracts.model import Contract, Programme
from anju.lake.headers import map_headers
from anju.lake.identifiers import normalise_any
from anju.lake.intake import NOBODY, Directory, Refusal, Vault, take_in, validators_of
from anju.lake.mended import MendedSheet
from anju.lake.refused import read_refused, refused_path, write_refused

LINE = "anju line"  # a column added for the time of the retry: which of the rows set aside it was
SHOWN = 50  # reasons of a receipt
Keys = tuple[int | None, int | None, int | None]  # person, household, place


@dataclass(frozen=True, slots=True)
class Origin:
    """The delivery whose rows were set aside: what its sender said, and where its rows are."""

    delivery_id: int
    feed_files: tuple[Path, ...]  # of the rows taken in so far
    refused_of: int  # the number under which the rows set aside are kept now
    received_at: datetime
    valid: date
    unit: str | None
    remembered: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Retried:
    """tried = accepted + duplicates + the tried rows still set aside. `strangers`: how many rows set aside name, now, somebody
    unknown; `left` all rows still set aside, `left_of` whom those are about, `refusals` the tried ones among them of people now known."""

    tried: int
    accepted: int
    duplicates: int
    left: int
    strangers: int
    reasons: Mapping[str, int]
    taken: tuple[Refusal, ...]
    refusals: tuple[Refusal, ...]
    left_of: tuple[Keys, ...]
    mended_of: tuple[Keys, ...] = ()  # whom the tried rows were about before they were mended


def matched_rate(accepted: int, unknown: int) -> Decimal | None:
    whole = accepted + unknown
    return (Decimal(accepted) / Decimal(whole)).quantize(Decimal("0.0001")) if whole else None


class Retry:
    """The rows of one delivery that were set aside for naming somebody unknown, of whom some may be known by now; or those
    that a clerk has mended."""

    def __init__(
        self,
        root: Path,
        contract: Contract,
        programme: Programme,
        origin: Origin,
        directory: Directory,
        vault: Vault,
        mended: MendedSheet | None = None,
    ) -> None:
        self.root, self.contract, self.programme = root, contract, programme
        self.origin, self.directory, self.vault = origin, directory, vault
        self.header, self.rows = read_refused(root, origin.refused_of, vault)
        self.positions = map_headers(self.header, contract, origin.remembered).columns
        self.reasons: list[str] = self.rows.column("reason").to_pylist()
        self.keys = self._all_keys()
        self.mended_of: tuple[Keys, ...] = ()
        if mended is None:
            self.chosen = [n for n, reason in enumerate(self.reasons) if self._known_now(n, reason)]
        else:
            self.chosen = self._mend(mended.under(self.header))

    def _all_keys(self) -> dict[str, list[int | None]]:
        return {c.name: self._keys(c.name, c.type) for c in self.contract.columns if self._links(c.name, c.type)}

    def _mend(self, mended: Mapping[int, Sequence[str]]) -> list[int]:
        """Puts the mended cells in place of the old ones. Rows that are not set aside any more are left as they are."""
        lines: list[int] = self.rows.column("line").to_pylist()
        chosen = [n for n, line in enumerate(lines) if line in mended]
        self.mended_of = tuple({self._about(n) for n in chosen})
        for position in range(len(self.header)):
            cells = self.rows.column(f"c{position}").to_pylist()
            for n in chosen:
                cells[n] = mended[lines[n]][position]
            self.rows = self.rows.set_column(self.rows.schema.get_field_index(f"c{position}"), f"c{position}", pa.array(cells, pa.string()))
        self.keys = self._all_keys()
        return chosen

    def _links(self, name: str, kind: str) -> bool:
        return kind in NOBODY and name in self.positions

    def _keys(self, name: str, kind: str) -> list[int | None]:
        """Our own key per row set aside; 0 where the cell is empty or no identifier at all, None where nobody has it."""
        texts = [_cell(text) for text in self.rows.column(f"c{self.positions[name]}").to_pylist()]
        spoken = pa.array(sorted({text for text in texts if text}), pa.string())
        normal = normalise_any(spoken, validators_of(self.programme, self.directory))[0] if kind == "person" else spoken
        look_up = {"person": self.directory.people, "household": self.directory.households, "place": self.directory.places}[kind]
        found = {
            text: key if form is not None else 0
            for text, form, key in zip(spoken.to_pylist(), normal.to_pylist(), look_up(normal).to_pylist(), strict=True)
        }
        return [found.get(text, 0) for text in texts]

    def _known_now(self, nth: int, reason: str) -> bool:
        return any(word in reason for word in NOBODY.values()) and all(keys[nth] is not None for keys in self.keys.values())

    def take(self, delivery_id: int) -> Retried:
        """Tries them again as `delivery_id`, with the day and the time they came. Nothing of the first delivery is touched."""
        work = Path(tempfile.mkdtemp(prefix="retry-", dir=self.root / "work"))
        try:
            path = work / "rows.parquet"
            pq.write_table(self._as_delivered(), path)
            origin = self.origin
            receipt = take_in(
                self.root, self.contract, self.programme, path, delivery_id=delivery_id, directory=self.directory, vault=self.vault,
                received_at=origin.received_at, unit=origin.unit, valid=origin.valid, remembered=origin.remembered, again=origin.feed_files,
            )  # fmt: skip
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if receipt.rows != len(self.chosen) or receipt.skipped:
            raise RuntimeError(f"a retry of delivery {self.origin.delivery_id} lost count: {len(self.chosen)} rows tried, {receipt.rows} read")
        again = self._still_refused(delivery_id) if receipt.refused else {}
        tried = set(self.chosen)
        left = [n for n in range(len(self.reasons)) if n not in tried or n in again]
        reasons = [again.get(n, self.reasons[n]) for n in left]
        self._keep(delivery_id, left, reasons)
        return Retried(
            tried=len(self.chosen),
            accepted=receipt.accepted,
            duplicates=receipt.duplicates,
            left=len(left),
            strangers=sum(any(mark in reason for mark in self._strangers()) for reason in reasons),
            reasons=dict(Counter(reasons).most_common(SHOWN)),
            taken=self._taken(delivery_id),
            refusals=receipt.refusals,
            left_of=tuple({self._about(n) for n in left}),
            mended_of=self.mended_of,
        )

    def _as_delivered(self) -> pa.Table:
        """The rows as they came, and which they were."""
        names: dict[str, int] = {}
        for position, name in enumerate(self.header):
            if name.strip():
                names.setdefault(name, position)
        rows = self.rows.take(pa.array(self.chosen, pa.int64()))
        columns = [rows.column(f"c{position}").cast(pa.string()) for position in names.values()]
        return pa.table([*columns, pa.array([str(n) for n in self.chosen], pa.string())], names=[*names, LINE])

    def _still_refused(self, delivery_id: int) -> dict[int, str]:
        header, rows = read_refused(self.root, delivery_id, self.vault)
        lines = rows.column(f"c{header.index(LINE)}").to_pylist()
        return {int(line): reason for line, reason in zip(lines, rows.column("reason").to_pylist(), strict=True)}

    def _keep(self, delivery_id: int, left: Sequence[int], reasons: Sequence[str]) -> None:
        if not left:
            refused_path(self.root, delivery_id).unlink(missing_ok=True)
            return
        rows = self.rows.take(pa.array(left, pa.int64()))
        rows = rows.set_column(rows.schema.get_field_index("reason"), "reason", pa.array(reasons, pa.string()))
        write_refused(self.root, delivery_id, self.header, rows, self.vault)

    def _strangers(self) -> list[str]:
        linked = {column: kind for kind, column in self.contract.links.items() if kind != "place"}
        return [f"{c.title.zh} {c.name}: {NOBODY[linked[c.name]]}" for c in self.contract.columns if c.name in linked]

    def _about(self, nth: int) -> Keys:
        person, household, place = (self.keys.get(self.contract.links.get(kind, ""), [0] * (nth + 1))[nth] or None for kind in NOBODY)
        return person, household, place

    def _taken(self, delivery_id: int) -> tuple[Refusal, ...]:
        """Whom the rows are about that were taken in."""
        names = ["person_id", "household_id", "place_id", "period", "valid"]
        rows: list[dict[str, Any]] = pq.read_table(
            self.root / "feeds" / self.contract.code / f"{delivery_id}.parquet", columns=names
        ).to_pylist()
        return tuple({Refusal(*(row[name] for name in names)) for row in rows})


def _cell(text: str | None) -> str:
    return (text or "").strip(" \t\r\n\u3000\ufeff'")
