"""Every write about forms: one taken after it was looked at, one taken out of use. None is ever lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath

from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.visits.layouts import FormFault, FormFaults, Layout, read_layout
from anju.apps.visits.models import FormTemplate
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer


@transaction.atomic
def keep_form(*, name: str, content: bytes, known: Mapping[str, Bilingual], by: Viewer, at: datetime) -> tuple[FormTemplate, Layout]:
    """Takes a workbook as a form; raises FormFaults with everything that is wrong in it, and then keeps nothing."""
    _may(by)
    layout = read_layout(name, content, known)
    FormTemplate.objects.filter(title=layout.title, ended_at=None).update(ended_by=by.name, ended_at=at)
    kept = FormTemplate.objects.create(
        title=layout.title, file_name=PurePath(name.replace("\\", "/")).name[-200:], content=content, added_by=by.name, added_at=at
    )
    record(act="visits.keep_form", about=f"form:{kept.pk}", by=by, at=at, detail={"sheets": len(layout.repeated)})
    return kept, layout


@transaction.atomic
def end_form(*, form: int, by: Viewer, at: datetime) -> FormTemplate:
    """Takes a form out of use."""
    _may(by)
    kept = FormTemplate.objects.filter(pk=form).first()
    if kept is None or not FormTemplate.objects.filter(pk=form, ended_at=None).update(ended_by=by.name, ended_at=at):
        who = kept.ended_by if kept is not None else ""
        raise FormFaults([FormFault("", Bilingual(f"there is no such form in use{': ' + who + ' took it out' if who else ''}",
                                                  f"没有这个在用的表格{'：' + who + ' 已停用' if who else ''}"))])  # fmt: skip
    record(act="visits.end_form", about=f"form:{form}", by=by, at=at)
    return kept


def _may(by: Viewer) -> None:
    if not by.can("visits.forms"):
        said = Bilingual(
            "forms are kept by the data steward and the administrator: ask one of them", "表格由数据管理员或系统管理员维护，请联系他们"
        )
        raise FormFaults([FormFault("", said)])
