"""How long the random tests hunt. As a rule the same examples each time; HYPOTHESIS_PROFILE=long looks for new ones, at length."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
TIMES = 60  # as many examples in a long hunt


def hunting(examples: int, *, shrink: bool = True) -> settings:
    """`shrink` is False where a seed is drawn: what fails is made small by `readable`, not by another seed."""
    phases = [Phase.explicit, Phase.reuse, Phase.generate] + ([Phase.shrink] if shrink else [])
    return settings(
        max_examples=examples * TIMES if LONG else examples,
        derandomize=not LONG,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
