"""The prefecture that is measured: the project's own sample at full size, through the real path, kept between runs.

Two folders under `build/bench`: `sample-…` the registers and departments' files, `world-…` a data folder with the registry and
the lake made from them by `anju demo`. Each is named by a digest of the code and contracts that make it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
SAMPLE_MAKERS = ("src/anju/sample", "src/anju/core/contracts", "src/anju/core/terms", "policy/feeds", "policy/programme.yaml")
WORLD_MAKERS = (
    *SAMPLE_MAKERS, "policy/calendar.yaml", "src/anju/apps/people", "src/anju/apps/places", "src/anju/apps/feeds", "src/anju/lake/intake.py",
    "src/anju/lake/checks.py", "src/anju/lake/files.py", "src/anju/lake/headers.py",
)  # fmt: skip
DAY = date(2023, 9, 26)
EVENING = datetime(2023, 9, 26, 18, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class World:
    """`data` is an ANJU_DATA folder; `files` holds `register/` and `deliveries/`. `rows` counts the lake's feed rows."""

    data: Path
    files: Path
    people: int
    months: int
    rows: int
    by_feed: dict[str, int]

    def facts(self) -> dict[str, Any]:
        return {"people": self.people, "months": self.months, "rows": self.rows, "by_feed": self.by_feed, "name": self.data.name}


def digest_of(paths: Iterable[str]) -> str:
    total = hashlib.sha256()
    for start in paths:
        path = ROOT / start
        for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".py", ".yaml")):
            total.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return total.hexdigest()[:12]


def prepare(folder: Path, people: int, months: int) -> World:
    """Builds what is not there yet (many minutes at full size), and points ANJU_DATA of this process at it."""
    files = folder / f"sample-{people}-{months}-{digest_of(SAMPLE_MAKERS)}"
    data = folder / f"world-{people}-{months}-{digest_of(WORLD_MAKERS)}"
    os.environ["ANJU_DATA"] = str(data)
    if not (data / "whole.json").exists():
        _build(files, data, people, months)
    found = json.loads((data / "whole.json").read_text(encoding="utf-8"))
    return World(data, files, people, months, sum(found.values()), found)


def found(data: Path) -> World:
    """A data folder that `anju demo` has made elsewhere. It is read, and what runs keep is added to it."""
    os.environ["ANJU_DATA"] = str(data)
    files = max((data / "sample").iterdir())
    people, months = (int(part) for part in files.name.split("-")[:2])
    counts = _counted(data / "lake" / "feeds")
    return World(data, files.resolve(), people, months, sum(counts.values()), counts)


def _build(files: Path, data: Path, people: int, months: int) -> None:
    """`anju demo` does everything; its own folder of files is ours, so that another intake can read the same ones."""
    shutil.rmtree(data, ignore_errors=True)
    own = data / "sample" / f"{people}-{months}-1"  # as anju demo names it, with its last round alone
    own.parent.mkdir(parents=True)
    files.mkdir(parents=True, exist_ok=True)
    own.symlink_to(files)
    started = time.monotonic()
    print(f"building the sample of {people:,} people and {months} months, and taking it in (once; minutes at full size) …", flush=True)
    code = "from anju.cli.main import main; main()"
    subprocess.run(
        [sys.executable, "-c", code, "demo", "--people", str(people), "--months", str(months)],
        check=True, stdout=subprocess.DEVNULL, env=os.environ | {"ANJU_DATA": str(data)},
    )  # fmt: skip
    (data / "whole.json").write_text(json.dumps(_counted(data / "lake" / "feeds")), encoding="utf-8")
    print(f"built in {time.monotonic() - started:.0f} s", flush=True)


def _counted(feeds: Path) -> dict[str, int]:
    return {folder.name: sum(pq.read_metadata(path).num_rows for path in folder.glob("*.parquet")) for folder in sorted(feeds.iterdir())}
