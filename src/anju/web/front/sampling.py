"""What only a sample deployment may do, and only for whoever sits at the machine itself."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

LOOPBACK = frozenset({"127.0.0.1", "::1"})
NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def lets_in(request: HttpRequest) -> bool:
    """A sample deployment asked from this machine, under a name of this machine, through no proxy."""
    if not settings.SAMPLE or any(name in request.META for name in FORWARDED):
        return False
    name, _port = split_domain_port(request.get_host())
    return request.META.get("REMOTE_ADDR", "") in LOOPBACK and name in NAMES
