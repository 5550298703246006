"""The page of permissions is the table that pages and API ask."""

from __future__ import annotations

from anju.cli.permissions import page
from deployment import ROOT


def test_the_page_is_made_from_the_table() -> None:
    written = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert written == page(), "say: PYTHONPATH=src python -m anju.cli.permissions > docs/permissions.md"
