"""Somebody else's forms: sent in as workbooks with placeholders, looked at cell by cell, taken or told everything that is wrong at once."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.visits.forms import workbooks
from anju.apps.visits.keeping import end_form, keep_form
from anju.apps.visits.layouts import MOST_BYTES, FormFault, FormFaults
from anju.apps.visits.models import FormTemplate
from anju.apps.visits.placeholders import ANSWERS, EXPORT, LIST, MEMBERS, placeholders
from anju.core.contracts.model import Bilingual
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.templatetags.anju import said
from anju.web.visits.known import questions


@needs("visits.forms")
def forms(request: HttpRequest) -> HttpResponse:
    """The forms in use, one to send in, and what may be written into it."""
    faults: tuple[FormFault, ...] = ()
    if request.method == "POST":
        sent = request.FILES.get("file")
        try:
            if sent is None or sent.name is None:
                raise FormFaults([FormFault("", Bilingual("choose a file first", "请先选择文件"))])
            kept, layout = keep_form(
                name=sent.name, content=sent.read(MOST_BYTES + 1), known=placeholders(questions()), by=viewer_of_request(request),
                at=timezone.now(),
            )  # fmt: skip
        except FormFaults as refused:
            faults = refused.faults
        else:
            messages.success(request, _("Taken: visits can be exported in “%(title)s” from now on.") % {"title": kept.title})
            return HttpResponseRedirect(reverse("visit_forms"))
    books = workbooks(Path(settings.POLICY), questions())
    kept_by = FormTemplate.objects.defer("content").in_bulk([book.kept for book in books if book.kept is not None])
    context = {
        "books": [(book, kept_by.get(book.kept or 0)) for book in books], "faults": faults, "here": "visit_forms", "groups": _groups(),
    }  # fmt: skip
    return render(request, "visits/forms.html", context, status=400 if faults else 200)


def _groups() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Title of a group, and of each of its placeholders how it is written in Chinese, by its name, and what it is."""
    heads = {
        "": _("The visit and the family"), ANSWERS: _("Answers"), MEMBERS: _("In a row that is repeated for each member"),
        LIST: _("In a row that is repeated for each visit: any of the first two groups after “list.”, and"), EXPORT: _("Anywhere"),
    }  # fmt: skip
    found: dict[str, list[tuple[str, str, str]]] = {head: [] for head in heads}
    for name, words in placeholders(questions()).items():
        group = next((head for head in (ANSWERS, MEMBERS, LIST, EXPORT) if name.startswith(head)), "")
        if group != LIST or name == LIST + "number":
            found[group].append((_marked(words.zh) if ANSWERS not in name else "", _marked(name), str(said(words))))
    return [(heads[group], rows) for group, rows in found.items()]


def _marked(name: str) -> str:
    return "{{" + name + "}}"


@needs("visits.forms", "visits.record")
def form(request: HttpRequest, name: str) -> HttpResponse:
    """The empty form as it was sent in: to look at, or to mend and send in again."""
    book = next((one for one in workbooks(Path(settings.POLICY), questions()) if one.name == name), None)
    if book is None:
        return not_here(request)
    return FileResponse(BytesIO(book.content()), as_attachment=True, filename=book.file_name)  # type: ignore[return-value]


@needs("visits.forms")
@require_POST
def end(request: HttpRequest, number: int) -> HttpResponse:
    """Takes a form out of use."""
    try:
        ended = end_form(form=number, by=viewer_of_request(request), at=timezone.now())
    except FormFaults as refused:
        back = [(_("Back to the forms"), reverse("visit_forms"))]
        return refuse(request, _("Nothing was changed"), str(said(refused.faults[0].said)), back, status=404)
    messages.success(request, _("“%(title)s” is out of use. It is kept, and can be sent in again.") % {"title": ended.title})
    return HttpResponseRedirect(reverse("visit_forms"))
