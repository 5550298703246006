"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "anju.apps.feeds"
    label = "feeds"
