"""Registers the pages' frame with Django: its template tags and static files."""

from __future__ import annotations

from django.apps import AppConfig


class LayoutConfig(AppConfig):
    name = "anju.web.layout"
    label = "layout"
