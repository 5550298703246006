"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "anju.apps.staff"
    label = "staff"
