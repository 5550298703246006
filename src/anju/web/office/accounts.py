"""Accounts and the posts they hold: found, opened, given and taken, locked, handed over. No family is to be seen here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axes.utils import reset as forget_failures
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters

from anju.apps.places.models import Place
from anju.apps.staff import actions
from anju.apps.staff.models import Account, Post
from anju.apps.staff.permissions import ROLES
from anju.apps.staff.queries import STATES, accounts_for
from anju.apps.staff.sessions import sign_ins_of
from anju.core.contracts.official import AHEAD, years_unknown
from anju.core.terms.viewer import Viewer
from anju.web.account.views import device_of
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.current import programme
from anju.web.layout.paging import PAGE, address, cursor_of, page_of
from anju.web.layout.templatetags.anju import said
from anju.web.office.calendar import day_of

MOST_PLACES = 1_000  # offered by name while one types


@needs("accounts.manage")
def accounts(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of_request(request)
    search, role, state = (request.GET.get(name, "").strip() for name in ("q", "role", "state"))
    place = find_place(request.GET.get("place", ""))
    found = accounts_for(viewer, search=search, role=role, state=state, path=place.path if place else "", after=_after(request))
    rows = list(found[: PAGE + 1])
    key = [rows[PAGE - 1].username.lower()] if len(rows) > PAGE else None
    words = state_words().items()
    context = {
        "page": page_of(request, [_row(account) for account in rows], key),
        "q": search, "role": role, "state": state, "place": request.GET.get("place", ""),
        "place_unknown": bool(request.GET.get("place", "")) and place is None,
        "roles": [(code, one.title) for code, one in ROLES.items()],
        "states": [(code, label, address(request, state=None if code == state else code), code == state) for code, label in words],
        "filtered": bool(search or role or state or place), "here": "accounts", "ahead": AHEAD,
        "lacking": years_unknown(programme(), day_of(request)) if viewer.can("calendar.load") else (),
    }  # fmt: skip
    return render(request, "office/accounts.html", context)


def _after(request: HttpRequest) -> str:
    key = cursor_of(request, 1)
    return str(key[0]) if key else ""


def state_words() -> dict[str, str]:
    words = {
        "open": _("can sign in"), "locked": _("locked"), "idle": _("without a post"), "first": _("first password not changed yet"),
        "never": _("never signed in"),
    }  # fmt: skip
    return {state: words[state] for state in STATES}


def find_place(text: str) -> Place | None:
    """By code, or by a name that only one place has; 'C1 新城' is read as its code."""
    text = text.strip()
    if not text:
        return None
    rows = list(Place.objects.filter(tree="scope", code__in=[text, text.split(" ")[0]]).order_by("-level")[:2])
    rows = rows[:1] or list(Place.objects.filter(tree="scope", name=text)[:2])
    return rows[0] if len(rows) == 1 else None


def _row(account: Account) -> dict[str, Any]:
    return {"account": account, "posts": [_post(post) for post in account.posts.all() if post.end is None]}


def _post(post: Post) -> dict[str, Any]:
    department = programme().departments.get(post.department, post.department) if post.department else ""
    return {"post": post, "title": ROLES[post.role].title if post.role in ROLES else post.role, "department": department}


@needs("accounts.manage")
def new_account(request: HttpRequest) -> HttpResponse:
    """Opened with a password that is told once; the first post is given on the next page."""
    typed = {name: request.POST.get(name, "").strip() for name in ("username", "display_name")}
    if request.method == "POST":
        password, by = actions.first_password(), viewer_of_request(request)
        try:
            account = actions.open_account(**typed, password=password, by=by, at=timezone.now())
        except actions.Refused as refused:
            context = {**typed, "fault": said(refused.title), "here": "accounts"}
            return render(request, "office/account_new.html", context, status=400)
        return _told(request, account, password)
    return render(request, "office/account_new.html", {**typed, "here": "accounts"})


def _told(request: HttpRequest, account: Account, password: str) -> HttpResponse:
    """The one answer in which the password stands."""
    return render(request, "office/password_told.html", {"one": account, "password": password, "here": "accounts"})


@needs("accounts.manage")
def one_account(request: HttpRequest, key: int) -> HttpResponse:
    account = _found(viewer_of_request(request), key)
    return _page(request, account) if account is not None else not_here(request)


def _found(viewer: Viewer, key: int) -> Account | None:
    return accounts_for(viewer).filter(pk=key).first()


def _page(request: HttpRequest, account: Account, *, fault: str = "", about: str = "") -> HttpResponse:
    held = [_post(post) for post in account.posts.all() if post.end is None]
    offered = Place.objects.filter(tree="scope").order_by("path").values_list("code", "name")[:MOST_PLACES]
    context = {
        "one": account, "posts": held, "ended": [_post(post) for post in account.posts.all() if post.end is not None],
        "roles": [(code, role.title, code == request.POST.get("role")) for code, role in ROLES.items()],
        "departments": [(code, title, code == request.POST.get("department")) for code, title in programme().departments.items()],
        "places": list(offered), "typed": request.POST, "fault": fault, "fault_of": about,
        "sign_ins": [(row, stands, device_of(row.device)) for row, stands in sign_ins_of(account, timezone.now())[:5]],
        "factor": hasattr(account, "second_factor") and account.second_factor.confirmed_at is not None,
        "oneself": account.pk == viewer_of_request(request).account, "here": "accounts",
    }  # fmt: skip
    return render(request, "office/account_of.html", context, status=400 if fault else 200)


@sensitive_post_parameters()
@needs("accounts.manage")
def act_on_account(request: HttpRequest, key: int, act: str) -> HttpResponse:
    """One act on one account; a refusal is told on its page, beside what was typed."""
    viewer = viewer_of_request(request)
    account = _found(viewer, key)
    if account is None or act not in ACTS:
        return not_here(request)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("account_of", args=[key]))
    try:
        answer = ACTS[act](request, account, viewer)
    except actions.Refused as refused:
        return _page(request, account, fault=said(refused.title), about=act)
    if isinstance(answer, HttpResponse):
        return answer
    messages.success(request, answer)
    return HttpResponseRedirect(reverse("account_of", args=[key]))


def _give(request: HttpRequest, account: Account, by: Viewer) -> str:
    place = find_place(request.POST.get("place", ""))
    if place is None:
        raise actions.Refused("choose a place by its code or its whole name", "请按代码或全名选择地点")
    post = actions.give_post(
        account=account, role=request.POST.get("role", ""), place=place, by=by, at=timezone.now(), side=request.POST.get("side", ""),
        department=request.POST.get("department", ""), title=request.POST.get("title", ""),
    )  # fmt: skip
    return _("%(role)s at %(place)s: given.") % {"role": said(ROLES[post.role].title), "place": place.name}


def _end(request: HttpRequest, account: Account, by: Viewer) -> str:
    number = request.POST.get("post", "")
    post = account.posts.filter(pk=int(number)).first() if number.isdigit() else None
    if post is None:
        raise actions.Refused("this account holds no such post", "该账号没有这个岗位")
    actions.end_post(post=post, by=by, at=timezone.now())
    return _("The post is ended from today.")


def _hand_over(request: HttpRequest, account: Account, by: Viewer) -> str:
    name = request.POST.get("to", "").strip()
    to = accounts_for(by, name=name).first() if name else None
    if name and to is None:
        raise actions.Refused(f"there is no account '{name}' to hand over to", f"没有可交接的账号“{name}”")
    n = actions.hand_over(account=account, to=to, by=by, at=timezone.now())
    words = ngettext("%(n)s post is ended, and the account is locked.", "%(n)s posts are ended, and the account is locked.", n)
    return words % {"n": n}


def _password(request: HttpRequest, account: Account, by: Viewer) -> HttpResponse:
    password = actions.set_first_password(account=account, by=by, at=timezone.now())
    forget_failures(username=account.username)
    return _told(request, account, password)


def _lock(request: HttpRequest, account: Account, by: Viewer) -> str:
    actions.lock_account(account=account, by=by, at=timezone.now())
    return _("Locked, and signed out everywhere.")


def _unlock(request: HttpRequest, account: Account, by: Viewer) -> str:
    actions.unlock_account(account=account, by=by, at=timezone.now())
    return _("Open again.")


def _reset(request: HttpRequest, account: Account, by: Viewer) -> str:
    actions.reset_second_factor(account=account, by=by, at=timezone.now())
    return _("The authenticator app is reset: the next sign-in asks for the password alone.")


def _sign_out(request: HttpRequest, account: Account, by: Viewer) -> str:
    actions.end_all_sessions(account=account, by=by, at=timezone.now())
    return _("Signed out on every device.")


ACTS: dict[str, Callable[[HttpRequest, Account, Viewer], HttpResponse | str]] = {
    "give": _give, "end": _end, "hand-over": _hand_over, "password": _password, "lock": _lock, "unlock": _unlock, "reset": _reset,
    "sign-out": _sign_out,
}  # fmt: skip
