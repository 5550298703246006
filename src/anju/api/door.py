"""Who calls, in which post, and whether it may: every address of the interface is entered through here."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.decorators import decorate_view
from ninja.security import HttpBearer

from anju.api.once import once
from anju.api.problems import Problem, wrong
from anju.apps.staff.actions import note_use
from anju.apps.staff.guessing import Guesses
from anju.apps.staff.models import Token
from anju.apps.staff.queries import caller_of
from anju.core.terms.viewer import Viewer

ANY = ""  # every post may
T = TypeVar("T", bound=Callable[..., Any])
log = logging.getLogger("anju.api")


@dataclass(frozen=True, slots=True)
class Caller:
    token: Token
    viewer: Viewer


WRONG = 20  # tokens from one address in five minutes
wrong_tokens = Guesses(WRONG)


class Bearer(HttpBearer):
    """For the description of the interface; `needs` has found the caller by then."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        return getattr(request, "caller", None)


def viewer_of(request: HttpRequest) -> Viewer:
    caller: Caller = request.caller  # type: ignore[attr-defined]
    return caller.viewer


def body_digest(request: HttpRequest) -> str:
    return hashlib.sha256(request.body).hexdigest()


def needs(*acts: str, kept: bool = True, whole: bool = True, digest: Callable[[HttpRequest], str] = body_digest) -> Callable[[T], T]:
    """An address for whoever may do one of `acts`; ANY for every post. Of a POST: `kept` where its answer may be kept under its
    Idempotency-Key, `whole` where the act and the kept answer become true in one transaction, `digest` of the body by which a repetition
    is known."""

    asked = tuple(act for act in acts if act != ANY)

    def mark(view: T) -> T:
        view.acts = asked  # type: ignore[attr-defined]  # read by the description and by the tests of permissions
        guard = partial(_guarded, acts=asked, kept=kept, whole=whole, digest=digest)
        found: T = decorate_view(lambda run: lambda request, **more: guard(request, run, more, known=_asked_for(run)))(view)
        return found

    return mark


def _guarded(
    request: HttpRequest, run: Callable[..., HttpResponse], more: dict[str, Any], *, acts: tuple[str, ...], kept: bool, whole: bool,
    digest: Callable[[HttpRequest], str], known: frozenset[str],
) -> HttpResponse:  # fmt: skip
    try:
        caller = _caller(request)
        if acts and not any(caller.viewer.can(act) for act in acts):
            raise Problem("not-for-your-post")
        unknown = sorted(set(request.GET) - known)
        if unknown:  # a filter that is misspelt must not show everything
            names = _("is not known here; known: %(names)s") % {"names": ", ".join(sorted(known)) or "-"}
            raise wrong(*((f"query.{name[:40]}", names) for name in unknown[:20]))
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            raise wrong(("header.Content-Length", _("is missing: a body that comes in chunks of no told length is not read")))
        if request.method == "POST":
            response = once(request, caller.token, lambda: run(request, **more), kept=kept, whole=whole, digest=digest)
        else:
            response = run(request, **more)
    except Problem as problem:
        return problem.answer()
    except RequestDataTooBig:
        return Problem("too-large").answer()
    except Exception:
        log.exception("%s %s", request.method, request.path)
        return Problem("our-fault").answer()
    finally:
        getattr(request, "at_end", lambda: None)()  # what the body was written to
    following = getattr(request, "next_page", None)
    if following is not None and response.status_code == 200:
        response.headers["Link"] = f'<{following}>; rel="next"'
    tag = getattr(request, "etag", None)
    if tag is not None and response.status_code in (200, 304):
        response.headers["ETag"], response.headers["Cache-Control"] = tag, "private, no-cache"
    return response


def _asked_for(run: Callable[..., HttpResponse]) -> frozenset[str]:
    """The names that an operation reads from the address."""
    operation: Any = run.__self__  # type: ignore[attr-defined]
    models = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    return frozenset(name for model in models for name in model.__ninja_flatten_map__)


def _caller(request: HttpRequest) -> Caller:
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    found = caller_of(text.strip(), timezone.localdate()) if scheme.lower() == "bearer" and 20 <= len(text) <= 200 else None
    if found is None:
        seconds = wrong_tokens.wait(request.META.get("REMOTE_ADDR", "")) if text else 0
        if seconds:
            raise Problem("too-many", headers={"Retry-After": str(seconds)})
        raise Problem("no-token", headers={"WWW-Authenticate": 'Bearer realm="anju"'})
    caller = Caller(*found)
    request.caller = caller  # type: ignore[attr-defined]
    with suppress(OperationalError):  # a writer that takes long: the day is noted by the next call
        note_use(token=caller.token, day=timezone.localdate())
    return caller
