"""What the checker accepts, both judges can say; and no statement reaches past what it is meant to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from anju.core.contracts.document import parse_document
from anju.core.contracts.faults import Fault
from anju.core.standards.case_world import build_world
from anju.core.standards.compile import RunPlan
from anju.core.standards.compile.expressions import Writer
from anju.core.standards.compile.names import area_column
from anju.core.standards.expressions import parse_expression
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Expr, Policy, Type
from anju.core.standards.numbers import overlong
from anju.core.terms.levels import RANK
from anju.lake.duck import DuckError, open_duckdb
from anju.lake.engine import judge, plan_of
from fuzz.base import STANDARDS
from fuzz.mutations import TOKENS, mutated
from oracle.agree import witnessed
from oracle.chooser import Chooser, Drawn, Seeded
from oracle.profile import hunting
from oracle.small import DAY, feature, small_policy, subject_scope
from oracle.test_golden import GOLDEN, WORLD
from oracle.writer import write_world

EVENING = datetime.combine(DAY, time(23, 59))
ALLOWED = frozenset(
    "AND OR IF COALESCE CASE CAST COUNT FILTER LENGTH MONTH DAY YEAR LOGICAL_OR SUM BITWISE_OR_AGG ARG_MAX STRUCT DATEDIFF MAX MIN LOG"
    " arg_max_null arg_max_nulls_last list_count ARRAY_CONTAINS LEAST GREATEST SUBSTRING getvariable".split()
)
TABLES = ("b_", "s_", "t_", "g_", "r_", "u_", "x_", "p_")
WANT: tuple[Type, ...] = ("bool", "int", "decimal", "money", "text", "date", "level")


LOCAL = ("limit", "local_line")  # parameters by area


@dataclass(repr=False)
class Stand:
    """The golden world, judged by DuckDB with every door shut, and ready to be asked of by the interpreter."""

    policy: Policy
    plan: RunPlan
    con: Any
    judge: Judge

    def sql(self, subject: str, expr: Expr) -> str:
        own = {name: f for (s, name), f in self.policy.features.items() if s == subject}
        return Writer(DAY, own, self.policy.parameters, self.policy.contracts, self.policy.features).sql(expr)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("world")
    policy = witnessed(small_policy([feature(name, subject, text) for name, (subject, text, _, _) in GOLDEN.items()], STANDARDS))
    world = build_world(policy, WORLD)
    sources = write_world(world, policy, folder)
    con = open_duckdb(threads=1, temp_directory=folder / "spill", allowed_directories=[folder])
    plan = plan_of(policy, DAY)
    judge(con, policy, sources, plan, DAY, EVENING)
    yield Stand(policy, plan, con, Judge(policy, world, DAY, EVENING))
    con.close()


def outside(sql: str) -> list[str]:
    """What a statement names that it is not meant to: functions, tables, and anything but the making of one table."""
    found = []
    for tree in sqlglot.parse(sql, read="duckdb"):
        assert tree is not None
        if not isinstance(tree, exp.Create | exp.Select):
            found.append(type(tree).__name__)
        for part in tree.walk():
            if isinstance(part, exp.Func):
                name = part.name if isinstance(part, exp.Anonymous) else part.sql_name()
                found += [] if name in ALLOWED else [name]
            if isinstance(part, exp.Table) and part.name not in ("cover", "fresh", "rejected_now") and not part.name.startswith(TABLES):
                found.append(part.name)
            if isinstance(part, exp.Table) and not isinstance(part.this, exp.Identifier):
                found.append(part.sql())
    return found


def test_every_statement_of_a_run_reads_only_the_tables_of_the_snapshot(stand: Stand) -> None:
    for step in stand.plan.steps:
        assert outside(step.sql) == [], step.name


def test_a_statement_that_reaches_out_is_noticed_and_refused(stand: Stand) -> None:
    assert outside("SELECT * FROM read_csv('/etc/passwd')") != []
    assert outside("COPY x TO '/tmp/y'") != []
    with pytest.raises(DuckError, match="disabled|not allowed|cannot access"):
        stand.con.execute("SELECT * FROM read_csv('/etc/passwd')")


def parsed(stand: Stand, subject: str, text: str) -> tuple[Expr | None, Type | None, list[Fault]]:
    faults: list[Fault] = []
    node = parse_document(json.dumps(text), "expression.yaml", faults)
    if node is None:
        return None, None, faults
    scope = subject_scope(stand.policy, subject)
    found = parse_expression(node, scope, WANT)
    if found is not None and overlong(found.expr, subject, scope.catalogue.built, scope.catalogue.parameters):
        return None, None, faults
    made = set(scope.catalogue.built) - set(stand.policy.features)
    if found is not None and made:  # a feature of its own, such as a look up that nobody else asks for: not in the tables
        return None, None, faults
    assert found is not None or faults, "refused without a word"
    return (found.expr, found.type, faults) if found is not None else (None, None, faults)


def both_say_the_same(stand: Stand, subject: str, text: str) -> bool:
    """Whether the text is an expression; if so, both judges must say the same of every subject."""
    expr, kind, _ = parsed(stand, subject, text)
    if expr is None:
        return False
    sql = stand.sql(subject, expr)
    assert outside(f"SELECT {sql} FROM t_x") == []
    local = " LEFT JOIN ".join(
        [f" JOIN b_{subject} b ON b.id = t.id", *(f"p_{name} ON p_{name}.place_id IS NOT DISTINCT FROM b.area_id" for name in LOCAL)]
    )
    table = f"(SELECT t.*, {', '.join(f'p_{name}.v AS {area_column(name)}' for name in LOCAL)} FROM {stand.plan.shown[subject]} t{local})"
    got = dict(stand.con.execute(f"SELECT COALESCE(subject_key, CAST(id AS VARCHAR)), {sql} FROM {table}").fetchall())
    for key in stand.judge.subjects.all(subject):
        meant = stand.judge.values.evaluator(subject, key).value(expr)
        if kind == "level" and isinstance(meant, str):
            meant = RANK[meant]
        assert _same(meant, got[str(key)]), (text, key, meant, got[str(key)])
    return True


def _same(meant: Any, got: Any) -> bool:
    if isinstance(meant, int | Decimal) and not isinstance(meant, bool):
        return got is not None and Decimal(str(got)) == Decimal(str(meant))
    return bool(meant == got)


PIECES = (
    "latest_n.n", "latest_n.amount", "latest_n.rate", "latest_n.flag", "latest_n.status", "latest_n.codes", "latest_n.on_day",
    "latest_n", "latest_none", "latest_late.n", "latest_blank.n", "count_all", "count_unsure", "sum_money", "sum_blank",
    "sum_product", "streak", "birth_date", "alive", "age", "poor_above", "bound_above", "household.members", "household.adults",
    "community.families", "$limit", "$share", "$word", "0", "1", "2.5", "-3", "50", "'a'", "'red'", "true", "today()",
    "date '2024-02-29'", "$cut",
)  # fmt: skip
SHAPES = (
    "{} = {}", "{} <> {}", "{} < {}", "{} >= {}", "({} and {})", "({} or {})", "not ({})", "{} + {}", "{} - {}", "{} * {}", "({})", "absent({})",
    "blank({})", "if_absent({}, {})", "{} in ({}, {})", "{} not in ({})", "{} between {} and {}", "ratio({}, {}) >= {}", "{} > ratio({}, {})",
    "days({})", "months({}, {})", "years({}, {})", "working_days({})", "has({}, {})", "at({}, {})", "level('AA-01')", "kept('AA-01', 'AA-02')",
    "case when {} then {} else {} end", "case when {} then {} when {} then {} end", "level({}) > {}", "{}",
)  # fmt: skip


def shaped(c: Chooser, depth: int) -> str:
    """Nonsense that looks like the language: often refused, sometimes not."""
    if depth == 0 or c.chance(25):
        return c.pick(PIECES)
    shape = c.pick(SHAPES)
    return shape.format(*(shaped(c, depth - 1) for _ in range(shape.count("{}"))))


@hunting(600)
@given(data=st.data())
def test_what_looks_like_the_language_is_refused_with_a_word_or_means_the_same_to_both(stand: Stand, data: st.DataObject) -> None:
    c = Drawn(data.draw)
    subject = c.pick(("person", "household", "community", "thing"))
    own = [text for at, text, _, _ in GOLDEN.values() if at == subject and text.startswith("value")]
    text = shaped(c, 3) if subject == "person" or not own else c.pick(own)
    both_say_the_same(stand, subject, text.removeprefix("value: ").strip('"'))


@hunting(300)
@given(data=st.data())
def test_a_slip_in_an_expression_is_refused_with_a_word_or_means_the_same_to_both(stand: Stand, data: st.DataObject) -> None:
    c = Drawn(data.draw)
    subject, text, _, _ = c.pick([golden for golden in GOLDEN.values() if golden[1].startswith("value")])
    both_say_the_same(stand, subject, mutated(c, text.removeprefix("value: ").strip('"')))


@hunting(300)
@given(text=st.text(max_size=60) | st.lists(st.sampled_from([*TOKENS, *PIECES, " ", "(", ")", ",", "=", "and"]), max_size=12).map(" ".join))
def test_any_text_at_all_is_refused_with_a_word_or_means_the_same_to_both(stand: Stand, text: str) -> None:
    both_say_the_same(stand, "person", text)


def test_the_random_expressions_are_often_accepted(stand: Stand) -> None:
    """A hunt in which everything is refused would find nothing."""
    accepted = sum(both_say_the_same(stand, "person", shaped(Seeded(seed), 3)) for seed in range(400))
    assert accepted > 60


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE r_person; --'", "latest_n.status = 'a''; SELECT 1; --'", "recorded('''; COPY r_person TO ''/tmp/x''; --')", "'\\' = $word",
     "$word in ('a', '/*', '*/', '--')", "case when alive then '\"' else '''' end = '\"'"],
)  # fmt: skip
def test_a_text_stays_a_text(stand: Stand, text: str) -> None:
    expr, _, _ = parsed(stand, "person", text)
    if expr is not None:
        assert outside(f"SELECT {stand.sql('person', expr)} FROM t_x") == []
        both_say_the_same(stand, "person", text)
    assert stand.con.execute("SELECT count(*) FROM r_person").fetchone()[0] == 4


def test_names_and_titles_with_quotes_in_them_do_no_harm(tmp_path: Path) -> None:
    evil = "'; DROP TABLE r_person; --\\\" /* "
    policy = small_policy([f'{{name: x, subject: person, title: {{en: "{evil}", zh: "{evil}"}}, count: FS}}'],
                          {"AA-01": STANDARDS["AA-03"].replace("AA-03", "AA-01").replace("en: t", f'en: "{evil}"')})  # fmt: skip
    case = WORLD | {"places": [{"code": "C'; DROP TABLE r_person; --", "level": "community", "under": "U1"}]}
    case["FS"] = [{"item": "'; DROP TABLE s_FS; --", "school": '"'}]
    world = build_world(policy, case)
    con = open_duckdb(threads=1, temp_directory=tmp_path / "spill", allowed_directories=[tmp_path])
    judge(con, policy, write_world(world, policy, tmp_path), plan_of(policy, DAY), DAY, EVENING)
    assert con.execute("SELECT count(*) FROM r_person").fetchone()[0] == 4
