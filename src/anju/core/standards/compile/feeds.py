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
from anju.core.standards.model import Aggregate, Latest, Not, Policy, Streak, Window
from anju.core.standards.order import columns_of, empty_means_no
from anju.core.terms.periods import Calendar

FeedFeature = Latest | Aggregate | Streak


@dataclass(frozen=True)
class FeedGroup:
    """Features of one subject over one feed that look back equally far. `key` is the SQL of the subject's id in the feed's rows."""

    subject: str
    contract: Contract
    features: tuple[FeedFeature, ...]
    key: str
    source: str  # the FROM clause
    policy: Policy
    day: date
    calendar: Calendar
    fields_read: Mapping[tuple[str, str], set[str]]  # (subject, feature) -> fields that anything reads
    part: str = ""  # tells apart several groups of one feed

    @property
    def name(self) -> str:
        return quoted(f"g_{self.subject}_{self.contract.code}{self.part}")

    @property
    def alias(self) -> str:
        return quoted(f"g{self.contract.code}{self.part}")

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
        starts = [looks_back(self.contract, feature, self.day, self.calendar) for feature in self.features]
        start = None if None in starts else min(start for start in starts if start is not None)
        narrow = f" AND valid > {literal(start)}" if start is not None else ""  # what older files hold need not be read
        asked = self._all_asked()
        if "TRUE" not in asked:  # a row that no feature asks for need not be grouped
            narrow += f" AND ({' OR '.join(f'({condition}) IS NOT FALSE' for condition in asked)})"
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

    def _all_asked(self) -> list[str]:
        return list(dict.fromkeys(self._asked(feature) for feature in self.features))

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
            return self._scan_latest(feature, where)
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

    def _scan_latest(self, feature: Latest, where: str) -> list[str]:
        """The fields of the latest row each by itself: a structure of them takes DuckDB twice as long. Of a row before it, lists of the
        latest rows' fields, that row's being the last."""
        some = f" FILTER (WHERE {where} IS NOT FALSE)" if len(self._all_asked()) > 1 else ""  # else the scan has left out the others
        picked = {quoted(f"v:{feature.name}.{name}"): quoted(name) for name in self.used_fields(feature)}
        if feature.where is not None:
            picked[quoted(f"w:{feature.name}")] = where
        if self._own_unit(feature):
            picked[quoted(f"u:{feature.name}")] = "unit"
        call = f"arg_max_nulls_last({{}}, ord, {feature.back + 1})" if feature.back else "arg_max_null({}, ord)"
        found = [f"{call.format(value)}{some} AS {name}" for name, value in picked.items()]
        return [f"count(*){some} AS {quoted(f'n:{feature.name}')}", *found]

    def _scan_streak(self, feature: Streak, writer: Writer) -> list[str]:
        last = self._last_due()
        if isinstance(feature.holds, Not):  # so that opposites share their scan's aggregates
            no = vague = writer.sql(feature.holds.part)
            yes = f"(NOT {no})"
        else:
            yes = vague = writer.sql(feature.holds)
            no = f"(NOT {yes})"
        if last is None:
            return [f"0::BIGINT AS {quoted(f'v:{feature.name}')}", f"0::BIGINT AS {quoted(f'n:{feature.name}')}",
                    f"0::BIGINT AS {quoted(f'x:{feature.name}')}"]  # fmt: skip
        periods = self._counted_back(feature, last)
        inside, bit = among(periods), bit_of(periods)
        alone = len(self._all_asked()) == 1  # the scan has left out every other row
        bits = bit if alone else f"CASE WHEN {inside} THEN {bit} END"
        found = []
        for mark, condition in (("v", yes), ("n", no), ("x", f"({vague}) IS NULL")):
            where = condition if alone else f"{inside} AND {condition}"
            found.append(f"COALESCE(bit_or({bits}) FILTER (WHERE {where}), 0) AS {quoted(f'{mark}:{feature.name}')}")
        return found

    # --- values, states, bounds -----------------------------------------------------------------------------------

    def columns(self, feature: FeedFeature, unit: str, asked: Delivered) -> list[list[str]]:
        """SELECT items in two layers, or of a streak in four, each reading the one before: what is joined and delivered ('y:' names, not
        kept), then values, states and bounds. `unit` is the SQL of the subject's delivering unit."""
        n, v, x = (f"{self.alias}.{quoted(f'{mark}:{feature.name}')}" for mark in "nvx")
        if isinstance(feature, Streak):
            return self._streak(feature, n, v, x, unit, asked)
        if isinstance(feature, Latest) and self._own_unit(feature):
            unit = f"COALESCE({unit}, {self.alias}.{quoted(f'u:{feature.name}')})"
        window = self._window(feature)
        delivered = f"({asked.covered(self.contract, window, unit)} AND NOT {asked.set_aside(self.contract, window)})"
        ok, raw, some = (quoted(f"y:{mark}:{feature.name}") for mark in ("d", "v", "n"))
        value, state, bound = value_column(feature.name), state_column(feature.name), bound_column(feature.name)
        if isinstance(feature, Latest):
            return self._latest(feature, delivered, state)
        if self.contract.kind == "state":  # one that is out of date says nothing, not even what is there at the least
            v = f"CASE WHEN {asked.covered(self.contract, None, unit)} THEN {v} END"
        first = [f"({delivered} AND COALESCE({x}, 0) = 0) AS {ok}", f"{v} AS {raw}"]
        if feature.how in ("count", "sum"):
            amount = f"COALESCE({raw}, 0)"
            missing = AT_LEAST if feature.monotone else UNDELIVERED
            second = [f"CASE WHEN {ok} THEN {amount} END AS {value}", f"CASE WHEN {ok} THEN 0 ELSE {missing} END AS {state}"]
            if feature.monotone:
                second.append(f"CASE WHEN NOT {ok} THEN {amount} END AS {bound}")
            return [first, second]
        if feature.how == "any":
            found = f"COALESCE({raw}, 0) > 0"
            return [first, [
                f"CASE WHEN {found} THEN TRUE WHEN {ok} THEN FALSE END AS {value}",
                f"CASE WHEN {found} OR {ok} THEN 0 ELSE {UNDELIVERED} END AS {state}",
            ]]  # fmt: skip
        first.append(f"{n} AS {some}")
        return [first, [
            f"CASE WHEN {ok} THEN {raw} END AS {value}",
            f"CASE WHEN NOT {ok} THEN {UNDELIVERED} WHEN COALESCE({some}, 0) = 0 THEN {ABSENT} ELSE 0 END AS {state}",
        ]]  # fmt: skip

    def _own_unit(self, feature: Latest) -> bool:
        """Who delivers for a subject is another feature's to say; where that is not known, the row itself says who delivered it."""
        return self.contract.unit_from is not None and not feature.back

    def _latest(self, feature: Latest, delivered: str, state: str) -> list[list[str]]:
        missing = ABSENT if self.contract.world == "closed" else UNDELIVERED
        ok, some, n = quoted(f"y:d:{feature.name}"), quoted(f"y:n:{feature.name}"), f"{self.alias}.{quoted(f'n:{feature.name}')}"
        if feature.where is not None:  # a row of which it is not known whether it counts
            counts = f"{self.alias}.{quoted(f'w:{feature.name}')}"
            sure = f"list_count({counts}) = len({counts})" if feature.back else counts
            delivered = f"({delivered} AND (COALESCE({n}, 0) = 0 OR COALESCE({sure}, FALSE)))"
        first = [f"{delivered} AS {ok}", f"COALESCE({n}, 0) > {feature.back} AS {some}"]
        second = [f"CASE WHEN NOT {ok} THEN {UNDELIVERED} WHEN NOT {some} THEN {missing} ELSE 0 END AS {state}"]
        for name in self.used_fields(feature):
            raw = quoted(f"y:v:{feature.name}.{name}")
            at = f"[{feature.back + 1}]" if feature.back else ""
            first.append(f"{self.alias}.{quoted(f'v:{feature.name}.{name}')}{at} AS {raw}")
            second.append(f"CASE WHEN {ok} THEN {raw} END AS {value_column(feature.name, name)}")
        return [first, second]

    def _streak(self, feature: Streak, n: str, v: str, x: str, unit: str, asked: Delivered) -> list[list[str]]:
        """Trailing ones of the periods that hold, are delivered, and have nothing set aside."""
        last, most = self._last_due(), feature.at_most
        value, state, bound = value_column(feature.name), state_column(feature.name), bound_column(feature.name)
        if last is None:
            return [[], [f"NULL::BIGINT AS {value}", f"{AT_LEAST} AS {state}", f"0::BIGINT AS {bound}"]]
        periods = self._counted_back(feature, last)
        cover, away = asked.covered_periods(self.contract, periods, unit), asked.set_aside_periods(self.contract, periods)
        yes, no, vague, covered, length, ends = (quoted(f"y:{mark}:{feature.name}") for mark in ("v", "n", "x", "c", "l", "e"))
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
        third = [f"({length} < {most} AND ({covered} & {at}) <> 0 AND (({no} & {at}) <> 0{missing})) AS {ends}"]
        return [first, second, third, [
            f"CASE WHEN {ends} THEN {length} END AS {value}",
            f"CASE WHEN {ends} THEN 0 ELSE {AT_LEAST} END AS {state}",
            f"CASE WHEN NOT {ends} THEN {length} END AS {bound}",
        ]]  # fmt: skip


def looks_back(contract: Contract, feature: FeedFeature, day: date, calendar: Calendar) -> date | None:
    """Only rows dated after it can matter to the feature; None where it looks back without end, or nothing is due yet."""
    found = due_periods(contract, None, day, calendar) if contract.kind == "period" else None
    starts = []
    if isinstance(feature, Streak):
        if found is None:
            return None
        starts.append(_before_period(contract, counted_back(contract, found[1], feature.at_most, calendar)[-1], calendar))
    else:
        if feature.window is not None:
            starts.append(window_start(contract, feature.window, day, calendar))
        if isinstance(feature, Latest) and not feature.back and found is not None and contract.cadence != "once":
            starts.append(_before_period(contract, found[1], calendar))
    return max((start for start in starts if start > date(1, 1, 1)), default=None)


def _before_period(contract: Contract, period: int, calendar: Calendar) -> date:
    """The day before the period begins: whether dated by its start or its end, its rows come after."""
    return calendar.first_day(contract.cadence, max(0, period)) - timedelta(days=1)


def contracts_of(policy: Policy) -> dict[str, Contract]:
    return {code: contract for code, contract in policy.contracts.items() if isinstance(contract, Contract)}


def _paren(condition: str) -> str:
    """FILTER takes WHERE inside its parentheses."""
    return f"(WHERE {condition})"
