"""python -m benchmarks: see --help. Prints goals with the figures reached; fails only where answers differ."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

import django
from django.core.management import call_command

from benchmarks import results, world
from benchmarks.page import write_page

# name -> module; each has measure(situation) and reports one section
BENCHMARKS = {
    "judging": "fused, one query for each standard, the bare scan, with drafts",
    "postgresql": "the same fused rules in PostgreSQL",
    "peers": "a dozen standards beside pandas and OpenFisca",
    "memory": "peak memory of judging",
    "writing": "the difference in the database beside Django's ORM, SQLite and PostgreSQL",
    "household": "one household judged again by the interpreter",
    "intake": "four million bills beside pandas + pandera",
    "pages": "fifty people at once on the served pages",
    "cases": "a hundred thousand open cases: queues, steps, what follows on a run and on a new day",
    "export": "the registry by ADBC beside values_list",
}  # fmt: skip
PAGE = world.ROOT / "docs" / "performance.md"


def main() -> int:
    chosen = _arguments()
    folder = chosen.folder.resolve()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
    made = world.found(chosen.data.resolve()) if chosen.data else world.prepare(folder, chosen.people, chosen.months)
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)  # a folder given with --data may be of an earlier day
    situation = importlib.import_module("benchmarks.situation").Situation(made, folder, chosen.rounds)
    command = f"make bench PEOPLE={made.people} MONTHS={made.months} ROUNDS={chosen.rounds}"
    if chosen.data:  # not what make does: the folder may come from another day's sample
        command = f"python -m benchmarks --data {chosen.data.name} --rounds {chosen.rounds}"
    kept = folder / "results.json"
    failed: list[str] = []
    for name in chosen.only or BENCHMARKS:
        started = time.monotonic()
        print(f"\n== {name}: {BENCHMARKS[name]}", flush=True)
        try:
            section = importlib.import_module(f"benchmarks.{name}").measure(situation)
        except AssertionError as different:
            print(f"{name}: {different}", file=sys.stderr, flush=True)
            failed.append(name)
            continue
        results.keep(kept, made.facts(), command, name, section)
        print(results.table(section.as_dict()), flush=True)
        print(f"({time.monotonic() - started:.0f} s)", flush=True)
    if chosen.page:
        write_page(chosen.page, kept)
    if failed:
        print(f"answers differ, so these were not measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=sorted(BENCHMARKS), metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds, after one that is not (default %(default)s)")
    parser.add_argument("--people", type=int, default=338_506, help="size of the prefecture (default %(default)s)")
    parser.add_argument("--months", type=int, default=24, help="months of monthly feeds (default %(default)s: 19 million rows)")
    parser.add_argument("--folder", type=Path, default=world.ROOT / "build" / "bench", help="where worlds and results are kept")
    parser.add_argument("--data", type=Path, help="measure this data folder, which `anju demo` has made, instead of one of our own")
    parser.add_argument("--page", type=Path, nargs="?", const=PAGE, help="write the tables into this page (default %(const)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
