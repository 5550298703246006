"""Registers the interface with Django: its kept answers, texts and the page that describes it."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "anju.api"
    label = "api"
