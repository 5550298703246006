"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class DiscoveryConfig(AppConfig):
    name = "anju.apps.discovery"
    label = "discovery"
