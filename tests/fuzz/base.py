"""The policy that is mutated: small, with something of everything, so that thousands of readings take a minute."""

from __future__ import annotations

from pathlib import Path

from oracle.small import feature, standard, write_policy
from oracle.test_golden import GOLDEN

STANDARDS = {
    "AA-01": standard(
        "AA-01", "person", applies="alive and years(birth_date) >= 6", red="absent(latest_n) or latest_n.status = 'b'",
        orange="if_absent(sum_money, 0) >= 50 and household.members > 1", clears="streak >= 2 and not recorded('refused')",
    ),
    "AA-02": standard(
        "AA-02", "household", red="kept('AA-01') or level('AA-01') in ('red', 'orange')", yellow="ratio(members, adults) < $share",
    ),
    "AA-03": standard("AA-03", "thing", blue="thing.n > 1 and has(thing.codes, 'p')", clears=None),
}  # fmt: skip
PICKED = (
    "latest_n", "latest_none", "week", "count_where", "sum_money", "sum_product", "any_true", "most_decimal", "thirty_days",
    "this_year", "two_periods", "streak", "members", "adults", "household_sum", "at_event", "things", "families", "poor_above",
    "bound_above", "product", "case_second", "workdays", "is_absent", "has_code", "among", "between", "ratio", "line_of_key",
    "local_line", "limit_then", "cut",
)  # fmt: skip


def write_base(folder: Path) -> dict[str, str]:
    """Writes the policy; answers its files by name."""
    write_policy(folder, [feature(name, GOLDEN[name][0], GOLDEN[name][1]) for name in PICKED], STANDARDS)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.yaml"))}
