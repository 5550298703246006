"""No pages are served yet; Django asks for the list all the same."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
