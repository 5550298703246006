"""Refusals as RFC 9457 describes them: what cannot be done, what to do instead, and every wrong field at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import Field, Schema
from ninja.errors import ValidationError

MEDIA = "application/problem+json"
PAGE = "/api/v1/"  # explains each kind of problem

# slug -> status, title, what to do
KINDS: dict[str, tuple[int, Any, Any]] = {
    "malformed": (400, gettext_lazy("The request cannot be read"), gettext_lazy("Send the body as one JSON object in UTF-8.")),
    "no-token": (
        401, gettext_lazy("No token that is valid"),
        gettext_lazy("Send 'Authorization: Bearer' with a token that is neither revoked nor over, of a post that is still held. "
                     "Whoever runs this deployment makes one with: anju token create"),
    ),
    "not-for-your-post": (
        403, gettext_lazy("This is not for the post of the token"),
        gettext_lazy("Each post sees what its work needs. Use a token of another post you hold, or ask your administrator."),
    ),
    "not-here": (
        404, gettext_lazy("There is nothing here for you"),
        gettext_lazy("It does not exist, or it lies outside the places and departments of your post."),
    ),
    "method": (405, gettext_lazy("Not by this method"), gettext_lazy("Use one of the methods that the header Allow names.")),
    "conflict": (409, gettext_lazy("It has changed meanwhile"), gettext_lazy("Read it again, and decide anew.")),
    "refused": (
        409, gettext_lazy("This step cannot be taken as it was asked for"),
        gettext_lazy("'detail' says why, and what to do instead or who can do it."),
    ),
    "gate-holds": (
        409, gettext_lazy("The case cannot be closed yet"),
        gettext_lazy("'missing' names everything that closing still needs, and who can supply it."),
    ),
    "under-way": (
        409, gettext_lazy("The same request is being worked on"),
        gettext_lazy("Wait for as many seconds as Retry-After says, then send it again with the same key."),
    ),
    "too-large": (413, gettext_lazy("The body is too large"), gettext_lazy("Send it in parts.")),
    "media-type": (
        415, gettext_lazy("A body of this kind is not read here"), gettext_lazy("Send 'Content-Type: application/json', or what the "
                                                                               "description of this address names."),
    ),
    "invalid": (
        422, gettext_lazy("Something in the request is wrong"), gettext_lazy("Mend every field that 'faults' names, and send it again."),
    ),
    "key-reused": (
        422, gettext_lazy("This Idempotency-Key belongs to another request"),
        gettext_lazy("Draw a new key for each new request, and repeat a request with its own key and the very same body."),
    ),
    "too-many": (
        429, gettext_lazy("Too many wrong tokens"),
        gettext_lazy("Wait for as many seconds as Retry-After says. A token that is valid still works."),
    ),
    "our-fault": (
        500, gettext_lazy("Something went wrong on our side"),
        gettext_lazy("Nothing was changed by this request. Try again; if it happens again, tell your administrator the time it happened."),
    ),
    "not-ready": (503, gettext_lazy("Nothing has been judged yet"), gettext_lazy("The first run must end before there is anything to read.")),
}  # fmt: skip
BY_STATUS = {400: "malformed", 401: "no-token", 403: "not-for-your-post", 404: "not-here", 405: "method", 409: "conflict", 413: "too-large",
             415: "media-type", 422: "invalid", 429: "too-many", 500: "our-fault", 503: "not-ready"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """`where` is 'body.reason', 'query.limit', 'path.key' or 'header.Idempotency-Key'."""

    where: str
    what: str


class Problem(Exception):
    """Ends a request. `detail` says more than the kind does; `faults` names every wrong field, `missing` what must be supplied first."""

    def __init__(
        self, kind: str, detail: str = "", *, faults: Iterable[Fault] = (), missing: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(kind)
        self.kind, self.detail, self.faults, self.missing, self.headers = kind, detail, tuple(faults), list(missing), dict(headers or {})

    @property
    def status(self) -> int:
        return KINDS[self.kind][0]

    def answer(self) -> HttpResponse:
        status, title, todo = KINDS[self.kind]
        body: dict[str, Any] = {"type": f"{PAGE}#{self.kind}", "title": str(title), "status": status, "detail": self.detail or str(todo)}
        body["faults"] = [{"where": fault.where, "what": fault.what} for fault in self.faults]
        if self.missing:
            body["missing"] = self.missing
        return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type=MEDIA, headers=self.headers)


def not_here() -> Problem:
    """One answer for what does not exist and for what this viewer may not see."""
    return Problem("not-here")


def wrong(*faults: tuple[str, str]) -> Problem:
    return Problem("invalid", faults=[Fault(where, what) for where, what in faults])


class FaultOut(Schema):
    where: str
    what: str


class ProblemOut(Schema):
    type: str
    title: str
    status: int
    detail: str
    faults: list[FaultOut]
    missing: list[dict[str, Any]] = Field([], description="Of a case that cannot be closed yet: what is needed, and who can supply it.")


def of_validation(error: ValidationError) -> Problem:
    """What pydantic found, in words, without repeating what was sent: it may be a number of a person."""
    faults = []
    for one in error.errors:
        source, *rest = (str(part) for part in one["loc"])
        path = rest[1:] if source == "body" else rest[-1:]
        faults.append(Fault(".".join([source, *path]), _words(one)))
    return Problem("invalid", faults=faults)


def _words(error: Mapping[str, Any]) -> str:
    kind, given = str(error["type"]), error.get("ctx", {})
    said = {
        "missing": _("is missing"),
        "extra_forbidden": _("is not known here"),
        "string_too_short": _("is shorter than %(min_length)s characters"),
        "string_too_long": _("is longer than %(max_length)s characters"),
        "greater_than_equal": _("is less than %(ge)s"),
        "less_than_equal": _("is more than %(le)s"),
        "too_short": _("has fewer than %(min_length)s entries"),
        "too_long": _("has more than %(max_length)s entries"),
        "literal_error": _("is none of %(expected)s"),
        "enum": _("is none of %(expected)s"),
    }.get(kind)
    if said is not None:
        return str(said % given)
    if kind.startswith("int"):
        return _("is not a whole number")
    if kind.startswith(("date_", "datetime")):
        return _("is not a day written 2023-09-26")
    if kind.startswith("bool"):
        return _("is neither true nor false")
    return _("is not of the kind that the description of this address names")


def of_status(response: HttpResponse) -> HttpResponse:
    """An error that another part of the server has answered, told in our form; what it allows or asks to wait stays."""
    kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
    return Problem(BY_STATUS.get(response.status_code, "our-fault" if response.status_code >= 500 else "malformed"), headers=kept).answer()
