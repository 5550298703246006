"""Because of what: the facts of a finding that stands, as the current run recorded them, for whoever may know each."""

from __future__ import annotations

from typing import Any

from ninja import Schema

from anju.api.shapes import Both
from anju.apps.findings.current import policy
from anju.apps.findings.explaining import recorded_facts
from anju.apps.findings.models import Finding
from anju.apps.findings.need_to_know import may_know_condition
from anju.apps.findings.queries import current_run
from anju.core.standards.render import render
from anju.core.terms.viewer import Viewer


class EvidenceOut(Schema):
    title: Both
    value: Both


def facts_about(viewer: Viewer, code: str, subject_id: int) -> list[dict[str, Any]]:
    """Titles and values in both languages; of what is drawn from health nothing for who may not see it."""
    run = current_run()
    found = Finding.objects.filter(standard=code, subject_id=subject_id).first() if run is not None else None
    if run is None or found is None or code not in policy().standards:
        return []
    version = policy().standards[code].version_on(run.day)
    names = [render(evidence.ref) for evidence in version.evidence] if version is not None else []
    en, zh = (recorded_facts(policy(), found, run.day, lang) for lang in ("en", "zh"))
    return [
        {"title": {"en": one[0], "zh": other[0]}, "value": {"en": one[1], "zh": other[1]}}
        for name, one, other in zip(names, en, zh, strict=True)
        if may_know_condition(viewer, policy(), name)
    ]
