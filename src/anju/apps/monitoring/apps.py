"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "anju.apps.monitoring"
    label = "monitoring"
