"""An intake killed at any point leaves nothing that counts; sent again it works. Of two at once of the same file one is accepted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import connection

from anju.apps.feeds.models import Coverage, Delivery
from lake.deliveries import Deployment, deployment

HERE = Path(__file__).parent
FILE = HERE.parents[1] / "lake" / "faults" / "line_break_in_a_cell.csv"
CLEAN = {"unfinished": 0, "orphans": 0, "partial": 0, "lost": 0}


def program(what: str, folder: Path) -> list[dict[str, object]]:
    environment = os.environ | {"ANJU_DATA": str(folder / "killed"), "DJANGO_SETTINGS_MODULE": "anju.settings"}
    environment.pop("ANJU_DATABASE_URL", None)
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, str(HERE / "killed.py"), what, str(FILE)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_killed_at_any_point_nothing_counts_and_sending_again_works(tmp_path: Path) -> None:
    *killed, whole, swept = program("kill", tmp_path)
    assert len(killed) >= 8
    for state in killed:
        assert state["killed"]
        assert (state["accepted"], state["coverage"], state["set_aside"], state["lost"]) == (0, 0, 0, 0)
        assert state["unfinished"]  # which is what doctor tells of
    assert any(state["orphans"] for state in killed)
    assert any(state["partial"] for state in killed)
    assert (whole["killed"], whole["accepted"], whole["coverage"], whole["set_aside"], whole["lost"]) == (False, 1, 1, 1, 0)
    assert swept["leftovers"]
    assert {name: swept[name] for name in CLEAN} == CLEAN


def test_two_processes_with_the_same_file_have_one_delivery(tmp_path: Path) -> None:
    (state,) = program("meet", tmp_path)
    assert state == {"codes": [0, 0], "accepted": 1, "coverage": 1, "set_aside": 1, **CLEAN}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite in memory has one connection; its processes are tested above")
def test_two_connections_with_the_same_file_have_one_delivery(tmp_path: Path) -> None:
    office: Deployment = deployment(tmp_path)
    ready, found = threading.Barrier(2), []

    def send() -> None:
        ready.wait()
        try:
            received = office.receive(FILE, periods=("2023-08", "2023-08"))
            found.append((received.repeats or received.delivery).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    assert Delivery.objects.count() == 1
    assert Coverage.objects.count() == 1
    assert len(list(office.root.glob("feeds/*/*.parquet"))) == 1
    assert len(list(office.root.glob("raw/*"))) == 1
