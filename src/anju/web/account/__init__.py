"""Signing in and out, the post one acts in, language, theme and text size."""
