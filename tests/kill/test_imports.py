"""An import of places or people that is killed has changed nothing, and the next one takes everything."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment import Deployment, write_files

PEOPLE = (
    "SELECT count(*) FROM people_household", "SELECT count(*) FROM people_person", "SELECT count(*) FROM people_identifier",
    "SELECT count(*) FROM people_membership",
)  # fmt: skip
PLACES = ("SELECT count(*) FROM places_place", "SELECT count(*) FROM places_placecode", "SELECT count(*) FROM places_succession")


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path / "data")
    yield deployment
    deployment.end()


def killed(one: Deployment, moment: str, *words: str) -> None:
    process = one.start(moment, *words, module="kill.dying")
    _, err = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"{moment}: {process.returncode} {err}"


def counts(one: Deployment, queries: tuple[str, ...]) -> list[object]:
    return [one.rows(query)[0][0] for query in queries]


def test_people(one: Deployment, tmp_path: Path) -> None:
    files = write_files(tmp_path / "files")
    words = ("people", "import", str(files["households"]), str(files["people"]), "--received-at", "2023-08-01")
    one.anju("places", "import", str(files["places"]))
    for moment in ("statement:1", "statement:6", "statement:12", "statement:20", "call:anju.apps.people.importing:masked_identifier"):
        killed(one, moment, *words)
        assert counts(one, PEOPLE) == [0, 0, 0, 0], moment
    one.anju(*words)
    assert counts(one, PEOPLE) == [60, 120, 120, 120]
    assert one.json(*words)["persons"]["unchanged"] == 120  # type: ignore[index, call-overload]


def test_places(one: Deployment, tmp_path: Path) -> None:
    files = write_files(tmp_path / "files")
    official = tmp_path / "official.csv"
    official.write_text(
        "vintage,level,code,name,parent_code\n2017-10-31,county,522301,兴义市,5223\n2017-10-31,town,522301108,马岭镇,522301\n"
        "2019-10-31,county,522301,兴义市,5223\n2019-10-31,town,522301010,马岭街道,522301\n",
        encoding="utf-8",
    )
    one.anju("places", "succession", "list")  # makes the tables
    for nth in (2, 4, 5):
        killed(one, f"statement:{nth}", "places", "import", str(files["places"]))
        assert counts(one, PLACES) == [0, 0, 0], nth
    one.anju("places", "import", str(files["places"]))
    before = counts(one, PLACES)
    for nth in (3, 7, 10):
        killed(one, f"statement:{nth}", "places", "import", str(official), "--official", "--vintage", "2017-10-31")
        assert counts(one, PLACES) == before, nth
    one.anju("places", "import", str(official), "--official", "--vintage", "2017-10-31")
    assert counts(one, PLACES) == [4 + 4, 5 + 4, 1]
