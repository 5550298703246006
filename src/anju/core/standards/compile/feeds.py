"""Features over the rows of a feed: one grouped scan per feed and subject, then values, states and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from anju.core.contracts.model import Contract
from anju.core.standards.compile.delivered import Delivered, among, bit_of
from anju.core.standards.compile.expressions import Writer
from anju.core.standards.compile.names import (
    ABSENT,
    AT_LEAST,
    UNDELIVERED,
    bound_column,
    literal,
    quoted,
    state_column,
    value_column,
)
from anju.core.standards.compile.windows import counted_back, due_periods, window_start
from anju.core.standards.model import Aggregate, Latest, Policy, Streak, Window
from anju.core.standards.order import columns_of, empty_means_no
from anju.core.terms.periods import Calendar

FeedFeature = Latest | Aggregate | Streak


@dataclass(frozen=True)
class FeedGroup:
    """Every feature of one subject over one feed. `key` is the SQL of the subject's id in the feed's rows."""

    subject: str
    contract: Contract
    features: tuple[FeedFeature, ...]
    key: str
    source: str  # the FROM clause
    policy: Policy
    day: date
    calendar: Calendar
    fields_read: Mapping[tuple[str, str], set[str]]  # (subject, feature) -> fields that anything reads

    @property
    def name(self) -> str:
        return quoted(f"g_{self.subject}_{self.contract.code}" + ("_event" if "r_membership" in self.source else ""))

    def writer(self) -> Writer:
        return Writer(self.day, {}, self.policy.parameters, contracts_of(self.policy), {}, self.contract)

    # --- the scan ---------------------------------------------------------------------------------------------

    def scan(self) -> str:
        """CREATE TABLE with one row per subject that has rows: raw aggregates under 'n:', 'v:', 'x:' names."""
        columns = [column for feature in self.features for column in self._scan_feature(feature)]
        needed = sorted({c for feature in self.features for c in self._columns(feature)})
        derived = [f"{self.key} AS subject_id", "valid", "ord", *(["period"] if self.contract.kind == "period" else [])]
        derived += ["unit"] if self.contract.unit_from is not None else []
        inner = ", ".join([*derived, *(quoted(name) for name in needed if name not in ("valid", "period", "unit"))])
        start = self._earliest()
        narrow = f" AND valid > {literal(start)}" if start is not None else ""
        asked = [self._asked(feature) for feature in self.features]
        if "TRUE" not in asked:  # a row that no feature asks for need not be grouped
            narrow += f" AND ({' OR '.join(f'({condition}) IS NOT FALSE' for condition in dict.fromkeys(asked))})"
        return (
            f"CREATE TABLE {self.name} AS SELECT subject_id, {', '.join(columns)}"
            f" FROM (SELECT {inner} FROM {self.source} WHERE {self.key} IS NOT NULL{narrow}) GROUP BY subject_id"
        )

    def _asked(self, feature: FeedFeature) -> str:
        """SQL: whether a row can matter to the feature; TRUE where every row does."""
        window = self._window(feature)
        last = self._last_due()
        conditions = [] if window is None else [f"valid > {literal(window_start(self.contract, window, self.day, self.calendar))}"]
        if isinstance(feature, Streak):
            conditions = [among(self._counted_back(feature, last)) if last is not None else "FALSE"]
        elif isinstance(feature, Latest) and not feature.back and self.contract.kind == "period":
            conditions.append(f"period >= {last if last is not None else 'NULL'}")
        if not isinstance(feature, Streak) and feature.where is not None:
            conditions.append(self.writer().sql(feature.where))
        return " AND ".join(conditions) or "TRUE"

    def _earliest(self) -> date | None:
        """The start of the widest window, if every feature has one."""
        starts = []
        for feature in self.features:
            window = self._window(feature)
            if isinstance(feature, Streak):
                last = self._last_due()
                if last is None:
                    return None
                starts.append(self.calendar.first_day(self.contract.cadence, max(0, self._counted_back(feature, last)[-1])) - timedelta(days=1))
            elif window is None:
                return None
            else:
                starts.append(window_start(self.contract, window, self.day, self.calendar))
        return min(starts) if starts and min(starts) > date(1, 1, 1) else None

    def _last_due(self) -> int | None:
        found = due_periods(self.contract, None, self.day, self.calendar)
        return found[1] if found else None

    def _counted_back(self, feature: Streak, last: int) -> list[int]:
        return counted_back(self.contract, last, feature.at_most, self.calendar)

    @staticmethod
    def _window(feature: FeedFeature) -> Window | None:
        return None if isinstance(feature, Streak) else feature.window

    def _columns(self, feature: FeedFeature) -> set[str]:
        if isinstance(feature, Latest):
            return {name for name in self.used_fields(feature) if name != "valid"} | {column.name for column in columns_of(feature.where)}
        if isinstance(feature, Streak):
            return {column.name for column in columns_of(feature.holds)}
        return {column.name for expr in (feature.of, feature.where) for column in columns_of(expr)}

    def used_fields(self, feature: Latest) -> tuple[str, ...]:
        """The fields that anything reads, in the contract's order."""
        used = self.fields_read.get((self.subject, feature.name), ())
        return tuple(name for name in feature.fields if name in used)

    def _scan_feature(self, feature: FeedFeature) -> list[str]:
        writer = self.writer()
        if isinstance(feature, Streak):
            return self._scan_streak(feature, writer)
        where = f"({self._asked(feature)})"
        n, v, x = (quoted(f"{mark}:{feature.name}") for mark in "nvx")
        if isinstance(feature, Latest):
            fields = [f'"w:" := {where}', *(['"u:" := unit'] if self._own_unit(feature) else [])] + [
                f"{quoted(name)} := {quoted(name)}" for name in self.used_fields(feature)
            ]
            pack = f"struct_pack({', '.join(fields)})"
            some = f"FILTER (WHERE {where} IS NOT FALSE)"
            if feature.back:
                return [f"arg_max({pack}, ord, {feature.back + 1}) {some} AS {v}"]
            return [f"arg_max({pack}, ord) {some} AS {v}"]
        if feature.how == "count" and feature.of is None:
            return [f"count(*) FILTER {_paren(where)} AS {v}", f"count(*) FILTER (WHERE {where} IS NULL) AS {x}"]
        of = writer.sql(feature.of) if feature.of is not None else "TRUE"
        if feature.how in ("any", "count"):
            both = f"({where} AND {of})"
            return [f"count(*) FILTER {_paren(both)} AS {v}", f"count(*) FILTER (WHERE {both} IS NULL) AS {x}"]
        vague = "" if empty_means_no(self.contract, feature.of) else f" OR ({where} AND ({of}) IS NULL)"
        unknown = f"count(*) FILTER (WHERE {where} IS NULL{vague}) AS {x}"
        call = f"{feature.how}({of}) FILTER {_paren(where)}"
        if feature.how == "sum" and feature.of is not None:
            call = writer.total(feature.of, call)
        return [f"{call} AS {v}", f"count({of}) FILTER {_paren(where)} AS {n}", unknown]

    def _scan_streak(self, feature: Streak, writer: Writer) -> list[str]:
        last = self._last_due()
        holds = writer.sql(feature.holds)
        if last is None:
            return [f"0::BIGINT AS {quoted(f'v:{feature.name}')}", f"0::BIGINT AS {quoted(f'n:{feature.name}')}",
                    f"0::BIGINT AS {quoted(f'x:{feature.name}')}"]  # fmt: skip
        periods = self._counted_back(feature, last)
        inside, bit = among(periods), bit_of(periods)
        found = []
        for mark, condition in (("v", holds), ("n", f"NOT {holds}"), ("x", f"({holds}) IS NULL")):
            mask = f"bit_or(CASE WHEN {inside} THEN {bit} END) FILTER (WHERE {inside} AND {condition})"
            found.append(f"COALESCE({mask}, 0) AS {quoted(f'{mark}:{feature.name}')}")
        return found

    # --- values, states, bounds -----------------------------------------------------------------------------------

    def columns(self, feature: FeedFeature, unit: str, asked: Delivered) -> tuple[list[str], list[str], list[str]]:
        """SELECT items in three layers, each reading the one before: what is joined and delivered ('y:' names,
        not kept), then values, states and bounds (a streak needs one layer more). `unit` is the SQL of the
        subject's delivering unit."""
        g = quoted(f"{'e' if 'r_membership' in self.source else 'g'}{self.contract.code}")
        n, v, x = (f"{g}.{quoted(f'{mark}:{feature.name}')}" for mark in "nvx")
        if isinstance(feature, Streak):
            return self._streak(feature, n, v, x, unit, asked)
        if isinstance(feature, Latest) and self._own_unit(feature):
            unit = f'COALESCE({unit}, {v}."u:")'
        window = self._window(feature)
        delivered = f"({asked.covered(self.contract, window, unit)} AND NOT {asked.set_aside(self.contract, window)})"
        ok, raw, some = (quoted(f"y:{mark}:{feature.name}") for mark in ("d", "v", "n"))
        value, state, bound = value_column(feature.name), state_column(feature.name), bound_column(feature.name)
        if isinstance(feature, Latest):
            return [f"{delivered} AS {ok}", f"{v} AS {raw}"], self._latest(feature, raw, ok, state), []
        if self.contract.kind == "state":  # one that is out of date says nothing, not even what is there at the least
            v = f"CASE WHEN {asked.covered(self.contract, None, unit)} THEN {v} END"
        first = [f"({delivered} AND COALESCE({x}, 0) = 0) AS {ok}", f"{v} AS {raw}"]
        if feature.how in ("count", "sum"):
            amount = f"COALESCE({raw}, 0)"
            missing = AT_LEAST if feature.monotone else UNDELIVERED
            second = [f"CASE WHEN {ok} THEN {amount} END AS {value}", f"CASE WHEN {ok} THEN 0 ELSE {missing} END AS {state}"]
            if feature.monotone:
                second.append(f"CASE WHEN NOT {ok} THEN {amount} END AS {bound}")
            return first, second, []
        if feature.how == "any":
            found = f"COALESCE({raw}, 0) > 0"
            return first, [
                f"CASE WHEN {found} THEN TRUE WHEN {ok} THEN FALSE END AS {value}",
                f"CASE WHEN {found} OR {ok} THEN 0 ELSE {UNDELIVERED} END AS {state}",
            ], []  # fmt: skip
        first.append(f"{n} AS {some}")
        return first, [
            f"CASE WHEN {ok} THEN {raw} END AS {value}",
            f"CASE WHEN NOT {ok} THEN {UNDELIVERED} WHEN COALESCE({some}, 0) = 0 THEN {ABSENT} ELSE 0 END AS {state}",
        ], []  # fmt: skip

    def _own_unit(self, feature: Latest) -> bool:
        """Who delivers for a subject is another feature's to say; where that is not known, the row itself says who delivered it."""
        return self.contract.unit_from is not None and not feature.back

    def _latest(self, feature: Latest, packed: str, delivered: str, state: str) -> list[str]:
        missing = ABSENT if self.contract.world == "closed" else UNDELIVERED
        row = f"{packed}[{feature.back + 1}]" if feature.back else packed
        sure = f'{row}."w:"' if not feature.back else f'len(list_filter({packed}, lambda e: e."w:" IS NULL)) = 0'
        unsure = f"({packed} IS NOT NULL AND NOT COALESCE({sure}, FALSE))"
        items = [f"CASE WHEN NOT {delivered} OR {unsure} THEN {UNDELIVERED} WHEN {row} IS NULL THEN {missing} ELSE 0 END AS {state}"]
        for name in self.used_fields(feature):
            field = f"CASE WHEN {delivered} AND NOT {unsure} THEN {row}.{quoted(name)} END"
            items.append(f"{field} AS {value_column(feature.name, name)}")
        return items

    def _streak(self, feature: Streak, n: str, v: str, x: str, unit: str, asked: Delivered) -> tuple[list[str], list[str], list[str]]:
        """Trailing ones of the periods that hold, are delivered, and have nothing set aside."""
        last, most = self._last_due(), feature.at_most
        value, state, bound = value_column(feature.name), state_column(feature.name), bound_column(feature.name)
        if last is None:
            return [], [f"NULL::BIGINT AS {value}", f"{AT_LEAST} AS {state}", f"0::BIGINT AS {bound}"], []
        periods = self._counted_back(feature, last)
        cover, away = asked.covered_periods(self.contract, periods, unit), asked.set_aside_periods(self.contract, periods)
        yes, no, vague, covered, length = (quoted(f"y:{mark}:{feature.name}") for mark in ("v", "n", "x", "c", "l"))
        first = [
            f"COALESCE({v}, 0) AS {yes}",
            f"COALESCE({n}, 0) AS {no}",
            f"COALESCE({x}, 0) AS {vague}",
            f"({cover} & ~{away}) AS {covered}",
        ]
        # the lowest bit of ~good is the period that breaks the run; its logarithm is the run's length
        bad = f"(~({yes} & ~{no} & ~{vague} & {covered}) | {1 << most}::BIGINT)"
        second = [f"CAST(log2({bad} & -{bad}) AS BIGINT) AS {length}"]
        at = f"(1::BIGINT << {length})"
        missing = f" OR (({vague} | {yes}) & {at}) = 0" if self.contract.world == "closed" else ""
        ends = f"({length} < {most} AND ({covered} & {at}) <> 0 AND (({no} & {at}) <> 0{missing}))"
        return first, second, [
            f"CASE WHEN {ends} THEN {length} END AS {value}",
            f"CASE WHEN {ends} THEN 0 ELSE {AT_LEAST} END AS {state}",
            f"CASE WHEN NOT {ends} THEN {length} END AS {bound}",
        ]  # fmt: skip


def contracts_of(policy: Policy) -> dict[str, Contract]:
    return {code: contract for code, contract in policy.contracts.items() if isinstance(contract, Contract)}


def _paren(condition: str) -> str:
    """FILTER takes WHERE inside its parentheses."""
    return f"(WHERE {condition})"
