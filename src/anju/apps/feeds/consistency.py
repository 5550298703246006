"""Whether the lake has what the receipts say, and what lies there that no receipt knows."""

from __future__ import annotations

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
    accepted = list(Delivery.objects.filter(status="accepted").order_by("pk").values_list("pk", "feed", "accepted", "refused"))
    known = {f"feeds/{feed}/{pk}.parquet": rows for pk, feed, rows, _ in accepted}
    there = {str(path.relative_to(lake)) for path in lake.glob("feeds/*/*.parquet")}
    aside = [refused_path(lake, pk) for pk, _, _, refused in accepted if refused]
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
