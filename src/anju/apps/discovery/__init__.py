"""How trouble comes to light beside data: declarations, finds, the hotline, other levels, leads; each with a receipt number."""
