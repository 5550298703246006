"""Puts the tables of a run into docs/performance.md, between its markers, so that no figure there is typed by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.results import table

MARKED = re.compile(r"(<!-- bench:(\w+) -->\n).*?(<!-- /bench:\2 -->)", re.DOTALL)


def write_page(page: Path, kept: Path) -> None:
    """Replaces what stands between `<!-- bench:NAME -->` and its end; sections not measured stay as they were."""
    found = json.loads(kept.read_text(encoding="utf-8"))
    texts = {name: table(section) for name, section in found["sections"].items()} | {"world": _world(found)}
    page.write_text(MARKED.sub(lambda m: _filled(m, texts), page.read_text(encoding="utf-8")), encoding="utf-8")


def _filled(match: re.Match[str], texts: dict[str, str]) -> str:
    opening, name, closing = match.groups()
    return f"{opening}{texts[name]}\n{closing}" if name in texts else match.group(0)


def _world(found: dict[str, Any]) -> str:
    world, machine = found["world"], found["machine"]
    commands = sorted({section["command"] for section in found["sections"].values()})
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version != "-")
    feeds = ", ".join(f"{code} {rows:,}" for code, rows in sorted(world["by_feed"].items(), key=lambda item: -item[1]) if rows >= 10_000)
    return "\n".join([
        f"Command: `{'`, `'.join(commands)}`.",
        f"World: {world['people']:,} people, {world['months']} months, {world['rows']:,} feed rows ({feeds}).",
        f"Machine: {machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, {machine['system']}.",
        f"Python {machine['python']}, {versions}.",
    ])  # fmt: skip
