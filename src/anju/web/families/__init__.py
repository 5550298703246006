"""Families: found by search, shown on one page each, with a mask that is lifted for a reason and a record of who looked."""
