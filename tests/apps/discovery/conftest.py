"""Fixtures of these tests."""

from __future__ import annotations

from doors_fixtures import doors

__all__ = ["doors"]
