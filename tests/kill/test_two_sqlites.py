"""The driver that exports the registry brings a SQLite of its own. It must never cost this process its locks on the database: then another
process would throw the write-ahead log away under its hands."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from deployment import ROOT, Deployment

EXPORT_THEN_WRITE = """
import django; django.setup()
from datetime import datetime, UTC
from pathlib import Path
from django.conf import settings
from anju.apps.journal.actions import record
from anju.apps.journal.models import Head
from anju.apps.people.models import Household
from anju.apps.people.publish import export_registry
at = datetime(2023, 9, 26, 18, tzinfo=UTC)
Household.objects.count()
export_registry(at.date(), at, Path(settings.DATA) / "lake" / "registry", community_level="community", unit_level="unit")
Household.objects.count()
print("exported", flush=True)
input()
print(Head.objects.count(), flush=True)
record(act="written.after", about="export", by="test", at=at)
"""


def test_what_is_written_after_an_export_is_there_although_others_came_and_went(tmp_path: Path) -> None:
    one = Deployment(tmp_path / "data", engine="sqlite")
    one.anju("tasks", "list")  # makes the tables
    here = {**one.environment, "DJANGO_SETTINGS_MODULE": "anju.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", EXPORT_THEN_WRITE], env=here, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == "exported\n"
    with closing(sqlite3.connect(one.data / "anju.sqlite3", isolation_level=None)) as server:  # a process that has it open, and writes
        server.execute("INSERT INTO journal_head (day, seq, hash, at) VALUES ('2023-09-25', 1, 'x', '2023-09-26')")
        out, _ = process.communicate("\n")
        assert (process.returncode, out) == (0, "1\n")  # each sees what the other writes
        assert server.execute("SELECT about FROM journal_line WHERE act = 'written.after'").fetchall() == [("export",)]
    assert one.rows("PRAGMA integrity_check") == [("ok",)]
