"""The family's own word on whether a matter is solved. Whoever holds the link is asked once; the page names nobody and shows no number.

There is no cookie and no account: the link itself is the proof, so a form from elsewhere could send nothing that its text does not allow.
A link that was used, is over or never was gets one and the same answer."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from anju.apps.cases.models import AnswerLink
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import today
from anju.apps.cases.steps.closing import ANSWERS, answer_by_link, link_of
from anju.apps.findings.need_to_know import is_secret
from anju.apps.staff.guessing import Guesses
from anju.core.standards.model import Title
from anju.web.layout.current import policy

LANGUAGE = "lang"  # in the address, for there is no cookie to keep it
LONGEST = 500  # characters of the family's own words
SEPARATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}
wrong_links = Guesses()


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, text: str) -> HttpResponse:
    """Opening the link asks, and uses nothing up; sending an answer does."""
    language = request.GET.get(LANGUAGE, "")
    with translation.override(language if language in dict(settings.LANGUAGES) else translation.get_language()):
        found = _answered(request, text)
    for name, value in SEPARATE.items():
        found.headers[name] = value
    return found


def _answered(request: HttpRequest, text: str) -> HttpResponse:
    link = link_of(text, today())
    if link is None:
        return _over(request)
    given, words = request.POST.get("answer", ""), request.POST.get("words", "")[:LONGEST]
    if request.method != "POST" or given not in ANSWERS:
        return _asked(request, link, words)
    try:
        answer_by_link(text=text, answer=given, words=words, at=timezone.now(), data=Path(settings.DATA))
    except Refused:  # somebody else of the family was quicker
        return _over(request)
    return render(request, "residents/thanks.html", {"answer": given, **_tongue(request)})


def _asked(request: HttpRequest, link: AnswerLink, words: str) -> HttpResponse:
    case = link.case
    forgot = request.method == "POST"
    context = {"promise": promise_of(case.standard), "on": case.fed_back_on, "until": link.expires_on, "words": words, "forgot": forgot}
    return render(request, "residents/asked.html", {**context, "longest": LONGEST, **_tongue(request)}, status=400 if forgot else 200)


def promise_of(code: str) -> Title | None:
    """What was promised, in the words for families; nothing where it would tell of somebody's health, or where no standard judges it."""
    standard = policy().standards.get(code)
    return standard.sentence if standard is not None and not is_secret(standard) else None


def _over(request: HttpRequest) -> HttpResponse:
    """Whoever guesses learns nothing but to wait."""
    seconds = wrong_links.wait(request.META.get("REMOTE_ADDR", ""))
    found = render(request, "residents/over.html", _tongue(request), status=429 if seconds else 404)
    if seconds:
        found.headers["Retry-After"] = str(seconds)
    return found


def _tongue(request: HttpRequest) -> dict[str, str]:
    """The other language, which the page offers."""
    here = (translation.get_language() or "").startswith("zh")
    return {"spoken": "zh-hans" if here else "en", "other": "en" if here else "zh-hans", "other_name": "English" if here else "中文"}
