"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.bureau import families, scoreboard, sheets, situation, standards, subjects

urlpatterns = [
    path("situation/", situation.situation, name="situation"),
    path("situation/sheet/", sheets.figures_sheet, name="situation_sheet"),
    path("situation/families/sheet/", sheets.families_sheet, name="situation_families_sheet"),
    path("situation/families/", families.families, name="situation_families"),
    path("standards/", standards.standards, name="standards"),
    path("standards/<str:code>/", standards.standard, name="standard"),
    path("standards/<str:code>/sql/", standards.statements, name="standard_sql"),
    path("standards/<str:code>/<str:answer>/", subjects.subjects, name="standard_subjects"),
    path("score-board/", scoreboard.scoreboard, name="scoreboard"),
]
