"""A compliant population: settlements, households and people, as columns (numpy arrays), before any trouble.

Shares follow the prefecture's published figures where there are any (population by unit, household size, age, the
cohort of 2018), and plain assumptions elsewhere. Every identity number begins with 522300, the code of the
prefecture itself, which is never issued on a card.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anju.sample.columns import Flags, Ints, fixed, numbered
from anju.sample.families import FAMILIES, FIRST_SEQUENCE, WATER_COMMUNITY, WATER_HOUSEHOLDS, Family, Member
from anju.sample.settlements import FEMALE, MALE, MOVED_BY, SURNAMES, TOLD, UNIT_CODES, UNITS, community_places

SIZE_SHARES = np.array([5, 9, 17, 26, 22, 13, 5, 3]) / 100
# Members beside head and spouse by household size: (children, elders).
MEMBERS = {1: (0, 0), 2: (0, 0), 3: (1, 0), 4: (2, 0), 5: (2, 1), 6: (3, 1), 7: (3, 2), 8: (4, 2)}
CHILD_AGES = ((0, 2, 4.5), (3, 5, 5.5), (6, 11, 12.5), (12, 14, 6.0), (15, 17, 5.5), (18, 24, 8.2))
ETHNIC = (("09", 45), ("01", 25), ("06", 22), ("07", 4), ("13", 1), ("25", 1), ("37", 2))
MODES = ("out_province", "out_county", "local", "workshop", "self_employed", "public_post", "home_based", "farm")
MODE_SHARES = np.array([45, 15, 15, 8, 8, 5, 2, 2]) / 100
CAPACITY = ("normal", "weak", "none")
RELATIONS = ("01", "10", "20", "50", "70")
CHILD, DAUGHTER = RELATIONS.index("20"), "30"  # the register tells sons from daughters
GRID_HOUSEHOLDS = 350
WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])


@dataclass
class Population:
    """Columns of equal length per kind; indices point into the parents' columns. People stand by household, households
    by settlement, settlements by unit."""

    day: date
    community_code: list[str]
    community_name: list[str]
    community_street: list[str]
    community_unit: Ints
    community_told: Flags  # named by the programme's story: no trouble is planted there
    household_code: pa.Array
    household_community: Ints
    household_grid: Ints
    household_size: Ints
    household_first: Ints  # index of its head among the people
    household_story: Flags
    registered_poor: Flags
    move_in: NDArray[np.datetime64]
    cohort: Ints
    origin_unit: Ints
    person_household: Ints
    person_id: pa.Array
    person_name: pa.Array
    sex: Ints  # 1 male, 2 female
    birth: NDArray[np.datetime64]
    relation: Ints  # index into RELATIONS
    capacity: Ints  # index into CAPACITY
    student: Flags
    mode: Ints  # index into MODES: what the person does when in work
    ethnic: Ints  # index into ETHNIC
    stories: dict[str, int] = field(default_factory=dict)  # household code of a story -> household

    @property
    def person_unit(self) -> Ints:
        return self.household_unit[self.person_household]

    @property
    def household_unit(self) -> Ints:
        return self.community_unit[self.household_community]

    def age(self, day: date) -> Ints:
        """Completed years on `day`; negative before birth."""
        months = self.birth.astype("datetime64[M]").astype(np.int64)
        year, month = 1970 + months // 12, months % 12 + 1
        dom = (self.birth - self.birth.astype("datetime64[M]")).astype(np.int64) + 1
        before = (month > day.month) | ((month == day.month) & (dom > day.day))
        found: Ints = day.year - year - before
        return found

    def labour(self, day: date) -> Flags:
        """Labour members on `day`: of working age, able, not a student (nobody in the sample serves)."""
        age = self.age(day)
        upper = np.where(self.sex == 1, 60, 55)
        return np.asarray((age >= 16) & (age < upper) & (self.capacity == 0) & ~self.student, dtype=bool)

    def members(self, household: int) -> range:
        first = int(self.household_first[household])
        return range(first, first + int(self.household_size[household]))

    def community(self, unit: str, nth: int) -> int:
        """The index of a unit's settlement, counted from 0."""
        return int(np.flatnonzero(self.community_unit == UNIT_CODES.index(unit))[nth])

    def code(self, household: int) -> str:
        return str(self.household_code[int(household)].as_py())

    def identity(self, person: int) -> str:
        return str(self.person_id[int(person)].as_py())


def build_population(people: int, seed: int, day: date) -> Population:
    """`people` residents exactly, in 68 settlements of 9 units; the same seed gives the same people."""
    rng = np.random.default_rng(seed)
    places = community_places()
    community_unit = np.array([place[2] for place in places])
    drawn = _household_sizes(rng, people - sum(len(f.members) for f in FAMILIES))
    drawn_community = _spread(rng, len(drawn), community_unit)
    at = {family.code: _family_community(family, community_unit) for family in FAMILIES}
    story = np.array([-1] * len(drawn) + list(range(len(FAMILIES))))
    community = np.concatenate([drawn_community, [at[f.code] for f in FAMILIES]])
    size = np.concatenate([drawn, [len(f.members) for f in FAMILIES]])
    order = np.argsort(community, kind="stable")
    story, community, size = story[order], community[order], size[order]
    count = len(size)
    first = np.concatenate(([0], np.cumsum(size)[:-1]))
    household = np.repeat(np.arange(count), size)
    unit = community_unit[community]
    cohort = rng.choice([2016, 2017, 2018, 2019], size=count, p=[0.12, 0.30, 0.4617, 0.1183])
    move_in = (cohort - 1970).astype("datetime64[Y]").astype("datetime64[D]") + rng.integers(20, 170, count)
    move_in = np.minimum(move_in, np.array(MOVED_BY, dtype="datetime64[D]")[unit])
    home = np.where(unit == 8, 0, unit)  # nobody left a development district
    origin = np.where(rng.random(count) < 0.20, (home + rng.integers(1, 8, count)) % 8, home)
    age, sex, relation = _people(rng, size, first, people)
    birth = _births(rng, age, day)
    # children of the sample's own time are born in the first days of a month, before its lists are made
    month = birth.astype("datetime64[M]").astype("datetime64[D]")
    birth = np.where(age <= 2, np.minimum(birth, month + (birth - month).astype(np.int64) % 3), birth)
    student = (age >= 6) & (age < 16) | (age >= 16) & (age < 19) & (rng.random(people) < 0.75)
    student |= (age >= 19) & (age < 23) & (relation == 2) & (rng.random(people) < 0.35)
    capacity = np.zeros(people, dtype=np.int64)
    capacity[(age >= 18) & (relation != 0) & (rng.random(people) < 0.10)] = 2
    capacity[(age >= 18) & (relation != 0) & (rng.random(people) < 0.17)] = 1
    capacity[(sex == 1) & (age >= 60) | (sex == 2) & (age >= 55)] = 1
    capacity[(age < 16) | (age >= 75)] = 2
    p = Population(
        day=day,
        community_code=[place[0] for place in places],
        community_name=[place[1] for place in places],
        community_street=[place[3] for place in places],
        community_unit=community_unit,
        community_told=np.array([place[1].removesuffix("社区") in TOLD.values() for place in places]),
        household_code=numbered("H", np.arange(1, count + 1), 7),
        household_community=community,
        household_grid=_grids(community),
        household_size=size,
        household_first=first,
        household_story=story >= 0,
        registered_poor=rng.random(count) < 0.80,
        move_in=move_in.astype("datetime64[D]"),
        cohort=cohort,
        origin_unit=origin,
        person_household=household,
        person_id=None,
        person_name=None,
        sex=sex,
        birth=birth,
        relation=relation,
        capacity=capacity,
        student=student,
        mode=rng.choice(len(MODES), size=people, p=MODE_SHARES),
        ethnic=np.repeat(rng.choice(len(ETHNIC), size=count, p=np.array([share for _, share in ETHNIC]) / 100), size),
    )
    names = _names(rng, p)
    sequence = _sequences(birth, sex)
    for nth, family in enumerate(FAMILIES):
        _settle(p, int(np.flatnonzero(story == nth)[0]), family, names, sequence)
    p.person_id = identity_numbers(p.birth, sequence)
    p.person_name = pa.array(names, pa.string())
    codes = p.household_code.to_pylist()
    for code, household_index in p.stories.items():
        codes[household_index] = code
    p.household_code = pa.array(codes, pa.string())
    return p


def _family_community(family: Family, community_unit: Ints) -> int:
    return int(np.flatnonzero(community_unit == UNIT_CODES.index(family.unit))[family.community])


def _settle(p: Population, household: int, family: Family, names: list[str], sequence: Ints) -> None:
    """Puts a story's people where chance had put others: as many, in the settlement of the story."""
    p.stories[family.code] = household
    p.registered_poor[household] = family.poor
    p.move_in[household] = family.moved
    p.cohort[household] = family.moved.year
    p.origin_unit[household] = UNIT_CODES.index(family.origin)
    used: dict[tuple[date, int], int] = {}
    for person, member in zip(p.members(household), family.members, strict=True):
        _become(p, person, member)
        names[person] = member.name
        nth = used.get((member.birth, member.sex), 0)
        used[member.birth, member.sex] = nth + 1
        sequence[person] = FIRST_SEQUENCE + 2 * nth + (member.sex == 2)


def _become(p: Population, person: int, member: Member) -> None:
    p.sex[person] = member.sex
    p.birth[person] = member.birth
    p.relation[person] = RELATIONS.index(member.relation)
    p.student[person] = member.student
    p.mode[person] = MODES.index(member.mode or "local")
    age = p.day.year - member.birth.year
    p.capacity[person] = 0 if member.mode else 2 if age < 16 or age >= 75 else 1 if age >= 60 else 0


def _household_sizes(rng: np.random.Generator, people: int) -> Ints:
    size = rng.choice(np.arange(1, 9), size=people, p=SIZE_SHARES)
    ends = np.cumsum(size)
    last = int(np.searchsorted(ends, people))
    size = size[: last + 1].copy()
    size[-1] -= int(ends[last]) - people
    return np.asarray(size[size > 0], dtype=np.int64)


def _spread(rng: np.random.Generator, count: int, community_unit: Ints) -> Ints:
    """Households over settlements: at least eight each, the rest by the units' shares; one has as many as its story."""
    weight = np.array([UNITS[u][3] / UNITS[u][4] for u in community_unit], dtype=float)
    unit, nth = WATER_COMMUNITY
    water = int(np.flatnonzero(community_unit == UNIT_CODES.index(unit))[nth])
    fixed_count = WATER_HOUSEHOLDS if count >= 4_000 else 8
    beside = np.flatnonzero((community_unit == community_unit[water]) & (np.arange(len(community_unit)) != water))
    share = weight[beside].sum() + weight[water]
    weight[beside] = max(share - fixed_count / count * weight.sum(), share / 10) / len(beside)
    weight[water] = 0
    least = np.repeat(np.delete(np.arange(len(community_unit)), water), 8)[: count // 2]
    rest = rng.choice(len(community_unit), size=count - fixed_count - len(least), p=weight / weight.sum())
    return np.concatenate((np.full(fixed_count, water), least, rest))


def _grids(community: Ints) -> Ints:
    """A grid has about 350 households of one settlement; grids are numbered through."""
    first = np.searchsorted(community, community)
    size = np.bincount(community)[community]
    parts = np.maximum(1, np.round(size / GRID_HOUSEHOLDS)).astype(np.int64)
    nth = (np.arange(len(community)) - first) * parts // size
    key = community * 100 + nth
    return np.unique(key, return_inverse=True)[1].astype(np.int64)


def _people(rng: np.random.Generator, size: Ints, first: Ints, people: int) -> tuple[Ints, Ints, Ints]:
    """Age, sex and relation to the head (index into RELATIONS). Elders stand last in their household."""
    count = len(size)
    position = np.arange(people) - np.repeat(first, size)
    children = np.array([MEMBERS[int(s)][0] for s in range(1, 9)])[size - 1]
    kind = np.where(position == 0, 0, np.where(position == 1, 1, np.where(position - 2 < np.repeat(children, size), 2, 3)))
    sibling = (kind == 3) & (rng.random(people) < 0.17)
    shares = np.array([share for *_, share in CHILD_AGES])
    band = rng.choice(len(CHILD_AGES), size=people, p=shares / shares.sum())
    low, high = np.array([b[0] for b in CHILD_AGES])[band], np.array([b[1] for b in CHILD_AGES])[band]
    child = rng.integers(low, high + 1)
    oldest = np.maximum.reduceat(np.where(kind == 2, child, 0), first)
    head = np.where(children > 0, np.clip(oldest + rng.integers(20, 34, count), 24, 56), rng.integers(24, 58, count))
    elderly = (size <= 2) & (rng.random(count) < 0.34)
    head = np.where(elderly, np.where(rng.random(count) < 0.87, rng.integers(61, 79, count), rng.integers(80, 90, count)), head)
    base = np.repeat(head, size)
    elder = np.where(rng.random(people) < 0.865, rng.integers(60, 80, people), rng.integers(80, 93, people))
    age = np.select(
        [kind == 0, kind == 1, kind == 2, sibling],
        [base, np.maximum(20, base - rng.integers(0, 4, people)), child, np.clip(base - rng.integers(0, 9, people), 20, 57)],
        default=np.maximum(elder, np.minimum(base + 17, 79)),
    )
    head_sex = np.where(rng.random(count) < 0.82, 1, 2)
    sex = np.where(rng.random(people) < 0.52, 1, 2)
    sex = np.where(kind == 0, np.repeat(head_sex, size), sex)
    sex = np.where(kind == 1, 3 - np.repeat(head_sex, size), sex)
    return age.astype(np.int64), sex, np.where(sibling, 4, kind)


def _births(rng: np.random.Generator, age: Ints, day: date) -> NDArray[np.datetime64]:
    """A birth date that makes the person `age` completed years old on `day`, never born on the day itself."""
    years = day.year - age
    start = (years - 1970 - 1).astype("datetime64[Y]").astype("datetime64[D]")
    offset = (day - date(day.year, 1, 1)).days
    born: NDArray[np.datetime64] = np.asarray(start + offset + 1 + rng.integers(2, 360, len(age)), dtype="datetime64[D]")
    return born


def _sequences(birth: NDArray[np.datetime64], sex: Ints) -> Ints:
    """Odd numbers for men, even ones for women, unique within a birth date."""
    order = np.lexsort((sex, birth))
    key = birth[order].astype(np.int64) * 2 + (sex[order] - 1)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(key)) + 1))
    nth = np.arange(len(order)) - np.repeat(starts, np.diff(np.concatenate((starts, [len(order)]))))
    sequence = np.empty(len(order), dtype=np.int64)
    sequence[order] = nth
    sequence = sequence * 2 + np.where(sex == 1, 1, 2)
    if sequence.max(initial=0) >= FIRST_SEQUENCE:
        raise ValueError("more than 494 people of one sex share a birth date: fewer people, or a wider age range")
    return sequence


def identity_numbers(birth: NDArray[np.datetime64], sequence: Ints, prefix: str = "522300") -> pa.Array:
    """GB 11643 numbers with their check digit."""
    months = birth.astype("datetime64[M]").astype(np.int64)
    year, month = 1970 + months // 12, months % 12 + 1
    dom = (birth - birth.astype("datetime64[M]")).astype(np.int64) + 1
    digits = np.empty((len(birth), 17), dtype=np.int64)
    digits[:, :6] = [int(digit) for digit in prefix]
    parts = (year // 1000, year // 100 % 10, year // 10 % 10, year % 10, month // 10, month % 10, dom // 10, dom % 10)
    for place, part in enumerate((*parts, sequence // 100, sequence // 10 % 10, sequence % 10)):
        digits[:, 6 + place] = part
    check = np.frombuffer(b"10X98765432", dtype=np.uint8)[(digits * WEIGHTS).sum(axis=1) % 11]
    return fixed(np.concatenate([(digits + 48).astype(np.uint8), check[:, None]], axis=1))


def _names(rng: np.random.Generator, p: Population) -> list[str]:
    """Children bear the head's surname; spouses and elders on the mother's side another."""
    count, people = len(p.household_size), len(p.sex)
    own = rng.integers(0, len(SURNAMES), count)[p.person_household]
    other = rng.integers(0, len(SURNAMES), people)
    surname = np.where((p.relation == 1) | (p.relation == 3) & (p.sex == 2), other, own)
    given = rng.integers(0, min(len(MALE), len(FEMALE)), people)
    words = [s + g for s in SURNAMES for g in MALE] + [s + g for s in SURNAMES for g in FEMALE]
    code = np.where(p.sex == 1, 0, len(SURNAMES) * len(MALE)) + surname * np.where(p.sex == 1, len(MALE), len(FEMALE)) + given
    found: list[str] = pa.array(words).take(pa.array(code)).to_pylist()
    return found
