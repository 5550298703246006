"""Slips of the pen and malice: what may happen to a policy file between its author and the reader."""

from __future__ import annotations

import re
from collections.abc import Callable

from oracle.chooser import Chooser

TOKENS = (
    "null", "~", "[]", "{}", "''", "true", "no", "0", "-1", "1e400", "1e999999999", "0x1F", "0o17", "1_000", "1:30:00", ".inf", ".nan",
    "99999999999999999999", "1" * 400, "a" * 5_000, "2023-02-30", "0001-01-01", "9999-12-31", "2023-09-26T00:00:00Z",
    "!!python/object/apply:os.system [id]", "!!binary aGVsbG8=", "!!set {a, b}", "&a", "*a", "<<: *a", "? ", "- - - -", "|", "> ", ": ",
    "# ", "%YAML 1.1", "---", "...", "[[[[[[[[", "{a: {b: {c: ", "\t", "\x00", "\x07", "\x85", "\u2028", "\ufeff", "\u202e", "\u200b",
    "\xa0", "Ａ", "а", "é", "ﬀ", "😀", "\\", "\\u0000", "'", '"', '\\"', ";", "--", "/* */", "'; DROP TABLE r_person; --", '" OR 1=1 --',
    "$$", "%s", "{0}", "${x}", "../../../etc/passwd", "C:\\x", "select 1", "(select 1)", "exists (select 1)", "read_csv('/etc/passwd')",
    "getvariable('x')", "x::int", "cast(x as int)", "a.b.c.d", "*", "x -> 1", "x[1]", "[1, 2]", "{'a': 1}", "interval 1 day",
    "date '2023-02-30'", "timestamp '2023-01-01'", "not not not x", "case when", "case x when 1 then 2 end", "(((((((((", ")", "absent()",
    "absent(1)", "at($limit, 1)", "at()", "$", "$nothing", "ratio(1, 2)", "ratio()", "days()", "days('a')", "has()", "level('AA-01')",
    "kept('AA-01', 'AA-01')", "recorded('x')", "household.household.x", "person.x", "programme.limit", "religion", "x is null",
    "coalesce(x, 1)", "1 / 0", "1 // 2", "1 % 2", "2 ** 3", "a || b", "x like '%'", "x ~ 'a'", "x in (select 1)", "x in ()",
    "x between 1 and 2 and 3", "today()", "current_date", "now()", "random()", "E'\\x41'", "X'41'", "N'a'", "U&'\\0041'", "$1", "?", ":x",
    "@x", "''''", "try(x)", "x collate nocase", "true is true", "1 = 1 = 1", "x at time zone 'UTC'", "xor", "if(x, 1, 2)", "x ? 1 : 2",
    "@>", "any_value(x)", "count(*) over ()", "unnest([1])", "F1", "FS", "P01", "AA-01", "person", "household", "thing", "FS.n", "FS.",
    ".n", "FS.n.n", "members", "red", "{feed: FS, of: n}", "{this: year}", "{days: 30}", "{days: 0}", "{days: 1, months: 1}",
    "{periods: 1}", "state", "event", "period", "closed", "once", "term", "day", "unit", "school",
)  # fmt: skip
SCALAR = re.compile(r"(?<=: )[^,\n{}\[\]]+")
QUOTED = re.compile(r'"[^"\n]*"')
WORD = re.compile(r"\w+")


def mutated(c: Chooser, text: str) -> str:
    """`text` after one to four slips."""
    for _ in range(c.whole(1, 4)):
        text = c.pick(SLIPS)(c, text)
    return text


def mutated_bytes(c: Chooser, data: bytes) -> bytes:
    """One slip that need not leave valid UTF-8 behind."""
    position = c.whole(0, len(data))
    return data[:position] + bytes([c.whole(0, 255)]) * c.pick((1, 2, 8)) + data[position + c.whole(0, 3) :]


def _insert(c: Chooser, text: str) -> str:
    position = c.whole(0, len(text))
    return text[:position] + c.pick(TOKENS) + text[position:]


def _cut(c: Chooser, text: str) -> str:
    start = c.whole(0, len(text))
    return text[:start] + text[start + c.whole(1, 30) :]


def _one_sign(c: Chooser, text: str) -> str:
    position = c.whole(0, len(text))
    return text[:position] + chr(c.pick((*range(9, 127), 0xA0, 0x2028, 0xFEFF, 0x1F600, 0xFF21, 0x430))) + text[position + 1 :]


def _a_line(c: Chooser, text: str) -> str:
    lines = text.split("\n")
    n = c.whole(0, len(lines) - 1)
    how = c.whole(0, 3)
    if how == 0:
        del lines[n]
    elif how == 1:
        lines.insert(c.whole(0, len(lines)), lines[n])
    elif how == 2:
        lines[n] = " " * c.whole(0, 8) + lines[n].lstrip()
    else:
        lines.insert(n, c.pick(TOKENS))
    return "\n".join(lines)


def _of_a_kind(pattern: re.Pattern[str]) -> Callable[[Chooser, str], str]:
    """One thing of a kind becomes another: a value a mapping, a word a word."""

    def slip(c: Chooser, text: str) -> str:
        found = list(pattern.finditer(text))
        if not found:
            return text
        one = c.pick(found)
        other = c.pick(found).group() if c.chance(50) else c.pick(TOKENS)
        return text[: one.start()] + other + text[one.end() :]

    return slip


def _within_quotes(c: Chooser, text: str) -> str:
    found = [m for m in QUOTED.finditer(text) if len(m.group()) > 2]
    if not found:
        return text
    one = c.pick(found)
    position = one.start() + c.whole(1, len(one.group()) - 1)
    return text[:position] + " " + c.pick(TOKENS).replace('"', '\\"') + " " + text[position:]


SLIPS: tuple[Callable[[Chooser, str], str], ...] = (
    _insert, _cut, _one_sign, _a_line, _of_a_kind(SCALAR), _of_a_kind(QUOTED), _of_a_kind(WORD), _within_quotes, _within_quotes,
)  # fmt: skip
