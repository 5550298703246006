"""The journal's pages: lines in words, filters, the chain, the export that verifies elsewhere, and who looked at whom."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from django.test import Client

import anju
from anju.apps.alerts.stages.guard import FRESH
from anju.apps.calendar.models import HOLIDAY, MAKEUP
from anju.apps.feeds.expiry import Expired
from anju.apps.journal.actions import bring_in, check_chain, record, seal
from anju.apps.journal.models import Check, Line
from anju.apps.people.looks import looks_by_account, looks_by_subject
from anju.apps.staff.models import Account
from anju.apps.staff.queries import viewer_of
from anju.cli.main import main
from anju.core.standards.episodes import Event
from anju.core.terms.viewer import Viewer
from anju.web.office.details import DETAILS
from anju.web.office.journal import FILTERS
from anju.web.office.words import ACTS, KINDS

pytestmark = pytest.mark.django_db
NOON = datetime(2023, 9, 26, 12, tzinfo=UTC)
NIGHT = datetime(2023, 9, 26, 23, 30, tzinfo=UTC)


@pytest.fixture
def auditor(as_: Any) -> Client:
    client: Client = as_("auditor")
    return client


def viewer(name: str) -> Viewer:
    return viewer_of(Account.objects.get(username=name), datetime.now(UTC).date())


def looked(name: str, about: str = "household:1", at: datetime = NOON, act: str = "household.see") -> None:
    record(act=act, about=about, by=viewer(name), at=at)


def lines(client: Client, query: str = "") -> list[str]:
    text = client.get(f"/journal/?{query}").content.decode()
    return re.findall(r"<code>([a-z_]+\.[a-z_]+)</code>", text)


def test_lines_are_told_in_words_of_both_languages(auditor: Client) -> None:
    looked("secretary")
    text = auditor.get("/journal/").content.decode()
    assert re.search(r"secretary</a> opened a family&#x27;s page <a[^>]*>family 1</a>", text)
    auditor.cookies["django_language"] = "zh-hans"
    assert re.search(r"secretary</a> 查看了家庭档案 <a[^>]*>家庭 1</a>", auditor.get("/journal/").content.decode())


def test_the_details_of_a_line_are_told_in_words_of_both_languages(auditor: Client) -> None:
    detail: dict[str, str | int | bool | None] = {"rows": 7, "held": False, "to": None, "never heard of": 1, "role": "data_steward"}
    record(act="feeds.deliver", about="delivery:1", by="x", at=NOON, detail=detail)
    text = auditor.get("/journal/").content.decode()
    assert " · on hold: no · never heard of: 1 · role: Data steward · rows: 7 · to: –" in text
    auditor.cookies["django_language"] = "zh-hans"
    assert " · 暂缓采用：否 · never heard of：1 · 角色：数据管理员 · 行数：7 · 至：–" in auditor.get("/journal/").content.decode()


def test_nobody_else_reads_it_and_a_stranger_signs_in_first(as_: Any) -> None:
    for page in ("/journal/", "/journal/looks/"):
        assert [as_(name).get(page).status_code for name in ("admin", "secretary", "steward")] == [403] * 3
        assert as_("stranger").get(page)["Location"].startswith("/sign-in/")
    for page in ("/journal/check/", "/journal/export/"):
        assert as_("admin").post(page).status_code == 403
    assert looks_by_account(viewer("secretary"), NOON - timedelta(days=9), NOON) == []


def test_the_auditors_reading_is_a_line_too(auditor: Client) -> None:
    auditor.get("/journal/?by=secretary")
    bring_in()
    line = Line.objects.get(act="journal.see")
    assert (line.by, line.detail) == ("auditor", {"by": "secretary"})


def test_filters_stand_in_the_address(auditor: Client) -> None:
    Line.objects.all().delete()
    looked("secretary")
    looked("neighbour", "household:2", NOON - timedelta(days=1))
    looked("secretary", "person:7", act="person.reveal")
    record(act="account.lock", about="account:1", by="admin", at=NOON)
    assert lines(auditor, "act=account.lock") == ["account.lock"] == lines(auditor, "act=account")
    assert lines(auditor, "act=looks&by=secretary") == ["person.reveal", "household.see"]
    assert lines(auditor, "about=household:2") == ["household.see"]
    assert lines(auditor, "act=looks&day=2023-09-25") == ["household.see"]
    assert "every day is shown" in auditor.get("/journal/?day=soon").content.decode()


def test_pages_follow_the_key_and_cost_the_same(auditor: Client, django_assert_num_queries: Any) -> None:
    Line.objects.all().delete()
    for n in range(120):
        record(act="runs.start", about=f"run:{n}", by="clerk", at=NOON)
    found, url = [], "/journal/?act=runs"
    while url:
        with django_assert_num_queries(10 if url.endswith("runs") else 14):
            text = auditor.get(url).content.decode()
        found += re.findall(r">run (\d+)</a>", text)
        more = re.search(r'href="([^"]+after=[^"]+)"', text)
        url = more[1].replace("&amp;", "&") if more else ""
    assert found == [str(n) for n in reversed(range(120))]


def test_sealing_and_looking_over_the_chain(auditor: Client) -> None:
    looked("secretary")
    assert "wait to be sealed" in auditor.get("/journal/").content.decode()
    auditor.post("/journal/check/")
    text = auditor.get("/journal/").content.decode()
    assert "verified up to line" in text and re.search(r"line \d+</span><br><code title=\"[0-9a-f]{64}\"", text)


def test_a_changed_line_is_found_and_told(auditor: Client) -> None:
    looked("secretary")
    auditor.post("/journal/check/")
    line = Line.objects.get(act="household.see")
    Line.objects.filter(pk=line.pk).update(about="household:2")
    auditor.post("/journal/check/")
    text = auditor.get("/journal/").content.decode()
    told = re.search(r"<b>Broken</b>.*?</ul>", text, re.DOTALL)
    assert told and f"line {line.seq}: this line was changed" in told[0], told


def test_a_long_chain_is_looked_over_in_pieces_and_begun_again(auditor: Client) -> None:
    Line.objects.all().delete()
    for n in range(10):
        record(act="runs.start", about=f"run:{n}", by="clerk", at=NOON)
    seal(at=NOON)
    checks = [check_chain(by="a", at=NOON, most=4) for _ in range(4)]
    assert [(check.first, check.seq, check.broken) for check in checks] == [(0, 4, []), (4, 8, []), (8, 10, []), (0, 4, [])]
    assert Check.objects.count() == 4


def test_the_export_verifies_elsewhere_and_a_change_in_it_is_found(auditor: Client, tmp_path: Path) -> None:
    looked("secretary")
    auditor.post("/journal/check/")
    sent = b"".join(auditor.post("/journal/export/", {"what": "lines"}).streaming_content)  # type: ignore[attr-defined]
    heads = auditor.post("/journal/export/", {"what": "heads"}).content
    (tmp_path / "heads.txt").write_bytes(heads)
    (tmp_path / "lines.jsonl").write_bytes(sent)
    (tmp_path / "forged.jsonl").write_bytes(sent.replace(b"household:1", b"household:2"))
    ends = [CliRunner().invoke(main, ["journal", "verify", str(tmp_path / n), "--heads", str(tmp_path / "heads.txt")]).exit_code
            for n in ("lines.jsonl", "forged.jsonl")]  # fmt: skip
    assert ends == [0, 1]
    assert Line.objects.filter(act="journal.export").count() == 2


def test_what_stands_out_is_told_first(auditor: Client) -> None:
    for n in range(30):
        looked("neighbour", f"household:{100 + n}")
    looked("secretary")
    looked("secretary", at=NIGHT)
    looked("secretary", "household:2")
    looked("secretary", "person:5", act="person.reveal")
    found = {one.name: one for one in looks_by_account(viewer("auditor"), NOON - timedelta(days=1), NIGHT + timedelta(hours=1))}
    one = found["secretary"]
    assert (one.looks, one.subjects, one.reveals, one.night, one.outside) == (4, 3, 1, 1, 1)
    assert (found["neighbour"].outside, found["neighbour"].night, found["neighbour"].subjects) == (0, 0, 30)
    subjects = looks_by_subject(viewer("auditor"), NOON - timedelta(days=1), NIGHT + timedelta(hours=1))
    assert (subjects[0].about, subjects[0].looks, subjects[0].accounts) == ("household:1", 2, 1)


def test_the_page_of_looks_leads_to_the_lines(auditor: Client, django_assert_num_queries: Any) -> None:
    now = datetime.now(UTC)
    looked("secretary", "household:2", at=now - timedelta(hours=1))
    with django_assert_num_queries(8):  # session, account, its posts, looks, names, subjects, unread, the run
        text = auditor.get("/journal/looks/?days=1").content.decode()
    assert "1 account stands out" in text and "act=looks&amp;by=secretary" in text and "act=looks&amp;about=household%3A2" in text


def test_every_act_and_every_kind_of_subject_has_words() -> None:
    """Read from the code, so that a new act cannot be written without them."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in Path(anju.__file__).parent.rglob("*.py"))
    acts = set(re.findall(r'\bact="([a-z_]+\.[a-z_]+)"', code)) | set(re.findall(r'\bact = "([a-z_]+\.[a-z_]+)"', code))
    kinds = set(re.findall(r'\babout=f?"([a-z_]+):', code))
    assert len(acts) > 40 and acts - set(ACTS) == set()
    assert kinds - set(KINDS) == set()


RECORDING = {"record", "look", "finish", "finish_many", "_write", "_journal"}


def test_every_detail_of_a_line_has_words() -> None:
    """Read from the code as well; what is counted by the names of events is told here."""
    keys = {key for path in Path(anju.__file__).parent.rglob("*.py") for key in details_in(ast.parse(path.read_text(encoding="utf-8")))}
    moves = set(get_args(Event)) - {"nothing", "replay"} | {"back", "dispatched", "muted", "reminded", FRESH}
    registers = {f"{name}_{what}" for name in ("households", "persons", "events") for what in ("new", "changed", "refused")}
    known = moves | registers | {HOLIDAY, MAKEUP} | set(Expired(0, 0, 0, 0).as_dict()) | set(FILTERS)
    assert len(keys) > 80 and (keys | known) - set(DETAILS) == set()


def details_in(tree: ast.AST) -> Iterator[str]:
    """The keys of dictionaries written out for a line, there or under a name of the same function."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        inside = list(ast.walk(function))
        calls = [node for node in inside if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RECORDING]
        given = [one for call in calls for one in [*call.args, *(key.value for key in call.keywords if key.arg == "detail")]]
        yield from (key.arg for call in calls if call.func.id == "_journal" for key in call.keywords if key.arg)  # type: ignore[attr-defined]
        for part in given:  # which grows: a name may be made of names
            names = {one.id for one in ast.walk(part) if isinstance(one, ast.Name)}
            for node in inside:
                if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None and node.value not in given:
                    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                    given += [node.value] if isinstance(target, ast.Name) and target.id in names else []
        dictionaries = [one for part in given for one in ast.walk(part) if isinstance(one, ast.Dict)]
        yield from (key.value for one in dictionaries for key in one.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
