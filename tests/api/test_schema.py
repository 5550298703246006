"""Every address is asked what its description allows and what it does not: no fault of ours, no answer that is not described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks

from anju.api.door import wrong_tokens
from anju.wsgi import application
from api.conftest import Judged, token_of, told_case

pytestmark = pytest.mark.django_db
EXAMPLES = 6
OF_A_STEP = 2  # steps with a case are one table and one way through it
# a cursor or a reason may be wrong though its shape is right; and the keys and the token below stand in for what was drawn
LEFT_OUT = [checks.positive_data_acceptance, checks.negative_data_rejection]


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request from outside closes the connection that it finds; here the test's own transaction is on it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations() -> list[Any]:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize(
    ("role", "mode"), [("bureau", GenerationMode.POSITIVE), ("bureau", GenerationMode.NEGATIVE), ("steward", GenerationMode.POSITIVE)]
)
def test_answers_are_as_described(judged: Judged, role: str, mode: GenerationMode) -> None:
    headers = {"Authorization": f"Bearer {token_of(role)}"}
    for _ in range(2):
        told_case(judged)
    asked = 0
    for operation in operations():
        examples = OF_A_STEP if operation.method == "post" and "/cases/" in operation.path else EXAMPLES

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            for name in ("key", "number"):  # those that there are, too
                if isinstance(case.path_parameters.get(name), int):
                    case.path_parameters[name] = case.path_parameters[name] % 4 + 1
            wrong_tokens.forget()
            case.call_and_validate(headers=headers, excluded_checks=LEFT_OUT)

        ask()
    assert asked > 100
