"""The quick reading of a cell agrees with the thorough one, and whole columns of identifiers with the validator."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anju.core.contracts.model import Bilingual, FeedColumn
from anju.core.terms.identifiers import VALIDATORS, check_digit
from anju.core.terms.periods import Calendar
from anju.lake.checks import EMPTY, cell, emptied, half_width, quick, slow_value, trimmed
from anju.lake.duck import open_duckdb
from anju.lake.identifiers import normalise

CON = open_duckdb()
ODD = ["", " ", "-", "--", "/", "NULL", "\\N", "N/A", "1", "12.50", "-12.50", "12.5", "12.505", "12.500", "1_0.00", "-.50", ".50", "+1.00",
       "1e3.00", "99999999999.99", "999999999999999999.99", "2023-09-26", "2023-02-30", "0000-01-01", "-200-09-26", "9999-12-31",
       "2023/9/6", "20230906", "45195", "45195.0", "12345-1-26", "inpatient", "INPATIENT", "住院", " inpatient", "'12.50", "１２．５０",
       "2023-09-26 08:30:00", "2023年9月6日", "007", "1234567890123456"]  # fmt: skip
TEXT = st.one_of(st.sampled_from(ODD), st.text(alphabet=st.sampled_from(list("0123456789.-/_+eE ,'年月日１")), max_size=14))


def column(kind: Any, **more: Any) -> FeedColumn:
    shape: dict[str, Any] = {"codes": (), "code_aliases": {}, "minimum": None, "maximum": None} | more
    return FeedColumn("x", kind, Bilingual("x", "x"), "plain", "unknown", False, shape["codes"], shape["code_aliases"], shape["minimum"],
                      shape["maximum"], ())  # fmt: skip


COLUMNS = [column("date"), column("money"), column("int"), column("code", codes=("inpatient", "outpatient"), code_aliases={"住院": "inpatient"})]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda c: c.type)
@settings(max_examples=25, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=40))
@example(ODD)
def test_the_quick_reading_gives_what_the_thorough_one_gives_or_nothing(column: FeedColumn, texts: list[str]) -> None:
    CON.execute("CREATE OR REPLACE TEMP TABLE cells AS SELECT unnest(?::VARCHAR[]) AS c0", [texts])
    text = cell(0) if column.type == "code" else half_width(cell(0))
    fast = quick(column, "c0", 2)
    rows = CON.execute(
        f"SELECT c0, {fast}, {slow_value(column, 't', Calendar(), 2)} FROM (SELECT c0, {text} AS t FROM cells) WHERE {fast} IS NOT NULL"
    ).fetchall()
    assert [row for row in rows if row[1] != row[2]] == []


def test_the_usual_form_is_read_quickly() -> None:
    usual = {"date": "2023-09-26", "money": "12.50", "int": "7", "code": "inpatient"}
    for col in COLUMNS:
        assert CON.execute(f"SELECT {quick(col, 'c0', 2)} FROM (SELECT ? AS c0)", [usual[col.type]]).fetchall()[0][0] is not None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(TEXT, st.text(max_size=6)), min_size=1, max_size=20))
@example([*EMPTY])
def test_words_for_nothing_are_empty_however_a_cell_is_read(texts: list[str]) -> None:
    CON.execute("CREATE OR REPLACE TEMP TABLE cells AS SELECT unnest(?::VARCHAR[]) AS c0", [[text.replace("\0", "") for text in texts]])
    rows = CON.execute(f"SELECT c0, {cell(0)}, {emptied('x')} FROM (SELECT c0, {trimmed('c0')} AS x FROM cells)").fetchall()
    assert [row for row in rows if row[1] != row[2]] == []


def number(body: str) -> str:
    return body + check_digit(body)


IDS = st.one_of(
    st.from_regex(r"[1-9]\d{5}(18|19|20)\d\d(0[0-9]|1[0-3])([0-3]\d)\d{3}", fullmatch=True).map(number),
    st.from_regex(r"\d{17}[\dXx]", fullmatch=True),
    st.from_regex(r"\d{15}", fullmatch=True),
    st.text(max_size=20),
    st.sampled_from(["522301199001010014", "52230019800101003x", "５２２３０１１９９００１０１００１４", "'522301199001010014", "5.22E+17",
                     "522301190002290017", "522301200002290010", "٥٢٢٣٠١١٩٩٠٠١٠١٠٠١٤"]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(IDS, unique=True, max_size=30))
def test_a_column_of_identity_numbers_is_judged_as_each_of_them(texts: list[str]) -> None:
    validate = VALIDATORS["cn_resident_id"]
    normal, reasons = normalise(pa.array(texts, pa.string()), "cn_resident_id")
    for text, found, why in zip(texts, normal.to_pylist(), reasons.to_pylist(), strict=True):
        try:
            assert (found, why) == (validate(text), None)
        except ValueError as error:
            assert (found, why) == (None, str(error))


def test_limits_and_words_of_a_column_stand_in_its_reason() -> None:
    from anju.lake.checks import check  # noqa: PLC0415

    checked = check(column("money", minimum=Decimal(0)), "t", Calendar(), 2)
    rows = CON.execute(f"SELECT {checked.value}, {checked.reason} FROM (SELECT unnest(['5.00', '-5.00', 'x']) AS t)").fetchall()
    assert rows == [(500, None), (-500, "x x: is less than 0"), (None, "x x: x is not an exact amount")]
