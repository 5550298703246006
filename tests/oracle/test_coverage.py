"""The random policies use the whole language: every kind of expression, feature, window, type, feed and breach occurs."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from anju.core.contracts.model import Cadence, Contract
from anju.core.standards.model import Aggregate, Arith, Compare, DateSpan, Expr, Feature, Latest, Policy, RatioCompare, Rollup, Type, Window
from anju.core.standards.order import walk_expr
from anju.core.standards.read import load_policy
from anju.core.terms.levels import LEVELS
from oracle.chooser import Seeded
from oracle.policies import random_policy

POLICIES = 40


@pytest.fixture(scope="module")
def policies() -> list[Policy]:
    found = []
    for seed in range(POLICIES):
        with tempfile.TemporaryDirectory() as folder:
            found.append(load_policy(random_policy(Seeded(seed), features=20, standards=4).write(Path(folder))))
    return found


def exprs(policy: Policy) -> Iterator[Expr]:
    for feature in policy.features.values():
        for name in ("value", "of", "where", "holds"):
            if (expr := getattr(feature, name, None)) is not None:
                yield from walk_expr(expr)
    for standard in policy.standards.values():
        for version in standard.versions:
            for whole in (version.applies, version.clears_when, *(breach.when for breach in version.breaches)):
                yield from walk_expr(whole) if whole is not None else ()


def missing(wanted: Any, found: Counter[Any]) -> list[Any]:
    return sorted(str(each) for each in wanted if not found[each])


def test_every_kind_of_expression_and_operator_occurs(policies: list[Policy]) -> None:
    parts = [part for policy in policies for part in exprs(policy)]
    assert missing(get_args(Expr), Counter(type(part) for part in parts)) == []
    assert missing(("=", "<>", "<", "<=", ">", ">="), Counter(part.op for part in parts if isinstance(part, Compare))) == []
    assert missing(("=", "<>", "<", "<=", ">", ">="), Counter(part.op for part in parts if isinstance(part, RatioCompare))) == []
    assert missing(("+", "-", "*"), Counter(part.op for part in parts if isinstance(part, Arith))) == []
    assert missing(("days", "months", "years", "working_days"), Counter(part.unit for part in parts if isinstance(part, DateSpan))) == []


def test_every_kind_of_feature_window_and_type_occurs(policies: list[Policy]) -> None:
    features = [feature for policy in policies for feature in policy.features.values()]
    assert missing(get_args(Feature), Counter(type(feature) for feature in features)) == []
    assert missing(("count", "sum", "any", "min", "max"), Counter(f.how for f in features if isinstance(f, Aggregate))) == []
    assert missing(("count", "sum", "any", "all", "min", "max"), Counter(f.how for f in features if isinstance(f, Rollup))) == []
    windows = Counter((f.window.form, f.window.unit) for f in features if isinstance(f, Latest | Aggregate) and f.window is not None)
    units = get_args(get_type_hints(Window)["unit"])
    assert missing([("last", unit) for unit in units], windows) == []
    assert missing([("this", unit) for unit in ("months", "quarters", "years", "terms", "school_years")], windows) == []
    assert missing(get_args(Type), Counter(feature.type for feature in features) + Counter(list_types(features))) == []
    assert any(f.at_event for f in features if isinstance(f, Aggregate))
    assert any(f.back for f in features if isinstance(f, Latest))
    assert any(name.startswith("recorded:") for policy in policies for _, name in policy.features)


def list_types(features: list[Feature]) -> list[str]:
    return [kind for feature in features if isinstance(feature, Latest) for kind in feature.fields.values()]


def test_every_kind_of_feed_and_answer_occurs(policies: list[Policy]) -> None:
    contracts = [c for policy in policies for c in policy.contracts.values() if isinstance(c, Contract)]
    assert missing(get_args(Cadence), Counter(c.cadence for c in contracts)) == []
    for name, wanted in {"kind": ("state", "period", "event"), "delivery": ("full", "delta"), "world": ("closed", "open"),
                         "dated": ("start", "end"), "by": ("unit", "programme", "school")}.items():  # fmt: skip
        assert missing(wanted, Counter(getattr(c, name) for c in contracts)) == []
    assert any(c.through for c in contracts)
    assert missing(("person", "household", "place"), Counter(link for c in contracts for link in c.links)) == []
    standards = [standard for policy in policies for standard in policy.standards.values()]
    levels = Counter(breach.level for s in standards for version in s.versions for breach in version.breaches)
    assert missing(LEVELS[1:], levels) == []  # type: ignore[arg-type]
    subjects = ("person", "household", "programme", "unit", "community", "building", "thing", "pair")
    assert missing(subjects, Counter(standard.subject for standard in standards)) == []
