"""Random small policies that use the whole of the language, in a programme of its own with a few feeds of every kind.

They are written as the YAML an author would write, and read by the checker like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from oracle.chooser import Chooser

PROGRAMME = """
code: oracle
title: {en: Oracle, zh: 甲骨}
currency: {code: CNY, minor_digits: 2}
identifiers: [{type: digits, title: {en: Number, zh: 编号}, validator: digits}]
places:
  levels:
    - {name: programme, title: {en: Programme, zh: 项目}}
    - {name: unit, title: {en: Unit, zh: 单元}}
    - {name: community, title: {en: Community, zh: 社区}}
    - {name: building, title: {en: Building, zh: 楼栋}}
  community: community
  unit: unit
working_week: [1, 2, 3, 4, 5]
languages: [en, zh]
forbidden_columns: [religion]
domains: [extension]
subjects:
  thing: {feed: F1, key: [item], title: {en: Thing, zh: 事项}}
  pair: {feed: F2, key: [status, item], title: {en: Pair, zh: 组合}}
"""
CALENDAR = """
holidays: [2023-09-29, 2023-10-02, 2023-10-03, 2023-10-04, 2023-10-05, 2023-10-06, 2023-12-29, 2024-01-01, 2024-02-12, 2024-02-13]
makeup_days: [2023-10-07, 2023-10-08, 2024-02-04, 2024-02-18]
terms:
  - {name: T1, from: 2022-02-21, to: 2022-07-15}
  - {name: T2, from: 2022-09-01, to: 2023-01-13}
  - {name: T3, from: 2023-02-13, to: 2023-07-14}
  - {name: T4, from: 2023-09-01, to: 2024-01-19}
  - {name: T5, from: 2024-02-26, to: 2024-07-12}
school_years:
  - {name: Y1, from: 2021-09-01, to: 2022-08-31}
  - {name: Y2, from: 2022-09-01, to: 2023-08-31}
  - {name: Y3, from: 2023-09-01, to: 2024-08-31}
"""
PARAMETERS = """
parameters:
  - {name: limit, type: int, by_area: true, values: [
      {from: 2021-01-01, value: 2, source: s}, {from: 2023-09-26, value: 3, source: s}, {from: 2022-01-01, area: U1, value: 1, source: s},
      {from: 2024-01-01, area: C2, value: 5, source: s}, {from: 2023-01-01, area: C3, value: 0, source: s}]}
  - {name: line, type: money, keyed_by: [status], values: [
      {from: 2021-01-01, keys: [a], value: 50, source: s}, {from: 2023-09-01, keys: [a], value: 60, source: s},
      {from: 2021-01-01, keys: [b], value: 0.5, source: s}]}
  - {name: local_line, type: money, by_area: true, keyed_by: [is_registered_poor], values: [
      {from: 2021-01-01, keys: [true], value: 50, source: s}, {from: 2021-01-01, keys: [false], value: 100, source: s},
      {from: 2021-01-01, area: U1, keys: [true], value: 20, source: s}]}
  - {name: cash, type: money, values: [{from: 2020-01-01, value: 12.34, source: s}, {from: 2024-01-01, value: 50, source: s}]}
  - {name: cut, type: date, values: [{from: 2021-01-01, value: 2023-02-28, source: s}, {from: 2024-01-01, value: 2024-02-29, source: s}]}
  - {name: share, type: decimal, values: [{from: 2020-01-01, value: 0.35, source: s}, {from: 2023-09-26, value: 0.6, source: s}]}
  - {name: word, type: text, values: [{from: 2020-01-01, value: a, source: s}]}
  - {name: strict, type: bool, values: [{from: 2023-01-01, value: true, source: s}, {from: 2024-01-01, value: false, source: s}]}
"""
HOUSEHOLDS = """
code: RH
dataset: households
title: {en: Households, zh: 户}
owner: o
kind: state
delivery: full
world: closed
by: programme
cadence: month
key: [household_code]
registry: household
columns:
  household_code: {type: household}
  dest_community_code: {type: place}
  status: {type: code, codes: [a, b, c]}
  is_registered_poor: {type: bool}
  move_in_date: {type: date}
  member_count: {type: int, min: 0}
  grid_code: {type: text, empty_means: no}
"""
PERSONS = """
code: RP
dataset: persons
title: {en: Persons, zh: 人}
owner: o
kind: state
delivery: full
world: closed
by: programme
cadence: month
key: [person_id]
registry: person
columns:
  person_id: {type: person}
  labour_capacity: {type: code, codes: [a, b, c]}
  birth_date: {type: date}
  deceased_on: {type: date, empty_means: no}
  alive: {type: bool}
"""
DECISIONS = """
code: P01
dataset: decisions
title: {en: Decisions, zh: 决定}
owner: platform
kind: event
delivery: delta
world: closed
by: programme
cadence: day
valid_column: decided_on
platform: true
key: [decision_id]
freshness: {due_days: 0}
columns:
  decision_id: {type: text, required: true}
  standard: {type: text}
  decision: {type: text}
  decided_on: {type: date, required: true}
  subject_key: {type: text}
  who: {type: person}
  home: {type: household}
  spot: {type: place}
"""
ROLL = """
code: FR
dataset: roll
title: {en: Roll, zh: 名册}
owner: o
kind: period
delivery: full
world: closed
by: unit
cadence: term
period_column: term
dated: start
key: [who, term]
freshness: {due_days: 10}
columns:
  who: {type: person, required: true}
  term: {type: term, required: true}
  school: {type: text}
  status: {type: code, codes: [a, b, c]}
"""
SHARED = """  item: {type: text, required: true}
  status: {type: code, codes: [a, b, c]}
  other: {type: code, codes: [x, y], empty_means: no}
  n: {type: int, min: 0}
  m: {type: int}
  amount: {type: money, min: 0}
  debt: {type: money}
  rate: {type: decimal, min: 0}
  flag: {type: bool}
  on_day: {type: date}
  maybe: {type: date, empty_means: no}
  moment: {type: datetime}
  codes: {type: list, codes: [p, q, r]}
  school: {type: text, required: true}
"""
COLUMNS = {
    "item": "text", "status": "text", "other": "text", "n": "int", "m": "int", "amount": "money", "debt": "money", "rate": "decimal",
    "flag": "bool", "on_day": "date", "maybe": "date", "moment": "date", "codes": "list", "school": "text",
}  # fmt: skip
ATTRIBUTES = {
    "person": {"labour_capacity": "text", "birth_date": "date", "deceased_on": "date", "alive": "bool"},
    "household": {
        "status": "text",
        "is_registered_poor": "bool",
        "move_in_date": "date",
        "member_count": "int",
        "grid_code": "text",
    },
}
CODES = {"status": ("a", "b", "c"), "labour_capacity": ("a", "b", "c"), "other": ("x", "y"), "codes": ("p", "q", "r")}
PERIODS = ("week", "month", "quarter", "year", "term", "school_year", "school_week")
LINKS = {"person": "who", "household": "home", "place": "spot"}
SUBJECTS = ("person", "household", "community", "unit", "programme", "building", "thing", "pair")
PLACES = ("programme", "unit", "community", "building")
UNITS = ("days", "weeks", "months", "quarters", "years", "terms", "school_years")
THIS = ("month", "quarter", "year", "term", "school_year")
LEVELS = ("red", "orange", "yellow", "blue")
NUMERIC = ("int", "money", "decimal")
OPS = ("=", "<>", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Feed:
    code: str
    kind: str
    links: tuple[str, ...]
    period: str | None  # its column and cadence
    through: bool
    by_school: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """A name an expression may use. `row` for the whole latest row, `list` for a list of codes."""

    text: str
    type: str
    codes: tuple[str, ...] = ()


@dataclass
class Draft:
    """A policy as the files of its folder."""

    feeds: list[Feed] = field(default_factory=list)
    contracts: dict[str, str] = field(default_factory=dict)
    features: list[str] = field(default_factory=list)
    standards: dict[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, str]:
        found = {"programme.yaml": PROGRAMME, "calendar.yaml": CALENDAR, "parameters/all.yaml": PARAMETERS}
        found |= {f"feeds/{code}.yaml": text for code, text in self.contracts.items()}
        found["features/all.yaml"] = "features:\n" + "\n".join(f"  - {text}" for text in self.features) + "\n"
        return found | {f"standards/{code}.yaml": text for code, text in self.standards.items()}

    def write(self, folder: Path) -> Path:
        for name, text in self.files().items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    def said(self) -> str:
        """What an author would look at first."""
        shapes = [
            f"{code}: " + ", ".join(line for line in text.strip().splitlines()[4:] if not line.startswith("  ") and line != "columns:")
            for code, text in self.contracts.items() if code.startswith("F") and code != "FR"
        ]  # fmt: skip
        return "\n".join([*shapes, *self.features, *(text.strip() for text in self.standards.values())])


def random_policy(c: Chooser, *, features: int = 8, standards: int = 3) -> Draft:
    return _Author(c).write(features, standards)


class _Author:
    def __init__(self, c: Chooser) -> None:
        self.c = c
        self.draft = Draft(contracts={"RH": HOUSEHOLDS, "RP": PERSONS, "P01": DECISIONS, "FR": ROLL})
        self.facts: dict[str, list[Fact]] = {s: [] for s in SUBJECTS}
        for subject, columns in ATTRIBUTES.items():
            self.facts[subject] += [Fact(name, kind, CODES.get(name, ())) for name, kind in columns.items()]
        self.answered: list[tuple[str, str]] = []  # (code, subject)
        self.resets: set[str] = set()  # subjects with a feature that time alone would clear
        self.count = 0

    def write(self, features: int, standards: int) -> Draft:
        self.draft.features.append("{name: roll, subject: person, latest: FR, where: \"status <> 'c'\"}")
        self.facts["person"] += [Fact("roll", "row"), Fact("roll.school", "text"), Fact("roll.status", "text", CODES["status"])]
        for n in (1, 2, 3):
            self._contract(f"F{n}")
        self.facts["thing"] += _fields("thing", self._feed("F1"))
        self.facts["pair"] += _fields("pair", self._feed("F2"))
        for n in range(standards):
            for _ in range(self.c.whole(1, max(1, features // standards))):
                self._feature()
            self._standard(f"AA-{n + 1:02d}")
        return self.draft

    def _feed(self, code: str) -> Feed:
        return next(feed for feed in self.draft.feeds if feed.code == code)

    # --- contracts ---------------------------------------------------------------------------------------------

    def _contract(self, code: str) -> None:
        c = self.c
        kind = c.pick(("state", "period", "event"))
        cadence = c.pick(PERIODS) if kind == "period" else c.pick(("month", "day", "week", "quarter", "year", "term", "once"))
        if kind == "state" and cadence == "once":
            cadence = "month"
        links = c.pick((("person",), ("household",), ("place",), ("person", "household"), ("household", "place"), ()))
        before = [f for f in self.draft.feeds if "household" in f.links and not f.through]
        through = bool(before) and "household" not in links and c.chance(40)
        by_school = code == "F3" and links == ("person",) and c.chance(50)
        period = ("week" if cadence == "school_week" else cadence) if kind == "period" else None
        lines = [f"code: {code}", f"dataset: d{code}", "title: {en: t, zh: t}", "owner: o", f"kind: {kind}",
                 f"delivery: {c.pick(('full', 'delta'))}", f"world: {c.pick(('closed', 'open'))}",
                 f"by: {'school' if by_school else c.pick(('unit', 'programme'))}", f"cadence: {cadence}"]  # fmt: skip
        if by_school:
            lines.append("unit_from: roll.school")
        if period is not None:
            coarse = period in ("quarter", "year") and c.chance(30)
            lines += ["period_column: spell", f"dated: {c.pick(('end', 'start'))}"]
            period = "month" if coarse else period
        elif kind == "event" or c.chance(15):
            lines.append("valid_column: on_day")
        if through:
            lines.append(f"through: {{feed: {before[0].code}, on: item}}")
        key = [LINKS[link] for link in links if link != "household" or c.chance(50)] + ["item"] + (["spell"] if period else [])
        lines += [f"key: [{', '.join(key)}]", self._freshness(kind), f"matched_floor: {c.pick(('0.9', '0.5'))}", "columns:"]
        need = ", required: true" if c.chance(60) else ""
        lines += [f"  {LINKS[link]}: {{type: {link}{need}}}" for link in links]
        lines += [f"  spell: {{type: {period}, required: true}}"] if period else []
        self.draft.contracts[code] = "\n".join(lines) + "\n" + SHARED
        self.draft.feeds.append(Feed(code, kind, links, period, through, by_school))

    def _freshness(self, kind: str) -> str:
        due = self.c.pick((10, 0, 3, 20))
        fresh = f", fresh_for: {self.c.pick((45, 5, 400))}" if kind == "state" and self.c.chance(60) else ""
        return f"freshness: {{due_days: {due}{fresh}}}"

    # --- features ----------------------------------------------------------------------------------------------

    def _feature(self) -> None:
        subject = self.c.pick(SUBJECTS)
        feeds = [feed for feed in self.draft.feeds if _about(feed, subject)]
        events = [feed for feed in self.draft.feeds if subject == "household" and "person" in feed.links and not feed.by_school]
        below = [other for other in SUBJECTS if subject in self._above(other) and self.facts[other]]
        kinds = ["value"] + (["feed"] * 4 if feeds else []) + (["rollup"] * 3 if below else []) + (["event"] if events else [])
        kind = self.c.pick(kinds)
        self.count += 1
        name = f"x{self.count}"
        if kind == "feed":
            self._from_feed(subject, name, self.c.pick(feeds))
        elif kind == "event":
            self._aggregate(subject, name, self.c.pick(events), at_event=True)
        elif kind == "rollup":
            self._rollup(subject, name, self.c.pick(below))
        else:
            self._value(subject, name)

    def _from_feed(self, subject: str, name: str, feed: Feed) -> None:
        kind = self.c.pick(("latest", "aggregate", "streak") if feed.kind == "period" else ("latest", "aggregate"))
        if kind == "aggregate":
            self._aggregate(subject, name, feed, at_event=False)
            return
        at = _Expressions(self, feed, subject)
        if kind == "streak":
            most = self.c.pick((3, 24, 60))
            self._add(subject, name, f"streak: {feed.code}, holds: {_quoted(at.condition(2))}, at_most: {most}", "int")
            return
        where = f", where: {_quoted(at.condition(1))}" if self.c.chance(40) else ""
        back = f", back: {self.c.whole(1, 2)}" if self.c.chance(20) else ""
        self._add(subject, name, f"latest: {feed.code}{where}{back}{self._window(subject, feed)}", "row")
        self.facts[subject] += _fields(name, feed)[1:]
        if feed.kind == "event":
            self.resets.add(subject)

    def _aggregate(self, subject: str, name: str, feed: Feed, *, at_event: bool) -> None:
        at = _Expressions(self, feed, subject)
        how = self.c.pick(("count", "sum", "any", "min", "max"))
        kind = {"count": "int", "any": "bool", "sum": self.c.pick(NUMERIC)}.get(how) or self.c.pick((*NUMERIC, "date"))
        if how == "any" or self.c.chance(40):
            wanted = "bool" if how == "count" else kind
            of = f"{{feed: {feed.code}, of: {_quoted(at.expression(wanted, 2))}}}"
        else:
            columns = [column for column, own in COLUMNS.items() if own == kind]
            of = feed.code if how == "count" else f"{feed.code}.{self.c.pick(columns)}"
        where = f", where: {_quoted(at.condition(1))}" if self.c.chance(50) else ""
        event = ", at: event" if at_event else ""
        self._add(subject, name, f"{how}: {of}{where}{event}{self._window(subject, feed)}", kind)

    def _rollup(self, subject: str, name: str, over: str) -> None:
        at = _Expressions(self, None, over)
        how = self.c.pick(("count", "any", "all", "sum", "min", "max"))
        where = f", where: {_quoted(at.condition(1))}" if self.c.chance(40) else ""
        if how == "count" and self.c.chance(50):
            self._add(subject, name, f"count: members, over: {over}{where}", "int")
            return
        wanted = {"count": "bool", "any": "bool", "all": "bool"}.get(how) or self.c.pick((*NUMERIC, *(("date",) if how != "sum" else ())))
        levels = [code for code, home in self.answered if home == over]
        if how in ("min", "max") and levels and self.c.chance(30):
            self._add(subject, name, f"{how}: {_quoted(f'level({chr(39)}{self.c.pick(levels)}{chr(39)})')}, over: {over}{where}", "level")
            return
        plain = at.named(wanted)
        text = self.c.pick(plain).text if plain and self.c.chance(60) else at.expression(wanted, 2)
        self._add(subject, name, f"{how}: {_quoted(text)}, over: {over}{where}", "int" if how == "count" else wanted)

    def _value(self, subject: str, name: str) -> None:
        at = _Expressions(self, None, subject)
        kind = self.c.pick(("bool", "int", "money", "decimal", "date", "text"))
        plain = at.named(kind)
        text = self.c.pick(plain).text if plain and self.c.chance(25) else at.expression(kind, 3)
        self._add(subject, name, f"value: {_quoted(text)}", kind)

    def _add(self, subject: str, name: str, text: str, kind: str) -> None:
        self.draft.features.append(f"{{name: {name}, subject: {subject}, {text}}}")
        self.facts[subject].append(Fact(name, kind))

    def _window(self, subject: str, feed: Feed) -> str:
        if feed.kind == "period" and self.c.chance(20):
            return f", window: {{periods: {self.c.whole(1, 3)}}}"
        if self.c.chance(40):
            return ""
        if self.c.chance(25):
            self.resets.add(subject)
            return f", window: {{this: {self.c.pick(THIS)}}}"
        unit = self.c.pick(UNITS)
        return f", window: {{{unit}: {self.c.pick((1, 2, 3, 10) if unit != 'days' else (30, 1, 60, 90))}}}"

    # --- standards ---------------------------------------------------------------------------------------------

    def _standard(self, code: str) -> None:
        known = [subject for subject in SUBJECTS if self.facts[subject]]
        subject = self.c.pick(known)
        at = _Expressions(self, None, subject, standard=code)
        breaches = "".join(
            f"      b{n}: {{level: {self.c.pick(LEVELS)}, when: {_quoted(at.condition(3))}, title: {{en: t, zh: t}}}}\n"
            for n in range(self.c.whole(1, 3))
        )
        applies = _quoted("true" if self.c.chance(30) else at.condition(2))
        clears = f"    clears_when: {_quoted(at.condition(2))}\n" if subject not in ("thing", "pair") else ""
        evidence = [fact.text for fact in at.facts if fact.type not in ("row",)][-8:]
        start = self.c.pick(("2020-01-01", "2020-01-01", "2023-10-01"))  # some are not in force yet
        self.draft.standards[code] = (
            f"code: {code}\ntitle: {{en: t, zh: t}}\ndomain: extension\nsource: {{basis: assumption, text: t}}\nsubject: {subject}\n"
            f"sentence: {{en: t, zh: t}}\nversions:\n  - from: {start}\n    applies: {applies}\n    breaches:\n{breaches}"
            f"{clears}    handle: 10d\n    owner: o\n    evidence: [{', '.join(evidence)}]\n"
        )
        self.answered.append((code, subject))

    def _above(self, subject: str) -> tuple[str, ...]:
        if subject in PLACES:
            return PLACES[: PLACES.index(subject)]
        if subject == "person":
            return ("household", *PLACES[:3])
        if subject == "household":
            return PLACES[:3]
        links = self._feed("F1" if subject == "thing" else "F2").links
        return (PLACES[:3] if links else ()) + (("household",) if "household" in links or "person" in links else ())


def _about(feed: Feed, subject: str) -> bool:
    if subject in ("thing", "pair") and not feed.by_school:
        return True  # every feed has the columns of their keys
    if subject in PLACES:
        return "place" in feed.links
    if feed.by_school and subject != "person":
        return False
    return subject in feed.links or (subject == "household" and feed.through)


def _fields(name: str, feed: Feed) -> list[Fact]:
    found = [Fact(name, "row"), Fact(f"{name}.valid", "date")]
    found += [Fact(f"{name}.{column}", kind, CODES.get(column, ())) for column, kind in COLUMNS.items()]
    return found + ([Fact(f"{name}.spell", "int")] if feed.period else [])


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


class _Expressions:
    """Expressions at a subject, or in the filter of a feed's rows; each is of the type that is asked for."""

    def __init__(self, author: _Author, feed: Feed | None, subject: str, standard: str | None = None) -> None:
        self.author, self.c, self.feed, self.standard = author, author.c, feed, standard
        self.subject = subject
        if feed is not None:
            self.facts = [Fact(name, kind, CODES.get(name, ())) for name, kind in COLUMNS.items()]
        else:
            self.facts = list(author.facts[subject])
            for above in author._above(subject):
                own = [fact for fact in author.facts[above] if fact.type != "row"]
                self.facts += [Fact(f"{above}.{fact.text}", fact.type, fact.codes) for fact in own]

    def named(self, kind: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.type == kind]

    def condition(self, depth: int) -> str:
        return self.expression("bool", depth)

    def expression(self, kind: str, depth: int) -> str:
        named = self.named(kind)
        if depth <= 0 or self.c.chance(15):
            if named and self.c.chance(75):
                return self.c.pick(named).text
            return self._constant(kind)
        if kind == "bool":
            return self._condition(depth)
        plain = [lambda: self._plain(kind)]
        options = plain * 3 + [lambda: self._case(kind, depth), lambda: self._if_absent(kind, depth)]
        if kind in NUMERIC:
            options += [lambda: self._arithmetic(kind, depth)] * 2
        if kind == "int":
            options += [lambda: self._span(depth)] * 2
        return self.c.pick(options)()

    def _plain(self, kind: str) -> str:
        named = self.named(kind)
        return self.c.pick(named).text if named else self._constant(kind)

    def _constant(self, kind: str) -> str:
        c = self.c
        if kind == "bool":
            return c.pick(("true", "false", "$strict"))
        if kind == "int":
            return c.pick(("0", "1", "2", "3", "30", "-1"))
        if kind == "money":
            return c.pick(("$cash", *self._lines()))
        if kind == "decimal":
            return c.pick(("0.5", "$share", "1.25", "0.0001"))
        if kind == "text":
            return c.pick(("'a'", "'S1'", "'I1'", "$word"))
        return c.pick(("today()", "$cut", "date '2024-02-29'", "date '2023-09-26'", "at($cut, date '2021-06-01')"))

    def _lines(self) -> list[str]:
        """Amounts of parameters whose keys can be read here."""
        found = []
        if any(fact.text == "status" for fact in self.facts):
            found += ["$line", "at($line, date '2023-08-31')"]
        if self.feed is None and self.subject == "household":
            found.append("$local_line")
        return found

    def _number(self, kind: str, depth: int) -> str:
        """Beside something of the kind: an amount may then be written as a bare number of yuan."""
        if kind == "money" and self.c.chance(50):
            return self.c.pick(("0", "50", "0.5", "12.34"))
        return self.expression(kind, depth)

    # --- conditions --------------------------------------------------------------------------------------------

    def _condition(self, depth: int) -> str:
        options = (
            [self._compare] * 5
            + [self._joined] * 3
            + [self._negated, self._among, self._between, self._missing, self._missing, self._case_bool, self._ratio]
        )
        options += [self._contains] if self.named("list") else []
        options += [self._answer] * 2 if self.feed is None and self._related() else []
        options += [self._limit] if self.feed is None else []
        options += [self._recorded] if self.standard is not None else []
        return self.c.pick(options)(depth - 1)

    def _compare(self, depth: int) -> str:
        kind = self.c.pick(("int", "money", "decimal", "date", "text", "bool"))
        if kind == "text":
            return self._text_compare()
        left = self._solid(kind, depth)
        right = self._number(kind, depth)
        op = self.c.pick(OPS) if kind != "bool" else self.c.pick(OPS[:2])
        return f"({left} {op} {right})" if self.c.chance(75) else f"({right} {op} {left})"

    def _solid(self, kind: str, depth: int) -> str:
        """An expression that is surely of the kind, and often a single fact: a bound settles only those."""
        named = self.named(kind)
        return self.c.pick(named).text if named and self.c.chance(60) else self.expression(kind, depth)

    def _text_compare(self) -> str:
        named = self.named("text")
        if not named:
            return "($word = 'a')"
        fact = self.c.pick(named)
        other = f"'{self.c.pick(fact.codes)}'" if fact.codes else self.c.pick(("'a'", "'S1'", "'I1'", "$word"))
        return f"({fact.text} {self.c.pick(OPS[:2])} {other})"

    def _joined(self, depth: int) -> str:
        word = self.c.pick((" and ", " or "))
        return "(" + word.join(self.condition(depth) for _ in range(self.c.whole(2, 3))) + ")"

    def _negated(self, depth: int) -> str:
        return f"(not {self.condition(depth)})"

    def _case_bool(self, depth: int) -> str:
        return self._case("bool", depth)

    def _among(self, depth: int) -> str:
        facts = [fact for fact in self.facts if fact.type in ("text", "int", "money", "date")]
        if not facts:
            return "(1 in (1, 2))"
        fact = self.c.pick(facts)
        options = {"int": ("0", "1", "2"), "money": ("0", "50", "0.5"), "date": ("$cut", "today()")}.get(
            fact.type, tuple(f"'{code}'" for code in fact.codes) or ("'a'", "'I1'", "$word")
        )
        negated = "not in" if self.c.chance(20) else "in"
        return f"({fact.text} {negated} ({', '.join(options[: self.c.whole(1, len(options))])}))"

    def _between(self, depth: int) -> str:
        kind = self.c.pick(("int", "decimal", "date", "money"))
        return f"({self._solid(kind, depth)} between {self._number(kind, 0)} and {self._number(kind, 0)})"

    def _missing(self, depth: int) -> str:
        return f"{self.c.pick(('absent', 'blank'))}({self.c.pick(self.facts).text})" if self.facts else "false"

    def _ratio(self, depth: int) -> str:
        kind = self.c.pick(NUMERIC)
        over, under = self._solid(kind, depth), self._solid(kind, depth)
        than = self.c.pick(("0.5", "$share", "1", "0"))
        op = self.c.pick(OPS)
        return f"(ratio({over}, {under}) {op} {than})" if self.c.chance(80) else f"({than} {op} ratio({over}, {under}))"

    def _contains(self, depth: int) -> str:
        fact = self.c.pick(self.named("list"))
        return f"has({fact.text}, '{self.c.pick(fact.codes)}')"

    def _related(self) -> list[str]:
        a = self.author
        return [code for code, home in a.answered if home == self.subject or home in a._above(self.subject) or self.subject in a._above(home)]

    def _answer(self, depth: int) -> str:
        codes = self._related()
        if self.c.chance(50):
            return "kept(" + ", ".join(f"'{self.c.pick(codes)}'" for _ in range(self.c.whole(1, 2))) + ")"
        level = f"level('{self.c.pick(codes)}')"
        named = self.named("level")
        if named and self.c.chance(30):
            level = self.c.pick(named).text
        if self.c.chance(25):
            return f"({level} in ('red', 'none'))"
        return f"({level} {self.c.pick(OPS)} '{self.c.pick(('orange', 'none', 'red'))}')"

    def _limit(self, depth: int) -> str:
        name = self.c.pick(("$limit", "at($limit, date '2022-06-01')", "at($limit, today())"))
        return f"({self._solid('int', depth)} {self.c.pick(OPS)} {name})"

    def _recorded(self, depth: int) -> str:
        return f"recorded('{self.c.pick(('refused', 'settled'))}')"

    # --- values ------------------------------------------------------------------------------------------------

    def _case(self, kind: str, depth: int) -> str:
        first, second = self.expression(kind, depth - 1), self.expression(kind, depth - 1)
        other = f" else {self.expression(kind, depth - 1)}" if self.c.chance(70) else ""
        if self.c.chance(50):
            return f"(case when {self.condition(depth - 1)} then {first}{other} end)"
        return f"(case when {self.condition(depth - 1)} then {first} when {self.condition(depth - 1)} then {second}{other} end)"

    def _if_absent(self, kind: str, depth: int) -> str:
        named = self.named(kind)
        if not named:
            return self._constant(kind)
        fact = self.c.pick(named)
        if kind == "text" and fact.codes:
            return f"if_absent({fact.text}, '{self.c.pick(fact.codes)}')"
        return f"if_absent({fact.text}, {self._number(kind, depth - 1)})"

    def _arithmetic(self, kind: str, depth: int) -> str:
        if self.c.chance(30):
            factor = self.c.pick(("2", "3")) if kind == "int" else self.c.pick(("2", "1.25", "$share"))
            left = self._solid(kind, depth - 1)
            return f"({left} * {factor})" if self.c.chance(50) else f"({factor} * {left})"
        return f"({self._solid(kind, depth - 1)} {self.c.pick(('+', '-'))} {self._number(kind, depth - 1)})"

    def _span(self, depth: int) -> str:
        unit = self.c.pick(("days", "months", "years", "working_days"))
        if self.c.chance(50):
            return f"{unit}({self._solid('date', depth - 1)})"
        return f"{unit}({self._solid('date', depth - 1)}, {self._solid('date', depth - 1)})"
