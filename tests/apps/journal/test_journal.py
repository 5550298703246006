"""The journal: every line chained by its own sequence, and an export in which nothing can be altered unseen."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.db import transaction

from anju.apps.journal.actions import bring_in, export_journal, look, record, seal, write_heads
from anju.apps.journal.chain import verify
from anju.apps.journal.looks import folder
from anju.apps.journal.models import Head, Line
from anju.apps.journal.queries import lines_for, looks_at
from anju.cli.main import main
from anju.core.terms.viewer import STRANGER, Viewer

pytestmark = pytest.mark.django_db
AT = datetime(2023, 9, 26, 8, tzinfo=UTC)
WORKER = Viewer(name="luo", account=7, post=3, may=frozenset({"household.see"}))
AUDITOR = Viewer(name="wang", account=9, post=5, may=frozenset({"journal.see", "looks.see"}))


def written(*acts: str) -> None:
    for n, act in enumerate(acts):
        record(act=act, about=f"delivery:{n}", by="clerk", at=AT + timedelta(minutes=n), detail={"reason": "wrong file"})


def exported(tmp_path: Path) -> list[str]:
    path = tmp_path / "journal.jsonl"
    export_journal(path)
    return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def five(tmp_path: Path) -> list[str]:
    written("feeds.receive", "feeds.withdraw", "runs.start", "feeds.confirm", "accounts.open")
    seal(at=AT)
    return exported(tmp_path)


def heads() -> dict[int, str]:
    return {head.seq: head.hash for head in Head.objects.filter(day__isnull=False)}


def test_an_untouched_export_is_whole(five: list[str]) -> None:
    assert len(five) == 5
    assert list(verify(five, heads())) == []


def test_sealing_goes_on_where_it_ended(five: list[str], tmp_path: Path) -> None:
    written("feeds.receive")
    seal(at=AT + timedelta(days=1))
    assert sorted(heads()) == [5, 6]
    again = exported(tmp_path)
    assert again[:5] == five
    assert list(verify(again, heads())) == []


def test_nothing_to_seal_changes_nothing(five: list[str]) -> None:
    before = list(Head.objects.order_by("pk").values_list("seq", "hash", "at"))
    seal(at=AT + timedelta(days=1))
    assert list(Head.objects.order_by("pk").values_list("seq", "hash", "at")) == before


def test_a_changed_line_is_found(five: list[str]) -> None:
    line = json.loads(five[1])
    line["detail"] = {"reason": "another reason"}
    found = list(verify([five[0], json.dumps(line), *five[2:]], heads()))
    assert (found[0].line, found[0].what) == (2, "this line was changed, or the one before it")


def test_a_line_changed_with_a_hash_of_its_own_is_found(five: list[str]) -> None:
    from anju.apps.journal.chain import line_hash  # noqa: PLC0415

    line = json.loads(five[4])
    line["by"] = "somebody else"
    line["hash"] = line_hash(json.loads(five[3])["hash"], line)
    assert list(verify([*five[:4], json.dumps(line)], {})) == []  # alone it fits
    found = list(verify([*five[:4], json.dumps(line)], heads()))
    assert found[0].what == "up to line 5 the journal is another than the one that was sealed"


@pytest.mark.parametrize(
    ("order", "what"),
    [
        ([0, 2, 3, 4], "line 2 is missing"),
        ([0, 2, 1, 3, 4], "line 2 is missing"),
        ([0, 1, 1, 2, 3, 4], "line 2 stands here again or out of order"),
    ],
)
def test_missing_and_reordered_lines_are_found(five: list[str], order: list[int], what: str) -> None:
    assert what in [broken.what for broken in verify([five[n] for n in order], heads())]


def test_two_lines_in_each_others_place_are_told_and_no_other(five: list[str]) -> None:
    found = [(broken.line, broken.seq, broken.what) for broken in verify([five[n] for n in (0, 2, 1, 3, 4)], heads())]
    assert found == [(2, 3, "line 2 is missing"), (3, 2, "line 2 stands here again or out of order")]


def test_the_command_names_the_line_of_a_damaged_byte_and_heads_that_are_none(five: list[str], tmp_path: Path) -> None:
    export, kept = tmp_path / "journal.jsonl", tmp_path / "heads.txt"
    write_heads(kept)
    whole = "".join(line.rstrip("\n") + "\n" for line in five).encode()
    export.write_bytes(whole)
    assert CliRunner().invoke(main, ["journal", "verify", str(export), "--heads", str(kept)]).exit_code == 0
    export.write_bytes(whole.replace(b'"by"', b'"b\xff"', 2).replace(b'"b\xff"', b'"by"', 1))
    found = CliRunner().invoke(main, ["journal", "verify", str(export), "--heads", str(kept), "--json"])
    assert found.exit_code == 1 and {broken["line"] for broken in json.loads(found.output)["broken"]} == {2, 3}
    kept.write_text("2023-09-26\n", encoding="utf-8")
    assert CliRunner().invoke(main, ["journal", "verify", str(export), "--heads", str(kept)]).exit_code == 2


def test_a_cut_tail_is_found_by_the_head_kept_elsewhere(five: list[str]) -> None:
    assert list(verify(five[:3], {})) == []
    assert [broken.what for broken in verify(five[:3], heads())] == ["the journal was cut: line 5 was sealed, and is not in the export"]


def test_half_a_line_is_found(five: list[str]) -> None:
    assert [broken.line for broken in verify([*five[:4], five[4][:40]], {})] == [5]


def test_daily_heads_go_to_a_second_place_once(five: list[str], tmp_path: Path) -> None:
    assert write_heads(tmp_path / "heads.txt") == 1
    assert write_heads(tmp_path / "heads.txt") == 0
    assert (tmp_path / "heads.txt").read_text(encoding="utf-8").startswith("2023-09-26 5 ")


def test_an_act_that_is_undone_leaves_no_line() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record(act="feeds.withdraw", about="delivery:1", by=WORKER, at=AT)
        raise RuntimeError
    assert not Line.objects.exists()


def test_a_look_is_on_the_disk_at_once_and_in_the_journal_once() -> None:
    look(act="household.see", about="household:12", by=WORKER, at=AT)
    assert not Line.objects.exists()
    assert (bring_in(), bring_in()) == (1, 0)
    line = Line.objects.get()
    assert (line.act, line.about, line.by, line.account, line.post, line.at) == ("household.see", "household:12", "luo", 7, 3, AT)
    assert not list(folder().glob("*.[jt]*"))


def test_a_look_brought_in_by_a_killed_process_is_one_line() -> None:
    look(act="household.see", about="household:12", by=WORKER, at=AT)
    path = next(folder().glob("*.jsonl"))
    text = path.read_text(encoding="utf-8")
    bring_in()
    path.with_suffix(".taken").write_text(text + text[:20], encoding="utf-8")  # the file was not removed, and a line is torn
    assert bring_in() == 0
    assert Line.objects.count() == 1


def test_who_looked_is_told_to_those_who_may_know() -> None:
    look(act="household.see", about="household:12", by=WORKER, at=AT)
    assert [line.by for line in looks_at(AUDITOR, ["household:12"])] == ["luo"]
    assert not looks_at(WORKER, ["household:12"]).exists()
    assert not looks_at(STRANGER, ["household:12"]).exists()
    assert not lines_for(WORKER).exists() and lines_for(AUDITOR).count() == 1


def test_content_is_not_taken_for_a_reason() -> None:
    with pytest.raises(ValueError, match="keys and a reason"):
        record(act="person.reveal", about="person:1", by=WORKER, at=AT, detail={"reason": "x" * 3_000})
