"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.front import views

urlpatterns = [
    path("", views.first_screen, name="first_screen"),
    path("come-in/", views.come_in, name="come_in"),
    path("whole/", views.whole_prefecture, name="whole_prefecture"),
    path("week/", views.passing_week, name="week"),
    path("week/pass/", views.let_a_week_pass, name="let_a_week_pass"),
]
