"""The policy in force, read once and read again when one of its files has changed: a worker runs for months."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from anju.apps.calendar.current import in_force
from anju.core.contracts.model import Programme
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy

_kept: dict[tuple[tuple[str, int, int], ...], Policy] = {}


def policy() -> Policy:
    """With the calendar in force. Raises PolicyFaults where it cannot be read."""
    return in_force(policy_of_files())


def policy_of_files() -> Policy:
    """As its files have it, whatever calendar was loaded. Raises PolicyFaults where it cannot be read."""
    folder = Path(settings.POLICY)
    stamp = tuple((str(path), (seen := path.stat()).st_mtime_ns, seen.st_size) for path in sorted(folder.rglob("*.yaml")))
    if stamp not in _kept:
        _kept.clear()
        _kept[stamp] = load_policy(folder)
    return _kept[stamp]


def programme_of(found: Policy) -> Programme:
    assert isinstance(found.programme, Programme)
    return found.programme


def lake() -> Path:
    return Path(settings.DATA) / "lake"
