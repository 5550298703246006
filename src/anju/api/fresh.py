"""What changes with the policy only is sent once: an ETag, and 304 for whoever has it already."""

from __future__ import annotations

import hashlib
import json

from django.http import HttpRequest


def etag_of(*parts: str | None) -> str:
    return f'"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"'


def unchanged(request: HttpRequest, tag: str) -> bool:
    """Whether the caller has this version; the door writes the tag into the answer either way."""
    request.etag = tag  # type: ignore[attr-defined]
    given = request.headers.get("If-None-Match", "")
    return given.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in given.split(",")]
