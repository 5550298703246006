"""Looks are written by many at once while others bring them in: none is lost, and none stands twice."""

from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from anju.apps.journal import looks
from anju.apps.journal.looks import folder, take, taking, write_look


def taken() -> list[str]:
    found = []
    with taking(wait=True) as mine:
        assert mine
        for path, some in take():
            found += [look["about"] for look in some]
            path.unlink()
    return found


def test_what_is_written_is_taken_once() -> None:
    write_look({"about": "household:1"})
    write_look({"about": "household:2"})
    assert taken() == ["household:1", "household:2"]
    assert taken() == []


def test_many_write_while_files_are_taken() -> None:
    wanted = [f"household:{n}" for n in range(300)]
    found: list[str] = []
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(write_look, {"about": about}) for about in wanted]
        while not all(one.done() for one in writing):
            found += taken()
    assert sorted(found + taken()) == sorted(wanted)


def test_a_file_that_is_put_aside_just_then_is_not_written_into(monkeypatch: pytest.MonkeyPatch) -> None:
    real, waited = fcntl.flock, []

    def late(file: Any, how: int) -> None:
        if how == fcntl.LOCK_SH and not waited:  # between the opening of the file and its lock another process puts it aside
            waited.append(next(folder().glob("*.jsonl")))
            waited[0].rename(folder() / "aside.taken")
        real(file, how)

    monkeypatch.setattr(looks.fcntl, "flock", late)
    write_look({"about": "household:1"})
    assert (folder() / "aside.taken").read_text(encoding="utf-8") == ""
    assert waited[0].read_text(encoding="utf-8").count("household:1") == 1


def test_while_one_takes_another_does_not_unless_it_waits() -> None:
    with taking(wait=True) as mine, taking(wait=False) as other:
        assert (mine, other) == (True, False)
    with taking(wait=False) as mine:
        assert mine
