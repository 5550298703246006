"""The pipeline of alerts as a tuple that can be read. Following a run and explaining one alert walk the same stages."""

from __future__ import annotations

from django.db.models import QuerySet

from anju.apps.alerts.models import DONE, Episode
from anju.apps.alerts.queues import count_all, count_moved, place_in_queues
from anju.apps.alerts.stages import dedupe, gather, group, guard, inhibit, mute, repeat, route
from anju.apps.alerts.work import Said, Stage, Work
from anju.apps.findings.household_now import HouseholdAnswers

PIPELINE: tuple[Stage, ...] = (
    gather.STAGE,
    dedupe.STAGE,
    inhibit.STAGE,
    mute.STAGE,
    group.STAGE,
    guard.STAGE,
    route.STAGE,
    repeat.STAGE,
)
FOLD = 2  # the first stages read a run; the others look at what stands


def walk(work: Work) -> None:
    """Every stage, then the queues and their counts. Without a run, only what stands is looked at again."""
    for stage in PIPELINE if work.run is not None else PIPELINE[FOLD:]:
        stage.run(work)
    place_in_queues(work)
    count_all(work)


def walk_household(work: Work, answers: HouseholdAnswers) -> None:
    """The same stages for one family that was judged at once."""
    before = list(alerts_of(answers.household))
    gather.gather_household(work, answers)
    for stage in PIPELINE[1:]:
        stage.run(work)
    place_in_queues(work)
    count_moved(before, alerts_of(answers.household))


def alerts_of(household: int) -> QuerySet[Episode]:
    """The alerts of a family that are counted in a queue."""
    return Episode.objects.filter(household_id=household).exclude(queue=DONE)


def told(episode: Episode, work: Work) -> list[Said]:
    """What each stage says of one episode, up to the one that holds it back."""
    found = []
    for stage in PIPELINE:
        said = stage.said(episode, work)
        found.append(said)
        if said.holds:
            break
    return found
