"""Taking in happens in a process of its own, on a real database: begun by a page, seen to its end, and told when it was killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import Deployment, write_files

PAGE = """
import io, json, os, signal, sys, time
import django; django.setup()
from django.utils import timezone
from anju.apps.feeds.models import Upload
from anju.apps.feeds.uploads import at_work, keep_upload, mark_interrupted, uploads_folder
from anju.apps.people.vault import FileVault
from anju.core.terms.viewer import Viewer
from anju.web.stewards import background
from datetime import timedelta

with open(sys.argv[1], "rb") as file:
    upload = keep_upload(file, file_name="roll.csv", vault=FileVault(), by=Viewer("clerk", account=1), at=timezone.now())
Upload.objects.filter(pk=upload.pk).update(feed="F09", unit="U1")
upload.refresh_from_db()
if sys.argv[2] == "killed":  # at the door of the intake, with the lock in its hand
    child = os.fork()
    if child == 0:
        from django.db import connection
        connection.close()
        from anju.apps.feeds import uploads
        uploads.opened = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        uploads.take_upload(upload.pk, policy=None, root=uploads_folder(), directory=None, vault=None, now=timezone.now())
    os.waitpid(child, 0)
    upload.refresh_from_db()
    states = [upload.state, mark_interrupted(upload, now=timezone.now() + timedelta(minutes=1)).state]
else:
    states = [upload.state]
began = [background.begin(upload), background.begin(upload)]
for _ in range(600):
    upload.refresh_from_db()
    if upload.state in ("refused", "failed") or (upload.state == "done" and not list(uploads_folder().iterdir())):
        break  # it is done a moment before its file goes
    time.sleep(0.1)
states.append(upload.state)
print(json.dumps({"states": states, "began": began, "receipt": upload.delivery_id, "left": [p.name for p in uploads_folder().iterdir()]}))
"""


@pytest.mark.parametrize("how", ["whole", "killed"])
def test_a_process_of_its_own_takes_it_in(tmp_path: Path, how: str) -> None:
    deployment = Deployment(tmp_path / "data", engine="sqlite")
    files = write_files(tmp_path / "files", households=6)
    deployment.anju("places", "import", str(files["places"]))
    deployment.anju("people", "import", str(files["households"]), str(files["people"]), "--received-at", "2023-08-01")
    program = [sys.executable, "-c", PAGE, str(files["F09"]), how]
    environment = {**deployment.environment, "DJANGO_SETTINGS_MODULE": "anju.settings"}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["states"] == {"whole": ["waiting", "done"], "killed": ["working", "failed", "done"]}[how]
    assert found["began"] == [True, False]
    assert found["receipt"] is not None and found["left"] == []
