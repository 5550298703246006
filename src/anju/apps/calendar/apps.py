"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class CalendarConfig(AppConfig):
    name = "anju.apps.calendar"
    label = "calendar"
