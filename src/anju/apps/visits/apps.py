"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class VisitsConfig(AppConfig):
    name = "anju.apps.visits"
    label = "visits"
