"""Troubles planted into the compliant world, and the truth about each: written down here, never asked of a rule.

Every planting changes the departments' tables (and the registers) as the trouble would have done and notes what
a correct judgement must say. Households are drawn from one pool without repetition, so that two troubles meet in
one family only where the planting says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from anju.sample.facts import TERMS, Table, take
from anju.sample.population import UNITS, Population, month_ends


@dataclass(frozen=True, slots=True, order=True)
class Expected:
    """What the run must say: `subject` is an identity number, a household code, a community code, or a key."""

    standard: str
    subject: str
    answer: str  # breached | unknown
    level: str  # '' when unknown


@dataclass
class World:
    """The population, its registers' extra columns, and one table per feed."""

    p: Population
    household_status: NDArray[np.str_]
    feeds: dict[str, Table]
    expected: list[Expected] = field(default_factory=list)
    pool: list[int] = field(default_factory=list)

    def expect(self, standard: str, subject: str, answer: str, level: str = "") -> None:
        self.expected.append(Expected(standard, str(subject), answer, level))

    def draw(self, count: int, wanted: NDArray[np.bool_]) -> list[int]:
        """The next `count` untouched households for which `wanted` holds."""
        found = []
        for position, household in enumerate(self.pool):
            if wanted[household]:
                found.append(position)
                if len(found) == count:
                    break
        chosen = [self.pool[position] for position in found]
        for position in reversed(found):
            del self.pool[position]
        return chosen


def plant_all(w: World, rng: np.random.Generator) -> None:
    """Every kind of trouble, at rates that keep open red and orange items under 3 % of households."""
    w.pool = rng.permutation(len(w.p.household_code)).tolist()
    many = len(w.p.household_code)

    def rate(share: float, least: int = 2) -> int:
        return max(least, round(many * share))

    dropout(w, rate(0.0008))
    absences(w, rate(0.0008))
    roll_gaps(w, rate(0.0004))
    schools_left_behind(w, rate(0.0006))
    uninsured(w, rate(0.0015))
    large_bills(w, rate(0.0012), rate(0.0004))
    out_of_work(w, rate(0.004), rate(0.003))
    workshops(w)
    low_income(w, rate(0.0015), rate(0.001), rate(0.001))
    allowances(w, rate(0.0005))
    elders(w, rate(0.0004))
    empty_homes(w, rate(0.001), rate(0.0006), rate(0.0004))
    settlements_in_trouble(w)
    quarrels(w, rate(0.0003))
    late_insurance_roll(w)


# --- education --------------------------------------------------------------------------------------------------


def _pupils(w: World) -> NDArray[np.int64]:
    """Row numbers of this term's roll: children under the compulsory-schooling standard, one per household."""
    roll = w.feeds["F09"]
    p = w.p
    entry = date(p.day.year, 8, 31)
    sixth = (p.birth.astype("datetime64[Y]").astype(int) + 1970 + 6) * 10_000 + _month_day(p.birth)
    compulsory = (sixth <= entry.year * 10_000 + 831) & (p.age < 16)
    rows = (roll["term"] == TERMS[-1]) & compulsory[roll["_person"]]
    rows &= np.isin(roll["stage"], ("primary", "junior"))
    index = np.flatnonzero(rows)
    household = p.person_household[roll["_person"][index]]
    _, first = np.unique(household, return_index=True)
    return index[first]


def _month_day(birth: NDArray[np.datetime64]) -> NDArray[np.int64]:
    month = birth.astype("datetime64[M]").astype(int) % 12 + 1
    dom = (birth - birth.astype("datetime64[M]")).astype(int) + 1
    return np.asarray(month * 100 + dom, dtype=np.int64)


def _draw_pupils(w: World, count: int) -> NDArray[np.int64]:
    roll = w.feeds["F09"]
    rows = _pupils(w)
    household = w.p.person_household[roll["_person"][rows]]
    has = np.zeros(len(w.p.household_code), dtype=bool)
    has[household] = True
    chosen = set(w.draw(count, has))
    return np.array([row for row, h in zip(rows, household, strict=True) if h in chosen])


def dropout(w: World, count: int) -> None:
    """Half say dropped out on the roll; half are not on any roll at all."""
    roll = w.feeds["F09"]
    rows = _draw_pupils(w, count * 2)
    for row in rows:
        w.expect("ED-01", roll["person_id"][row], "breached", "red")
    roll["status"][rows[::2]] = "dropped_out"
    gone = np.isin(roll["_person"], roll["_person"][rows[1::2]]) & (roll["term"] == TERMS[-1])
    here = w.feeds["F10"]
    w.feeds["F10"] = take(here, ~np.isin(here["_person"], roll["_person"][rows[1::2]]))
    w.feeds["F09"] = take(roll, ~gone)


def absences(w: World, count: int) -> None:
    """Enrolled but away: seven school days and more is red, three to six orange."""
    roll = w.feeds["F09"]
    rows = _draw_pupils(w, count * 2)
    here = w.feeds["F10"]
    due = np.unique(here["_period"])
    for nth, row in enumerate(rows):
        days = 8 if nth % 2 else 4
        mine = here["_person"] == roll["_person"][row]
        for back, week in enumerate(due[::-1]):
            away = max(0, days - 5 * back)
            here["consecutive_absent_days"][mine & (here["_period"] == week)] = days if back < 2 else 0
            here["absent_days_unexcused"][mine & (here["_period"] == week)] = min(5, away)
        w.expect("ED-01", roll["person_id"][row], "breached", "red" if nth % 2 else "orange")


def roll_gaps(w: World, count: int) -> None:
    """A status cell left empty, and a grade that is no number (its row is set aside): neither can be judged."""
    roll = w.feeds["F09"]
    rows = _draw_pupils(w, count * 2)
    for nth, row in enumerate(rows):
        if nth % 2:
            roll["grade"][row] = "三"
        else:
            roll["status"][row] = ""
        w.expect("ED-01", roll["person_id"][row], "unknown")
        if nth % 2:  # without the roll row nobody knows the school either
            w.expect("ED-03", roll["person_id"][row], "unknown")


def schools_left_behind(w: World, count: int) -> None:
    """Moved years ago, still on the roll of another county's school."""
    roll = w.feeds["F09"]
    here = w.feeds["F10"]
    for row in _draw_pupils(w, count):
        unit = int(roll["_unit"][row])
        other = (unit + 1) % 8
        old = str(roll["school_code"][row])
        new = old.replace(UNITS[unit][0], UNITS[other][0])
        roll["school_code"][row] = new
        roll["school_unit_code"][row] = UNITS[other][0]
        mine = here["_person"] == roll["_person"][row]
        here["school_code"][mine] = new
        w.expect("ED-03", roll["person_id"][row], "breached", "orange")


# --- medical ----------------------------------------------------------------------------------------------------


def _supported(w: World) -> NDArray[np.bool_]:
    """Households with a running allowance, or under monitoring."""
    supported = np.zeros(len(w.p.household_code), dtype=bool)
    aid, watch = w.feeds["F20"], w.feeds["F27"]
    supported[aid["_household"][aid["status"] == "active"]] = True
    supported[watch["_household"][watch["status"] == "monitoring"]] = True
    return supported


LATE_UNIT = "YILONG"


def uninsured(w: World, count: int) -> None:
    """Not insured this year: worse for families on the poverty register, on allowance or under monitoring."""
    p = w.p
    supported = _supported(w)
    late = np.array([UNITS[u][0] == LATE_UNIT for u in p.household_unit])
    for household in w.draw(count, ~late):
        person = p.members(household)[-1]
        w.feeds["F13"]["insured"][person] = "false"
        heavy = bool(p.registered_poor[household] or supported[household])
        w.expect("MH-01", p.person_id[person], "breached", "red" if heavy else "orange")


def late_insurance_roll(w: World) -> None:
    """One office has not sent this month's insurance roll: its people cannot be judged, and nobody is red."""
    p = w.p
    last = month_ends(p.day, 1)[0]
    w.expect("MW-01", f"F13|{LATE_UNIT}|{last:%Y-%m}", "breached", "orange")
    units = np.array([UNITS[u][0] for u in p.person_unit])
    for person in np.flatnonzero(units == LATE_UNIT):
        w.expect("MH-01", p.person_id[person], "unknown")


def large_bills(w: World, orange: int, red: int) -> None:
    """Stays in hospital paid by the family itself this year, above the line for its register."""
    p = w.p
    bills = w.feeds["F14"]
    year = str(p.day.year)
    poor = p.registered_poor & (p.household_size >= 3)
    chosen = [(h, 750_000, "orange") for h in w.draw(orange, poor)]
    chosen += [(h, 6_200_000, "red") for h in w.draw(red, p.registered_poor)]
    last = np.unique(bills["_period"])[-1]
    rows = []
    for household, fen, level in chosen:
        head = int(p.household_first[household])
        mine = bills["_inpatient"] & (p.person_household[bills["_person"]] == household)
        mine &= np.char.startswith(bills["_period"], year)
        bills["self_paid"][mine] = 0
        bills["total_cost"][mine] = bills["basic_paid"][mine] + bills["assistance_paid"][mine]
        rows.append((head, fen))
        w.expect("MH-02", p.household_code[household], "breached", level)
    who = np.array([head for head, _ in rows])
    own = np.array([fen for _, fen in rows])
    on = f"{last}-12"
    n = len(who)
    w.feeds["F14"] = {
        name: np.concatenate([column, extra])
        for (name, column), extra in zip(
            bills.items(),
            (
                {
                    "settlement_id": np.char.mod("X%06d", np.arange(n)),
                    "person_id": p.person_id[who],
                    "visit_type": np.full(n, "inpatient"),
                    "admitted_on": np.full(n, f"{last}-02"),
                    "discharged_on": np.full(n, on),
                    "settled_on": np.full(n, on),
                    "total_cost": own + 300_000,
                    "self_paid": own,
                    "disease_code": np.full(n, "C34.9"),
                    "hospital_code": np.full(n, "H001"),
                    "_unit": p.person_unit[who],
                    "_period": np.full(n, last),
                    "_person": who,
                    "_inpatient": np.full(n, True),
                    "basic_paid": np.full(n, 300_000),
                    "critical_illness_paid": np.zeros(n, dtype=np.int64),
                    "assistance_paid": np.zeros(n, dtype=np.int64),
                }[name]
                for name in bills
            ),
            strict=True,
        )
    }


# --- work and income --------------------------------------------------------------------------------------------


def _lose_work(w: World, persons: list[int], months: int, days: int) -> None:
    """The last `months` rows of each person turn to out of work, `days` of it by the last month's end."""
    jobs = w.feeds["F16"]
    texts = np.unique(jobs["_period"])[-months:]
    rows = np.isin(jobs["_person"], persons) & np.isin(jobs["_period"], texts)
    jobs["employed"][rows] = "false"
    for column in ("employment_mode", "employer_code"):
        jobs[column][rows] = ""
    jobs["monthly_wage"][rows] = 0
    jobs["has_contract"][rows] = jobs["social_insured"][rows] = "false"
    for back, text in enumerate(texts[::-1]):
        jobs["unemployed_days"][rows & (jobs["_period"] == text)] = max(1, days - 30 * back)
    lost = np.array(persons, dtype=np.int64)
    away = w.p.resident_status[lost] == "out_working"
    w.p.resident_status[lost[away]] = "living_here"


def out_of_work(w: World, recent: int, long: int) -> None:
    """Every labour member of a family out of work: for three weeks (orange), or for more than a month (red)."""
    p = w.p
    labour = p.labour
    has = np.bincount(p.person_household, labour, len(p.household_code)) > 0
    for count, months, days, level in ((recent, 1, 21, "orange"), (long, 3, 80, "red")):
        for household in w.draw(count, has):
            _lose_work(w, [m for m in p.members(household) if labour[m]], months, days)
            w.expect("EM-01", p.household_code[household], "breached", level)


def workshops(w: World) -> None:
    """One closes, one stops for a while, one sheds a third of its people, one owes wages for 45 days.

    Who worked in the one that closed is out of work with it; a family that lived on that one wage has nobody in
    work now, and that is noted as its own trouble."""
    p = w.p
    employers, jobs = w.feeds["F19"], w.feeds["F16"]
    last = np.unique(employers["_period"])[-1]
    now = employers["_period"] == last
    for nth, (code, level) in enumerate((("W003", "orange"), ("W007", "orange"), ("W011", "yellow"), ("W015", "red"))):
        row = now & (employers["employer_code"] == code)
        if nth == 0:
            employers["status"][row] = "closed"
            employers["relocated_headcount"][row] = employers["headcount"][row] = 0
        elif nth == 1:
            employers["status"][row] = "suspended"
        elif nth == 2:
            employers["relocated_headcount"][row] = 27
        else:
            _owe_wages(w, code, last)
        w.expect("EM-05", code, "breached", level)
    worked = np.unique(jobs["_person"][(jobs["employer_code"] == "W003") & (jobs["_period"] == last)])
    _lose_work(w, worked.tolist(), 1, 18)
    in_work = (jobs["_period"] == last) & (jobs["employed"] == "true")
    still = np.zeros(len(p.household_code), dtype=bool)
    still[p.person_household[jobs["_person"][in_work]]] = True
    for household in np.unique(p.person_household[worked]):
        if not still[household]:
            w.expect("EM-01", p.household_code[household], "breached", "orange")
            if household in w.pool:
                w.pool.remove(int(household))


def _owe_wages(w: World, code: str, last: str) -> None:
    """45 days of arrears for everybody the workshop employs; it must employ somebody for that to be recorded."""
    jobs = w.feeds["F16"]
    rows = (jobs["_period"] == last) & (jobs["employer_code"] == code)
    if not rows.any():
        rows = (jobs["_period"] == last) & (jobs["employed"] == "true") & (jobs["employer_code"] == "")
        rows &= np.cumsum(rows) <= 3
        jobs["employer_code"][rows] = code
        jobs["employment_mode"][rows] = "workshop"
    jobs["wage_arrears_days"][rows] = 45
    jobs["wage_arrears_amount"][rows] = 420_000


def low_income(w: World, below: int, falling: int, burdened: int) -> None:
    """Income under the monitoring line; near it and fallen by more than 30 %; or eaten up by necessary costs."""
    p = w.p
    income = w.feeds["F26"]
    supported = _supported(w)
    last = np.unique(income["_period"])[-1]
    rows = np.flatnonzero(income["_period"] == last)
    for count, kind, level in ((below, 0, "red"), (falling, 1, "orange"), (burdened, 2, "orange")):
        for household in w.draw(count, ~supported & (p.household_size >= 2)):
            row = rows[income["_household"][rows] == household]
            size = int(p.household_size[household])
            if kind == 0:
                _set_income(income, row, 650_000, 720_000, size)
            elif kind == 1:
                _set_income(income, row, 750_000, 1_200_000, size)
            else:
                income["rigid_expense"][row] = income["per_capita_net"][row] * size * 45 // 100
            w.expect("MW-02", p.household_code[household], "breached", level)


def _set_income(income: Table, row: NDArray[np.int64], now: int, before: int, size: int) -> None:
    total = now * size
    income["per_capita_net"][row] = now
    income["per_capita_net_prev"][row] = before
    income["wage_income"][row] = total * 82 // 100
    income["business_income"][row] = total * 8 // 100
    income["property_income"][row] = 0
    income["transfer_income"][row] = total - total * 82 // 100 - total * 8 // 100
    income["rigid_expense"][row] = total // 10


# --- assistance, care, homes, settlements -------------------------------------------------------------------------


def allowances(w: World, count: int) -> None:
    """The allowance was stopped because the family moved, and nobody has taken it up again."""
    aid = w.feeds["F20"]
    has = np.zeros(len(w.p.household_code), dtype=bool)
    has[aid["_household"]] = True
    for household in w.draw(count, has):
        row = aid["_household"] == household
        aid["status"][row] = "stopped"
        aid["stop_on"][row] = "2023-05-31"
        aid["stop_reason"][row] = "moved"
        w.expect("SS-01", w.p.household_code[household], "breached", "orange")


def elders(w: World, count: int) -> None:
    """Old people alone whom nobody has looked in on for longer than their risk allows."""
    care = w.feeds["F21"]
    p = w.p
    for risk, days, level in (("high", 12, "orange"), ("key", 41, "yellow"), ("general", 120, "blue")):
        has = np.zeros(len(p.household_code), dtype=bool)
        has[p.person_household[care["_person"][care["risk_level"] == risk]]] = True
        for household in w.draw(count, has):
            rows = np.flatnonzero((p.person_household[care["_person"]] == household) & (care["risk_level"] == risk))
            care["last_visit_on"][rows[0]] = (p.day - timedelta(days=days)).isoformat()
            w.expect("SS-05", care["person_id"][rows[0]], "breached", level)


def empty_homes(w: World, three: int, six: int, back: int) -> None:
    """Flats with neither water nor power used, nobody away at work or study; and families who went back."""
    p = w.p
    use, visits = w.feeds["F06"], w.feeds["F29"]
    away = np.isin(p.resident_status, ("out_working", "out_studying"))
    none_away = np.bincount(p.person_household, away, len(p.household_code)) == 0
    months = np.unique(use["_period"])
    n = len(p.household_code)
    for count, quiet, level in ((three, 4, "yellow"), (six, 7, "orange")):
        for household in w.draw(count, none_away):
            for nth in range(len(months) - quiet, len(months)):
                use["in_use"][nth * n + household] = "false"
            w.expect("HS-03", p.household_code[household], "breached", level)
    for nth, household in enumerate(w.draw(back, none_away)):
        if nth % 2:
            w.household_status[household] = "moved_back"
        else:
            rows = np.flatnonzero(visits["household_code"] == p.household_code[household])
            latest = rows[np.argmax(visits["visited_on"][rows])]
            visits["findings"][latest] = "returned_origin"
            visits["mode"][latest] = "door"
        w.expect("HS-03", p.household_code[household], "breached", "red")


def settlements_in_trouble(w: World) -> None:
    """Water in three settlements and one late water report; belonging and culture in three more."""
    supply = w.feeds["F07"]
    codes = w.p.community_code
    last = np.unique(supply["_period"])[-1]
    now = supply["_period"] == last

    def row(nth: int) -> NDArray[np.bool_]:
        return np.asarray(now & (supply["dest_community_code"] == codes[nth]), dtype=np.bool_)

    supply["samples_failed"][row(20)] = 2
    supply["outage_hours_max"][row(30)] = "31.5"
    supply["outage_hours_total"][row(30)] = "40.0"
    supply["outage_hours_total"][row(40)] = "55.0"
    for nth, level in ((20, "red"), (30, "orange"), (40, "yellow")):
        w.expect("HS-04", codes[nth], "breached", level)
    w.feeds["F07"] = take(supply, ~row(21))
    w.expect("HS-04", codes[21], "unknown")
    survey, events = w.feeds["F33"], w.feeds["F30"]
    survey["score"][(survey["dest_community_code"] == codes[50]) & (survey["dimension"] == "identity")] = "52"
    w.expect("CU-03", codes[50], "breached", "orange")
    events["participants_relocated"][events["dest_community_code"] == codes[51]] = 12
    w.expect("CU-03", codes[51], "breached", "yellow")
    events["kind"][events["dest_community_code"] == codes[52]] = "performance"
    w.expect("CU-03", codes[52], "breached", "yellow")


def quarrels(w: World, count: int) -> None:
    """Disputes nobody has settled: for 18 days, for 40 days, or come back for the third time."""
    t = w.feeds["F28"]
    day = w.p.day
    last = str(np.unique(t["_period"])[-1])
    agreed = np.flatnonzero((t["_period"] == last) & (t["result"] == "agreed"))
    end = date.fromisoformat(f"{last}-28")
    for kind, (days, repeat) in enumerate(((18, 0), (40, 0), (35, 3))):
        on = min(day - timedelta(days=days), end)  # nothing is reported yet of the month just running
        for row in agreed[kind * count : (kind + 1) * count]:
            t["registered_on"][row] = on.isoformat()
            t["result"][row] = "open"
            t["mediated_on"][row] = ""
            t["repeat_count"][row] = repeat
            waited = (day - on).days
            level = "red" if repeat >= 3 else "orange" if waited > 30 else "yellow"
            w.expect("CG-02", t["dispute_id"][row], "breached", level)
