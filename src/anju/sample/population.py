"""A compliant population: settlements, households and people, as columns (numpy arrays), before any trouble.

Shares follow the prefecture's published figures where there are any (population by unit, household size, age),
and plain assumptions elsewhere. Nobody here is real: every identity number begins with 522300, the code of the
prefecture itself, which is never issued on a card.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

UNITS = (
    # unit code, name, statistical county, share of 338,506, settlements
    ("522301", "兴义市", "522301", 62_000, 12),
    ("522302", "兴仁市", "522302", 33_000, 7),
    ("522323", "普安县", "522323", 27_000, 5),
    ("522324", "晴隆县", "522324", 45_000, 9),
    ("522325", "贞丰县", "522325", 39_000, 8),
    ("522326", "望谟县", "522326", 45_000, 9),
    ("522327", "册亨县", "522327", 50_000, 10),
    ("522328", "安龙县", "522328", 27_506, 6),
    ("YILONG", "义龙新区", "522301", 10_000, 2),
)
TOTAL = 338_506
STREETS = {  # streets that exist, where the invented settlements of the sample are placed
    "522301": ("522301009", "洒金街道"),
    "522302": ("522302006", "薏品田园街道"),
    "522323": ("522323003", "茶源街道"),
    "522324": ("522324004", "腾龙街道"),
    "522325": ("522325004", "龙兴街道"),
    "522326": ("522326004", "蟠桃街道"),
    "522327": ("522327003", "高洛街道"),
    "522328": ("522328004", "五福街道"),
    "YILONG": ("522301011", "顶效街道"),
}
COMMUNITY_NAMES = (
    "新禾 望江 晨光 锦绣 映山 春晖 同心 朝阳 云岭 清泉 桂花 金桥 长青 百合 翠屏 永乐 福源 和顺 "
    "丰泽 明珠 青松 花溪 玉带 紫云 迎春 石榴 枫林 秀水 兰馨 碧波 凤栖 龙吟 祥瑞 安澜"
).split()
SURNAMES = "韦 罗 岑 班 陆 杨 王 黄 李 陈 何 吴 张 覃 蒙 潘 卢 田 龙 莫".split()
GIVEN = (
    "秀英 明光 阿妹 国兴 小芳 文强 玉兰 正华 春梅 永福 丽娟 志明 金花 德才 美玲 光荣 桂香 世杰 晓燕 兴贵 "
    "雪梅 朝阳 彩云 建国 红霞 思源 佳怡 子涵 欣怡 浩然 宇航 梦瑶 俊杰 诗琪 天佑 雨桐 家豪 若溪 梓轩 可馨"
).split()

SIZES = np.array([1, 2, 3, 4, 5, 6, 7, 8])
SIZE_SHARES = np.array([5, 9, 17, 26, 22, 13, 5, 3]) / 100
# Members beside the head and spouse by household size: (children, elders), picked by a coin of the second kind.
MEMBERS = {1: (0, 0), 2: (0, 0), 3: (1, 0), 4: (2, 0), 5: (2, 1), 6: (3, 1), 7: (3, 2), 8: (4, 2)}


@dataclass
class Population:
    """Columns of equal length per kind. Dates are numpy datetime64[D]; indices point into the parents' arrays."""

    day: date
    community_code: NDArray[np.str_]
    community_name: NDArray[np.str_]
    community_unit: NDArray[np.int64]  # index into UNITS
    household_code: NDArray[np.str_]
    household_community: NDArray[np.int64]
    household_size: NDArray[np.int64]
    household_first: NDArray[np.int64]  # index of its head in the person columns
    registered_poor: NDArray[np.bool_]
    move_in: NDArray[np.datetime64]
    cohort: NDArray[np.int64]
    origin_unit: NDArray[np.int64]
    person_household: NDArray[np.int64]
    person_id: NDArray[np.str_]
    person_name: NDArray[np.str_]
    sex: NDArray[np.int64]  # 1 male, 2 female
    birth: NDArray[np.datetime64]
    age: NDArray[np.int64]
    relation: NDArray[np.str_]
    labour_capacity: NDArray[np.str_]
    is_student: NDArray[np.bool_]
    resident_status: NDArray[np.str_]

    @property
    def person_unit(self) -> NDArray[np.int64]:
        return self.household_unit[self.person_household]

    @property
    def household_unit(self) -> NDArray[np.int64]:
        return self.community_unit[self.household_community]

    @property
    def labour(self) -> NDArray[np.bool_]:
        """Labour members: of working age, able, not a student (nobody in the sample serves)."""
        upper = np.where(self.sex == 1, 60, 55)
        able = np.isin(self.labour_capacity, ("normal", "skilled"))
        return (self.age >= 16) & (self.age < upper) & able & ~self.is_student

    def members(self, household: int) -> range:
        first = int(self.household_first[household])
        return range(first, first + int(self.household_size[household]))


def build_population(people: int, seed: int, day: date) -> Population:
    """`people` residents exactly, in 68 settlements of 9 units; the same seed gives the same people."""
    rng = np.random.default_rng(seed)
    community_code, community_name, community_unit = _communities()
    size = _household_sizes(rng, people)
    count = len(size)
    first = np.concatenate(([0], np.cumsum(size)[:-1]))
    community = _spread(rng, count, community_unit)
    unit = community_unit[community]
    cohort = rng.choice([2016, 2017, 2018, 2019], size=count, p=[0.12, 0.30, 0.46, 0.12])
    move_in = (cohort - 1970).astype("datetime64[Y]").astype("datetime64[D]") + rng.integers(20, 160, count)
    cross = rng.random(count) < 0.20
    origin = np.where(cross, rng.integers(0, 8, count), unit)
    origin = np.where(origin == 8, 0, origin)  # nobody left a development district
    household = np.repeat(np.arange(count), size)
    age, sex, relation = _people(rng, size, first, people)
    birth = _births(rng, age, day)
    student = ((age >= 6) & (age < 16)) | ((age >= 16) & (age < 19) & (rng.random(people) < 0.75))
    student |= (age >= 19) & (age < 23) & (relation == "20") & (rng.random(people) < 0.35)
    capacity = np.full(people, "normal", dtype="U8")
    capacity[age < 16] = "none"
    capacity[age >= 60] = "weak"
    capacity[age >= 75] = "none"
    disabled = (age >= 16) & (age < 60) & (rng.random(people) < 0.02) & (relation != "01")
    capacity[disabled] = "none"
    names = _names(rng, household, count, people)
    return Population(
        day=day,
        community_code=community_code,
        community_name=community_name,
        community_unit=community_unit,
        household_code=np.array([f"H{n:07d}" for n in range(1, count + 1)]),
        household_community=community,
        household_size=size,
        household_first=first,
        registered_poor=rng.random(count) < 0.80,
        move_in=move_in.astype("datetime64[D]"),
        cohort=cohort,
        origin_unit=origin,
        person_household=household,
        person_id=_identity_numbers(birth, sex),
        person_name=names,
        sex=sex,
        birth=birth,
        age=age,
        relation=relation,
        labour_capacity=capacity,
        is_student=student,
        resident_status=np.full(people, "living_here", dtype="U12"),
    )


def _communities() -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.int64]]:
    codes: list[str] = []
    names: list[str] = []
    units: list[int] = []
    for index, (unit, *_, settlements) in enumerate(UNITS):
        street, _ = STREETS[unit]
        for n in range(settlements):
            codes.append(f"{street}{901 + n}")
            place = len(names)
            name = COMMUNITY_NAMES[place % len(COMMUNITY_NAMES)]
            names.append(f"{name}{'新' if place >= len(COMMUNITY_NAMES) else ''}社区")
            units.append(index)
    return np.array(codes), np.array(names), np.array(units)


def _household_sizes(rng: np.random.Generator, people: int) -> NDArray[np.int64]:
    size = rng.choice(SIZES, size=people, p=SIZE_SHARES)
    ends = np.cumsum(size)
    last = int(np.searchsorted(ends, people))
    size = size[: last + 1].copy()
    size[-1] -= int(ends[last]) - people
    return size[size > 0]


def _spread(rng: np.random.Generator, count: int, community_unit: NDArray[np.int64]) -> NDArray[np.int64]:
    """Households over settlements: every settlement gets at least eight, the rest by the units' shares."""
    weight = np.array([UNITS[u][3] / UNITS[u][4] for u in community_unit], dtype=float)
    least = np.repeat(np.arange(len(community_unit)), 8)[: count // 2]
    rest = rng.choice(len(community_unit), size=count - len(least), p=weight / weight.sum())
    return np.sort(np.concatenate((least, rest)))


def _people(
    rng: np.random.Generator, size: NDArray[np.int64], first: NDArray[np.int64], people: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.str_]]:
    """Age, sex and relation to the head (GB/T 4761: 01 head, 10 spouse, 20 child, 50 parent)."""
    count = len(size)
    position = np.arange(people) - np.repeat(first, size)
    elderly = (size <= 2) & (rng.random(count) < 0.35)
    head_age = np.where(elderly, rng.integers(62, 84, count), rng.integers(27, 53, count))
    head_sex = np.where(rng.random(count) < 0.82, 1, 2)
    children = np.array([MEMBERS[int(s)][0] for s in size])
    kind = np.where(position == 0, 0, np.where(position == 1, 1, np.where(position - 2 < np.repeat(children, size), 2, 3)))
    base = np.repeat(head_age, size)
    oldest = np.minimum(base - 21, 23)
    child_age = (oldest * rng.random(people) ** 0.7).astype(np.int64)
    age = np.select(
        [kind == 0, kind == 1, kind == 2],
        [base, np.maximum(22, base - rng.integers(0, 4, people)), child_age],
        default=np.clip(base + rng.integers(22, 32, people), 60, 92),
    )
    sex = np.where(rng.random(people) < 0.52, 1, 2)
    sex = np.where(kind == 0, np.repeat(head_sex, size), sex)
    sex = np.where(kind == 1, 3 - np.repeat(head_sex, size), sex)
    relation = np.choose(kind, ["01", "10", "20", "50"])
    return age.astype(np.int64), sex, relation


def _births(rng: np.random.Generator, age: NDArray[np.int64], day: date) -> NDArray[np.datetime64]:
    """A birth date that makes the person `age` completed years old on `day`, never born on the day itself."""
    years = day.year - age
    start = (years - 1970 - 1).astype("datetime64[Y]").astype("datetime64[D]")
    offset = (day - date(day.year, 1, 1)).days
    born: NDArray[np.datetime64] = np.asarray(start + offset + 1 + rng.integers(2, 360, len(age)), dtype="datetime64[D]")
    return born


def _identity_numbers(birth: NDArray[np.datetime64], sex: NDArray[np.int64]) -> NDArray[np.str_]:
    """GB 11643 numbers under prefix 522300: odd sequence for men, even for women, unique within a birth date."""
    order = np.lexsort((sex, birth))
    sorted_key = birth[order].astype(np.int64) * 2 + (sex[order] - 1)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(sorted_key)) + 1))
    nth = np.arange(len(order)) - np.repeat(starts, np.diff(np.concatenate((starts, [len(order)]))))
    sequence = np.empty(len(order), dtype=np.int64)
    sequence[order] = nth
    sequence = sequence * 2 + np.where(sex == 1, 1, 2)
    if sequence.max(initial=0) > 998:
        raise ValueError("more than 499 people of one sex share a birth date: fewer people, or a wider age range")
    months = birth.astype("datetime64[M]").astype(np.int64)
    year, month = 1970 + months // 12, months % 12 + 1
    dom = (birth - birth.astype("datetime64[M]")).astype(np.int64) + 1
    digits = np.array([5, 2, 2, 3, 0, 0])[None, :].repeat(len(birth), axis=0)
    body = np.stack(
        [year // 1000, year // 100 % 10, year // 10 % 10, year % 10, month // 10, month % 10, dom // 10, dom % 10,
         sequence // 100, sequence // 10 % 10, sequence % 10],
        axis=1,
    )  # fmt: skip
    digits = np.concatenate((digits, body), axis=1)
    weights = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
    check = np.array(list("10X98765432"))[(digits * weights).sum(axis=1) % 11]
    text = digits.astype("U1")
    columns = [text[:, i] for i in range(17)] + [check]
    return np.array(["".join(parts) for parts in zip(*columns, strict=True)])


def _names(rng: np.random.Generator, household: NDArray[np.int64], count: int, people: int) -> NDArray[np.str_]:
    surname = np.array(SURNAMES)[rng.integers(0, len(SURNAMES), count)][household]
    given = np.array(GIVEN)[rng.integers(0, len(GIVEN), people)]
    return np.char.add(surname, given)


def month_ends(day: date, months: int) -> list[date]:
    """The last days of the `months` calendar months before the one `day` lies in, oldest first."""
    ends: list[date] = []
    last = day.replace(day=1) - timedelta(days=1)
    for _ in range(months):
        ends.append(last)
        last = last.replace(day=1) - timedelta(days=1)
    return ends[::-1]
