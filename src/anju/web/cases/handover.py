"""All that a leaving worker has in hand, to one colleague in one step; and who answers for a family."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from anju.apps.cases import counting, scope
from anju.apps.cases.candidates import WORKS, Candidate, candidates_for
from anju.apps.cases.families import families_of, lead_of, open_of_families
from anju.apps.cases.models import Case, FamilyLead
from anju.apps.cases.moving import foresee
from anju.apps.cases.refusing import Refused
from anju.apps.cases.standing import OVER_MOVES
from anju.apps.cases.steps.assigning import hand_over_all, name_lead
from anju.apps.people.lookup import heads_of
from anju.apps.people.models import Household
from anju.apps.people.search import household_in_scope
from anju.apps.places.scope import end_of
from anju.apps.staff.models import Account, Post
from anju.apps.staff.permissions import ROLES
from anju.apps.staff.queries import posts_like
from anju.apps.visits import actions as visits
from anju.apps.visits.models import Visit
from anju.apps.visits.states import MISSED, PLANNED
from anju.core.terms.levels import LEVELS
from anju.core.terms.viewer import Viewer
from anju.web.cases.rows import address_of
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.paging import PAGE, cursor_of, page_of
from anju.web.layout.templatetags.anju import said

MOST_PEOPLE, MOST_OFFERED = 300, 60


@needs("cases.assign")
def hand_over(request: HttpRequest) -> HttpResponse:
    """Who leaves, to whom, what will happen, done."""
    viewer = viewer_of_request(request)
    given = request.POST if request.method == "POST" else request.GET
    text = " ".join(given.get("q", "").split())[:100]
    leaver = next(iter(_people(viewer, one)), None) if (one := _one(given.get("from", ""))) is not None else None
    if leaver is None:
        people = _people(viewer, posts_like(text))
        return render(request, "cases/hand_over.html", {"people": people, "q": text, "most": _most(people, MOST_PEOPLE), "here": "cases"})
    cases = list(scope.cases_in_scope(viewer).filter(assignee=leaver.account.pk).exclude(waits_on__in=OVER_MOVES))
    reach = cases or [Case(path=leaver.post.place.path, owner=leaver.post.department)]
    others, now = ~Q(account=leaver.account.pk), timezone.now()
    candidates = candidates_for(reach, at=now, limit=MOST_OFFERED, among=posts_like(text) & others)
    chosen = _one(given.get("to", ""))
    to = next(iter(candidates_for(reach, at=now, among=chosen & others)), None) if chosen is not None else None
    reason = given.get("reason", "").strip()
    act = partial(_hand_over, leaver.account.pk, to.account.pk if to else 0, reason, viewer)
    refused: Refused | None = None
    if to is not None and request.method == "POST" and len(reason) >= 4:
        if request.POST.get("sure") == "1":
            try:
                n, v = act()
            except Refused as one:
                refused = one
            else:
                words = ngettext("%(n)s case and %(v)s visits are with %(who)s now.", "%(n)s cases and %(v)s visits are with %(who)s now.", n)
                messages.success(request, words % {"n": n, "v": v, "who": to.account})
                return HttpResponseRedirect(reverse("hand_over"))
        else:
            refused = foresee(act)
    levels = Counter(case.level for case in cases)
    context = {
        "leaver": leaver, "candidates": candidates, "to": to, "q": text, "most": _most(candidates, MOST_OFFERED),
        "reason": reason, "n": len(cases),
        "levels": [(level, levels[level]) for level in reversed(LEVELS) if levels.get(level)],
        "families": FamilyLead.objects.filter(account=leaver.account.pk).count(),
        "visits": Visit.objects.filter(assignee_account=leaver.account.pk, state__in=[PLANNED, MISSED]).count(),
        "preview": to is not None and request.method == "POST" and len(reason) >= 4,
        "refused": said(refused.said) if refused is not None else "", "here": "cases",
    }  # fmt: skip
    return render(request, "cases/hand_over.html", context, status=409 if refused is not None else 200)


@transaction.atomic
def _hand_over(leaver: int, to: int, reason: str, viewer: Viewer) -> tuple[int, int]:
    now = timezone.now()
    n = hand_over_all(leaver=leaver, to=to, by=viewer, at=now, reason=reason)
    if not viewer.can("visits.plan"):
        return n, 0
    try:
        return n, visits.hand_over(leaving=leaver, to=to, by=viewer, at=now).moved
    except visits.Refused as refused:
        raise Refused(refused.title.en, refused.title.zh) from refused


def _one(key: str) -> Q | None:
    """The posts of one account; None where this is no key of any."""
    return Q(account=int(key)) if key.isascii() and key.isdigit() and len(key) < 16 else None


def _most(shown: list[Candidate], most: int) -> int:
    """How many are shown, where there may be more."""
    return most if len(shown) >= most else 0


def _people(viewer: Viewer, among: Q) -> list[Candidate]:
    """Whoever holds a post in the viewer's places that works on cases, also one that has ended: who leaves may be gone already."""
    roles = [code for code, role in ROLES.items() if role.may & WORKS]
    inside = Q(pk__in=[])
    for path in viewer.scopes:
        inside |= Q(place__path__gte=path, place__path__lt=end_of(path))
    held = Post.objects.filter(inside, among, role__in=roles)
    if viewer.departments:
        held = held.filter(department__in=["", *viewer.departments])
    posts: dict[int, Post] = {}
    for post in held.select_related("account", "place").order_by("-end", "pk")[: 2 * MOST_PEOPLE]:
        posts.setdefault(post.account_id, post)
    load = counting.load_of(list(posts))
    found = [Candidate(post.account, post, load.get(key, 0), False) for key, post in posts.items()]
    return sorted(found, key=lambda one: (-one.load, str(one.account)))[:MOST_PEOPLE]


# --- who answers for a family ------------------------------------------------------------------------------------------------


@needs("cases.see")
def families(request: HttpRequest) -> HttpResponse:
    """The families that one answers for, with what is open of each."""
    viewer = viewer_of_request(request)
    cursor = cursor_of(request, 1)
    after = int(cursor[0]) if cursor is not None and str(cursor[0]).isdigit() else 0
    found = families_of(viewer.account or 0, after=after, limit=PAGE + 1)
    keys = [one.household_id for one in found[:PAGE]]
    homes, heads, several = Household.objects.in_bulk(keys), heads_of(keys), open_of_families(viewer, keys)
    rows = [
        {"home": homes[key], "head": heads.get(key, ""), "address": address_of(homes[key]), "open": several.get(key, 0)}
        for key in keys
        if key in homes
    ]
    page = page_of(request, rows, None)
    if len(found) > PAGE:
        page = page_of(request, [*rows, rows[-1]], (keys[-1],), size=len(rows))
    return render(request, "cases/families.html", {"page": page, "here": "cases"})


@needs("cases.assign")
def lead(request: HttpRequest, key: int) -> HttpResponse:
    """Names who answers for a family and leads all its cases."""
    viewer = viewer_of_request(request)
    home = household_in_scope(viewer, key)
    if home is None or home.place is None:
        return not_here(request)
    candidates = candidates_for([Case(path=home.place.path, owner="")], at=timezone.now())
    fault = ""
    if request.method == "POST":
        to = request.POST.get("to", "")
        if to in {str(one.account.pk) for one in candidates}:
            try:
                made: Any = name_lead(household_id=home.pk, to=int(to), by=viewer, at=timezone.now())
            except Refused as refused:
                fault = said(refused.said)
            else:
                account = Account.objects.get(pk=made.account)
                messages.success(request, _("%(who)s answers for this family now.") % {"who": account})
                return HttpResponseRedirect(reverse("household", args=[home.pk]))
        else:
            fault = _("Choose a person.")
    context = {
        "home": home, "address": address_of(home), "head": heads_of([home.pk]).get(home.pk, ""), "candidates": candidates,
        "lead": lead_of(home.pk), "fault": fault, "here": "households",
    }  # fmt: skip
    return render(request, "cases/lead.html", context, status=400 if fault else 200)
