"""The most memory that judging holds: a process of its own that only judges, and what the system says it reached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.results import Goal, Section

if TYPE_CHECKING:
    from benchmarks.situation import Situation

# VmHWM belongs to the program; ru_maxrss of a child begins with what its parent had reached when it was started
CHILD = """
import json, re, sys
from datetime import date, datetime
from pathlib import Path
from anju.core.standards.read import read_policy
from anju.lake.engine import run
from anju.lake.snapshot import Sources
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1))
policy, _ = read_policy(Path(sys.argv[1]), drafts=sys.argv[2] == "drafts")
empty = peak()
sources = Sources(*map(Path, sys.argv[3:7]))
run(policy, sources, date.fromisoformat(sys.argv[7]), datetime.fromisoformat(sys.argv[8]), Path(sys.argv[9]))
print(json.dumps([empty, peak()]))
"""


def peak(situation: Situation, drafts: bool, *, first: bool = False) -> tuple[float, float]:
    """MiB before anything is opened, and at the highest point of a whole run. `first`: every feed's rows are resolved anew and kept."""
    setting = situation.with_drafts if drafts else situation.published
    sources = setting.sources
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as folder:
        kept = Path(folder) / "resolved" if first else sources.resolved
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(Path("policy").resolve()), "drafts" if drafts else "", str(sources.lake), str(sources.manifest),
             str(sources.registry), str(kept), setting.day.isoformat(), setting.known_at.isoformat(), f"{folder}/run"],
            check=True, capture_output=True, text=True, env=os.environ,
        )  # fmt: skip
    empty, most = json.loads(done.stdout)
    return empty / 1024, most / 1024


def measure(situation: Situation) -> Section:
    empty, published = peak(situation, drafts=False)
    _, everything = peak(situation, drafts=True)
    _, anew = peak(situation, drafts=False, first=True)
    goals = [
        Goal("peak memory of a whole run of the standards in force", published, "MiB", 1024, at_most=True),
        Goal("the same with every draft", everything, "MiB", 1024, at_most=True),
        Goal("the standards in force, when no feed's rows are kept yet", anew, "MiB", 1024, at_most=True),
        Goal("of which Python and its imports before anything is judged", empty, "MiB"),
    ]
    return Section(goals=goals)
