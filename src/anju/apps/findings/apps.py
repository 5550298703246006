"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "anju.apps.findings"
    label = "findings"
