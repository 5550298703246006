"""Whether the lake has what the receipts say, and what lies there that no receipt knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from anju.apps.feeds.models import Delivery
from anju.lake.refused import refused_path


@dataclass(frozen=True, slots=True)
class LakeState:
    """Names below the lake. `missing`, `without_rows_set_aside` and `damaged` are losses; the others were never read."""

    files: int
    missing: tuple[str, ...]
    without_rows_set_aside: tuple[str, ...]
    damaged: tuple[str, ...]
    orphans: tuple[str, ...]
    unfinished: tuple[int, ...]
    partial: tuple[str, ...]


def lake_state(lake: Path, *, deep: bool = False) -> LakeState:
    """`deep` opens every file and counts its rows."""
    fields = ("pk", "feed", "accepted", "refused", "expired_at", "retry_of")
    accepted = list(Delivery.objects.filter(status="accepted").order_by("pk").values_list(*fields))
    later: Counter[int] = Counter()  # rows of a delivery that lie in the files of its retries
    last: dict[int, int] = {}  # under which number its rows set aside are kept
    for pk, _, rows, _, _, first in accepted:
        if first is not None:
            later[first] += rows
            last[first] = pk
    known = {f"feeds/{feed}/{pk}.parquet": rows - later[pk] for pk, feed, rows, _, _, _ in accepted}
    there = {str(path.relative_to(lake)) for path in lake.glob("feeds/*/*.parquet")}
    kept = [row for row in accepted if row[3] and row[4] is None and row[5] is None]
    aside = [refused_path(lake, last.get(row[0], row[0])) for row in kept]
    return LakeState(
        files=len(there),
        missing=tuple(name for name in known if name not in there),
        without_rows_set_aside=tuple(str(path.relative_to(lake)) for path in aside if not path.exists()),
        damaged=tuple(name for name, rows in known.items() if name in there and _differs(lake / name, rows)) if deep else (),
        orphans=tuple(sorted(there - set(known))),
        unfinished=tuple(Delivery.objects.filter(status="receiving").order_by("pk").values_list("pk", flat=True)),
        partial=tuple(sorted(str(path.relative_to(lake)) for path in _left_over(lake))),
    )


def _differs(path: Path, rows: int) -> bool:
    try:
        return int(pq.read_table(path, columns=["row_id"]).num_rows) != rows
    except (pa.ArrowException, OSError):
        return True


def _left_over(lake: Path) -> list[Path]:
    """Half written files, and the work folders of processes that were killed."""
    drafts = [
        path for folder in ("feeds", "refused", "raw", "registry", "manifest") for path in (lake / folder).rglob("*.part*") if path.is_file()
    ]
    drafts = [path for path in drafts if path.suffix in (".partial", ".part")]
    return drafts + list((lake / "work").glob("*"))
