"""Deliveries: what came and what is late, receipts, files sent in with their progress, rows set aside and mended."""
