"""Addresses of the interface."""

from __future__ import annotations

from django.urls import path

from anju.api.api import api
from anju.api.reference import openapi, reference

urlpatterns = [
    path("", reference, name="api"),
    path("openapi.json", openapi, name="openapi"),
    path("", api.urls),
]
