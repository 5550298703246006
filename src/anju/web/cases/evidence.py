"""Photos and documents of a case: attached, looked at, withdrawn. Each look at one is a line of the journal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anju.apps.attachments.actions import store_attachment, withdraw_attachment
from anju.apps.attachments.models import PHOTO, Attachment
from anju.apps.attachments.refusals import Refused as FileRefused
from anju.apps.cases import queries
from anju.apps.cases.models import Case, Measure
from anju.apps.cases.offering import known_of, offered
from anju.apps.cases.steps.watching import watch
from anju.apps.journal.actions import look
from anju.apps.people.vault import FileVault
from anju.core.terms.viewer import Viewer
from anju.web.cases.case import SEES, Refusal, shown
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.files import file_response, thumbnail_response
from anju.web.work.facts import hidden_from

MOST_FILES = 10  # of one form


def keep_files(request: HttpRequest, about: str, by: Viewer, at: datetime) -> int:
    """Stores what was sent with a form, in the transaction of the caller. Raises the refusal of the first that cannot be taken."""
    files = request.FILES.getlist("files")
    if len(files) > MOST_FILES:
        raise FileRefused("many", f"at most {MOST_FILES} files at once", f"一次最多上传 {MOST_FILES} 个文件")
    for file in files:
        store_attachment(about=about, name=file.name or "", content=file, vault=FileVault(), by=by, at=at)  # type: ignore[arg-type]
    return len(files)


@needs(*SEES)
@require_POST
def attach(request: HttpRequest, number: int) -> HttpResponse:
    """More evidence of a measure or of the whole case; the gate is looked at again at once."""
    viewer, now = viewer_of_request(request), timezone.now()
    case = queries.case_of(viewer, number)
    if case is None:
        return not_here(request)
    about = request.POST.get("about", "")
    try:
        if "attach" not in offered(viewer, known_of(case)) or about not in abouts_of(case):
            raise FileRefused("not_yours", "whoever has the case in hand attaches files to it", "须由经办人上传佐证材料")
        with transaction.atomic():
            n = keep_files(request, about, viewer, now)
            if not n:
                raise FileRefused("none", "choose a file first", "请先选择文件")
    except FileRefused as refused:
        typed = {name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"}
        return shown(request, viewer, case, Refusal("attach", None, typed, (refused.title,)), status=400)
    watch(data=Path(settings.DATA), at=now, numbers=[number], by=viewer)
    messages.success(request, ngettext("%(n)s file is attached.", "%(n)s files are attached.", n) % {"n": n})
    return HttpResponseRedirect(reverse("case", args=[number]))


@needs(*SEES)
def file(request: HttpRequest, number: int, key: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = file_of(viewer, number, key)
    if found is None:
        return not_here(request)
    case, attachment = found
    about = f"household:{case.household_id}" if case.household_id is not None else f"case:{case.pk}"
    look(act="case.file", about=about, by=viewer, at=timezone.now(), detail={"case": case.pk, "attachment": attachment.pk})
    return file_response(request, attachment)


@needs(*SEES)
def small(request: HttpRequest, number: int, key: int) -> HttpResponse:
    """The small picture that stands on the page of the case, whose look is a line of the journal already."""
    found = file_of(viewer_of_request(request), number, key)
    return thumbnail_response(request, found[1]) if found is not None and found[1].kind == PHOTO else not_here(request)


@needs(*SEES)
@require_POST
def withdraw(request: HttpRequest, number: int, key: int) -> HttpResponse:
    """By whoever attached it or has the case in hand; the row stays, with who and why."""
    viewer = viewer_of_request(request)
    found = file_of(viewer, number, key)
    if found is None or not (found[1].account == viewer.account or "attach" in offered(viewer, known_of(found[0]))):
        return not_here(request)
    try:
        withdraw_attachment(attachment=key, reason=request.POST.get("reason", ""), by=viewer, at=timezone.now())
    except FileRefused as refused:
        return shown(request, viewer, found[0], Refusal("", None, {}, (refused.title,)), status=400)
    watch(data=Path(settings.DATA), at=timezone.now(), numbers=[number], by=viewer)
    messages.success(request, _("The file is withdrawn."))
    return HttpResponseRedirect(reverse("case", args=[number]))


def abouts_of(case: Case) -> set[str]:
    """What files of a case can be about."""
    return {f"case:{case.pk}", *(f"measure:{key}" for key in Measure.objects.filter(case=case).values_list("pk", flat=True))}


def file_of(viewer: Viewer, number: int, key: int) -> tuple[Case, Attachment] | None:
    """A file of a case the viewer may see; of a matter of health only for whom it is, and for whoever has the case in hand."""
    case = queries.case_of(viewer, number)
    attachment = Attachment.objects.filter(pk=key).first() if case is not None else None
    if case is None or attachment is None or attachment.about not in abouts_of(case):
        return None
    if hidden_from(viewer, case.standard) and viewer.account not in (case.assignee, attachment.account):
        return None
    return case, attachment
