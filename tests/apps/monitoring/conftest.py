"""Fixtures of the tests of monitored households."""

from __future__ import annotations

from alerts_fixtures import places, rules
from monitoring_fixtures import home

__all__ = ["home", "places", "rules"]
