"""Writing the journal, and sealing it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from anju.apps.journal.chain import GENESIS, line_hash, verify
from anju.apps.journal.looks import take, taking, write_look
from anju.apps.journal.models import Check, Head, Line
from anju.core.terms.viewer import Viewer

BATCH = 2_000
PIECE = 100_000  # lines looked over at once
LONGEST = 2_000  # characters of detail
Detail = Mapping[str, str | int | bool | None]


def record(*, act: str, about: str, by: Viewer | str, at: datetime, detail: Detail | None = None) -> Line:
    """One line for one act, in the transaction of the act itself. `detail` holds keys and reasons, never what was read."""
    return Line.objects.create(token=uuid4().hex, at=at, act=act, about=about, detail=_kept(detail), **_who(by))


def record_many(lines: Iterable[tuple[str, str, Detail | None]], *, by: Viewer | str, at: datetime) -> None:
    """The same for an act on many at once: one line for each (act, about, detail), in the transaction of the act itself."""
    who = _who(by)
    made = [Line(token=uuid4().hex, at=at, act=act, about=about, detail=_kept(detail), **who) for act, about, detail in lines]
    Line.objects.bulk_create(made, BATCH)


def look(*, act: str, about: str, by: Viewer, at: datetime, detail: Detail | None = None) -> None:
    """One line for a look at somebody. On the disk when this returns; in the journal when it is next brought in."""
    write_look({"at": at.astimezone(UTC).isoformat(), "act": act, "about": about, "detail": _kept(detail), **_who(by)})


def _who(by: Viewer | str) -> dict[str, str | int | None]:
    if isinstance(by, Viewer):
        return {"by": by.name, "account": by.account, "post": by.post}
    return {"by": by, "account": None, "post": None}


def _kept(detail: Detail | None) -> dict[str, str | int | bool | None]:
    found = dict(detail or {})
    if len(json.dumps(found, ensure_ascii=False)) > LONGEST:
        raise ValueError("a line of the journal holds keys and a reason, not content: shorten its detail")
    return found


def bring_in(*, wait: bool = True) -> int:
    """Moves the looks written to files into the journal. Returns how many lines are new. Where another is at it already it is waited
    for, unless `wait` is False: a page does not stand in a queue for what the other will have brought in."""
    with taking(wait=wait) as mine:
        return sum(_bring_in(path, looks) for path, looks in take()) if mine else 0


def _bring_in(path: Path, looks: list[dict[str, Any]]) -> int:
    with transaction.atomic():
        known = set(Line.objects.filter(token__in=[one["token"] for one in looks]).values_list("token", flat=True))
        lines = [Line(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in looks if one["token"] not in known]
        Line.objects.bulk_create(lines, BATCH)
    path.unlink()
    return len(lines)


@transaction.atomic
def seal(*, at: datetime) -> Head:
    """Chains every line that is not sealed yet, under the lock of the present head; the day's head moves along with it."""
    head = _locked_head(at)
    previous, seq = head.hash, head.seq
    lines = list(Line.objects.filter(seq=None).order_by("pk"))
    for line in lines:
        seq += 1
        line.seq = seq
        line.hash = previous = line_hash(previous, exported(line))
    Line.objects.bulk_update(lines, ["seq", "hash"], batch_size=500)
    if lines:
        head.seq, head.hash, head.at = seq, previous, at
        head.save()
        day = at.astimezone(UTC).date()
        Head.objects.update_or_create(day=day, defaults={"seq": seq, "hash": previous, "at": at})
    return head


def _locked_head(at: datetime) -> Head:
    """On PostgreSQL the row is locked; on SQLite the transaction has the database's one writer already."""
    Head.objects.get_or_create(day=None, defaults={"seq": 0, "hash": GENESIS, "at": at})
    rows = Head.objects.filter(day=None)
    return (rows.select_for_update() if connection.vendor == "postgresql" else rows).get()


def exported(line: Line) -> dict[str, object]:
    """A line as it is hashed and exported."""
    moment = line.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {
        "seq": line.seq, "token": line.token, "at": moment, "act": line.act, "about": line.about, "by": line.by, "account": line.account,
        "post": line.post, "detail": line.detail,
    }  # fmt: skip


def export_journal(out: Path) -> Head | None:
    """Writes every sealed line as JSON lines. Returns the head that the export must end with."""
    with out.open("w", encoding="utf-8") as file:
        file.writelines(sealed_lines())
    return Head.objects.filter(day=None).first()


def sealed_lines(after: int = 0, most: int | None = None) -> Iterator[str]:
    """The sealed lines as they are exported, one JSON object a line."""
    found = Line.objects.filter(seq__gt=after).order_by("seq")
    for line in (found[:most] if most is not None else found).iterator(BATCH):
        yield json.dumps({**exported(line), "hash": line.hash}, ensure_ascii=False, sort_keys=True) + "\n"


def check_chain(*, by: Viewer | str, at: datetime, most: int = PIECE) -> Check:
    """Looks over the next piece of the chain: from where the last look ended, or from the first line where that was the end
    or something was found. What it says is stored; the check from outside is an export and `anju journal verify`."""
    head = Head.objects.filter(day=None).first()
    end = head.seq if head is not None else 0
    last = Check.objects.order_by("-pk").first()
    on = last is not None and not last.broken and last.seq < last.goal
    after, goal = ((last.seq, last.hash), last.goal) if last is not None and on else ((0, GENESIS), end)
    until = min(after[0] + most, goal)
    heads = dict(Head.objects.filter(seq__gt=after[0], seq__lte=until).values_list("seq", "hash"))
    found = [[broken.seq, broken.what] for broken in verify(sealed_lines(after[0], until - after[0]), heads, after)][:20]
    reached = Line.objects.filter(seq=until).values_list("hash", flat=True).first() or GENESIS
    with transaction.atomic():
        record(act="journal.check", about=f"line:{until}", by=by, at=at, detail={"first": after[0], "broken": len(found)})
        return Check.objects.create(
            at=at, by=by.name if isinstance(by, Viewer) else by, first=after[0], seq=until, goal=goal, hash=reached, broken=found
        )  # fmt: skip


def write_heads(path: Path) -> int:
    """Appends to a file in a second place the daily heads that it does not have yet. Returns how many."""
    known = set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else set()
    lines = [f"{head.day} {head.seq} {head.hash}" for head in Head.objects.filter(day__isnull=False).order_by("seq")]
    new = [line for line in lines if line not in known]
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in new)
    return len(new)
