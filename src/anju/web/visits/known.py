"""What is known of a family before somebody goes there: computed by the door from the dossier, the alerts and earlier visits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

from anju.apps.alerts.models import OPEN, Episode
from anju.apps.alerts.queries import alerts_in_scope
from anju.apps.findings.queries import current_run
from anju.apps.people.models import Person
from anju.apps.visits.asking import Asked, Known, Slot, Spared, asking
from anju.apps.visits.queries import answered_lately
from anju.apps.visits.questions import Question, load_questions
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Aggregate, Latest, Policy, Streak
from anju.core.standards.order import needs_of
from anju.core.terms.viewer import Viewer
from anju.lake.dossier import Dossier
from anju.web.layout.current import dossier, policy

_kept: dict[str, dict[str, Question]] = {}


def questions() -> dict[str, Question]:
    """The questions of this deployment; a change of their file is seen by the next start."""
    if "questions" not in _kept:
        _kept["questions"] = load_questions(Path(settings.POLICY), policy())
    return _kept["questions"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is asked at one door and what is not. `slots`: every question that may be answered there, asked or not."""

    asked: list[Asked]
    spared: list[Spared]
    slots: Mapping[str, Slot]


def sheet_of(viewer: Viewer, household: int, members: Sequence[Person], purpose: str, day: date) -> Sheet:
    """One family's sheet: its alerts in one query, its earlier visits in another, its own rows from the kept files."""
    run = current_run()
    opened = dossier(run) if run is not None else None
    alerts = list(alerts_in_scope(viewer).filter(household_id=household, state=OPEN))
    return _sheet(viewer, household, members, purpose, day, opened, opened.judge([household]) if opened is not None else None, alerts)


def sheets_of(viewer: Viewer, members: Mapping[int, Sequence[Person]], purposes: Mapping[int, str], day: date) -> dict[int, Sheet]:
    """Of many doors at once: one judge and one query of alerts for all of them."""
    run = current_run()
    opened = dossier(run) if run is not None else None
    judge = opened.judge(list(members)) if opened is not None and members else None
    alerts: dict[int, list[Episode]] = {}
    for alert in alerts_in_scope(viewer).filter(household_id__in=list(members), state=OPEN):
        alerts.setdefault(alert.household_id or 0, []).append(alert)
    return {
        home: _sheet(viewer, home, people, purposes.get(home, "routine"), day, opened, judge, alerts.get(home, []))
        for home, people in members.items()
    }  # fmt: skip


def _sheet(
    viewer: Viewer, household: int, members: Sequence[Person], purpose: str, day: date, opened: Dossier | None, judge: Judge | None,
    alerts: Sequence[Episode],
) -> Sheet:  # fmt: skip
    wanted = {
        code: question for code, question in questions().items()
        if (not question.purposes or purpose in question.purposes) and (not question.need_to_know or viewer.can("health.see"))
    }  # fmt: skip
    slots = list(_slots(wanted.values(), household, members, opened, judge))
    known = {slot.key: fact for slot in slots if (fact := _known(slot, household, opened, judge, alerts)) is not None}
    for key, fact in answered_lately(household, wanted, day).items():
        slot = next((one for one in slots if one.key == key), None)
        if slot is not None and not any(alert.opened_on > (fact.on or day) for alert in _about(slot, alerts)):
            known[key] = fact
    asked, spared = asking(slots, known)
    return Sheet(asked, spared, {slot.key: slot for slot in slots})


def _slots(
    wanted: Iterable[Question], household: int, members: Sequence[Person], opened: Dossier | None, judge: Judge | None
) -> Iterable[Slot]:  # fmt: skip
    for question in wanted:
        if question.subject == "household":
            if not question.applies or _fact(opened, judge, "household", household, question.applies) is True:
                yield Slot(question)
            continue
        for person in members:
            if person.alive is not False and (not question.applies or _fact(opened, judge, "person", person.pk, question.applies) is True):
                yield Slot(question, person.pk)


def _fact(opened: Dossier | None, judge: Judge | None, subject: str, key: int, name: str) -> Any:
    if opened is None or judge is None or (subject, name) not in opened.needed or key not in judge.subjects.all(subject):
        return None
    return judge.values.fact(subject, key, name).value


def _known(slot: Slot, household: int, opened: Dossier | None, judge: Judge | None, alerts: Sequence[Episode]) -> Known | None:
    """What the standards know for a slot; None where nothing of the kind is read for this family."""
    question, subject = slot.question, slot.question.subject
    key = household if slot.person is None else slot.person
    name, _, column = question.feature.partition(".")
    if not name or opened is None or judge is None or (subject, name) not in opened.needed or key not in judge.subjects.all(subject):
        return None
    fact = judge.values.fact(subject, key, name, column or None)
    feature = policy().features[subject, name]
    row = judge.values.row(subject, key, name) if isinstance(feature, Latest) else None
    source = row[0].code if row is not None else _feed_of(policy(), (subject, name))
    on = row[1]["valid"] if row is not None else opened.day
    return Known(fact.state.name.lower(), source, on, doubted=any(True for _alert in _about(slot, alerts)))


def _about(slot: Slot, alerts: Sequence[Episode]) -> Iterable[Episode]:
    for alert in alerts:
        same = alert.subject != "person" or slot.person is None or alert.subject_id == slot.person
        if alert.standard in slot.question.standards and same:
            yield alert


def _feed_of(rules: Policy, key: tuple[str, str]) -> str:
    """The first feed behind a feature; '' where only the register is."""
    seen: set[tuple[str, str]] = set()
    waiting = [key]
    while waiting:
        here = waiting.pop(0)
        if here in seen or here[0] == "standard" or here not in rules.features:
            continue
        seen.add(here)
        feature = rules.features[here]
        if isinstance(feature, Latest | Aggregate | Streak):
            return feature.feed
        waiting += [need for need in needs_of(feature, rules.contracts, rules.parameters) if isinstance(need, tuple)]  # type: ignore[arg-type]
    return ""
