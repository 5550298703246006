"""Money in whole minor units (fen): never a float, or sums would change from run to run."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def to_fen(text: str, minor_digits: int = 2) -> int:
    """'1,234.5' -> 123450. Raises ValueError, saying why, for anything that is not an exact amount."""
    plain = text.strip().replace(",", "").replace("，", "").removeprefix("¥").removesuffix("元").strip()
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        raise ValueError(f"'{text}' is not an amount of money: write digits with at most {minor_digits} places") from None
    if not amount.is_finite() or amount.adjusted() >= 15 or -int(amount.as_tuple().exponent) > 20:
        raise ValueError(f"'{text[:40]}' is not an amount of money")
    scaled = amount.scaleb(minor_digits)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"'{text}' has more than {minor_digits} decimal places: which amount is meant?")
    return int(scaled)


def format_money(fen: int, minor_digits: int = 2) -> str:
    """123450 -> '1,234.50'."""
    sign = "-" if fen < 0 else ""
    whole, part = divmod(abs(fen), 10**minor_digits)
    return f"{sign}{whole:,}" + (f".{part:0{minor_digits}d}" if minor_digits else "")
