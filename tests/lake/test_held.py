"""A lock is held while somebody holds it, and by nobody where there is no file."""

from __future__ import annotations

import fcntl
from pathlib import Path

from anju.lake.held import is_held


def test_it_is_held_until_the_holder_ends(tmp_path: Path) -> None:
    path = tmp_path / "some.lock"
    assert not is_held(path)
    with path.open("w") as lock:
        assert not is_held(path)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert is_held(path)
    assert not is_held(path)
