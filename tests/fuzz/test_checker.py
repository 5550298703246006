"""No policy file crashes its reader: whatever was done to it, there is a policy, or there are faults that say where."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.core.standards.read import read_policy
from fuzz.base import write_base
from fuzz.mutations import TOKENS, mutated, mutated_bytes
from oracle.chooser import Drawn, Seeded
from oracle.profile import hunting

POLICY = Path(__file__).parents[2] / "policy"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("policy")
    files = write_base(folder)
    policy, faults = read_policy(folder)
    assert policy is not None, faults
    yield folder, files


def read_with(folder: Path, name: str, data: bytes, before: bytes) -> None:
    """Reads the policy with one file changed, and puts it back."""
    (folder / name).write_bytes(data)
    try:
        policy, faults = read_policy(folder)
    finally:
        (folder / name).write_bytes(before)
    assert (policy is None) == bool(faults)
    lines = data.decode("utf-8", "replace").count("\n") + 1
    for fault in faults:
        assert fault.what
        assert fault.column >= 0 and 0 <= fault.line <= (lines + 1 if fault.file == name else 10_000)
        str(fault)
    assert faults == sorted(faults)


@hunting(120)
@given(data=st.data())
def test_a_slip_of_the_pen_crashes_nothing(base: tuple[Path, dict[str, str]], data: st.DataObject) -> None:
    folder, files = base
    c = Drawn(data.draw)
    name = c.pick(sorted(files, key=lambda n: not n.startswith(("features", "standards", "prog", "param", "cal"))))
    text = mutated(c, files[name])
    read_with(folder, name, text.encode("utf-8", "replace"), files[name].encode())


@hunting(40)
@given(data=st.data())
def test_bytes_that_are_no_text_crash_nothing(base: tuple[Path, dict[str, str]], data: st.DataObject) -> None:
    folder, files = base
    c = Drawn(data.draw)
    name = c.pick(sorted(files))
    before = files[name].encode()
    read_with(folder, name, mutated_bytes(c, before), before)


@hunting(5, shrink=False)
@given(seed=st.integers(0, 2**32))
def test_a_slip_in_the_policy_in_force_crashes_nothing(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("shipped") / "policy"
    shutil.copytree(POLICY, folder)
    c = Seeded(seed)
    path = c.pick(sorted(folder.rglob("*.yaml")))
    before = path.read_bytes()
    changed = mutated(c, before.decode()).encode("utf-8", "replace")
    read_with(folder, path.relative_to(folder).as_posix(), changed, before)
    shutil.rmtree(folder)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: repr(token)[:30])
def test_no_word_in_the_place_of_a_value_crashes_anything(base: tuple[Path, dict[str, str]], token: str) -> None:
    """In a condition, in a name and in a number, each where a person might have typed it."""
    folder, files = base
    for name, place in (("standards/AA-01.yaml", "if_absent(sum_money, 0) >= 50"), ("features/all.yaml", "latest_none"),
                        ("parameters/all.yaml", "2021-01-01")):  # fmt: skip
        assert place in files[name]
        read_with(folder, name, files[name].replace(place, token, 1).encode("utf-8", "replace"), files[name].encode())


HUGE: dict[str, Any] = {
    "deep lists": "[" * 5_000, "deep mappings": "{a: " * 3_000, "deep blocks": "\n".join("  " * n + "- a:" for n in range(200)),
    "an alias to itself": "&a [*a]", "a mapping that holds itself": "&a {b: *a}",
    "a bomb of aliases": "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]" for n in range(9)),
    "a merge of itself": "&a\n<<: *a\nb: 1", "many documents": "---\na: 1\n" * 50, "a long key": "a" * 70_000 + ": 1",
    "an empty file": "", "only a comment": "# nothing", "only a number": "7", "only null": "~", "a tag": "!!python/object/new:os.system [x]",
    "tabs": "features:\n\t- {name: x}", "a byte order mark within": "features:\n  - \ufeff{name: x}", "a NUL": "features: \x00",
    "the same key twice": "features: []\nfeatures: []", "a key that is a list": "? [a, b]\n: c", "a set": "!!set {a, b}",
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize(
    "file", ["features/all.yaml", "standards/AA-01.yaml", "programme.yaml", "calendar.yaml", "feeds/FS.yaml", "parameters/all.yaml"]
)
def test_what_is_huge_or_holds_itself_is_refused(base: tuple[Path, dict[str, str]], name: str, file: str) -> None:
    folder, files = base
    read_with(folder, file, HUGE[name].encode(), files[file].encode())


def test_a_file_that_is_too_large_is_not_read(base: tuple[Path, dict[str, str]]) -> None:
    folder, files = base
    (folder / "features/all.yaml").write_bytes(b"#" * 2_000_001)
    try:
        policy, faults = read_policy(folder)
    finally:
        (folder / "features/all.yaml").write_text(files["features/all.yaml"], encoding="utf-8")
    assert policy is None
    assert ("features/all.yaml", 0, 0) in {(fault.file, fault.line, fault.column) for fault in faults}
