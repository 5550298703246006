"""Identifier types: how a text becomes its normal form, or why it cannot."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"


def check_digit(first_seventeen: str) -> str:
    """The eighteenth character of a resident identity number (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_seventeen, WEIGHTS, strict=True))
    return CHECKS[total % 11]


def cn_resident_id(text: str) -> str:
    """The 18-character normal form. Old 15-digit numbers are converted; the area code is not looked up, because a
    number keeps the code of its first issue for life (522322 is valid and belongs to today's 522302)."""
    plain = re.sub(r"[\s'\u200b\ufeff]", "", _half_width(text)).upper()
    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", plain, re.ASCII) or re.fullmatch(r"\d{15,18}\.0*", plain, re.ASCII):
        raise ValueError("a spreadsheet has turned the number into a figure and lost its end: format the column as text")
    if re.fullmatch(r"\d{15}", plain, re.ASCII):
        body = f"{plain[:6]}19{plain[6:]}"
        _birth(body)
        return body + check_digit(body)
    if len(plain) not in (15, 18):
        raise ValueError(f"a resident identity number has 18 characters (15 in old records), this has {len(plain)}")
    if not re.fullmatch(r"\d{17}[\dX]", plain, re.ASCII):
        raise ValueError("only digits are allowed, and X in the last place")
    _birth(plain)
    if check_digit(plain[:17]) != plain[17]:
        if plain.endswith("000"):
            raise ValueError("the check digit does not fit and the last places are 0: a spreadsheet has lost the end, format the column as text")
        raise ValueError("the check digit does not fit: one of the digits is wrong")
    return plain


def _birth(number: str) -> date:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise ValueError("digits 7 to 14 are not a date of birth") from None


def _half_width(text: str) -> str:
    """Full-width digits, letters and blanks as their plain forms."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def cn_phone(text: str) -> str:
    plain = re.sub(r"[\s\-()\u200b\ufeff]", "", _half_width(text)).removeprefix("+86")
    if not re.fullmatch(r"1\d{10}|0\d{9,11}", plain, re.ASCII):
        raise ValueError("a mobile number has 11 digits and begins with 1; a landline begins with its area code")
    return plain


def digits(text: str) -> str:
    plain = re.sub(r"[\s\u200b\ufeff]", "", _half_width(text))
    if not plain.isascii() or not plain.isdigit():
        raise ValueError("only digits are allowed")
    return plain


def plain_text(text: str) -> str:
    plain = " ".join(_half_width(text).replace("\u200b", "").replace("\ufeff", "").split())
    if not plain:
        raise ValueError("it is empty")
    return plain


VALIDATORS: dict[str, Callable[[str], str]] = {
    "cn_resident_id": cn_resident_id,
    "cn_phone": cn_phone,
    "digits": digits,
    "text": plain_text,
}
