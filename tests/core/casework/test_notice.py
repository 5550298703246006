"""The public notice: what it says, and that no number and no health can stand in it, however they are written."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anju.core.casework.notice import (
    ELIMINATION,
    HEALTH_EN,
    HEALTH_ZH,
    LISTING,
    NoticeFacts,
    Unprintable,
    build_notice,
    grounds_of,
    luhn,
    masked_by_custom,
    screen,
)
from anju.core.contracts.model import Bilingual
from anju.core.terms.identifiers import check_digit

FACTS = NoticeFacts(
    LISTING, "韦秀英", "幸福家园社区3栋", "sudden", ("illness", "education"), date(2023, 9, 26), date(2023, 10, 10), 5, "栗坪街道"
)  # fmt: skip
CHINESE = "〇一二三四五六七八九"
BETWEEN = st.sampled_from(["", " ", "-", "．", "、", "\u200b", "\u3000", "·", "/", "\n", "️", "—"])
WRITTEN = st.sampled_from(["plain", "full", "chinese", "circled", "arabic"])


def as_written(digit: str, how: str) -> str:
    n = int(digit)
    return {
        "plain": digit, "full": chr(ord("０") + n), "chinese": CHINESE[n], "circled": "⓪①②③④⑤⑥⑦⑧⑨"[n], "arabic": chr(ord("٠") + n),
    }[how]  # fmt: skip


def test_it_says_who_where_and_why_in_neutral_words() -> None:
    text = build_notice(FACTS)
    assert text.zh.splitlines() == [
        "公示",
        "经入户核实、数据比对和民主评议，拟将下列家庭纳入防返贫监测帮扶，现予公示。",
        "户主：韦*英",
        "住址：幸福家园社区3栋",
        "类别：突发严重困难户",
        "原因：重大支出、就学支出",
        "公示期：2023年9月26日至2023年10月10日（5个工作日）",
        "如有异议，请在公示期内向栗坪街道当面或书面反映，收到后逐一答复。",
        "2023年9月26日",
    ]
    assert "a large necessary expense, costs of schooling" in text.en and "秀" not in text.en


def test_at_the_end_of_a_risk_no_grounds_are_given() -> None:
    text = build_notice(replace(FACTS, purpose=ELIMINATION))
    assert "风险消除" in text.zh and "原因" not in text.zh and "Grounds" not in text.en


@pytest.mark.parametrize(
    ("name", "masked"),
    [("韦秀英", "韦*英"), ("韦英", "韦*"), ("欧阳秀英", "欧阳*英"), ("欧阳英", "欧阳*"), ("韦", "韦*"), ("阿依古丽", "阿**丽"),
     ("韦 秀 英", "韦*英"), ("Maria Lopez", "M* L*"), ("", "*")],
)  # fmt: skip
def test_names_are_masked_as_is_the_custom(name: str, masked: str) -> None:
    assert masked_by_custom(name) == masked


def test_illness_and_disability_are_a_large_expense_and_nothing_else() -> None:
    assert grounds_of(["illness"]).zh == grounds_of(["disability"]).zh == grounds_of(["illness", "disability"]).zh == "重大支出"


@pytest.mark.parametrize("purpose", [LISTING, ELIMINATION])
@pytest.mark.parametrize("risk", ["illness", "education", "disaster", "accident", "employment", "industry", "no_labour", "disability", "other"])
@pytest.mark.parametrize("category", ["unstable", "marginal", "sudden"])
def test_the_template_itself_always_passes(purpose: str, risk: str, category: str) -> None:
    build_notice(replace(FACTS, purpose=purpose, risks=(risk,), category=category))


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("幸福家园社区3栋 13985912345", "mobile"), ("幸福家园社区3栋0859-3222222", "telephone"), ("3栋 522322198001011234", "identity"),
        ("3栋 52232219800101123X", "identity"), ("3栋 522322800101123", "identity"), ("3栋 6222 0212 3456 7890 128", "digits"),
        ("县人民医院宿舍3栋", "health"), ("3栋（癌 症）", "health"), ("3栋 一三九八五九一二三四五", "mobile"),
        ("Block 3, c a n c e r", "health"),
        ("3栋 韦秀英家", "a name in full"),
    ],
)  # fmt: skip
def test_what_must_not_be_printed_is_refused_and_named_without_being_told(address: str, what: str) -> None:
    with pytest.raises(Unprintable) as refused:
        build_notice(replace(FACTS, address=address), never={"韦秀英": Bilingual("a name in full", "完整姓名")})
    fault = next(fault for fault in refused.value.faults if what in fault.what.en)
    assert fault.line == 4 and fault.column > 3
    assert address not in str(refused.value)


def test_ordinary_words_that_look_like_health_pass() -> None:
    assert screen("Block 12, made after the hill") == ()


def test_luhn_is_the_check_of_bank_cards() -> None:
    assert luhn("4111111111111111") and not luhn("4111111111111112")


# --- nothing survives ------------------------------------------------------------------------------------------------------


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A number that must never be printed, as somebody may write it."""
    digits = st.integers(0, 9).map(str)
    kind = draw(st.sampled_from(["id18", "id15", "mobile", "landline", "card"]))
    if kind == "id18":
        body = "".join(draw(st.lists(digits, min_size=17, max_size=17)))
        number = body + check_digit(body)
    else:
        length = {"id15": 15, "mobile": 10, "landline": 9, "card": 16}[kind]
        number = {"mobile": "1", "landline": "0"}.get(kind, "") + "".join(draw(st.lists(digits, min_size=length, max_size=length)))
    how = draw(WRITTEN)
    return "".join(as_written(char, how) + draw(BETWEEN) if char.isdigit() else char for char in number)


@given(numbers(), st.sampled_from(["幸福家园社区3栋{}", "{}号楼", "Block 3 {} north", "三单元{}室"]))
@settings(max_examples=300, deadline=None)
def test_no_number_survives(number: str, around: str) -> None:
    with pytest.raises(Unprintable):
        build_notice(replace(FACTS, address=around.format(number)))


@given(
    st.sampled_from(HEALTH_ZH + HEALTH_EN), st.data(), st.sampled_from(["幸福家园社区3栋{}", "原因 {} 。", "Block 3, {} house"]), st.booleans()
)
@settings(max_examples=300, deadline=None)
def test_no_word_of_health_survives(word: str, data: st.DataObject, around: str, upper: bool) -> None:
    spread = "".join(char + data.draw(BETWEEN) for char in (word.upper() if upper else word))
    with pytest.raises(Unprintable):
        build_notice(replace(FACTS, address=around.format(spread)))


@given(st.text(max_size=60))
@settings(max_examples=500, deadline=None)
def test_whatever_is_printed_has_no_long_number(address: str) -> None:
    """Of any text at all: either it is refused, or what is printed holds no seven digits in a row and no word of the list."""
    try:
        text = build_notice(replace(FACTS, address=address))
    except Unprintable:
        return
    for said in (text.zh, text.en):
        plain = [char for char in unicodedata.normalize("NFKC", said) if unicodedata.category(char)[0] in "LN"]
        longest = run = 0
        for char in plain:
            run = run + 1 if char.isdigit() else 0
            longest = max(longest, run)
        assert longest < 7
        assert not any(word in "".join(plain) for word in HEALTH_ZH)


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_where_it_says_something_stands_it_stands(text: str) -> None:
    lines = text.split("\n")
    for fault in screen(text):
        assert 1 <= fault.line <= len(lines) and 1 <= fault.column <= len(lines[fault.line - 1])
