"""python -m benchmarks: see --help. Prints goals with the figures reached; fails only where answers differ."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

import django

from benchmarks import results, world
from benchmarks.page import write_page

# name -> module; each has measure(situation) and reports one section
BENCHMARKS = {
    "judging": "fused, one query for each standard, the bare scan, with drafts",
    "postgresql": "the same fused rules in PostgreSQL",
    "memory": "peak memory of judging",
}  # fmt: skip
PAGE = world.ROOT / "docs" / "performance.md"


def main() -> int:
    chosen = _arguments()
    folder = chosen.folder.resolve()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
    made = world.prepare(folder, chosen.people, chosen.months)
    django.setup()
    situation = importlib.import_module("benchmarks.situation").Situation(made, folder, chosen.rounds)
    command = f"make bench PEOPLE={chosen.people} MONTHS={chosen.months} ROUNDS={chosen.rounds}"
    kept = folder / "results.json"
    for name in chosen.only or BENCHMARKS:
        started = time.monotonic()
        print(f"\n== {name}: {BENCHMARKS[name]}", flush=True)
        section = importlib.import_module(f"benchmarks.{name}").measure(situation)
        results.keep(kept, made.facts(), command, name, section)
        print(results.table(section.as_dict()), flush=True)
        print(f"({time.monotonic() - started:.0f} s)", flush=True)
    if chosen.page:
        write_page(chosen.page, kept)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=sorted(BENCHMARKS), metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds, after one that is not (default %(default)s)")
    parser.add_argument("--people", type=int, default=338_506, help="size of the prefecture (default %(default)s)")
    parser.add_argument("--months", type=int, default=36, help="months of monthly feeds (default %(default)s: 17 million rows)")
    parser.add_argument("--folder", type=Path, default=world.ROOT / "build" / "bench", help="where worlds and results are kept")
    parser.add_argument("--page", type=Path, nargs="?", const=PAGE, help="write the tables into this page (default %(const)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
