"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "anju.apps.alerts"
    label = "alerts"
