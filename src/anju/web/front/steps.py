"""The steps in which the sample is prepared, and how long it may still take, by how long it has taken so far."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anju.web.front.week import Progress

STEPS = {  # of the whole prefecture's preparation, each step's share of the time
    "building the sample": (_("Writing the departments' files"), 0.2),
    "registering": (_("Registering places and people"), 0.1),
    "taking in": (_("Taking files in"), 0.35),
    "living the months before": (_("People work on what was found in the months before"), 0.25),
    "judging": (_("Judging everybody"), 0.1),
}
SOON = 8  # seconds before which nothing is foretold


def shown(progress: Progress) -> list[tuple[str, str]]:
    """(title, 'done' | 'now' | '') of each step; [] where the work is in none of them."""
    if progress.title not in STEPS:
        return []
    at = list(STEPS).index(progress.title)
    return [(str(title), "done" if nth < at else "now" if nth == at else "") for nth, (title, _share) in enumerate(STEPS.values())]


def seconds_left(progress: Progress, now: float) -> float | None:
    """None while nobody can tell. A step that does not count itself is taken to be as long as its share."""
    if progress.title not in STEPS or progress.begun is None or progress.since is None or now - progress.begun < SOON:
        return None
    before = 0.0
    for name, (_title, share) in STEPS.items():
        if name == progress.title:
            break
        before += share
    share, elapsed = STEPS[progress.title][1], now - progress.begun
    part = before + share * (progress.done / progress.of if progress.of else 0)
    if progress.of and part:
        return elapsed * (1 - part) / part
    if not before:
        return None
    whole = (progress.since - progress.begun) / before
    return max(whole - elapsed, whole * (1 - before - share))
