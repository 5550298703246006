"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.families import views

urlpatterns = [
    path("households/", views.households, name="households"),
    path("households/<int:key>/", views.household, name="household"),
    path("households/<int:key>/reveal/<int:person>/", views.reveal, name="reveal"),
]
