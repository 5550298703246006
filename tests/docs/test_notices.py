"""The page of notices says who is told of what as the code tells it."""

from __future__ import annotations

from anju.cli.telling import section
from deployment import ROOT


def test_the_tables_are_made_from_what_telling_walks() -> None:
    written = (ROOT / "docs" / "notices.md").read_text(encoding="utf-8")
    assert section() in written, "say: PYTHONPATH=src python -m anju.cli.telling, and put it into docs/notices.md"
