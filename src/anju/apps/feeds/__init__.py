"""What departments delivered: receipts, coverage, rows set aside, and the manifest that the lake reads."""
