"""Four million medical bills in one CSV file: taken into the lake, beside pandas with pandera doing the same checks.

Both link each bill to a person, find the same bad rows and write the good ones as Parquet. Ours also keeps the rows set aside
(encrypted), the coverage and a receipt.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.core.contracts.model import Contract, Programme
from anju.lake.intake import take_in
from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timed, Watch, in_turns, ratio
from benchmarks.world import EVENING

if TYPE_CHECKING:
    from benchmarks.situation import Situation

ROWS = 4_000_000
# offices that write CSV in UTF-8 with our headers and ISO dates: what differs elsewhere is not what is measured here
PLAIN_OFFICES = ("522301", "522302", "522323", "522325", "522327", "YILONG")
MONEY = ("total_cost", "basic_paid", "critical_illness_paid", "assistance_paid", "self_paid")
DATES = ("admitted_on", "discharged_on", "settled_on")


def bills(files: Path, out: Path) -> int:
    """One file of the sample's own bills as offices sent them, repeated under further numbers to make four million. Answers its rows."""
    parts = []
    for path in sorted((files / "deliveries").rglob("F14_*.csv")):
        if path.name.split("_")[1] in PLAIN_OFFICES:
            texts = pacsv.ConvertOptions(column_types=dict.fromkeys(_header(path), pa.string()))
            parts.append(pacsv.read_csv(path, convert_options=texts))
    table = pa.concat_tables(parts)
    if table.num_rows >= ROWS // 4:  # a small prefecture is measured with what it has
        whole = [_numbered(table, nth) for nth in range(-(-ROWS // table.num_rows))]
        table = pa.concat_tables(whole).slice(0, ROWS)
    pacsv.write_csv(table, out)
    return int(table.num_rows)


def _numbered(table: pa.Table, nth: int) -> pa.Table:
    if nth == 0:
        return table
    at = table.schema.get_field_index("settlement_id")
    return table.set_column(at, "settlement_id", pc.binary_join_element_wise(table["settlement_id"], str(nth), "-"))


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig") as file:
        return [name.strip('"\\n') for name in file.readline().rstrip().split(",")]


def ours(situation: Situation, path: Path, directory: Directory, root: Path) -> Timed:
    contract, programme = situation.published.policy.contracts["F14"], situation.published.policy.programme
    assert isinstance(contract, Contract)
    assert isinstance(programme, Programme)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    watch = Watch()
    receipt = take_in(
        root, contract, programme, path, delivery_id=1, directory=directory, vault=FileVault(), received_at=EVENING.replace(tzinfo=None),
        unit="522301", periods=("2020-09", "2023-08"),
    )  # fmt: skip
    return watch.stop_with(lambda: (receipt.accepted, receipt.refused))


def pandas(path: Path, people: dict[str, int], out: Path) -> Timed:
    watch = Watch()
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    amount = pandera.Check(lambda s: (s == "") | (pd.to_numeric(s, errors="coerce") >= 0))
    day = pandera.Check(lambda s: (s == "") | pd.to_datetime(s, format="%Y-%m-%d", errors="coerce").notna())
    some = pandera.Check(lambda s: s != "")
    schema = pandera.DataFrameSchema({
        "settlement_id": pandera.Column(str, [some], unique=True),
        "person_id": pandera.Column(str, [pandera.Check(lambda s: s.isin(people))]),
        "visit_type": pandera.Column(str, [pandera.Check.isin(["", "inpatient", "outpatient", "special_chronic"])]),
        "settled_on": pandera.Column(str, [some, day]),
        **{name: pandera.Column(str, [day]) for name in DATES if name != "settled_on"},
        **{name: pandera.Column(str, [amount]) for name in MONEY},
    })  # fmt: skip
    bad: Any = []
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as found:
        bad = found.failure_cases["index"].dropna().unique()
    good = frame.drop(index=[int(row) for row in bad])
    good["person_id"] = good["person_id"].map(people)
    for name in DATES:
        good[name] = pd.to_datetime(good[name], format="%Y-%m-%d")
    for name in MONEY:
        good[name] = (pd.to_numeric(good[name]) * 100).round().astype("int64")
    good.sort_values("person_id").to_parquet(out, compression="zstd", index=False)
    return watch.stop_with(lambda: (len(good), len(bad)))


def measure(situation: Situation) -> Section:
    register = situation.world.files / "register" / "F02_person_register.csv"
    numbers = pacsv.read_csv(
        register, convert_options=pacsv.ConvertOptions(include_columns=["person_id"], column_types={"person_id": pa.string()})
    )
    programme = situation.published.policy.programme
    assert isinstance(programme, Programme)
    directory = Directory(programme.identifiers[0].name)
    known = directory.people(numbers["person_id"])  # a row of the register that was set aside makes nobody known, to neither
    people = {number: key for number, key in zip(numbers["person_id"].to_pylist(), known.to_pylist(), strict=True) if key is not None}
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        folder = Path(name)
        path = folder / "F14_522301_2020-09~2023-08.csv"
        rows = bills(situation.world.files, path)
        megabytes = path.stat().st_size / 1e6
        ways = {
            "ours": lambda: ours(situation, path, directory, folder / "lake"),
            "pandas": lambda: pandas(path, people, folder / "good.parquet"),
        }
        timings, found = in_turns(ways, situation.rounds)
    if found["ours"] != found["pandas"]:
        raise AssertionError(f"accepted and set aside: here {found['ours']}, pandas {found['pandas']}")
    times = ratio(timings["pandas"], timings["ours"])
    accepted, refused = found["ours"]
    table = [
        Row(f"**intake of {rows:,} bills** ({megabytes:.0f} MB)", timings["ours"], remark=f"{accepted:,} accepted, {refused:,} set aside"),
        Row("pandas + pandera (lazy)", timings["pandas"], times, "the same rows"),
    ]
    goals = [
        Goal("intake of F14", rows / timings["ours"].median, "rows/s", 1_000_000),
        Goal("against pandas + pandera", times.median, "times as fast"),
    ]
    return Section(table, goals, "times the intake")
