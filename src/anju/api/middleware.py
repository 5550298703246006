"""Around every address of the interface: no cookie is read, and every error is told as a problem."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from anju.api.problems import MEDIA, of_status

BELOW = "/api/"
Answer = Callable[[HttpRequest], HttpResponse]


def api_middleware(answer: Answer) -> Answer:
    def guard(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(BELOW):
            return answer(request)
        request.META.pop("HTTP_COOKIE", None)
        request.COOKIES = {}
        head = request.method == "HEAD"
        request.method = "GET" if head else request.method
        response = answer(request)
        if response.status_code >= 400 and response.headers.get("Content-Type") != MEDIA:
            with translation.override(translation.get_language_from_request(request)):
                response = of_status(response)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Vary"] = "Authorization, Accept-Language"
        if head:  # what GET would say, without its body
            request.method, response.content = "HEAD", b""
        return response

    return guard
