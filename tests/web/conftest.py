"""Pages are tried in both languages, so their catalogues are compiled before the first of them is read."""

from __future__ import annotations

from anju.web.layout.catalogues import compile_stale

compile_stale()
