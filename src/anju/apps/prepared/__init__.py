"""Queries whose SQL is made once: Django's own, asked again with other values."""
