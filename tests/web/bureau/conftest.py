"""The small prefecture of these pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.apps.places.models import Place
from tests.web.bureau.world import build


@pytest.fixture
def place(db: None, own_data_folder: Path) -> dict[str, Place]:
    return build(own_data_folder)
