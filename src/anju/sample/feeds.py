"""Every feed of the sample: when it is delivered and how its rows are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from anju.sample import health, homes, insurers, living, money, schooling, welfare, work
from anju.sample.columns import Table
from anju.sample.plan import World
from anju.sample.timeline import Round


@dataclass(frozen=True, slots=True)
class Feed:
    """`rounds` are its deliveries in order. `latest_of` names the key of which a history file keeps the last row."""

    rounds: Callable[[World], list[Round]]
    rows: Callable[[World, Round], Table]
    latest_of: str = ""


def monthly(received_on: int, lead: int = 0) -> Callable[[World], list[Round]]:
    return lambda w: w.t.monthly(received_on, lead)


def yearly(month: int, day: int) -> Callable[[World], list[Round]]:
    return lambda w: living.yearly(w, month, day)


def quarterly(w: World) -> list[Round]:
    return w.t.quarterly(15)


def lists(w: World) -> list[Round]:
    return w.t.lists()


FEEDS: dict[str, Feed] = {
    "F04": Feed(lists, homes.dwellings),
    "F05": Feed(lists, homes.defects),
    "F06": Feed(monthly(10), homes.use),
    "F07": Feed(monthly(10, 1), homes.supply),
    "F08": Feed(monthly(10, 2), homes.property_service),
    "F09": Feed(lambda w: w.t.rolls(), schooling.roll),
    "F10": Feed(lambda w: w.t.weeks(), schooling.attendance),
    "F11": Feed(schooling.aid_rounds, schooling.aid),
    "F12": Feed(yearly(2, 20), living.facilities),
    "F13": Feed(health.insurance_rounds, health.insurance),
    "F14": Feed(health.bill_rounds, health.bills),
    "F15": Feed(lists, health.records),
    "F16": Feed(monthly(5, 1), work.employment),
    "F17": Feed(monthly(5, 2), work.services),
    "F18": Feed(monthly(5), work.training),
    "F19": Feed(monthly(5, 2), work.workshops),
    "F20": Feed(lists, welfare.assistance),
    "F21": Feed(welfare.care_rounds, welfare.care),
    "F22": Feed(lists, welfare.disability),
    "F23": Feed(lists, welfare.pensions),
    "F24": Feed(monthly(5, 3), living.incidents),
    "F25": Feed(lists, money.loans),
    "F26": Feed(quarterly, money.incomes),
    "F27": Feed(lists, money.monitored),
    "F28": Feed(monthly(5), living.disputes, "dispute_id"),
    "F29": Feed(monthly(5, 6), living.visits),
    "F30": Feed(monthly(5, 6), living.activities),
    "F31": Feed(quarterly, living.capacity),
    "F32": Feed(monthly(5), living.requests),
    "F33": Feed(living.survey_rounds, living.surveys),
    "F34": Feed(yearly(2, 20), insurers.policies),
    "F35": Feed(monthly(5, 9), insurers.claims),
    "F37": Feed(yearly(3, 20), money.land),
    "F38": Feed(monthly(5), living.projects),
}


def received_between(w: World, feed: Feed, after: date, until: date) -> list[Round]:
    return [r for r in feed.rounds(w) if after < r.received <= until]
