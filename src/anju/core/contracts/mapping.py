"""The checked form of a mapping: how somebody else's files become places, the two registers and rows of feeds.

A cell of a target column is one of the kinds below. Every source is a column of the target's own file, or of a file
that it joins. Nothing here reads a file: `read_mapping` makes it, `lake.mapping` carries it out.
"""

from __future__ import annotations

from collections.abc import Mapping as Pairs
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from anju.core.contracts.model import Contract


@dataclass(frozen=True, slots=True)
class Source:
    """Column `name` of file `file`. `line` and `column` are where the mapping says so."""

    file: str
    name: str
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Copied:
    """The text as it is; with `codes` (text in lower case -> our code) only these. `unknown` texts are left blank."""

    source: Source
    codes: Pairs[str, str] | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Composed:
    """Texts and columns in a row; blank as soon as one of the columns is."""

    parts: tuple[str | Source, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    text: str


@dataclass(frozen=True, slots=True)
class Truth:
    source: Source
    yes: tuple[str, ...]
    no: tuple[str, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BornByAge:
    """An approximate day of birth: the middle of the year (or month) in which whoever is so old on `on` was born."""

    years: Source
    months: Source | None
    on: date | Source
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """A day written in a strptime `format`, as 31/12/2023 is %d/%m/%Y."""

    source: Source
    format: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DayParts:
    year: Source
    month: Source
    day: Source
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """A question with several answers in one cell, parted by `split` ('' parts every character): a list of codes."""

    source: Source
    split: str
    codes: Pairs[str, str]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OneHot:
    """A column per answer: a list of the codes whose column says yes, `none` where all say no. Blank if any is."""

    columns: tuple[tuple[str, Source], ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    none: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Amount:
    """The sum of numbers times `times` divided by `over`, rounded half up to `places`. Blank if any of them is."""

    sources: tuple[Source, ...]
    times: Decimal
    over: Decimal
    places: int
    unknown: tuple[str, ...] = ()


Cell: TypeAlias = Copied | Composed | Constant | Truth | BornByAge | Day | DayParts | Choices | OneHot | Amount


def sources_of(cell: Cell) -> tuple[Source, ...]:
    """The columns that a cell is made of, in the order they are written."""
    match cell:
        case Composed(parts):
            return tuple(part for part in parts if isinstance(part, Source))
        case Constant():
            return ()
        case BornByAge(years, months, on):
            return tuple(each for each in (years, months, on) if isinstance(each, Source))
        case DayParts(year, month, day):
            return (year, month, day)
        case OneHot(columns):
            return tuple(source for _, source in columns)
        case Amount(sources):
            return sources
    return (cell.source,)


@dataclass(frozen=True, slots=True)
class Join:
    """Each row of a file finds the one row of `file` whose key is what its own columns `on` say."""

    file: str
    on: tuple[Source, ...]
    missing_is_blank: bool


@dataclass(frozen=True, slots=True)
class SourceFile:
    """`pattern` is matched against names of files (shell wildcards); `blank` are further texts that mean no answer."""

    name: str
    pattern: str
    key: tuple[Source, ...]
    joins: Pairs[str, Join]
    blank: tuple[str, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Target:
    """Rows of one register or feed: one for every row of `file` whose columns have one of the texts of `only`.

    With `each` there is one for every block of columns in it (as child 1, child 2, …), with the block's cells beside
    `columns`; `skip_empty` leaves out blocks of which every column is blank."""

    contract: Contract
    file: str
    columns: Pairs[str, Cell]
    only: tuple[tuple[Source, tuple[str, ...]], ...]
    unit: str | None = None  # feeds delivered by management unit: who sends it
    head: str | None = None  # the person register: the code of relation_to_head that means the head
    each: tuple[Pairs[str, Cell], ...] = ()
    skip_empty: bool = False

    def rows_of(self) -> tuple[Pairs[str, Cell], ...]:
        """The cells of every row that a row of the file becomes."""
        return tuple({**self.columns, **block} for block in self.each) or (self.columns,)

    def names(self) -> tuple[str, ...]:
        """The contract's columns that are filled."""
        return tuple(self.rows_of()[0])


@dataclass(frozen=True, slots=True)
class PlaceCells:
    level: str
    code: Cell
    name: Cell


@dataclass(frozen=True, slots=True)
class PlaceList:
    """The places named in a file, from the level below the programme down; each lies in the one before."""

    file: str
    levels: tuple[PlaceCells, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """`as_of` is the day that the answers speak of."""

    path: str
    as_of: date
    files: Pairs[str, SourceFile]
    places: PlaceList | None
    household: Target | None
    person: Target | None
    feeds: Pairs[str, Target]

    def targets(self) -> tuple[Target, ...]:
        """Households before persons before feeds: each needs what came before."""
        return tuple(target for target in (self.household, self.person, *self.feeds.values()) if target is not None)

    def used(self, file: str) -> tuple[Source, ...]:
        """Every column of `file` that the mapping speaks of, once."""
        found: list[Source] = [*self.files[file].key] if file in self.files else []
        for other in self.files.values():
            found += [source for join in other.joins.values() for source in join.on]
        cells = [cell for target in self.targets() for row in target.rows_of() for cell in row.values()]
        if self.places is not None:
            cells += [cell for level in self.places.levels for cell in (level.code, level.name)]
        found += [source for cell in cells for source in sources_of(cell)]
        found += [source for target in self.targets() for source, _ in target.only]
        return tuple(dict.fromkeys(source for source in found if source.file == file))
