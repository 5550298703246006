"""Every benchmark has its place on the page of figures, and none there is typed by hand where a run writes."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


def test_each_benchmark_has_its_place_on_the_page() -> None:
    measured = {
        path.stem for path in (ROOT / "benchmarks").glob("*.py") if re.search(r"^def measure\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    opened = re.findall(r"<!-- bench:(\w+) -->", PAGE)
    assert sorted(opened) == sorted(measured | {"world"})
    assert re.findall(r"<!-- /bench:(\w+) -->", PAGE) == opened


def test_no_place_is_empty() -> None:
    empty = re.findall(r"<!-- bench:(\w+) -->\s*<!-- /bench", PAGE)
    assert not empty, f"run make bench, which fills {empty}"
