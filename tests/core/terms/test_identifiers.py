"""How identifiers are written and meant: one normal form each, or the reason why there is none."""

from __future__ import annotations

import pyarrow as pa
import pytest

from anju.core.terms.identifiers import VALIDATORS, check_digit, cn_phone, cn_resident_id, digits, plain_text
from anju.lake.identifiers import normalise

NUMBER = "11010519491231002X"  # the standard's own example


@pytest.mark.parametrize(
    "text",
    [NUMBER, NUMBER.lower(), "１１０１０５１９４９１２３１００２Ｘ", "110105 19491231 002x", "\u3000110105194912310\u00a002X\ufeff",
     f"'{NUMBER}",
     "110105491231002"],
)  # fmt: skip
def test_one_number_in_all_its_spellings(text: str) -> None:
    assert cn_resident_id(text) == NUMBER
    assert normalise(pa.array([text, NUMBER]), "cn_resident_id")[0].to_pylist() == [NUMBER, NUMBER]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("110105194912310020", "check digit"), ("11010519491331002X", "date of birth"), ("110105194912310", "date of birth"),
        ("1101051949123100", "18 characters"), ("1.10105E+17", "figure"), ("110105194912310000", "spreadsheet"),
        ("X1010519491231002X", "only digits"), ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "only digits"), ("", "18 characters"),
    ],
)  # fmt: skip
def test_why_a_number_has_no_normal_form(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        cn_resident_id(text)
    assert len(text) < 9 or text not in str(error.value)


@pytest.mark.parametrize(
    "number",
    ["11010519491231002X", "440524188001010014", "522300199001010018", "522300201806150026", "522300195507121235", "52230019861130334X"],
)  # fmt: skip
def test_the_check_digit_is_that_of_gb_11643(number: str) -> None:
    assert check_digit(number[:17]) == number[17]
    assert cn_resident_id(number) == number
    for other in set("0123456789X") - {number[17]}:
        with pytest.raises(ValueError, match="check digit"):
            cn_resident_id(number[:17] + other)


def test_a_number_keeps_the_area_of_its_first_issue() -> None:
    body = "52232219700101001"  # 522322 is today's 522302
    assert cn_resident_id(body + check_digit(body))[:6] == "522322"


def test_other_types() -> None:
    assert cn_phone("+86 138-0013-8000") == cn_phone("１３８００１３８０００") == "13800138000"
    assert digits("１ ２ 3\u200b") == "123"
    assert plain_text("  Ｈ１  2\ufeff") == "H1 2"
    for validator, text in (("cn_phone", "238001"), ("digits", "12a"), ("text", " \u3000"), ("digits", "")):
        with pytest.raises(ValueError):
            VALIDATORS[validator](text)
