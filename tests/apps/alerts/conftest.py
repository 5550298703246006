"""Fixtures of the alerts' tests."""

from __future__ import annotations

from alerts_fixtures import one, places, rules

__all__ = ["one", "places", "rules"]
