"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "anju.apps.places"
    label = "places"
