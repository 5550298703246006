"""What holds full identity numbers does not stay for ever: delivered files and rows set aside go, their counts stay.

What an interrupted intake left behind goes with them. It was never read.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from anju.apps.feeds.models import Delivery
from anju.apps.feeds.uploads import expire_uploads
from anju.lake.originals import original_path
from anju.lake.refused import refused_path

ABANDONED = timedelta(days=1)  # an intake still at work is younger than this


@dataclass(frozen=True, slots=True)
class Expired:
    """`deliveries` whose files went; `files` and `size` of what was removed; `leftovers` of interrupted intakes among them."""

    deliveries: int
    files: int
    size: int
    leftovers: int

    def as_dict(self) -> dict[str, int]:
        return {"deliveries": self.deliveries, "files": self.files, "bytes": self.size, "leftovers": self.leftovers}


def expire_files(root: Path, before: datetime, *, now: datetime, dry_run: bool = False) -> Expired:
    """Removes the files and rows set aside of deliveries received before `before` (whenever some of them were taken in later),
    what was abandoned, and uploads that nobody took in.

    The mark is set first: a process killed in between leaves a file that the next call removes."""
    first = Q(retry_of__isnull=True, received_at__lt=before)
    old = Delivery.objects.filter(first | Q(retry_of__received_at__lt=before)).exclude(status="receiving").order_by("pk")
    paths = {
        pk: [path for path in (original_path(root, pk), refused_path(root, pk)) if path.exists()] for pk in old.values_list("pk", flat=True)
    }
    due = [pk for pk, found in paths.items() if found]
    abandoned = Delivery.objects.filter(Q(status="receiving") & Q(received_at__lt=now - ABANDONED)).order_by("pk")
    left = _leftovers(root, [(d.pk, d.feed) for d in abandoned], now)
    files = [path for found in paths.values() for path in found]
    size = sum(path.stat().st_size for path in [*files, *left] if path.is_file())
    if not dry_run:
        with transaction.atomic():
            for start in range(0, len(due), 500):
                Delivery.objects.filter(pk__in=due[start : start + 500], expired_at__isnull=True).update(expired_at=now)
            abandoned.delete()
        expire_uploads(now)
        for path in [*files, *left]:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    return Expired(len(due), len(files) + len(left), size, len(left))


def _leftovers(root: Path, abandoned: list[tuple[int, str]], now: datetime) -> list[Path]:
    """Half files and work folders that nobody has touched for a day, and files of deliveries that never became one."""
    until = (now - ABANDONED).timestamp()
    drafts = [*root.glob("work/*"), *root.glob("feeds/*/*.partial"), *root.glob("raw/*.partial"), *root.glob("refused/*.partial")]
    found = [path for path in drafts if path.stat().st_mtime < until]
    for pk, feed in abandoned:
        found += [path for path in (root / "feeds" / feed / f"{pk}.parquet", original_path(root, pk), refused_path(root, pk)) if path.exists()]
    return found
