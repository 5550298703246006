"""The rules in force and the files of the current run, read once and kept while they are the same."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings

from anju.apps.calendar.current import in_force
from anju.apps.findings.actions import run_folder
from anju.apps.findings.models import Run
from anju.apps.findings.queries import current_run
from anju.core.contracts.model import Programme
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.lake.dossier import Dossier
from anju.lake.rows import Sources

SHOWN = {"F04": ("area_m2", "old_house_demolished"), "F26": ("per_capita_net",)}  # feed -> what a family's page shows of it, judged or not
_kept: dict[str, Any] = {}
_lock = Lock()  # a dossier is opened by one thread, while the others wait for it


def policy() -> Policy:
    """The policy of this deployment with the calendar in force: a year that was loaded is seen at once, a change of the files by the
    next start."""
    if "policy" not in _kept:
        _kept["policy"] = load_policy(Path(settings.POLICY))
    found: Policy = _kept["policy"]
    return in_force(found)


def programme() -> Programme:
    found = policy().programme
    assert isinstance(found, Programme)
    return found


def answers_folder(run: Run) -> Path:
    return run_folder(Path(settings.DATA), run)


def dossier(run: Run | None = None) -> Dossier | None:
    """The dossier of the current run, which a caller may have at hand; None before the first run, or where the files of its day are gone."""
    run = run or current_run()
    return dossier_of(in_force(policy(), run.known_at), Path(settings.DATA), run) if run is not None else None


def dossier_of(policy: Policy, data: Path, run: Run) -> Dossier | None:
    """The same by the rules and over the folder given; the last one asked for is kept open."""
    key = (run.pk, policy.digest, data)
    with _lock:
        if _kept.get("run") != key:
            _kept["dossier"], _kept["run"] = _open(policy, data / "lake", run), key
        found: Dossier | None = _kept["dossier"]
    return found


def _open(policy: Policy, lake: Path, run: Run) -> Dossier | None:
    manifest, registry = lake / "manifest" / run.manifest_digest, lake / "registry" / run.registry_digest
    if not manifest.exists() or not registry.exists():
        return None
    work = lake / "work"
    work.mkdir(parents=True, exist_ok=True)
    sources, known = Sources(lake, manifest, registry, lake / "resolved"), run.known_at.replace(tzinfo=None)
    shown = {feed: names for feed, names in SHOWN.items() if feed in policy.contracts}  # another programme may have none of them
    return Dossier(sources, policy, run.day, known, work=work, shown=shown)
