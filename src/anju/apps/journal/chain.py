"""The chain: what is hashed of a line, and what an exported journal must satisfy. Pure, so that it verifies anywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
HASHED = ("seq", "token", "at", "act", "about", "by", "account", "post", "detail")


def line_hash(previous: str, line: Mapping[str, Any]) -> str:
    """sha256 over the hash before it and the line in one fixed form: sorted keys, no spaces, UTF-8."""
    text = json.dumps({name: line[name] for name in HASHED}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """`line` is the line of the export, from 1; `seq` as it stands there, 0 where it cannot be read."""

    line: int
    seq: int
    what: str


def verify(lines: Iterable[str], heads: Mapping[int, str], after: tuple[int, str] = (0, GENESIS)) -> Iterator[Broken]:
    """Everything that is wrong with an export. `heads` are (seq, hash) pairs kept elsewhere: without the last of them a cut
    tail could not be seen. `after`: the line before the first one, where only a later piece is looked at."""
    (last, previous), number = after, 0
    expected, seen = last + 1, {last: previous}
    for number, text in enumerate(lines, start=1):
        try:
            line = json.loads(text)
            seq, stated = int(line["seq"]), str(line["hash"])
            computed = line_hash(seen.get(seq - 1, previous), line)
        except (ValueError, KeyError, TypeError):
            yield Broken(number, 0, "this line cannot be read")
            continue
        if seq != expected:
            what = f"line {expected} is missing" if seq > expected else f"line {seq} stands here again or out of order"
            yield Broken(number, seq, what)
        elif stated != computed:
            yield Broken(number, seq, "this line was changed, or the one before it")
        previous, expected = stated, max(expected, seq + 1)
        seen[seq] = stated
    for seq, kept in sorted(heads.items()):
        if seq not in seen:
            yield Broken(number, seq, f"the journal was cut: line {seq} was sealed, and is not in the export")
        elif seen[seq] != kept:
            yield Broken(number, seq, f"up to line {seq} the journal is another than the one that was sealed")
