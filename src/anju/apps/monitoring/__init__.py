"""Monitored households: how one is listed, its support plan, and how its risk is declared over."""
