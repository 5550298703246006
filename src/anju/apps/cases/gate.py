"""What has been shown of a case so far, and the checklist of what its closing still needs."""

from __future__ import annotations

from collections.abc import Sequence

from anju.apps.attachments.queries import counts_of
from anju.apps.cases.models import Answer, Approval, Asked, Case, CaseEvent, CaseVisit, Measure
from anju.apps.cases.rules import closes_by, closing_of, today
from anju.core.casework.gate import Requirement, Shown, checklist
from anju.core.contracts.model import Bilingual


def shown_of(case: Case, waits: Sequence[Bilingual] = ()) -> Shown:
    """`waits`: what the condition still waits for, in words, where the caller has asked the data. Seven queries. The visit by which the case was
    verified shows nothing of a measure, though it may be of the same day."""
    first = _first_round(case)
    measures = list(Measure.objects.filter(case=case, dropped_at=None, round__gte=first).values_list("pk", "done_on"))
    done = [key for key, on in measures if on is not None]
    files = counts_of([f"measure:{key}" for key in done] + ([f"case:{case.pk}"] if first == 1 else []))
    verifying = CaseEvent.objects.filter(case=case, what="verify").values_list("detail__visit", flat=True)
    visits = CaseVisit.objects.filter(case=case, met=True).exclude(visit__in=[key for key in verifying if key is not None])
    if case.measured_on is not None:
        visits = visits.filter(on__gte=case.measured_on)
    modes = set(visits.values_list("mode", flat=True)) if case.measured_on is not None else set()
    answer = Answer.objects.filter(case=case, round=case.round).order_by("-at", "-pk").values_list("answer", flat=True).first()
    approved = frozenset(Approval.objects.filter(case=case, round=case.round).values_list("role", flat=True))
    excepted = Asked.objects.filter(case=case, kind=Asked.EXCEPTION, granted=True, detail__round=case.round).exists()
    return Shown(
        closing=closes_by(case.standard, case.level, today()), measures=len(done), measures_open=len(measures) - len(done),
        measured_on=case.measured_on, files=sum(files.values()), clearing=(case.clearing or "unknown") if case.standard else "",
        fresh=case.fresh, waits=tuple(waits), visit="door" if "door" in modes else next(iter(sorted(modes)), ""), answer=answer or "",
        asks_household=case.household_id is not None, signed_by=case.signed_by, approved=approved, excepted=excepted,
    )  # fmt: skip


def _first_round(case: Case) -> int:
    """The round since which the case is open: what was done before it closed does not show that it is solved again."""
    if not case.reopened:
        return 1
    last = CaseEvent.objects.filter(case=case, what="reopen").order_by("-pk").values_list("detail", flat=True).first()
    return int((last or {}).get("round", 1))


def checklist_of(case: Case, waits: Sequence[Bilingual] = ()) -> tuple[Requirement, ...]:
    return checklist(shown_of(case, waits), closing_of(case.level))
