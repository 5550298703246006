"""The standards: what is promised, to whom, by which versions; the same for everybody, and cheap to ask for again."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema
from ninja.params.functions import Path, Query

from anju.api.door import needs
from anju.api.fresh import etag_of, unchanged
from anju.api.problems import not_here
from anju.api.shapes import Both, Level, Next, both
from anju.apps.findings.current import policy, programme
from anju.core.contracts.model import Bilingual
from anju.core.standards.model import Breach, Standard, Version

router = Router(tags=["standards"])
Code = Annotated[str, Path(max_length=32, description="Such as ED-01.")]


class BreachOut(Schema):
    name: str
    title: Both
    level: Level
    when: str = Field(description="In the language of the standards.")
    verify: str = Field(description="Such as 24h, 3d or 5wd (working days).")
    handle: str


class VersionOut(Schema):
    start: date
    owner: str
    owner_title: Both
    closing: str
    clears_when: str
    breaches: list[BreachOut]


class StandardOut(Schema):
    code: str
    title: Both
    sentence: Both
    domain: str
    subject: str
    basis: str
    source: str
    versions: list[VersionOut]


class StandardsOut(Next):
    items: list[StandardOut]


@router.get("/standards", response={200: StandardsOut, 304: None}, summary="Every standard, with its versions")
@needs("standards.see")
def standards(
    request: HttpRequest, domain: str | None = Query(None, max_length=40), subject: str | None = Query(None, max_length=40)
) -> HttpResponse | dict[str, Any]:
    """Changes with the policy only: send the ETag back as If-None-Match."""
    tag = etag_of(policy().digest, domain, subject)
    if unchanged(request, tag):
        return HttpResponse(status=304)
    found = [s for _code, s in sorted(policy().standards.items()) if domain in (None, s.domain) and subject in (None, s.subject)]
    return {"items": [_told(standard) for standard in found], "next": None}


@router.get("/standards/{code}", response={200: StandardOut, 304: None}, summary="One standard")
@needs("standards.see")
def standard(request: HttpRequest, code: Code) -> HttpResponse | dict[str, Any]:
    found = policy().standards.get(code)
    if found is None:
        raise not_here()
    if unchanged(request, etag_of(policy().digest, code)):
        return HttpResponse(status=304)
    return _told(found)


def owner_title(code: str) -> Bilingual:
    return programme().departments.get(code) or Bilingual(code, code)


def _told(one: Standard) -> dict[str, Any]:
    return {
        "code": one.code, "title": both(one.title), "sentence": both(one.sentence), "domain": one.domain, "subject": one.subject,
        "basis": one.source.basis, "source": one.source.text, "versions": [_version(version) for version in one.versions],
    }  # fmt: skip


def _version(one: Version) -> dict[str, Any]:
    return {
        "start": one.start, "owner": one.owner, "owner_title": both(owner_title(one.owner)), "closing": one.closing,
        "clears_when": one.clears_text,        "breaches": [_breach(breach) for breach in one.breaches],
    }  # fmt: skip


def _breach(one: Breach) -> dict[str, Any]:
    return {
        "name": one.name, "title": both(one.title), "level": one.level, "when": one.text, "verify": f"{one.verify.n}{one.verify.unit}",
        "handle": f"{one.handle.n}{one.handle.unit}",
    }  # fmt: skip
