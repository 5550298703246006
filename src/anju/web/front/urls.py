"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.front import views

urlpatterns = [path("", views.first_screen, name="first_screen")]
