"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.residents import answering

urlpatterns = [path("answer/<str:text>/", answering.answer, name="answer")]
