"""A register as a workbook, with the head of the journal it was taken at: who has the daily heads can tell whether it was sealed so."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.attachments.queries import reused
from anju.apps.cases.registers import Sample, entries_of, sample_of
from anju.apps.journal.actions import bring_in, record, seal
from anju.apps.journal.models import Head
from anju.core.terms.viewer import Viewer
from anju.web.audit.registers import asked_of_request, day_of, named_register, narrowing_of, rows_of, uses_of
from anju.web.audit.sampling import asked_of_draw, rows_drawn
from anju.web.bureau.sheets import workbook
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.templatetags.anju import level_words

MOST = 20_000  # lines of one sheet; more is asked for by days
Row = Sequence[str | int | None]


@needs("cases.audit")
def register_sheet(request: HttpRequest, name: str) -> HttpResponse:
    viewer, named = viewer_of_request(request), named_register(name)
    if named is None:
        return not_here(request)
    asked = asked_of_request(request)
    entries = entries_of(viewer, name, narrowing_of(viewer, asked), limit=MOST + 1)
    if len(entries) > MOST:
        why = _("A sheet holds %(n)s lines at most: choose fewer days.") % {"n": f"{MOST:,}"}
        return refuse(request, _("Too many lines for one sheet"), why, status=413)
    head = [
        _("Case"),
        _("When"),
        _("Place"),
        _("Standard"),
        _("Level"),
        _("What"),
        _("Who"),
        _("Post"),
        _("Grounds"),
        _("Asked for by"),
        _("Grounds of whoever asked"),
    ]
    kept = _("for posts that need to know it")
    rows: list[Row] = [
        [one.number, f"{timezone.localtime(one.at):%Y-%m-%d %H:%M}", one.place, one.standard, level_words(one.level), one.what, one.who,
         one.post, kept if one.kept else one.reason, one.asked_by, kept if one.kept and one.asked_by else one.asked_for]
        for one in rows_of(viewer, entries)
    ]  # fmt: skip
    sealed = _taken(viewer, name, {key: value for key, value in asked.items() if value}, len(rows))
    return workbook(f"{name}-{timezone.localdate()}.xlsx", head, rows, _about(viewer, str(named.title), asked, sealed))


@needs("cases.audit")
def photos_sheet(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = uses_of(reused(viewer, limit=MOST))
    head = [_("Content"), _("Case"), _("About"), _("Who"), _("When"), _("Withdrawn")]
    rows: list[Row] = [
        [one.sha256, use.number or None, use.about, use.who, f"{timezone.localtime(use.at):%Y-%m-%d %H:%M}", _("yes") if use.withdrawn else None]
        for one, uses in found for use in uses
    ]  # fmt: skip
    sealed = _taken(viewer, "photos", {}, len(rows))
    return workbook(f"photos-{timezone.localdate()}.xlsx", head, rows, _about(viewer, _("Photos used more than once"), {}, sealed))


@needs("cases.audit")
def sample_sheet(request: HttpRequest) -> HttpResponse:
    viewer, asked = viewer_of_request(request), asked_of_draw(request)
    since, until = day_of(asked["since"]), day_of(asked["until"])
    if not asked["seed"] or since is None or until is None or not 0 <= (until - since).days <= 366:
        return not_here(request)
    found: Sample = sample_of(viewer, since=since, until=until, percent=int(asked["percent"]), seed=asked["seed"])
    head = [_("Case"), _("Place"), _("Standard"), _("Level"), _("State"), _("Closed")]
    rows: list[Row] = [
        [one["case"].pk, one["place"], one["standard"], level_words(one["case"].level), one["state"], str(one["over"] or "")]
        for one in rows_drawn(viewer, found)
    ]
    sealed = _taken(viewer, "sample", asked, len(rows))
    return workbook(f"sample-{asked['seed']}.xlsx", head, rows, _about(viewer, _("Random sample"), {**asked, "among": str(found.among)}, sealed))


def _taken(viewer: Viewer, name: str, asked: dict[str, str], rows: int) -> Head:
    """That it was taken is a line of the journal; the head that is printed seals it too."""
    now = timezone.now()
    record(act="cases.register", about="cases:register", by=viewer, at=now, detail={**asked, "register": name, "rows": rows})
    bring_in()
    return seal(at=now)


def _about(viewer: Viewer, what: str, asked: dict[str, str], head: Head) -> list[Row]:
    return [
        [_("What it lists"), what],
        *([name, value] for name, value in asked.items() if value),
        [_("Exported by"), viewer.name],
        [_("Exported on"), f"{timezone.localtime():%Y-%m-%d %H:%M}"],
        [_("Journal sealed up to line"), head.seq],
        [_("Head of the journal"), head.hash],
        [_("As of"), f"{timezone.localtime(head.at):%Y-%m-%d %H:%M:%S}"],
        [_("Example catalogue, not official text"), ""],
    ]
