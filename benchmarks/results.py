"""What a benchmark reports: a table of ways, and goals with the figure reached. Kept as JSON, shown as Markdown."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.rounds import Timing

PACKAGES = ("duckdb", "pyarrow", "numpy", "django", "psycopg", "adbc-driver-postgresql", "pandas", "pandera", "openfisca-core")


@dataclass(frozen=True, slots=True)
class Row:
    """One way in a table: its seconds, what others are compared with, and a remark."""

    name: str
    timing: Timing
    ratio: Timing | None = None
    remark: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "seconds": self.timing.as_dict(),
            "ratio": self.ratio.as_dict() if self.ratio else None,
            "remark": self.remark,
        }


@dataclass(frozen=True, slots=True)
class Goal:
    """`at_most`: the figure should not be above `wanted`; else not below. `wanted` None: only reported."""

    text: str
    figure: float
    unit: str
    wanted: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        if self.wanted is None:
            return None
        return self.figure <= self.wanted if self.at_most else self.figure >= self.wanted

    def as_dict(self) -> dict[str, Any]:
        return {"text": self.text, "figure": self.figure, "unit": self.unit, "wanted": self.wanted, "at_most": self.at_most, "met": self.met}


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's report. `against` heads the column of ratios."""

    rows: Sequence[Row] = ()
    goals: Sequence[Goal] = ()
    against: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": [row.as_dict() for row in self.rows],
            "goals": [goal.as_dict() for goal in self.goals],
            "against": self.against,
            "facts": self.facts,
            "load_before": round(os.getloadavg()[0], 2),
        }


def machine() -> dict[str, Any]:
    names = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "processor": names[0] if names else platform.machine(),
        "memory_gib": round(memory, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "-"


def keep(path: Path, world: dict[str, Any], command: str, name: str, section: Section) -> None:
    """Puts one section into the file of results, beside those of other benchmarks over the same world."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if found.get("world") != world:
        found = {"world": world, "sections": {}}
    found["machine"] = machine()
    found["sections"][name] = section.as_dict() | {"command": command}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".partial")
    draft.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    draft.replace(path)


# --- Markdown ---------------------------------------------------------------------------------------------------


def seconds_text(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def span(found: dict[str, Any], text: Any = seconds_text) -> str:
    if found["rounds"] == 1:
        return f"{text(found['median'])} (once)"
    return f"{text(found['median'])} ({text(found['min'])} to {text(found['max'])})"


def table(section: dict[str, Any]) -> str:
    """The section as Markdown: ways, then goals. Seconds are medians with least and most."""
    lines = []
    if section["rows"]:
        lines += [f"| way | seconds | processor s | {section['against']} | |", "|---|---|---|---|---|"]
        for row in section["rows"]:
            times = span(row["ratio"], lambda v: f"{v:.2f}") if row["ratio"] else ""
            processor = row["seconds"]["processor"]
            used = "" if processor is None else seconds_text(processor)
            lines.append(f"| {row['name']} | {span(row['seconds'])} | {used} | {times} | {row['remark']} |")
        lines.append("")
    if section["goals"]:
        lines += ["| figure | reached | goal | |", "|---|---|---|---|"]
        lines += [_goal(goal) for goal in section["goals"]]
        lines.append("")
    rounds = max((row["seconds"]["rounds"] for row in section["rows"]), default=0)
    turns = f", {rounds} rounds in turns" if rounds > 1 else ""
    lines.append(f"Measured {section['measured_at'][:10]}{turns}, load average {section['load_before']} at the end.")
    return "\n".join(lines)


def _goal(goal: dict[str, Any]) -> str:
    sign = "at most" if goal["at_most"] else "at least"
    wanted = "" if goal["wanted"] is None else f"{sign} {goal['wanted']:g} {goal['unit']}"
    met = {True: "met", False: "**not met**", None: ""}[goal["met"]]
    return f"| {goal['text']} | {number(goal['figure'])} {goal['unit']} | {wanted} | {met} |"


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
