"""What the intake says is known by its shape, so that every page can say it in its own language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.utils import translation

import anju
from anju.apps.feeds.sentences import INSTEAD, columns_of, is_known, said, said_of_cell

SOURCE = Path(anju.__file__).parent
FAULTS = Path(__file__).parents[2] / "lake" / "faults" / "outcomes.yaml"
FREE = ("cannot be opened as a workbook", "cannot be read")  # what another library says of a damaged file stands behind these


def shape(node: ast.expr) -> Iterator[str]:
    """The texts an argument may be, with numbers and names in the places of what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from shape(node.body)
        yield from shape(node.orelse)


def refusals() -> Iterator[tuple[str, str]]:
    for path in [*sorted((SOURCE / "lake").glob("*.py")), *sorted((SOURCE / "apps" / "feeds").glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("FileRefused", "MendedRows"):
                for argument in node.args[:3]:
                    for text in shape(argument):
                        yield path.name, text


ELSEWHERE = ("mapping.py", "mapping_cells.py", "recognise.py")  # of a survey's mapping and of the drop folder: no page offers them


def test_every_refusal_of_a_file_has_its_shape() -> None:
    found = [(name, text) for name, text in refusals() if text and name not in ELSEWHERE]
    assert len(found) > 90
    unknown = [(name, text) for name, text in found if not is_known(text) and not re.match("'1' is 1(, not a|1|$)", text)]
    assert unknown == [("retry.py", "receipt 1 1")]  # put together of two sentences that are known


def test_every_reason_of_a_register_or_a_mapping_is_told_in_chinese() -> None:
    """What these modules put between quotes in SQL, or call a reason, with something in the places of names and numbers."""
    found = set()
    for path in ("apps/people/staging.py", "apps/people/events.py", "apps/people/importing.py"):
        text = re.sub(r'""".*?"""', "", (SOURCE / path).read_text(encoding="utf-8"), flags=re.DOTALL).replace("''", "\u2019")
        found |= {(path, said) for said in re.findall(r"""['"]((?:an? |is |no |only |the |another |nobody |more )[^'"]{6,})['"]""", text)}
    others = "the import lost count of "  # a fault of ours
    found = {(path, reason) for path, reason in found if not reason.startswith(others)}
    assert len(found) > 18
    knows = "is not in the mapping, which knows a, b"
    found |= {("lake", text) for text in (
        f"97 {knows} and 12 more", f"97 {knows}", knows, f"an answer {knows}", "old is no age", "old is no age in months",
        "3 years and 50 months do not agree", "an age needs the day it was given on, and that is empty or no day",
        "9 is neither yes nor no to car",
        "2023-13-1 is not a day", "x is not a number with at most 4 places", "more than one row of homes has this hid: which one is meant?",
        "no row of homes has this hid", "says 4, and 3 persons are recorded", "no head is recorded", "2 heads are recorded",
    )}  # fmt: skip
    with translation.override("zh-hans"):
        for path, reason in sorted(found):
            told = said_of_cell(re.sub(r"\{[^}]*\}", "1", reason).replace("\u2019", "'"))
            assert not re.search(r"[a-z]{2,} [a-z]{2,}", told), (path, told)


def test_every_reason_of_the_faulty_files_has_its_shape() -> None:
    text = FAULTS.read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    for reason in (
        "身份证号 person_id: nobody in the register has this number", "结算日期 settled_on: 2023-02-30 is not a day: write 2023-09-26",
        "就诊类型 visit_type: 住院? is not one of outpatient, inpatient",
        "has 8 cells where the header has 7: a column has slipped, or the row was cut off",
        "settlement_id: the same key stands here twice with different content",
    ):  # fmt: skip
        with translation.override("zh-hans"):
            assert not re.search(r"[a-z]{4,} [a-z]{2,} [a-z]{2,}", said(reason)), said(reason)


def test_a_reason_is_said_in_the_language_of_the_page() -> None:
    reason = "月工资 monthly_wage: 三千 is not an exact amount; 身份证号 person_id: nobody in the register has this number"
    assert said(reason) == "月工资: 三千 is not an exact amount; 身份证号: nobody in the register has this number"
    assert said(reason, {"monthly_wage": "Monthly wage"}).startswith("Monthly wage: 三千 is not")
    with translation.override("zh-hans"):
        assert said(reason) == "月工资：“三千”不是确切金额；身份证号：人口台账中查无此号"
        assert said("no row of 'a.csv' can be used") == "“a.csv”没有一行可以采用"
        assert said("the commonest reason: 学期 term: 2023-9 is not a term") == "最常见的原因：学期：“2023-9”格式不对"


def test_who_gives_commands_is_told_commands() -> None:
    with translation.override("zh-hans"):
        assert said("say --unit CODE", commands=True) == "请用 --unit 代码 指明" and "--unit" not in said("say --unit CODE")


def test_a_command_is_no_advice_on_a_page() -> None:
    assert said("say --unit CODE") == "choose the unit that sends it"
    assert all("--" not in text and "anju feeds" not in text for text in INSTEAD.values())


def test_what_is_not_known_is_shown_as_it_was_said() -> None:
    assert said("something nobody foresaw") == "something nobody foresaw"
    assert not is_known("something nobody foresaw")


@pytest.mark.parametrize(
    ("reason", "columns"),
    [
        ("月工资 monthly_wage: 三千 is not an exact amount; 身份证号 person_id: nobody", {"monthly_wage", "person_id"}),
        ("person_id, term: the same key stands here twice with different content", {"person_id", "term"}),
        ("happened after it was received: check the date", set()),
    ],
)
def test_the_columns_a_reason_is_about(reason: str, columns: set[str]) -> None:
    assert columns_of(reason, frozenset({"monthly_wage", "person_id", "term", "id", "wage"})) == columns
