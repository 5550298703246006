"""Every refusal of an expression once: where, what, why, what to do instead, and what there is."""

from __future__ import annotations

import json

import pytest

from anju.core.contracts.document import parse_document
from anju.core.contracts.faults import Fault
from anju.core.contracts.model import Contract
from anju.core.standards.catalogue import RowScope
from anju.core.standards.expressions import parse_expression
from anju.core.standards.model import And, Compare, DateSpan, In, Literal_, Not, Param, Policy, RatioCompare, Today, Type
from fuzz.base import STANDARDS
from oracle.small import feature, small_policy, subject_scope
from oracle.test_golden import GOLDEN

CONDITION: tuple[Type, ...] = ("bool",)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return small_policy([feature(name, subject, text) for name, (subject, text, _, _) in GOLDEN.items()], STANDARDS)


def read(
    policy: Policy, text: str, subject: str = "person", want: tuple[Type, ...] = CONDITION, feed: str | None = None
) -> tuple[object, list[Fault]]:
    faults: list[Fault] = []
    node = parse_document(json.dumps(text, ensure_ascii=False), "x.yaml", faults)
    assert node is not None
    scope = subject_scope(policy, subject, current="AA-01")
    if feed is None:
        return parse_expression(node, scope, want), faults
    contract = policy.contracts[feed]
    assert isinstance(contract, Contract)
    return parse_expression(node, RowScope(scope.catalogue, contract), want), faults


# the expression, with the place of the fault in ⟦ ⟧ (none: the whole); what is said; why; what to do; what there is
REFUSED: list[tuple[str, str, str, str, str]] = [
    ("", "the expression is empty", "", "", ""),
    ("alive an⟦d⟧ ", "cannot be read", "", "", ""),
    ("alive; alive", "exactly one expression is expected", "", "remove ';'", ""),
    ("alive;", "exactly one expression is expected", "", "remove ';'", ""),
    ("alive -- and so on", "a comment inside an expression is not kept", "", "after #", ""),
    ("⟦age⟧ is null", "'is' does not know why a value is missing", "", "absent(x)", ""),
    ("⟦coalesce⟧(age, 0) = 0", "'coalesce' would turn what is not known into a value", "", "if_absent(x, value)", ""),
    ("⟦age⟧ / 2 > 3", "division does not exist: it would round", "", "ratio(a, b) < 0.6", ""),
    ("⟦age⟧ // 2 > 3", "division does not exist", "", "ratio(a, b)", ""),
    ("⟦age⟧ % 2 = 0", "'%' does not exist here", "", "no remainder", ""),
    ("age = (select ⟦1⟧)", "a query inside an expression is not allowed", "", "make it a feature", ""),
    ("exists (select ⟦1⟧)", "'exists' is not allowed", "", "count: or any:", ""),
    ("cast(⟦age⟧ as int) = 1", "a cast is not allowed", "", "only date '2023-09-01'", ""),
    ("⟦age⟧::int = 1", "a cast is not allowed", "", "", ""),
    ("date ⟦'2023-02-30'⟧ = today()", "'2023-02-30' is not a day", "", "date '2023-09-01'", ""),
    ("⟦labour_capacity⟧ like 'a%'", "'like' is not allowed: it guesses", "", "in ('a', 'b')", ""),
    ("⟦alive = null⟧", "'null' is not a value here", "", "absent(x) or blank(x)", ""),
    ("⟦*⟧", "'*' names no fact", "", "name the feature", ""),
    ("⟦lower⟧(labour_capacity) = 'a'", "there is no function 'lower'", "", "", "absent"),
    ("⟦frobnicate⟧(age) = 1", "there is no function 'frobnicate'", "", "", "if_absent"),
    ("⟦age⟧ || 'x' = 'a'", "is not part of the language", "", "", ""),
    ("⟦age⟧ and alive", "'age' is a number, a condition is needed here", "", "compare it", ""),
    ("age", "this is a number, a condition is needed here", "", "", ""),
    ("⟦1e400⟧ = age", "'1e400' is out of range", "15 digits", "", ""),
    ("⟦1e999999999⟧ = age", "out of range", "15 digits", "", ""),
    ("⟦0.0000001⟧ = age", "out of range", "6 behind it", "", ""),
    ("age = -⟦age⟧", "a minus stands before a number only", "", "0 - x", ""),
    ("⟦nobody⟧ = 1", "a person has no 'nobody'", "", "name a feature", ""),
    ("⟦alve⟧", "a person has no 'alve'", "", "name a feature", "alive"),
    ("⟦alive.x⟧ = 1", "'alive' is a single value", "", "write alive", ""),
    ("⟦latest_n.nn⟧ = 1", "FS has no plain column 'nn'", "", "", "n"),
    ("⟦latest_n.who⟧ = 1", "FS has no plain column 'who'", "only plain columns reach the lake", "", ""),
    ("⟦household.sise⟧ > 1", "a household has no 'sise'", "", "name a feature", ""),
    ("⟦religion⟧ = 'x'", "'religion' may never be a condition", "service, not surveillance", "remove it", ""),
    ("⟦$nothing⟧ = 1", "there is no parameter $nothing", "", "add it under parameters/", ""),
    ("⟦$limt⟧ = 1", "there is no parameter $limt", "", "", "limit"),
    ("⟦latest_n⟧ = latest_n", "a whole row cannot be compared", "", "name one of its columns", ""),
    ("⟦latest_n.codes⟧ = latest_n.codes", "a list cannot be compared", "", "has(list, 'code')", ""),
    ("⟦labour_capacity⟧ < 'b'", "'<' does not order a text", "", "= or in", ""),
    ("⟦alive⟧ > true", "'>' does not order a condition", "", "", ""),
    ("⟦labour_capacity⟧ = 'z'", "'z' is not one of the codes", "", "", "a"),
    ("⟦latest_n.status⟧ in ('a', 'z')", "'z' is not one of the codes", "", "", "b"),
    ("⟦level⟧('AA-01') = 'purple'", "'purple' is not one of the codes", "", "", "orange"),
    ("⟦level⟧('AA-01') = labour_capacity", "a level is compared with a text", "never of one kind", "", ""),
    ("⟦age⟧ = 'ten'", "a number is compared with a text", "never of one kind", "", ""),
    ("⟦birth_date⟧ > 5", "a date is compared with a number", "", "", ""),
    ("⟦sum_money⟧ > age", "an amount of money is compared with a number", "", "", ""),
    ("⟦birth_date⟧ + 1 = today()", "'+' does not apply to a date", "", "days(x)", ""),
    ("⟦alive⟧ * 2 = 2", "'*' does not apply to a condition", "", "", ""),
    ("⟦sum_money⟧ * sum_money > 0", "money times money has no meaning", "", "", ""),
    ("⟦ratio⟧(sum_money, count_none) and alive", "ratio must be compared at once", "", "ratio(a, b) < 0.6", ""),
    ("⟦ratio⟧(sum_money) < 1", "ratio takes two amounts", "", "", ""),
    ("⟦ratio⟧(sum_money, age) < 1", "an amount of money is compared with a number", "", "", ""),
    ("⟦ratio⟧(birth_date, birth_date) < 1", "ratio compares two numbers with a share", "", "ratio(a, b) < 0.6", ""),
    ("⟦age⟧ in (select 1)", "'in' takes a list of values", "", "x in ('a', 'b')", ""),
    ("⟦age⟧ in ()", "'in' has nothing to compare with", "", "x in ('a', 'b')", ""),
    ("case ⟦age⟧ when 1 then true end", "'case x when' is not allowed", "", "case when x = 'a'", ""),
    ("case when ⟦alive⟧ then 1 when alive then 'a' end = 1", "the branches of a case are of different kinds", "", "", ""),
    ("case when ⟦alive⟧ then 1 else 'a' end = 1", "the branches of a case are of different kinds", "", "", ""),
    ("case when ⟦alive⟧ then latest_n end = 1", "a case answers a value", "", "", ""),
    ("⟦absent⟧()", "absent takes a fact", "", "absent(on_roll.status)", ""),
    ("⟦absent⟧(age + 1)", "absent takes a fact, not a calculation", "", "make a feature of it", ""),
    ("⟦blank⟧(age, age)", "blank takes one fact", "", "", ""),
    ("⟦if_absent⟧(age) = 1", "if_absent takes a fact and a value", "", "if_absent(away, 0)", ""),
    ("⟦if_absent⟧(latest_n, latest_n) = 1", "if_absent takes a single value", "", "name one column", ""),
    ("⟦if_absent⟧(age, 'x') = 1", "a number is compared with a text", "", "", ""),
    ("⟦days⟧() > 1", "days takes one date or two", "", "days(move_in_date)", ""),
    ("⟦years⟧(age) > 1", "years counts between dates, this is a number", "", "", ""),
    ("⟦has⟧(latest_n.codes)", "has takes a list and a code", "", "", ""),
    ("⟦has⟧(labour_capacity, 'a')", "has looks into a column that is a list", "", "compare other columns with =", ""),
    ("⟦has⟧(latest_n.codes, labour_capacity)", "has looks for one code", "", "", ""),
    ("⟦has⟧(latest_n.codes, 'z')", "'z' is not one of the codes", "", "", "p"),
    ("⟦at⟧(age, today()) = 1", "at takes a parameter and a date", "", "at($income_line, income.valid)", ""),
    ("⟦at⟧($limit, 1) = 1", "at takes a date, this is a number", "", "", ""),
    ("⟦kept⟧(alive)", "kept takes a text in quotes", "", "kept('HS-02')", ""),
    ("⟦level⟧('AA-01', 'AA-02') = 'red'", "level takes a text in quotes", "", "", ""),
    ("⟦kept⟧('AA-09')", "there is no standard AA-09", "", "", "AA-01"),
    ("⟦kept⟧('AA-03')", "AA-03 is about a thing, this standard about a person", "not related", "", ""),
    ("⟦recorded⟧('I said so')", "cannot be a decision", "", "small letters", ""),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "what", "why", "remedy", "known"), REFUSED, ids=[row[0] for row in REFUSED])
def test_the_refusal_says_where_what_why_and_what_instead(policy: Policy, marked: str, what: str, why: str, remedy: str, known: str) -> None:
    text = marked.replace("⟦", "").replace("⟧", "")
    found, faults = read(policy, text)
    assert found is None
    assert len(faults) == 1, [str(fault) for fault in faults]
    fault = faults[0]
    assert what in fault.what
    assert why in fault.why
    assert remedy in fault.remedy
    assert not known or known in fault.alternatives
    assert (fault.file, fault.line) == ("x.yaml", 1)
    # the text begins in column 2, after its quote; a fault of the whole of it points at the quote
    assert fault.column == (marked.index("⟦") + 2 if "⟦" in marked else 1)


ROW_REFUSED = [
    ("nn > 1", "FS has no plain column 'nn'", "a row filter sees the feed's columns"),
    ("household.members > 1", "FS has no plain column 'household.members'", "a row filter sees the feed's columns"),
    ("who = 1", "FS has no plain column 'who'", "only plain columns reach the lake"),
    ("n > $limit", "$limit differs by area and a row has none", ""),
    ("kept('AA-01')", "kept() does not stand in a row filter", ""),
    ("recorded('refused')", "recorded() does not stand in a row filter", ""),
]


@pytest.mark.parametrize(("text", "what", "why"), ROW_REFUSED)
def test_a_row_filter_sees_the_columns_of_its_feed_and_nothing_else(policy: Policy, text: str, what: str, why: str) -> None:
    found, faults = read(policy, text, feed="FS")
    assert found is None
    assert [fault.what for fault in faults] == [what]
    assert faults[0].why == why


def test_recorded_stands_in_a_standard_only(policy: Policy) -> None:
    faults: list[Fault] = []
    node = parse_document("\"recorded('refused')\"", "x.yaml", faults)
    assert node is not None
    assert parse_expression(node, subject_scope(policy, "person"), CONDITION) is None
    assert [fault.what for fault in faults] == ["recorded() stands in a standard only"]


def test_every_fault_of_an_expression_is_found_at_once(policy: Policy) -> None:
    _, faults = read(policy, "nobody > 1 and age is null or kept('AA-09') and labour_capacity = 'z'")
    assert [fault.column for fault in sorted(faults)] == sorted({fault.column for fault in faults})
    assert len(faults) == 4


def test_a_length_and_a_number_of_parts_are_enough(policy: Policy) -> None:
    _, faults = read(policy, "alive" + " " * 4_000)
    assert faults[0].what == "the expression has 4005 characters"
    _, faults = read(policy, " or ".join(["alive"] * 150))
    assert faults[0].what == "the expression is too large"


LOWERED = {
    "alive": "Ref", "not alive": Not, "alive and alive or alive": "Or", "age between 1 and 2": And, "age in (1, 2)": In, "age not in (1)": Not,
    "ratio(sum_money, sum_money) < 0.5": RatioCompare, "0.5 > ratio(sum_money, sum_money)": RatioCompare, "today() = today()": Compare,
}  # fmt: skip


@pytest.mark.parametrize("text", LOWERED)
def test_what_is_accepted_is_lowered_to_what_it_means(policy: Policy, text: str) -> None:
    found, faults = read(policy, text)
    assert faults == []
    kind = LOWERED[text]
    name = type(found.expr).__name__  # type: ignore[attr-defined]
    assert name == (kind if isinstance(kind, str) else kind.__name__)


def test_a_ratio_on_the_right_is_turned_round(policy: Policy) -> None:
    left, _ = read(policy, "ratio(sum_money, sum_blank_money) < 0.5".replace("sum_blank_money", "count_none"))
    right, _ = read(policy, "0.5 > ratio(sum_money, count_none)")
    assert left == right


@pytest.mark.parametrize(
    ("text", "fen"), [("50", 5000), ("0.01", 1), ("12.345", "1234.5"), ("0", 0), ("-3", -300)]
)  # fmt: skip
def test_a_bare_number_beside_an_amount_is_in_the_unit_of_the_currency(policy: Policy, text: str, fen: object) -> None:
    found, _ = read(policy, f"sum_money > {text}")
    right = found.expr.right  # type: ignore[attr-defined]
    assert isinstance(right, Literal_)
    assert right.type == "money"
    assert str(right.value).rstrip("0").rstrip(".") == str(fen) or right.value == fen


def test_types_are_found_and_widened(policy: Policy) -> None:
    every: tuple[Type, ...] = ("bool", "int", "decimal", "money", "text", "date", "level")
    wanted: dict[str, Type] = {
        "age + 1": "int", "age + 1.5": "decimal", "age * 1.5": "decimal", "sum_money * 2": "money", "1.5 * sum_money": "money",
        "sum_money - 1": "money", "days(birth_date)": "int", "case when alive then 1 else 0.5 end": "decimal",
        "case when alive then 1 when alive then 0.5 end": "decimal", "if_absent(age, 0.5)": "decimal", "level('AA-01')": "level",
        "$cut": "date", "$share": "decimal", "today()": "date", "latest_n.valid": "date", "latest_n.moment": "date", "labour_capacity": "text",
    }  # fmt: skip
    for text, kind in wanted.items():
        found, faults = read(policy, text, want=every)
        assert faults == [], text
        assert found.type == kind, text  # type: ignore[attr-defined]


def test_a_parameter_reads_its_keys_and_its_day(policy: Policy) -> None:
    found, _ = read(policy, "$line > 0", subject="household")
    param = found.expr.left  # type: ignore[attr-defined]
    assert isinstance(param, Param)
    assert [key.feature for key in param.keys] == ["status"]  # type: ignore[union-attr]
    assert param.at is None
    found, _ = read(policy, "at($line, move_in_date) > 0", subject="household")
    assert found.expr.left.at.feature == "move_in_date"  # type: ignore[attr-defined]
    _, faults = read(policy, "$line > 0", subject="community")
    assert "a community has no 'status'" in faults[0].what


def test_a_span_ends_today_unless_it_is_said(policy: Policy) -> None:
    every: tuple[Type, ...] = ("int",)
    found, _ = read(policy, "months(birth_date)", want=every)
    span = found.expr  # type: ignore[attr-defined]
    assert isinstance(span, DateSpan)
    assert isinstance(span.end, Today)
