"""Registers the app with Django."""

from __future__ import annotations

from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "anju.tasks"
    label = "tasks"
