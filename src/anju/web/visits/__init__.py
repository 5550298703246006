"""Visits: what is to be asked at which door, what was seen there, sheets to take along, leads from the building."""
