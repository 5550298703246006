"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "anju.apps.cases"
    label = "cases"
