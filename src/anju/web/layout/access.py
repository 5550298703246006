"""Who may open a page. Every refusal says what to do next, and never whether what was asked for exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from anju.core.terms.viewer import STRANGER, Viewer
from anju.web.layout.kept import came_from, keep, own_form, readable, typed

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Door = tuple[str, str]  # label, address


def viewer_of_request(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    return viewer


def needs(act: str, *others: str) -> Callable[[View[P]], View[P]]:
    """A page for whoever may do `act` ('alerts.see'), or one of `others`. A stranger is asked to sign in and comes back here afterwards."""
    acts = (act, *others)

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **more: P.kwargs) -> HttpResponse:
            viewer = viewer_of_request(request)
            if viewer.account is None:
                return sign_in_first(request)
            if not any(viewer.can(one) for one in acts):
                what = _("This page is not for the post you act in")
                why = _("Each post sees what its work needs. Choose another post you hold, or ask your administrator.")
                return refuse(request, what, why, [(_("Choose a post"), reverse("account"))], status=403)
            return view(request, *args, **more)

        guarded.acts = acts  # type: ignore[attr-defined]  # read by the test that compares pages with the table of permissions
        return guarded  # type: ignore[return-value]  # wraps() keeps the name of the first argument

    return guard


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in and back; what was typed into a form meanwhile is kept and given back afterwards."""
    if request.method == "POST":
        keep(request)
    return HttpResponseRedirect(f"{reverse('sign_in')}?{urlencode({'next': came_from(request)})}")


def refuse(request: HttpRequest, what: str, why: str, todo: Sequence[Door] = (), *, status: int = 400) -> HttpResponse:
    """A page that says what cannot be done, why, and where to go on."""
    doors = [*todo, (_("To the first page"), "/")]
    return render(request, "layout/refused.html", {"what": what, "why": why, "todo": doors}, status=status)


def not_here(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """One answer for what does not exist and for what this viewer may not see."""
    what = _("There is nothing here for you")
    why = _("It does not exist, or it lies outside the places and departments of your post.")
    return refuse(request, what, why, status=404)


def went_wrong(request: HttpRequest) -> HttpResponse:
    what = _("Something went wrong on our side")
    why = _("Nothing you entered was lost on this device. Try again; if it happens again, tell your administrator the time it happened.")
    return refuse(request, what, why, status=500)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose page was opened before the last sign-in. What it held is shown, to be looked at and sent again: never by itself,
    for the form may have stood on somebody else's page."""
    if request.method == "POST" and own_form(request) and typed(request):
        if getattr(request, "viewer", STRANGER).account is None:
            return sign_in_first(request)
        return send_again(request, request.path, came_from(request), typed(request), status=403)
    what = _("This page was open too long")
    why = _("What you typed is kept on this device. Go back, load the page again, and send it once more.")
    here: list[Any] = [(_("Load the page again"), request.path)] if request.method == "GET" else []
    return refuse(request, what, why, here, status=403)


def send_again(request: HttpRequest, path: str, page: str, fields: list[list[str]], *, status: int = 200) -> HttpResponse:
    """What was typed into a form that came too late, with one button that sends it."""
    context = {"path": path, "page": page, "fields": fields, "typed": readable(fields)}
    return render(request, "layout/kept.html", context, status=status)
