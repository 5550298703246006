"""Looks are written to a file first: a page that only reads must not wait for the database's one writer, and no look is lost.

Each process appends to a file of its own under ANJU_DATA/looks; `bring_in` moves whole files into the journal. A look that is
brought in twice (killed in between) is known by its token and stays one line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings


def folder() -> Path:
    return Path(settings.DATA) / "looks"


def write_look(look: dict[str, Any]) -> None:
    """Appends and waits until it is on the disk."""
    where = folder()
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps({"token": uuid4().hex, **look}, ensure_ascii=False) + "\n"
    descriptor = os.open(where / f"{os.getpid()}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take() -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """Files of looks, each put aside first, so that who writes meanwhile begins another. The caller removes what it has kept."""
    where = folder()
    for path in sorted(where.glob("*.jsonl")) if where.exists() else ():
        path.rename(where / f"{path.stem}.{uuid4().hex}.taken")
    for path in sorted(where.glob("*.taken")) if where.exists() else ():
        yield path, [look for line in path.read_text(encoding="utf-8").splitlines() if (look := _read(line)) is not None]


def _read(line: str) -> dict[str, Any] | None:
    """None for half a line: its page was never answered."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found
