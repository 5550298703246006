"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.work import holding, views

urlpatterns = [
    path("work/", views.work, name="work"),
    path("work/seen/", views.seen, name="work_seen"),
    path("work/take/", views.take, name="alerts_take"),
    path("work/alerts/<int:number>/", views.alert, name="alert"),
    path("work/mutes/", holding.mutes, name="mutes"),
    path("work/mutes/new/", holding.new_mute, name="mute_new"),
    path("work/mutes/<int:key>/end/", holding.end_mute, name="mute_end"),
    path("work/baselines/", holding.baselines, name="baselines"),
]
