"""The first screen."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def first_screen(request: HttpRequest) -> HttpResponse:
    return render(request, "front/first_screen.html")
