"""The keys are made once, whoever asks for them first."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread

from anju.apps.people.vault import KEY_FILES, Keys, ensure_keys


def test_threads_that_start_together_get_the_same_keys(tmp_path: Path) -> None:
    for attempt in range(20):
        folder, together, got = tmp_path / str(attempt), Barrier(6), list[Keys]()

        def ask(folder: Path = folder, together: Barrier = together, got: list[Keys] = got) -> None:
            together.wait(20)
            got.append(ensure_keys(folder))

        threads = [Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert got == [ensure_keys(folder)] * 6
        assert sorted(path.name for path in folder.iterdir()) == sorted(KEY_FILES)
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
