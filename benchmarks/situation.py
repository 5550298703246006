"""What every benchmark is given: the world, its sources for a run of the sample's day, and how often to repeat."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.actions import sources_for
from anju.core.standards.model import Policy
from anju.core.standards.read import read_policy
from benchmarks.judged import Setting
from benchmarks.world import DAY, EVENING, ROOT, World


class Situation:
    def __init__(self, world: World, folder: Path, rounds: int) -> None:
        self.world, self.folder, self.rounds = world, folder, rounds

    @cached_property
    def published(self) -> Setting:
        """The standards in force."""
        return self._setting(drafts=False)

    @cached_property
    def with_drafts(self) -> Setting:
        return self._setting(drafts=True)

    def _setting(self, *, drafts: bool) -> Setting:
        policy = _policy(drafts)
        sources, _, _ = sources_for(policy, self.world.data, DAY, EVENING, own_feeds(policy, DAY, EVENING))
        return Setting(policy, sources, DAY, EVENING.replace(tzinfo=None))


def _policy(drafts: bool) -> Policy:
    policy, faults = read_policy(ROOT / "policy", drafts=drafts)
    if policy is None:
        raise SystemExit("\n".join(str(fault) for fault in faults))
    return policy
