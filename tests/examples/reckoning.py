"""The answers of the survey's ten standards reckoned a second time, from the raw files, by arrays and nothing of ours.

    python tests/examples/reckoning.py FOLDER

prints the number of missing answers per question, and met, breached, unknown and not applicable per standard.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

BLANK = -1
Counts = dict[str, int]


def read(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Every column as whole numbers, BLANK where empty; `hid` as text."""
    with path.open(encoding="utf-8") as file:
        header = file.readline().strip().split(";")
    kinds = {name: pa.string() for name in header}
    table = pacsv.read_csv(path, parse_options=pacsv.ParseOptions(delimiter=";"), convert_options=pacsv.ConvertOptions(column_types=kinds))
    found: dict[str, np.ndarray[Any, Any]] = {}
    for name in header:
        texts = np.array(table[name].to_pylist())
        if name == "hid":
            found[name] = texts
        elif name not in ("piIi",):
            found[name] = np.array([int(text) if text else BLANK for text in texts])
    return found


def answers(breached: Any, unknown: Any, applies: Any = None, applies_unknown: Any = None) -> Counts:
    """A known breach breaches, whatever else is not known."""
    n = len(breached)
    applies = np.ones(n, bool) if applies is None else applies
    applies_unknown = np.zeros(n, bool) if applies_unknown is None else applies_unknown
    b = applies & breached
    u = applies_unknown | (applies & ~breached & unknown)
    m = applies & ~breached & ~unknown
    found = {"met": int(m.sum()), "breached": int(b.sum()), "unknown": int(u.sum()), "not_applicable": int((~applies & ~applies_unknown).sum())}
    assert sum(found.values()) == n
    return found


def reckon(homes_file: Path, persons_file: Path) -> dict[str, Counts]:
    h, p = read(homes_file), read(persons_file)
    at = {hid: n for n, hid in enumerate(h["hid"])}
    home = np.array([at[hid] for hid in p["hid"]])
    n = len(at)

    def over_members(values: Any) -> Any:
        """How many members of each household have it."""
        return np.bincount(home, weights=values.astype(float), minlength=n).astype(int)

    members = np.bincount(home, minlength=n)
    found: dict[str, Counts] = {}
    bad_water, no_water = np.isin(h["water"], [43, 32, 42, 96]), h["water"] == BLANK
    found["WS-01"] = answers(bad_water, no_water)
    bad_toilet, no_toilet = np.isin(h["toilet"], [31, 23, 14, 96]), h["toilet"] == BLANK
    found["WS-02"] = answers(bad_toilet, no_toilet)
    weak = (h["floor"] == 1) | np.isin(h["walls"], [1, 2, 5]) | np.isin(h["roof"], [7, 8])
    found["HO-01"] = answers(weak, (h["floor"] == BLANK) | (h["walls"] == BLANK) | (h["roof"] == BLANK))
    no_rooms = h["rooms"] == BLANK
    found["HO-02"] = answers(~no_rooms & (members > 3 * h["rooms"]), no_rooms)
    dark, no_power = h["electricity"] == 0, h["electricity"] == BLANK
    found["EN-01"] = answers(dark, no_power)
    found["EN-02"] = answers(np.isin(h["cook_fuel"], [3, 4, 5, 6]), h["cook_fuel"] == BLANK)
    found["FI-01"] = answers(h["bank"] == 0, h["bank"] == BLANK)

    age = np.where(p["age"] != BLANK, p["age"], np.where(p["age_month"] != BLANK, p["age_month"] // 12, BLANK))
    adults = over_members((age >= 18) & (age < 60))
    ageless = over_members(age == BLANK)
    working, unsaid = over_members(p["occupation"] > 0), over_members(p["occupation"] == BLANK)
    found["EM-01"] = answers((working == 0) & (unsaid == 0), (working == 0) & (unsaid > 0), adults >= 1, (adults == 0) & (ageless > 0))

    spent = np.stack([h[f"exp_{k:02d}"] for k in range(1, 13)])
    enough = np.where(spent == BLANK, 0, spent).sum(axis=0) >= 1000 * members
    gaps = (spent == BLANK).any(axis=0)
    found["LI-01"] = answers(~enough & ~gaps, ~enough & gaps)

    lacking = (bad_water | bad_toilet | dark)[home]
    unclear = (no_water | no_toilet | no_power)[home]
    found["DI-01"] = answers(lacking, unclear, p["disability"] == 1, p["disability"] == BLANK)
    return found


def missing(homes_file: Path, persons_file: Path) -> Counts:
    found: Counts = {}
    for path in (homes_file, persons_file):
        found |= {name: int((values == BLANK).sum()) for name, values in read(path).items() if name != "hid"}
    return found


def survey_files(folder: Path) -> tuple[Path, Path]:
    (homes,), (persons,) = list(folder.glob("*household*.csv")), list(folder.glob("*individual*.csv"))
    return homes, persons


if __name__ == "__main__":
    files = survey_files(Path(sys.argv[1]))
    print(json.dumps({"missing": missing(*files), "standards": reckon(*files)}, indent=1))
