"""Taking an upload in beside the pages: a process of its own, so that no request waits and a crash takes nothing with it."""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings
from django.utils import timezone

from anju.apps.feeds.models import Upload
from anju.apps.feeds.uploads import READY, Progress, mark_interrupted, progress_of


def begin(upload: Upload) -> bool:
    """Starts taking it in and returns at once; False where somebody has begun already."""
    now = timezone.now()
    if not Upload.objects.filter(pk=upload.pk, state__in=READY).update(state="working", started_at=now, finished_at=None, refusal={}):
        return False
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
    upload = mark_interrupted(upload, now=timezone.now())
    return upload, progress_of(upload)
