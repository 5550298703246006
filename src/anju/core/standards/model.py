"""The checked form of a policy: what the reader hands to the compiler and to the interpreter.

Everything here is a frozen value. A `Policy` is complete: every name is resolved, every expression typed,
every circle refused. Neither the compiler nor the interpreter looks at YAML or at text again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Literal, TypeAlias

from anju.core.terms.durations import Duration

# --- types and levels -------------------------------------------------------------------------------------

Type: TypeAlias = Literal["bool", "int", "decimal", "money", "text", "date", "list", "row", "level"]
"""`money` is whole fen (int). `decimal` is exact, at most 4 places. `text` covers codes and enums. `list` is a
list of codes. `row` is the latest row of a feed: only its fields can be compared. `level` is an alert level."""

Subject: TypeAlias = str
"""'person', 'household', a level of place of the programme ('community', 'unit', ...), or a keyed subject
declared by the programme ('dispute', 'employer', ...)."""


class State(Enum):
    """The state of a feature for one subject (semantics 2), and the bound that sums and counts may carry."""

    VALUE = 0
    ABSENT = 1
    BLANK = 2
    UNDELIVERED = 3
    AT_LEAST = 4  # the true value is not known, but it is at least `bound`


# --- expressions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal_:
    value: bool | int | Decimal | str | date | None
    type: Type


@dataclass(frozen=True, slots=True)
class Ref:
    """A feature of this very subject, or one field of a row feature (`on_roll.status`).

    Reading up (`household.x`) is lowered by the checker to an `Up` feature of this subject's level, so a Ref
    never leaves its level. Inside a row filter (`where`, `holds`) `Column` is used instead."""

    feature: str
    field: str | None
    type: Type


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the feed row being filtered or summed. NULL is blank, or absent where empty_means: no."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Param:
    """A dated parameter. `at` is None for the day judged, else a date expression (a row's own date).

    `keys` are the expressions of the parameter's non-area keys, in the order of `Parameter.keyed_by`."""

    name: str
    keys: tuple[Expr, ...]
    at: Expr | None
    type: Type


@dataclass(frozen=True, slots=True)
class Today:
    """The day judged, D."""


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Expr


@dataclass(frozen=True, slots=True)
class Compare:
    op: Literal["=", "<>", "<", "<=", ">", ">="]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Arith:
    """+, - or * on int, money or decimal. Division does not exist: see RatioCompare."""

    op: Literal["+", "-", "*"]
    left: Expr
    right: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class In:
    item: Expr
    options: tuple[Expr, ...]  # literals and parameters


@dataclass(frozen=True, slots=True)
class Case:
    branches: tuple[tuple[Expr, Expr], ...]  # (when, then); an UNKNOWN when makes the whole UNKNOWN
    otherwise: Expr | None
    type: Type


@dataclass(frozen=True, slots=True)
class Absent:
    of: Ref | Column


@dataclass(frozen=True, slots=True)
class Blank:
    of: Ref | Column


@dataclass(frozen=True, slots=True)
class IfAbsent:
    of: Ref | Column
    otherwise: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class RatioCompare:
    """`ratio(a, b) op p`, cross-multiplied: a op p * b. b = 0 or b < 0 gives UNKNOWN."""

    op: Literal["=", "<>", "<", "<=", ">", ">="]
    over: Expr
    under: Expr
    than: Expr


@dataclass(frozen=True, slots=True)
class Has:
    """`has(findings, 'illness')`: membership in a list column."""

    of: Ref | Column
    code: Literal_


@dataclass(frozen=True, slots=True)
class DateSpan:
    """`days(x)`: days from x to D; `days(x, y)`: from x to y. `months` and `years` are completed ones, by
    calendar arithmetic (29 February counts as 1 March in common years); `working_days(x)` counts working days
    in (x, y]. Negative where x is later than y."""

    unit: Literal["days", "months", "years", "working_days"]
    start: Expr
    end: Expr


Expr: TypeAlias = (
    Literal_
    | Ref
    | Column
    | Param
    | Today
    | And
    | Or
    | Not
    | Compare
    | Arith
    | In
    | Case
    | Absent
    | Blank
    | IfAbsent
    | RatioCompare
    | Has
    | DateSpan
)

# --- windows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open in days, (start, D]. Exactly one of the forms:

    `last` n of `unit`: days: (D - n, D]; weeks: n * 7 days; months, years: (D stepped back n months clipped
    at the month's end, D]; terms, school_years: from the day before the start of the term n - 1 before the
    one D lies in (or the last begun).
    `this` unit: from the start of the calendar year, month, term or school year in which D lies."""

    form: Literal["last", "this"]
    n: int
    unit: Literal["days", "weeks", "months", "years", "terms", "school_years", "quarters", "periods"]


# --- features ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Title:
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A plain registry column of a person, household or place. NULL is blank, or absent if empty_means_no."""

    name: str
    subject: Subject
    column: str
    type: Type
    title: Title
    empty_means_no: bool


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest row of a feed for the subject, by (valid, known_at, row_id); `back` rows before it."""

    name: str
    subject: Subject
    feed: str
    where: Expr | None
    window: Window | None
    back: int
    fields: Mapping[str, Type]  # all plain columns, plus 'valid'
    title: Title
    type: Type = "row"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """count, sum, any, min or max over the rows of a feed in a window.

    `of` is the summed/compared expression over Columns (None for count). `at_event`: a household feature over
    a person feed that follows the household of the row's own day, not today's members."""

    name: str
    subject: Subject
    how: Literal["count", "sum", "any", "min", "max"]
    feed: str
    of: Expr | None
    where: Expr | None
    window: Window | None
    at_event: bool
    monotone: bool  # count, or a sum of a column that cannot be negative: may be AT_LEAST
    type: Type
    title: Title


@dataclass(frozen=True, slots=True)
class Streak:
    """How many consecutive periods of a period feed, back from the latest due one, satisfy `holds`."""

    name: str
    subject: Subject
    feed: str
    holds: Expr
    at_most: int
    title: Title
    type: Type = "int"


@dataclass(frozen=True, slots=True)
class Rollup:
    """count, sum, any, all, min or max over the members below: persons of a household, households, persons or
    lower places of a place (all descendants), or rows of a keyed subject that lie in the household or place.

    `of` and `where` are expressions at level `over` (Refs name features of that level)."""

    name: str
    subject: Subject
    how: Literal["count", "sum", "any", "all", "min", "max"]
    over: Subject
    of: Expr | None
    where: Expr | None
    monotone: bool
    type: Type
    title: Title


@dataclass(frozen=True, slots=True)
class Up:
    """A feature of the household or place this subject belongs to (made by the checker for `household.x`).

    `field` picks a field of a row feature above. Named '<level>.<feature>' or '<level>.<feature>.<field>'."""

    name: str
    subject: Subject
    above: Subject
    feature: str
    field: str | None
    type: Type
    title: Title


@dataclass(frozen=True, slots=True)
class Derived:
    """An expression over other features of the same subject."""

    name: str
    subject: Subject
    value: Expr
    type: Type
    title: Title


@dataclass(frozen=True, slots=True)
class Answer:
    """Another standard's answer for this very subject. what='kept': TRUE when met or not applicable, FALSE
    when breached, UNKNOWN when unknown. what='level': the level as text, 'none' unless breached; state
    UNDELIVERED when unknown. Across levels the checker adds a Rollup (all / worst) or an Up."""

    name: str
    subject: Subject
    standard: str
    what: Literal["kept", "level"]
    type: Type
    title: Title


Feature: TypeAlias = Attribute | Latest | Aggregate | Streak | Rollup | Up | Derived | Answer

# --- parameters, standards, the whole ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParameterValue:
    start: date
    value: int | Decimal | str | date | bool
    area: str | None  # code of a place; None: everywhere else
    keys: tuple[str | int | bool, ...]
    source: str
    example: bool  # an assumed value, shown with a badge


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value for (area, keys, day): the row with the nearest enclosing area (else None), equal keys, and the
    latest start <= day. No such row: UNKNOWN."""

    name: str
    type: Type
    title: Title
    by_area: bool
    keyed_by: tuple[str, ...]  # feature or attribute names, resolved to Param.keys where used
    values: tuple[ParameterValue, ...]


@dataclass(frozen=True, slots=True)
class Breach:
    name: str
    title: Title
    level: Literal["red", "orange", "yellow", "blue"]
    when: Expr
    verify: Duration
    handle: Duration
    then: Duration | None  # second stage of handling (a plan after the listing)
    text: str  # the condition as written


@dataclass(frozen=True, slots=True)
class Evidence:
    name: str  # as written: 'away', 'on_roll.status', 'household.income.per_capita_net'
    ref: Ref


@dataclass(frozen=True, slots=True)
class Version:
    start: date
    applies: Expr
    breaches: tuple[Breach, ...]  # sorted most severe first; document order within a level
    clears_when: Expr | None
    evidence: tuple[Evidence, ...]
    closing: Literal["data", "visit", "gate"]
    owner: str
    inhibits: tuple[str, ...]
    clears_text: str = ""  # clears_when as written


@dataclass(frozen=True, slots=True)
class Source:
    basis: str  # article | published | knowledge | assumption
    text: str
    official_number: str | None


@dataclass(frozen=True, slots=True)
class Standard:
    code: str
    title: Title
    domain: str
    measures: tuple[int, ...]
    source: Source
    subject: Subject
    sentence: Title  # the promise in family words
    versions: tuple[Version, ...]  # by start, oldest first
    file: str

    def version_on(self, day: date) -> Version | None:
        """The version in force on `day`, or None before the first."""
        found = None
        for version in self.versions:
            if version.start <= day:
                found = version
        return found


@dataclass(frozen=True, slots=True)
class KeyedSubject:
    """A subject that is the key of a feed, or a part of it."""

    name: str
    feed: str
    key: tuple[str, ...]
    title: Title


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that officials decided, checked.

    `features` is keyed by (subject, name) and includes what the checker made (Up, Answer, anonymous Rollups).
    `order` lists (subject, name) of every feature and ('standard', code) of every standard so that each stands
    after what it needs. `digest` identifies the content (sha256 of the files read, sorted by path)."""

    features: Mapping[tuple[Subject, str], Feature]
    parameters: Mapping[str, Parameter]
    standards: Mapping[str, Standard]
    keyed: Mapping[str, KeyedSubject]
    contracts: Mapping[str, object]  # feed code -> core.contracts.model.Contract
    programme: object  # core.contracts.programme.Programme
    order: tuple[tuple[str, str], ...]
    digest: str
