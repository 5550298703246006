"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "anju.apps.journal"
    label = "journal"
