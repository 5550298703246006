"""A set is whole or not there, holds no key, and brings the same findings back, on either engine."""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anju.apps.backup.store import Set, Store
from anju.apps.backup.tables import schema_of, tables
from deployment import ROOT, SERVER, Deployment, fill, write_files

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.skipif(not SERVER, reason="no PostgreSQL: tests/postgresql.sh starts one"))]


def attach(one: Deployment) -> str:
    """The same again in a deployment that has them; what they open to."""
    process = one.start(module="apps.attachments.attaching")
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out.strip()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment with people, a delivery, a row set aside, two attachments and one run. Tests read it and do not change it."""
    folder = tmp_path_factory.mktemp("filled")
    one = Deployment(folder / "data")
    fill(one, write_files(folder / "files"))
    attach(one)
    (folder / "2023.csv").write_text("day,kind,name\n2023-10-02,holiday,National Day\n2023-10-07,makeup,\n", encoding="utf-8")
    one.anju("calendar", "load", str(folder / "2023.csv"))
    one.judge()
    yield one
    one.end()


@pytest.fixture(scope="module")
def sets(filled: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sets") / "anju"
    filled.anju("backup", str(out))
    return out


@pytest.fixture
def empty(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    one = Deployment(tmp_path / "restored", engine=getattr(request, "param", None))
    yield one
    one.end()


def content(out: Path) -> dict[str, list[dict[str, Any]]]:
    """Every table of the newest set as rows; JSON as values, since the engines write it differently. Without the lines of the
    journal about backups themselves, of which there is one more each time."""
    store = Store(out)
    found = {}
    for name, entry in store.load().files.items():
        if name.startswith("tables/"):
            rows = pq.read_table(store.content(entry.sha256)).to_pylist()
            for row in rows:
                for column in ("reasons", "messages", "counts", "seconds", "detail"):
                    if column in row:
                        row[column] = json.loads(row[column])
            found[name] = [row for row in rows if not str(row.get("act", "")).startswith("backup.")]
    return found


@pytest.mark.parametrize("empty", ENGINES, indirect=True)
def test_what_comes_back_is_what_was_there(filled: Deployment, sets: Path, empty: Deployment, tmp_path: Path) -> None:
    report = empty.json("restore", str(sets), "--keys", str(filled.data / "keys"))
    assert report["keys_fit"] is True
    assert (empty.data / "calendar.json").read_text() == (filled.data / "calendar.json").read_text()
    assert empty.findings() == filled.findings() != []
    subject = str(empty.findings()[0]["key"])  # type: ignore[index]
    assert empty.anju("explain", "ED-01", subject) == filled.anju("explain", "ED-01", subject)
    assert attach(empty) == "[True, True]", "with the photos' keys come the photos"
    again = empty.judge()
    assert (again["run"], again["opened"], again["ended"]) == (1, 0, 0)  # the same inputs: the same run
    assert "written" in empty.anju("feeds", "refused", "1", str(tmp_path / "mend.xlsx"))
    empty.anju("backup", str(tmp_path / "second"))
    assert content(tmp_path / "second") == content(sets)
    told = [row[0] for row in empty.rows("SELECT act FROM journal_line WHERE act LIKE 'backup%' ORDER BY id")]
    assert told == ["backup.restore", "backup.make"]
    assert empty.json("doctor")["ready"] is True


@pytest.mark.parametrize("empty", ENGINES, indirect=True)
def test_what_is_added_after_a_restore_gets_new_keys(filled: Deployment, sets: Path, empty: Deployment, tmp_path: Path) -> None:
    empty.anju("restore", str(sets), "--keys", str(filled.data / "keys"))
    roll = write_files(tmp_path / "more", households=61)["F09"]
    empty.anju("feeds", "import", str(roll), "--received-on", "2023-09-20", code=1)
    assert [d["receipt"] for d in empty.json("feeds", "status")["deliveries"]] == [2, 1]  # type: ignore[index, attr-defined]
    assert empty.judge()["run"] == 2


def test_a_second_set_copies_nothing_that_is_there(filled: Deployment, tmp_path: Path) -> None:
    first, second = filled.json("backup", str(tmp_path / "sets")), filled.json("backup", str(tmp_path / "sets"))
    assert first["written"] > 50 and second["written"] == 1  # type: ignore[operator]  # the journal: the first set has its line in it
    assert len(Store(tmp_path / "sets").names()) == 2
    third = filled.json("backup", str(tmp_path / "sets"), "--keep", "1")
    assert third["sets_removed"] == 2 and len(Store(tmp_path / "sets").names()) == 1
    filled.anju("backup", "--verify", str(tmp_path / "sets"))


def test_no_key_is_in_a_set(filled: Deployment, sets: Path) -> None:
    keys = [(filled.data / "keys" / name).read_bytes() for name in ("data.key", "index.key")]
    for path in sets.rglob("*"):
        if path.is_file():
            assert not any(key in path.read_bytes() or key.hex() in path.read_text(errors="replace") for key in keys), path


def test_without_its_keys_a_set_is_not_restored(sets: Path, empty: Deployment, tmp_path: Path) -> None:
    assert "check value" in empty.anju("restore", str(sets), code=3)
    assert not list(empty.data.glob("*.sqlite3")) and not (empty.data / "lake").exists()
    (tmp_path / "other").mkdir()
    for name in ("data.key", "index.key"):
        (tmp_path / "other" / name).write_bytes(b"x" * 32)
    assert "found" in empty.anju("restore", str(sets), "--keys", str(tmp_path / "other"), code=3)
    assert "NOT READY" in empty.anju("restore", str(sets), "--without-keys", code=3)
    empty.findings()
    told = empty.anju("people", "import", str(write_files(tmp_path / "files")["people"]), code=4)
    assert "put the saved keys back" in told and not (empty.data / "keys" / "data.key").exists()
    empty.anju("doctor", code=3)


def test_an_altered_set_is_told_and_not_restored(filled: Deployment, empty: Deployment, tmp_path: Path) -> None:
    out = tmp_path / "sets"
    filled.anju("backup", str(out))
    store = Store(out)
    one = store.load()
    lake = next(name for name in one.files if name.startswith("lake/feeds/"))
    path = store.content(one.files[lake].sha256)
    changed = bytearray(path.read_bytes())
    changed[100] ^= 1
    path.unlink()  # it may be linked with the lake's own file
    path.write_bytes(changed)
    assert lake in empty.anju("backup", "--verify", str(out), code=1)
    assert "altered" in empty.anju("restore", str(out), "--keys", str(filled.data / "keys"), code=2)
    listing = out / "sets" / f"{one.name}.json"
    listing.write_text(listing.read_text().replace('"anju": "0', '"anju": "9'))
    assert "altered" in empty.anju("backup", "--verify", str(out), code=2)


def test_nothing_is_restored_over_something(filled: Deployment, sets: Path) -> None:
    before = filled.findings()
    assert "not empty" in filled.anju("restore", str(sets), code=2)
    assert filled.findings() == before


def test_a_backup_stands_elsewhere(filled: Deployment, tmp_path: Path) -> None:
    assert "in the data folder" in filled.anju("backup", str(filled.data / "backup"), code=2)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("x")
    assert "other things" in filled.anju("backup", str(tmp_path / "photos"), code=2)
    assert "no backup set" in filled.anju("restore", str(tmp_path / "photos"), code=2)


def test_a_killed_backup_leaves_the_sets_there_were(filled: Deployment, tmp_path: Path) -> None:
    out = tmp_path / "sets"
    filled.anju("backup", str(out))
    rng = random.Random(4)
    for _ in range(4):
        shutil.rmtree(out / "files", ignore_errors=True)  # so that there is everything to write
        process = filled.start("backup", str(out))
        while process.poll() is None and not list((out / "files").glob("??")):
            time.sleep(0.002)
        time.sleep(rng.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    filled.anju("backup", str(out))
    store = Store(out)
    assert store.faults(store.load()) == []
    assert not [p for p in (out / "files").rglob("*") if p.name.startswith(("draft", "backup-"))]


def test_a_lake_file_that_is_lost_is_told(sets: Path, filled: Deployment, empty: Deployment, tmp_path: Path) -> None:
    empty.anju("restore", str(sets), "--keys", str(filled.data / "keys"))
    (empty.data / "lake" / "feeds" / "F09" / "1.parquet").unlink()
    assert "MISSING on the disk: lake/feeds/F09/1.parquet" in empty.anju("backup", str(tmp_path / "sets"), code=1)
    assert "missing on the disk already" in empty.anju("backup", "--verify", str(tmp_path / "sets"), code=1)


def test_an_attachment_that_is_lost_is_told(sets: Path, filled: Deployment, empty: Deployment, tmp_path: Path) -> None:
    empty.anju("restore", str(sets), "--keys", str(filled.data / "keys"))
    lost, *others = sorted(path for path in (empty.data / "attachments").glob("??/*"))
    assert len(others) == 2, "a photo with its small picture, and a document"
    lost.unlink()
    told = empty.anju("backup", str(tmp_path / "sets"), code=1)
    assert f"MISSING on the disk: attachments/{lost.parent.name}/{lost.name}" in told
    assert "1 missing" in empty.anju("doctor", code=3)


def test_a_full_disk_is_told_and_breaks_nothing(filled: Deployment, sets: Path, tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    out, policy = tmp_path / "small", shutil.copytree(ROOT / "policy", tmp_path / "policy")
    (policy / "history.md").write_bytes(random.Random(1).randbytes(200_000))
    words, environment = [sys.executable, "-m", "anju", "backup", str(out)], {**filled.environment, "ANJU_POLICY": str(policy)}
    done = subprocess.run(words, env=environment, text=True, capture_output=True, preexec_fn=limited, check=False)
    assert done.returncode == 4, done
    assert "no room left" in done.stderr and "Traceback" not in done.stderr
    assert Store(out).names() == [] and filled.findings() != []
    filled.anju("backup", str(out))
    filled.anju("backup", "--verify", str(out))


@pytest.mark.long
def test_others_write_while_a_set_is_made(filled: Deployment, sets: Path, empty: Deployment, tmp_path: Path) -> None:
    """The set is of one moment: whatever it holds has its files, and what came later is not half in it."""
    busy = Deployment(tmp_path / "busy")
    try:
        busy.anju("restore", str(sets), "--keys", str(filled.data / "keys"))
        roll = write_files(tmp_path / "more", households=70)["F09"]
        writers = [busy.start("feeds", "import", str(roll), "--received-on", "2023-09-20"), busy.start("run", "--as-of", "2023-09-27")]
        backups = [busy.json("backup", str(tmp_path / "sets")) for _ in range(3)]
        assert [process.wait() for process in writers] == [1, 0]
        assert all(made["missing"] == [] for made in backups)
        empty.anju("restore", str(tmp_path / "sets"), "--keys", str(filled.data / "keys"))
        assert all(check["ok"] for check in empty.json("doctor")["checks"] if check["what"] == "lake")  # type: ignore[index, attr-defined]
    finally:
        busy.end()


def test_every_column_of_every_table_can_be_kept() -> None:
    kept = {model._meta.db_table: schema_of(model) for model in tables()}
    assert {"people_identifier", "feeds_delivery", "findings_run", "places_succession"} <= set(kept)
    assert str(kept["feeds_delivery"].field("matched_rate").type) == "decimal128(5, 4)"


def made_up(out: Path, migrations: dict[str, list[str]], tables: dict[str, pa.Table]) -> Path:
    """A set as another version of Anju would have made it."""
    one = Set(name="2023", made_at="2023-08-01T12:00:00+00:00", anju="0", engine="sqlite", keys={}, migrations=migrations, policy="")
    store = Store(out)
    with store.writing():
        for name, table in tables.items():
            pq.write_table(table, out / "files" / "draft")
            one.files[f"tables/{name}.parquet"], _ = store.add(out / "files" / "draft")
        (out / "files" / "draft").unlink(missing_ok=True)
        store.finish(one)
    return out


def test_a_set_of_an_older_version_is_brought_up_to_date(tmp_path: Path, empty: Deployment) -> None:
    """The rows go into the tables of their time, and the migrations since work on them as on any deployment."""
    place = {"id": [1], "tree": ["scope"], "level": ["unit"], "code": ["U"], "name": ["u"], "path": ["/1/"], "is_unit": [True]}
    at = pa.array([datetime(2023, 8, 1, 12, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    household = {"id": [7], "household_code": ["H7"], "place_id": [1], "recorded_at": at}
    tables = {"places_place": pa.table(place), "people_household": pa.table(household)}
    out = made_up(tmp_path / "sets", {"places": ["0001_initial"], "people": ["0001_initial"]}, tables)
    empty.anju("restore", str(out))
    (row,) = empty.rows("SELECT id, household_code, valid_from FROM people_household")
    assert (row[0], row[1], str(row[2])) == (7, "H7", "2023-08-01")
    assert empty.json("doctor")["ready"] is True


def test_a_set_of_a_newer_version_is_refused(tmp_path: Path, empty: Deployment) -> None:
    out = made_up(tmp_path / "sets", {"places": ["0001_initial", "0099_later"]}, {})
    assert "made by a newer Anju: it has places.0099_later" in empty.anju("restore", str(out), code=2)


@pytest.mark.long
def test_a_killed_restore_can_be_said_again(filled: Deployment, sets: Path, empty: Deployment) -> None:
    words = ("restore", str(sets), "--keys", str(filled.data / "keys"))
    for moment in ("_take_keys", "migrate_to", "reset_sequences", "_place"):
        process = empty.start(f"call:anju.apps.backup.restoring:{moment}", *words, module="kill.dying")
        process.communicate()
        assert process.returncode == -signal.SIGKILL, moment
        assert {c["what"]: c["grade"] for c in empty.json("doctor", code=3)["checks"]}["restore"] == "not ready"  # type: ignore[index, attr-defined]
    empty.anju(*words)
    assert empty.findings() == filled.findings()
    assert empty.json("doctor")["ready"] is True


def test_looks_that_are_still_in_files_are_in_the_set(filled: Deployment, tmp_path: Path) -> None:
    look = {"token": "t1", "at": "2023-09-26T12:00:00+00:00", "act": "household.see", "about": "household:7", "detail": {}, "by": "a"}
    (filled.data / "looks").mkdir(exist_ok=True)
    (filled.data / "looks" / "1.jsonl").write_text(json.dumps({**look, "account": None, "post": None}) + "\n", encoding="utf-8")
    filled.anju("backup", str(tmp_path / "sets"))
    assert [row["token"] for row in content(tmp_path / "sets")["tables/journal_line.parquet"] if row["about"] == "household:7"] == ["t1"]
