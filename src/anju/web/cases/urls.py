"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from anju.web.cases import queue

urlpatterns: list[URLPattern] = [
    path("cases/", queue.cases, name="cases"),
    path("cases/seen/", queue.seen, name="cases_seen"),
]
