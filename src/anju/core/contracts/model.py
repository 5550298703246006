"""The checked form of a feed contract and of the programme: what departments promise, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

ColumnType: TypeAlias = Literal[
    "text", "code", "int", "decimal", "rate", "money", "bool", "date", "datetime", "list", "month", "week",
    "quarter", "term", "school_year", "year", "person", "household", "place",
]  # fmt: skip
"""`money` arrives in yuan with two places (or in minor units if the contract says `in: fen`) and is stored in
whole fen. `code` has a closed `codes` list; `list` is a ';'-separated list of such codes. `person`, `household`
and `place` columns hold an identifier or code and are stored as our own key (BIGINT)."""

Cadence: TypeAlias = Literal["day", "week", "school_week", "month", "quarter", "term", "school_year", "year", "once"]


@dataclass(frozen=True, slots=True)
class Bilingual:
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class FeedColumn:
    name: str
    type: ColumnType
    title: Bilingual
    klass: Literal["plain", "identifier", "text"]  # only plain reaches the lake
    empty_means: Literal["no", "unknown"]
    required: bool
    codes: tuple[str, ...]  # closed list for code and list columns, else ()
    code_aliases: Mapping[str, str]  # accepted other spellings -> code ('在校': 'enrolled')
    minimum: Decimal | None
    maximum: Decimal | None
    aliases: tuple[str, ...]  # accepted header names beside `name` and the two titles
    in_minor_units: bool = False


@dataclass(frozen=True, slots=True)
class Freshness:
    due_days: int  # a period's delivery is due this many days after the day the period is dated by
    fresh_for: int | None  # state feeds: days a delivery stays fresh after its valid date; None: until next due


@dataclass(frozen=True, slots=True)
class Contract:
    """A feed. Meaning of kind, delivery, world and by: semantics.md 1, repeated in docs/semantics.md."""

    code: str  # F09
    dataset: str  # school_roll
    title: Bilingual
    owner: str  # department code
    kind: Literal["state", "period", "event"]
    delivery: Literal["full", "delta"]
    world: Literal["closed", "open"]
    by: str  # 'programme', 'unit' (management unit), or the name of a plain text column ('school_code')
    unit_from: str | None  # for `by` a column: the feature giving a subject's unit ('on_roll.school_code')
    cadence: Cadence
    period_column: str | None  # period feeds: the column naming the period (month, week, term ...)
    valid_column: str | None  # event feeds: the column with the event's day; state: optional row date
    key: tuple[str, ...]
    columns: tuple[FeedColumn, ...]
    links: Mapping[str, str]  # 'person' | 'household' | 'place' -> column name
    through: tuple[str, str] | None  # (feed code, shared column): the household/place is found through it
    freshness: Freshness
    max_shrink: Decimal  # a full delivery smaller than (1 - max_shrink) x the last one is held
    matched_floor: Decimal  # below this matched rate a delivery does not count as delivered
    registry: Literal["household", "person", "event"] | None  # F01-F03: enters the registry only
    platform: bool  # written by the platform itself (F36, decisions, cases)
    file: str
    dated: Literal["start", "end"] = "end"
    """The day a period's rows are valid from, and from which it falls due: the period's last day, or its first
    (a roll of the term just begun is known, and due, long before the term ends)."""


@dataclass(frozen=True, slots=True)
class IdentifierType:
    name: str  # 'cn_resident_id'
    title: Bilingual
    validator: str  # name in core.terms.identifiers.VALIDATORS


@dataclass(frozen=True, slots=True)
class PlaceLevel:
    name: str  # 'unit', 'street', 'community', 'grid', 'building'
    title: Bilingual


@dataclass(frozen=True, slots=True)
class NamedPeriod:
    """A term or a school year: dates are inclusive."""

    name: str  # '2023-2024-1'
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Guarantee:
    """One light of a family, such as water: it is out where one of the standards is breached at its level or worse."""

    name: str
    title: Bilingual
    standards: Mapping[str, str]  # code -> the least level that counts


@dataclass(frozen=True, slots=True)
class Programme:
    """What another country changes, and no code."""

    code: str
    title: Bilingual
    currency: str  # ISO 4217
    minor_digits: int
    identifiers: tuple[IdentifierType, ...]  # the first is the default
    levels: tuple[PlaceLevel, ...]  # from the programme down
    community_level: str  # the level a household belongs to ('community')
    unit_level: str  # the level that delivers ('unit')
    code_scheme: str  # 'cn_statistical' or 'plain'
    working_week: tuple[int, ...]  # ISO weekdays worked, 1 = Monday
    holidays: frozenset[date]
    makeup_days: frozenset[date]
    terms: tuple[NamedPeriod, ...]
    school_years: tuple[NamedPeriod, ...]
    languages: tuple[str, ...]
    forbidden_columns: tuple[str, ...]  # never in a condition, whatever alias
    words: Mapping[str, Bilingual]
    keep_files_days: int = 180
    """Days for which delivered files and rows set aside, which hold full identity numbers, are kept."""
    domains: tuple[str, ...] = ()  # what standards may be about; () leaves it open
    guarantees: tuple[Guarantee, ...] = ()
    departments: Mapping[str, Bilingual] = field(default_factory=dict)  # code of an owner -> what it is called

    @property
    def identifier_names(self) -> tuple[str, ...]:
        return tuple(kind.name for kind in self.identifiers)

    def validator_of(self, identifier: str) -> str:
        return next(kind.validator for kind in self.identifiers if kind.name == identifier)
