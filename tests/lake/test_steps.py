"""Steps run when what they read is made, some at once, and leave only what is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from anju.core.standards.compile import Step
from anju.lake.duck import DuckError, open_duckdb
from anju.lake.steps import after, run_steps


def step(name: str, sql: str, *reads: str) -> Step:
    return Step(name, f'CREATE TABLE "{name}" AS {sql}', f'"{name}"', frozenset(f'"{read}"' for read in reads))


CHAIN = (
    step("one", "SELECT 1 AS n"),
    step("far", "SELECT 10 AS n"),
    step("two", 'SELECT n + 1 AS n FROM "one"', "one"),
    step("three", 'SELECT a.n + b.n AS n FROM "two" a, "far" b', "two", "far"),
)


@pytest.fixture
def con() -> Iterator[Any]:
    with open_duckdb(threads=2) as made:
        yield made


def tables(con: Any) -> set[str]:
    return {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def test_each_step_finds_what_it_reads_and_only_what_is_kept_stays(con: Any) -> None:
    done: list[str] = []
    run_steps(con, CHAIN, {'"three"'}, lambda step, seconds: done.append(step.name))
    assert con.execute('SELECT n FROM "three"').fetchall() == [(12,)]
    assert tables(con) == {"three"}
    assert sorted(done) == ["far", "one", "three", "two"]
    assert done.index("one") < done.index("two") < done.index("three") == 3


def test_a_table_that_nobody_reads_is_dropped_at_once(con: Any) -> None:
    run_steps(con, [step("alone", "SELECT 1 AS n")], set())
    assert tables(con) == set()


def test_the_longest_chain_goes_first(con: Any) -> None:
    done: list[str] = []
    run_steps(con, [CHAIN[1], CHAIN[0], *CHAIN[2:]], {'"three"'}, lambda step, _: done.append(step.name), at_once=1)
    assert done == ["one", "far", "two", "three"]


def test_steps_wait_for_what_their_statements_name(con: Any) -> None:
    first = [step("base", "SELECT 5 AS n"), step("other", "SELECT 6 AS n")]
    found = after([step("two", 'SELECT n + 1 AS n FROM "base"'), step("far", "SELECT 1 AS n")], first)
    assert [one.reads for one in found] == [frozenset({'"base"'}), frozenset()]
    run_steps(con, [*first, *found], {'"two"'}, at_once=1)
    assert con.execute('SELECT n FROM "two"').fetchall() == [(6,)]


def test_two_steps_run_side_by_side(con: Any) -> None:
    both = threading.Barrier(2, timeout=30)

    def meet(n: int) -> int:
        both.wait()
        return n

    con.create_function("meet", meet, return_type="INTEGER", parameters=["INTEGER"], side_effects=True)
    run_steps(con, [step("a", "SELECT meet(1) AS n"), step("b", "SELECT meet(2) AS n")], {'"a"', '"b"'})
    assert tables(con) == {"a", "b"}


def test_steps_side_by_side_have_a_thread_each_and_one_alone_has_all(con: Any) -> None:
    threads = "SELECT current_setting('threads') AS n"
    steps = [step("a", threads), step("b", threads), step("c", f'{threads} FROM "a", "b"', "a", "b")]
    run_steps(con, steps, {'"a"', '"b"', '"c"'})
    found = con.execute('SELECT (SELECT n FROM "a"), (SELECT n FROM "c"), current_setting(\'threads\')').fetchall()
    assert found == [(1, 2, 2)]


def test_a_step_over_everybody_runs_by_itself_with_all_threads(con: Any) -> None:
    running: list[str] = []
    seen: list[list[str]] = []

    def watch(name: str) -> str:
        running.append(name)
        time.sleep(0.05)
        seen.append(list(running))
        running.remove(name)
        return name

    con.create_function("watch", watch, return_type="VARCHAR", parameters=["VARCHAR"], side_effects=True)
    threads = "current_setting('threads') AS n"
    everybody = replace(step("everybody", f"SELECT watch('everybody') AS name, {threads}"), weight=9, shared=True)
    others = [step(name, f"SELECT watch('{name}') AS name, {threads}") for name in ("a", "b", "c")]
    run_steps(con, [*others, everybody], {'"everybody"', '"a"', '"b"', '"c"'})
    assert seen[0] == ["everybody"]
    assert con.execute('SELECT n FROM "everybody"').fetchone() == (2,)
    assert max(len(names) for names in seen) == 2


def test_the_longer_step_goes_first_where_ways_have_as_many(con: Any) -> None:
    done: list[str] = []
    steps = [step("short", "SELECT 1"), replace(step("long", "SELECT 1"), weight=4), step("other", "SELECT 1")]
    run_steps(con, steps, {'"long"'}, lambda one, _: done.append(one.name), at_once=1)
    assert done[0] == "long"


def test_variables_reach_every_thread(con: Any) -> None:
    con.execute("SET VARIABLE ranks = [1, 2, 3]")
    con.execute("SET VARIABLE first = DATE '2023-09-26'")
    steps = [step(name, "SELECT getvariable('ranks')[2] AS n, getvariable('first') AS day") for name in ("a", "b")]
    run_steps(con, steps, {'"a"', '"b"'})
    assert con.execute('SELECT n, day::VARCHAR FROM "a" UNION ALL SELECT n, day::VARCHAR FROM "b"').fetchall() == [(2, "2023-09-26")] * 2


def test_what_goes_wrong_in_a_step_is_raised_and_nothing_after_it_is_run(con: Any) -> None:
    broken = step("two", 'SELECT no_such_column FROM "one"', "one")
    with pytest.raises(DuckError, match="no_such_column"):
        run_steps(con, [CHAIN[0], CHAIN[1], broken, CHAIN[3]], {'"three"'})
    assert "three" not in tables(con)
