"""Every test has a data folder of its own, so that keys and files never reach the developer's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, settings: object) -> Path:
    """The folder that ANJU_DATA names in this test."""
    folder = tmp_path / "data"
    settings.DATA = folder  # type: ignore[attr-defined]
    settings.DROP = folder / "drop"  # type: ignore[attr-defined]
    return folder


@pytest.fixture(autouse=True)
def language_of_the_deployment() -> Iterator[None]:
    """A page asked for in Chinese leaves its thread speaking Chinese: not to the next test."""
    yield
    translation.deactivate()
