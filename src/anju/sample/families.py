"""Families of the sample's five stories: the same people under the same codes whatever the size of the sample."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Member:
    """`relation` by GB/T 4761: 01 head, 10 spouse, 20 child, 50 parent. `mode` is the work of a labour member."""

    name: str
    sex: int
    birth: date
    relation: str
    mode: str = ""
    student: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """`community` counts within the unit; `origin` is the unit the family came from."""

    code: str
    unit: str
    community: int
    origin: str
    moved: date
    poor: bool
    members: tuple[Member, ...]


FIRST_SEQUENCE = 991  # numbers of story people end in 991 to 998 and a check digit; nobody else's do

GIRL = Family("H9000001", "522324", 5, "522327", date(2018, 11, 8), True, (
    Member("岑国兴", 1, date(1983, 4, 12), "01", "out_province"),
    Member("岑阿秀", 2, date(1985, 9, 3), "10", "local"),
    Member("岑小芳", 2, date(2011, 5, 20), "20", student=True),
    Member("岑小虎", 1, date(2014, 10, 2), "20", student=True),
))  # fmt: skip
COUSIN = Family("H9000002", "522302", 4, "522302", date(2018, 8, 16), True, (
    Member("岑永福", 1, date(1986, 1, 25), "01", "local"),
    Member("罗春梅", 2, date(1988, 7, 9), "10", "home_based"),
    Member("岑欣怡", 2, date(2014, 3, 12), "20", student=True),
))  # fmt: skip
ILLNESS = Family("H9000003", "522325", 4, "522325", date(2017, 6, 21), True, (
    Member("班德才", 1, date(1979, 11, 30), "01", "out_county"),
    Member("韦玉兰", 2, date(1981, 2, 14), "10", "local"),
    Member("班佳怡", 2, date(2009, 6, 6), "20", student=True),
    Member("班明光", 1, date(1951, 3, 8), "50"),
))  # fmt: skip
THRIVING = Family("H9000005", "522301", 0, "522301", date(2018, 6, 12), True, (
    Member("韦正华", 1, date(1978, 8, 18), "01", "local"),
    Member("陆秀英", 2, date(1980, 12, 5), "10", "workshop"),
    Member("韦雨桐", 2, date(2007, 2, 27), "20", student=True),
    Member("韦思远", 1, date(2010, 9, 14), "20", student=True),
    Member("韦子涵", 1, date(2015, 4, 1), "20", student=True),
    Member("韦可馨", 2, date(2019, 1, 19), "20"),
    Member("韦廷贵", 1, date(1950, 5, 5), "50"),
    Member("罗金花", 2, date(1953, 10, 23), "50"),
))  # fmt: skip
FAMILIES = (GIRL, COUSIN, ILLNESS, THRIVING)
WATER_COMMUNITY = ("522326", 4)  # the site whose water failed
WATER_HOUSEHOLDS = 312
LATE_COMMUNITY = ("522326", 5)  # next door, whose report is late
CLOSING_WORKSHOP = "W900"
CLOSING_WORKERS = 38
