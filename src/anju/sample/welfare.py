"""Assistance and care: allowances (F20), people looked after (F21), disability (F22), pensions (F23)."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from anju.sample.columns import Flags, Ints, Table, days, empty, flags, joined, numbered, same, text, whole, yuan
from anju.sample.plan import Spell, World, before, list_after
from anju.sample.timeline import Round, day64, first_of, last_of, month_text

DIBAO_SHARE = 0.06
RISKS = ("high", "key", "general")
VISITED = (1, 14, 20, 40, 60)  # days since the last visit, by a fifth of the people each
RISK_OF = (0, 1, 2, 2, 2)
OVERDUE = (12, 41, 120)
GROUPS = ("elder_alone", "elder_empty_nest", "left_behind_child", "veteran", "special_family")


def assistance(w: World, r: Round) -> Table:
    """The allowance for every member, old-age money from eighty on, and aid once given, all decided and paid."""
    p, month = w.p, r.nth
    dibao = np.zeros(len(p.household_size), dtype=bool)
    dibao[[s.household for s in w.spells["dibao"]]] = True
    stopped = {s.household: s for s in w.at("stopped", month)}
    gone = [person for person, on in w.dead.items() if on <= r.received]
    alive = p.birth <= day64(r.received)
    member = alive.copy()
    member[gone] = False
    who = np.flatnonzero(dibao[p.person_household] & member)
    off = np.isin(p.person_household[who], list(stopped))
    off_on = day64(first_of(month))
    since = np.array([day64(first_of(stopped[int(h)].first)) if int(h) in stopped else off_on for h in p.person_household[who]])
    allowance = _lines(w, r, "A", who, "dibao_rural", 32_000)
    allowance.columns |= {
        "status": text(("active", "stopped"), off.astype(np.int64)),
        "stop_on": days(np.where(off, since, np.datetime64("NaT"))),
        "stop_reason": text(("moved",), np.where(off, 0, -1)),
    }
    old = np.flatnonzero((p.age(r.received) >= 80) & member)
    needy = np.flatnonzero(member & (p.age(r.received) >= 60) & (np.arange(len(p.sex)) % 61 == 0) & ~dibao[p.person_household])
    aid = np.flatnonzero(member & ((np.arange(len(p.sex)) * 3 + month) % 227 == 0))
    margin = np.flatnonzero(member & (p.relation == 0) & (p.person_household % 12 == 5) & ~dibao[p.person_household])
    parts = [allowance, _lines(w, r, "E", old, "elder_80", 5_000), _lines(w, r, "K", needy, "tekun", 65_000)]
    parts += [_lines(w, r, "T", aid, "temp_aid", 60_000), _lines(w, r, "M", margin, "margin", 0)]
    return joined(parts)


def _lines(w: World, r: Round, letter: str, who: Ints, program: str, fen: int) -> Table:
    n = len(who)
    once = program == "temp_aid"
    applied = day64(first_of(r.nth)) if once else np.datetime64("2019-05-10")
    serial = who + (r.nth * 1_000_000 if once else 0)
    columns = {
        "record_id": numbered(letter, serial, 12),
        "person_id": w.p.person_id.take(pa.array(who)),
        "household_code": w.p.household_code.take(pa.array(w.p.person_household[who])),
        "program": same(program, n),
        "status": same("active", n),
        "applied_on": days(np.full(n, applied)),
        "decided_on": days(np.full(n, applied + 6)),
        "urgent": flags(np.zeros(n, dtype=bool)),
        "start_on": days(np.full(n, applied + 6)),
        "stop_on": days(np.full(n, np.datetime64("NaT"))),
        "stop_reason": empty(n),
        "monthly_amount": yuan(np.full(n, fen)),
        "paid_through": same(month_text(r.nth), n),
    }
    return Table(w.p.person_unit[who], columns, person=who, household=w.p.person_household[who])


def elders(w: World) -> Ints:
    """Old people who live alone or as an old couple, of households that were old before the sample begins."""
    p = w.p
    old = p.age(first_of(w.t.first)) >= 60
    whole_old = np.bincount(p.person_household, old, len(p.household_size)) == p.household_size
    return np.flatnonzero(whole_old[p.person_household])


def care(w: World, r: Round) -> Table:
    """Elders, children whose parents work far away, veterans, families that lost a child: visited as their risk asks."""
    p = w.p
    visited = day64(r.received)
    who = elders(w)
    who = who[~np.isin(who, list(w.dead))]
    fifth = who % 5
    risk = np.array(RISK_OF)[fifth]
    ago = np.array(VISITED)[fifth]
    place = {int(person): row for row, person in enumerate(who)}
    for spell in w.spells.get("unvisited", ()):
        if spell.first <= r.received.toordinal() <= spell.last and spell.person in place:
            ago[place[spell.person]] = OVERDUE[int(spell.thing)]
    alone = p.household_size[p.person_household[who]] == 1
    parts = [_cared(w, who, np.where(alone, 0, 1), risk, visited - ago, None)]
    age = p.age(last_of(w.t.horizon))
    child = np.flatnonzero((p.relation == 2) & (age < 17) & (p.birth <= visited) & (np.arange(len(p.sex)) % 33 == 0))
    guardian = p.household_first[p.person_household[child]]
    parts.append(_cared(w, child, np.full(len(child), 2), np.full(len(child), 2), visited - 5 - child % 12, guardian))
    adult = p.age(visited.astype(object)) >= 30
    for code, every in ((3, 41), (4, 67)):
        some = np.flatnonzero(adult & (np.arange(len(p.sex)) % every == 1))
        some = some[~np.isin(some, list(w.dead))]
        parts.append(_cared(w, some, np.full(len(some), code), np.full(len(some), 2), visited - 30, None))
    return joined(parts)


def _cared(w: World, who: Ints, group: Ints, risk: Ints, visited: object, guardian: Ints | None) -> Table:
    n = len(who)
    columns = {
        "person_id": w.p.person_id.take(pa.array(who)),
        "group": text(GROUPS, group),
        "registered_on": days(np.full(n, np.datetime64("2020-03-01"))),
        "guardian_person_id": empty(n) if guardian is None else w.p.person_id.take(pa.array(guardian)),
        "last_visit_on": days(np.broadcast_to(np.asarray(visited), (n,))),
        "risk_level": text(RISKS, risk),
    }
    return Table(w.p.person_unit[who], columns, person=who)


def care_rounds(w: World) -> list[Round]:
    """With the other lists, on the last Monday of every month, and every Monday since the sample's day."""
    found = w.t.lists()
    for month in range(w.t.first, w.t.horizon):
        end = last_of(month)
        monday = end - timedelta(days=end.weekday())
        while monday > w.t.day and monday.month == end.month or monday == end - timedelta(days=end.weekday()):
            found.append(Round("", monday, month))
            monday -= timedelta(days=7)
    by_day = {r.received: r for r in found}
    return [by_day[day] for day in sorted(by_day)]


def disability(w: World, r: Round) -> Table:
    """A certificate for one in twenty-seven; the severe draw the nursing subsidy, those on allowance the living one."""
    p = w.p
    who = disabled(w)
    who = who[p.birth[who] <= day64(r.received)]
    level = who % 4 + 1
    dibao = np.zeros(len(p.household_size), dtype=bool)
    dibao[[s.household for s in w.spells["dibao"]]] = True
    n = len(who)
    columns = {
        "cert_no": numbered("C", who, 19),
        "person_id": p.person_id.take(pa.array(who)),
        "category": whole(who % 7 + 1),
        "level": whole(level),
        "issued_on": days(np.full(n, np.datetime64("2019-02-01")) + who % 300),
        "expires_on": days(np.full(n, np.datetime64("2029-02-01")) + who % 300),
        "living_subsidy": flags(dibao[p.person_household[who]]),
        "nursing_subsidy": flags(level <= 2),
        "assistive_needed": flags(who % 5 == 0),
        "assistive_given_on": days(np.where(who % 5 == 0, np.datetime64("2021-06-01"), np.datetime64("NaT"))),
    }
    return Table(p.person_unit[who], columns, person=who)


def disabled(w: World) -> Ints:
    """Those who cannot work, and others so that 3.7 in a hundred have a certificate. Never a story's people."""
    p = w.p
    unable = (p.capacity == 2) & (p.age(p.day) >= 18) & (p.age(p.day) < 60)
    some = np.arange(len(p.sex)) % 1_000 < np.where(p.age(p.day) >= 60, 40, 2)
    return np.flatnonzero((unable | some) & ~p.household_story[p.person_household])


def pensions(w: World, r: Round) -> Table:
    """Everybody from sixteen on who is not a student; from sixty on it is paid out. A death is learnt of late."""
    p = w.p
    soon = r.received + timedelta(days=62)
    who = np.flatnonzero((p.age(soon) >= 16) & ~p.student)
    stopped = [person for person, on in w.dead.items() if person not in _still_paid(w)]
    who = who[~np.isin(who, stopped)]
    receiving = p.age(soon)[who] >= 60
    n = len(who)
    columns = {
        "person_id": p.person_id.take(pa.array(who)),
        "year": whole(np.full(n, r.received.year)),
        "insured": flags(np.ones(n, dtype=bool)),
        "receiving": flags(receiving),
        "last_paid_month": text((month_text(r.nth),), np.where(receiving, 0, -1)),
        "life_certified_on": days(np.where(receiving, day64(r.received) - 20 - who % 200, np.datetime64("NaT"))),
    }
    return Table(p.person_unit[who], columns, person=who)


def _still_paid(w: World) -> set[int]:
    return {s.person for s in w.spells.get("paid_after_death", ())}


# --- what goes wrong --------------------------------------------------------------------------------------------


def plan_welfare(w: World) -> None:
    """Who draws an allowance is settled first; it stops with the move for some, and some elders go unvisited."""
    p = w.p
    on = (np.arange(len(p.household_size)) * 37 % 1_000 < DIBAO_SHARE * 1_000) & ~p.household_story & ~p.community_told[p.household_community]
    for household in np.flatnonzero(on):
        w.add(Spell("dibao", w.t.first, w.t.horizon, int(household)))
    for spell in w.keep_up("stopped", 0.0005, (2, 3, 4), lambda _: on, relapse=False):
        code = p.code(spell.household)
        w.expect("SS-01", code, "orange", list_after(spell.first), before(list_after(spell.last + 1)), "stopped")
    _unvisited(w)


def _unvisited(w: World) -> None:
    p = w.p
    people = elders(w)
    for risk, (name, level) in enumerate((("high", "orange"), ("key", "yellow"), ("general", "blue"))):
        mine = people[np.array(RISK_OF)[people % 5] == risk]
        has: Flags = np.zeros(len(p.household_size), dtype=bool)
        has[p.person_household[mine]] = True
        sent = [r.received for r in care_rounds(w)]
        found = w.keep_up(f"unvisited_{name}", 0.0004, (1, 2), lambda _, has=has: has, relapse=False)  # type: ignore[misc]
        for spell in found:
            person = int(mine[p.person_household[mine] == spell.household][0])
            first, last = first_of(spell.first), last_of(spell.last)
            w.add(Spell("unvisited", first.toordinal(), last.toordinal(), spell.household, person, str(risk)))
            since = min((day for day in sent if day >= first), default=first)
            until = min((day for day in sent if day > last), default=last)
            w.expect("SS-05", p.identity(person), level, since, before(until), "unvisited")
