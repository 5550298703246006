"""Amounts are whole fen, exactly, or they are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.core.terms.money import format_money, to_fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [("1,234.5", 123450), ("¥ 12", 1200), ("12元", 1200), ("1，000", 100000), ("0.01", 1), ("-3", -300), ("1.10", 110), ("1e3", 100000),
     (" 7 ", 700), ("9999999999999.99", 999999999999999)],
)  # fmt: skip
def test_an_amount_in_yuan_becomes_fen(text: str, fen: int) -> None:
    assert to_fen(text) == fen


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "not an amount"), ("ten", "not an amount"), ("1.005", "more than 2 decimal places"), ("NaN", "not an amount"),
     ("Infinity", "not an amount"), ("1e400", "not an amount"), ("1e999999999", "not an amount"),

     ("0." + "0" * 30 + "1", "not an amount"), ("1.2.3", "not an amount")],
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        to_fen(text)


def test_another_currency_has_other_places() -> None:
    assert to_fen("12", 0) == 12
    assert to_fen("1.234", 3) == 1234
    with pytest.raises(ValueError, match="more than 0 decimal places"):
        to_fen("1.5", 0)


@pytest.mark.parametrize(
    ("fen", "digits", "text"), [(123450, 2, "1,234.50"), (-5, 2, "-0.05"), (0, 2, "0.00"), (1234, 0, "1,234"), (1_000_000, 3, "1,000.000")]
)  # fmt: skip
def test_an_amount_is_written_with_its_places(fen: int, digits: int, text: str) -> None:
    assert format_money(fen, digits) == text


@given(fen=st.integers(-(10**14), 10**14), digits=st.sampled_from((0, 2, 3)))
def test_what_is_written_is_read_back(fen: int, digits: int) -> None:
    assert to_fen(format_money(fen, digits), digits) == fen
