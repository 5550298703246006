"""Because of what: the facts by which a standard is broken, as the current run recorded them, for whoever may know them."""

from __future__ import annotations

from django.utils.translation import get_language

from anju.apps.findings import need_to_know
from anju.apps.findings.explaining import recorded_facts
from anju.apps.findings.models import Finding
from anju.apps.findings.need_to_know import may_know_condition
from anju.apps.findings.queries import current_run
from anju.core.standards.render import render
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import policy


def hidden_from(viewer: Viewer, code: str) -> bool:
    return need_to_know.hidden_from(viewer, policy(), code)


def facts_of(viewer: Viewer, code: str, subject_id: int) -> list[tuple[str, str]]:
    """Titles and values; of what is drawn from health nothing for who may not see it."""
    run = current_run()
    finding = Finding.objects.filter(standard=code, subject_id=subject_id).first()
    if run is None or finding is None or code not in policy().standards:
        return []
    version = policy().standards[code].version_on(run.day)
    names = [render(evidence.ref) for evidence in version.evidence] if version is not None else []
    facts = recorded_facts(policy(), finding, run.day, "zh" if (get_language() or "").startswith("zh") else "en")
    return [fact for name, fact in zip(names, facts, strict=True) if may_know_condition(viewer, policy(), name)]
