"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class AttachmentsConfig(AppConfig):
    name = "anju.apps.attachments"
    label = "attachments"
