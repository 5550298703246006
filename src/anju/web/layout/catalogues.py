"""Compiles the doors' translations: every `locale/<language>/LC_MESSAGES/django.po` into the .mo that Django reads.

python -m anju.web.layout.catalogues
"""

from __future__ import annotations

from pathlib import Path

import polib

DOORS = Path(__file__).resolve().parents[2]


def compile_stale(folder: Path = DOORS) -> list[Path]:
    """The catalogues that were older than their source, now compiled."""
    done = []
    for source in sorted(folder.rglob("*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(target))
            done.append(target)
    return done


if __name__ == "__main__":
    compile_stale()
