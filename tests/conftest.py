"""Every test has a data folder of its own, so that keys and files never reach the developer's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections
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


@pytest.fixture
def file_database(transactional_db: None, tmp_path: Path) -> Iterator[Path]:
    """Threads meet on a file, as they do on a deployment: SQLite's shared memory locks otherwise than its files.

    The connection of the memory is set aside and never closed: with its last connection its tables are gone, for every test after."""
    memory = connections["default"]
    if memory.vendor != "sqlite":
        yield tmp_path
        return
    memory.ensure_connection()
    with closing(sqlite3.connect(tmp_path / "threads.sqlite3")) as file:
        memory.connection.backup(file)
    kept = connections.settings["default"]
    connections.settings["default"] = {**kept, "NAME": str(tmp_path / "threads.sqlite3")}
    connections["default"] = connections.create_connection("default")
    try:
        yield tmp_path / "threads.sqlite3"
    finally:
        connections["default"].close()
        connections.settings["default"], connections["default"] = kept, memory
