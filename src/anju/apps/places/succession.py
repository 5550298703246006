"""What became of places: renamed, split, merged. Read along chains to the places of today; entered and judged by people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.places.models import PlaceCode, Succession
from anju.apps.places.tables import read_rows

KIND = "place"
STATISTICAL = "statistical"
WAYS = ("renamed", "split", "merged")
COLUMNS = ("from", "to", "how", "on")


def known_successors() -> dict[str, tuple[str, ...]]:
    """Code -> the codes it became, without what is doubtful."""
    found: dict[str, list[str]] = {}
    rows = Succession.objects.filter(kind=KIND, doubtful=False).order_by("on", "pk").values_list("from_key", "to_key")
    for before, after in rows:
        found.setdefault(before, []).append(after)
    return {code: tuple(codes) for code, codes in found.items()}


def ends_of(code: str, became: Mapping[str, tuple[str, ...]], standing: frozenset[str] | set[str] = frozenset()) -> tuple[str, ...]:
    """The last codes of every chain from `code`: one, or several after a split. A code in `standing` is followed no further."""
    ends: dict[str, None] = {}
    stack, seen = [code], {code}
    while stack:
        one = stack.pop()
        further = [] if one in standing else [after for after in became.get(one, ()) if after not in seen]
        seen.update(further)
        stack += reversed(further)
        if not further and (one in standing or one not in became):
            ends[one] = None
    return tuple(ends) or (code,)


def common_place(paths: Iterable[str]) -> int | None:
    """The lowest place above (or at) all of these paths: what is sure of a place that was split."""
    parts = [path.strip("/").split("/") for path in paths]
    shared = None
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared = int(level[0])
    return shared


def places_today() -> dict[int, int]:
    """Place -> the place it is today, for those that are no longer what they were. Several together: what lies above them."""
    became = known_successors()
    if not became:
        return {}
    rows = PlaceCode.objects.filter(scheme=STATISTICAL).order_by("valid_from").values_list("code", "place_id", "place__path", "valid_to")
    newest = {code: (place, path) for code, place, path, _ in rows}
    standing = {code for code, _, _, until in rows if until is None}
    found = {}
    for code, (place, _) in newest.items():
        if code in became and code not in standing:
            paths = [newest[end][1] for end in ends_of(code, became, standing) if end in newest]
            today = common_place(paths) if paths else None
            if today is not None and today != place:
                found[place] = today
    return found


# --- people's word ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Guess:
    """A succession that nobody has confirmed, or (`to` empty) a code that ended and became nothing that is known."""

    code: str
    name: str
    on: date
    to: str = ""
    to_name: str = ""
    how: str = ""
    doubtful: bool = True

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "on": self.on.isoformat()}


def list_successions(*, everything: bool = False) -> list[Guess]:
    """What waits for a person's word: doubtful successions, and codes that ended without one. `everything`: the sure ones too."""
    codes = list(PlaceCode.objects.filter(scheme=STATISTICAL).order_by("valid_from").values_list("code", "name", "valid_to"))
    names = {code: name for code, name, _ in codes}
    rows = Succession.objects.filter(kind=KIND).order_by("on", "from_key", "to_key")
    found = [
        Guess(row.from_key, names.get(row.from_key, ""), row.on, row.to_key, names.get(row.to_key, ""), row.how, row.doubtful)
        for row in rows
        if everything or row.doubtful
    ]
    followed = set(rows.values_list("from_key", flat=True))
    standing = {code for code, _, until in codes if until is None}
    ended = {code: until for code, _, until in codes if until is not None and code not in standing}
    return found + [Guess(code, names[code], until) for code, until in sorted(ended.items()) if code not in followed]


@transaction.atomic
def confirm_succession(before: str, after: str, *, by: str, at: datetime) -> None:
    """From now on `before` is read as `after`. Raises ValueError where nobody guessed so, or it would lead in a circle."""
    row = _doubtful(before, after)
    circle = _circle(before, after, known_successors())
    if circle:
        raise ValueError(f"{before} cannot have become {after}: that would lead back to itself ({' → '.join(circle)})")
    row.doubtful = False
    row.save(update_fields=["doubtful"])
    record(act="succession.confirm", about=f"code:{before}", by=by, at=at, detail={"to": after})


@transaction.atomic
def reject_succession(before: str, after: str, *, by: str, at: datetime) -> None:
    """The guess is withdrawn; the code stands for its old place until someone says what became of it."""
    _doubtful(before, after).delete()
    record(act="succession.reject", about=f"code:{before}", by=by, at=at, detail={"to": after})


def _doubtful(before: str, after: str) -> Succession:
    guesses = Succession.objects.filter(kind=KIND, doubtful=True)
    row = guesses.filter(from_key=before, to_key=after).first()
    if row is None:
        waiting = ", ".join(f"{a} → {b}" for a, b in guesses.values_list("from_key", "to_key")) or "none"
        raise ValueError(f"no doubtful succession {before} → {after}; waiting: {waiting}")
    return row


def _circle(before: str, after: str, became: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The way from `after` back to `before`, if there is one, with `before` at both ends."""
    stack = [[after]]
    seen = {after}
    while stack:
        way = stack.pop()
        if way[-1] == before:
            return [before, *way]
        for further in became.get(way[-1], ()):
            if further not in seen or further == before:
                seen.add(further)
                stack.append([*way, further])
    return []


@dataclass(slots=True)
class SuccessionReport:
    """rows = new + confirmed + unchanged + faults. `dropped` guesses gave way to what the file says."""

    rows: int = 0
    new: int = 0
    confirmed: int = 0
    unchanged: int = 0
    dropped: int = 0
    faults: list[dict[str, object]] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def import_successions(path: Path, *, by: str, at: datetime) -> SuccessionReport:
    """Splits, merges and renamings that someone knows, from a file with the columns from, to, how, on.

    Names alone cannot tell these. Bad rows are told with their lines, the others are taken. Raises FileRefused."""
    report = SuccessionReport()
    known = set(PlaceCode.objects.filter(scheme=STATISTICAL).values_list("code", flat=True))
    became = {code: list(codes) for code, codes in known_successors().items()}
    given: dict[tuple[str, str], tuple[str, date]] = {}
    for line, (before, after, how, on) in read_rows(path, COLUMNS):
        report.rows += 1
        column, reason, day = _reason(before, after, how, on, known)
        if not column and (before, after) in given:
            column, reason = "from, to", "stands here twice"
        if not column and (circle := _circle(before, after, {code: tuple(codes) for code, codes in became.items()})):
            column, reason = "to", f"would lead back to itself: {' → '.join(circle)}"
        if column or day is None:
            report.faults.append({"line": line, "column": column, "reason": reason})
            continue
        given[before, after] = (how, day)
        became.setdefault(before, []).append(after)
    with transaction.atomic():
        _save(given, report)
        detail = {"rows": report.rows, "new": report.new, "confirmed": report.confirmed, "dropped": report.dropped}
        record(act="succession.import", about="list:succession", by=by, at=at, detail=detail)
    return report


def _reason(before: str, after: str, how: str, on: str, known: set[str]) -> tuple[str, str, date | None]:
    for column, text in zip(COLUMNS, (before, after, how, on), strict=True):
        if not text:
            return column, "is empty, and must not be", None
    if after not in known:
        return "to", f"no official list has the code '{after}'", None
    if how not in WAYS:
        return "how", f"'{how}' is none of {', '.join(WAYS)}", None
    try:
        return "", "", date.fromisoformat(on)
    except ValueError:
        return "on", f"'{on}' is not a day: write 2019-10-31", None


def _save(given: Mapping[tuple[str, str], tuple[str, date]], report: SuccessionReport) -> None:
    rows = {(row.from_key, row.to_key): row for row in Succession.objects.filter(kind=KIND)}
    new, changed = [], []
    for (before, after), (how, on) in given.items():
        row = rows.get((before, after))
        if row is None:
            new.append(Succession(kind=KIND, from_key=before, to_key=after, how=how, on=on))
            continue
        report.confirmed += row.doubtful
        report.unchanged += not row.doubtful
        row.doubtful, row.how, row.on = False, how, on
        changed.append(row)
    Succession.objects.bulk_create(new, batch_size=2_000)
    Succession.objects.bulk_update(changed, ["doubtful", "how", "on"], batch_size=200)
    report.new = len(new)
    said = {before for before, _ in given}
    gone = [row.pk for (before, after), row in rows.items() if row.doubtful and before in said and (before, after) not in given]
    report.dropped = len(gone)
    Succession.objects.filter(pk__in=gone).delete()
