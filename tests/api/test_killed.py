"""A request that is killed at any statement leaves no lie: either nothing was done, or it was done and its answer is kept."""

from __future__ import annotations

import json
from pathlib import Path

from deployment import Deployment


def test_killed_at_any_statement_the_act_and_its_answer_are_true_together_or_not_at_all(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "data")
    try:
        process = deployment.start(module="api.killed")
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    finally:
        deployment.end()
    *killed, whole, again = [json.loads(line) for line in out.splitlines()]
    assert len(killed) > 5
    for state in killed:
        assert state["killed"] and (state["acts"], state["kept"]) in ((0, False), (1, True)), state
    assert any(state["claimed"] for state in killed)
    for state in (whole, again):
        assert (state["killed"], state["code"], state["acts"], state["kept"], state["claimed"]) == (False, 0, 1, True, False)
