"""Taking an upload in beside the pages, so that no request waits and a crash takes nothing with it: in the queue of the workers where
one lives, else by a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

from django.conf import settings
from django.utils import timezone

from anju.apps.feeds.models import Upload
from anju.apps.feeds.uploads import READY, Progress, mark_interrupted, progress_of
from anju.core.terms.viewer import Viewer
from anju.tasks.actions import Refused, cancel_task, queue_intake
from anju.tasks.queries import intake_of
from anju.tasks.reaper import alive, reap


def begin(upload: Upload) -> bool:
    """Starts taking it in and returns at once; False where somebody has begun already."""
    now = timezone.now()
    if not Upload.objects.filter(pk=upload.pk, state__in=READY).update(state="working", started_at=now, finished_at=None, refusal={}):
        return False
    if alive(now):
        queue_intake(upload.pk, by=Viewer(upload.by, account=upload.account, post=upload.post), at=now)
    else:
        launch(upload.pk)
    return True


def launch(key: int) -> None:
    """`anju feeds take KEY`, which outlives this server."""
    command = [sys.executable, "-m", "anju", "feeds", "take", str(key), "--json"]
    apart = ["/bin/sh", "-c", '"$@" &', "sh", *command]  # nobody here waits for its end
    nothing = subprocess.DEVNULL
    subprocess.run(
        apart, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True, check=True,
        env={**os.environ, "ANJU_DATA": str(settings.DATA)},
    )  # fmt: skip


def look_after(upload: Upload) -> tuple[Upload, Progress]:
    """The upload as it stands, with an interrupted one told as such, and how far it is."""
    if upload.state == "working" and not _in_the_queue(upload):
        upload = mark_interrupted(upload, now=timezone.now())
    return upload, progress_of(upload)


def _in_the_queue(upload: Upload) -> bool:
    """Whether a worker is at it or will be. Where the last of them has gone meanwhile it is taken out of the queue, and in by a process."""
    ticket = intake_of(upload.pk)
    if ticket is None:
        return False
    now = timezone.now()
    if not alive(now):
        reap(now)  # it may have died while at it
        with suppress(Refused):  # another page was faster
            cancel_task(ticket, by="the pages", at=now)
            launch(upload.pk)
    return True
