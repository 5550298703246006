"""Django settings: everything that differs between installations is read from the environment.

ANJU_DATA          folder of the database, the lake, the keys and the drop folder (default: ./var)
ANJU_DATABASE_URL  postgresql://user:password@host:port/name?host=/socket/folder, or sqlite:///path (default: ANJU_DATA)
ANJU_POLICY        folder of the policy (default: the one shipped)
ANJU_SECRET_KEY    Django's own key; without it a key is made in the data folder when first needed
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ANJU_DATA", "var")).expanduser().resolve()
POLICY = Path(os.environ.get("ANJU_POLICY", str(ROOT / "policy"))).expanduser().resolve()

SQLITE_OPTIONS: dict[str, Any] = {
    # IMMEDIATE: a transaction that will write takes its lock at the start, so two writers wait instead of failing
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;"
    "PRAGMA mmap_size=134217728;PRAGMA cache_size=-65536",
}


def database(url: str) -> dict[str, Any]:
    """The DATABASES entry for a URL; raises ValueError naming the schemes known when it is of another."""
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA / "anju.sqlite3"), "OPTIONS": SQLITE_OPTIONS}
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path)[1:]
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": SQLITE_OPTIONS}
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(
            f"ANJU_DATABASE_URL: '{parts.scheme}' is not a database Anju runs on; "
            "write postgresql://user@host/name or sqlite:///path, or leave it unset for SQLite in ANJU_DATA"
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "anju",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or (parts.hostname or ""),
        "PORT": options.pop("port", "") or str(parts.port or ""),
        "OPTIONS": options,
    }


DATABASE_URL = os.environ.get("ANJU_DATABASE_URL", "")
DATABASES = {"default": database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = os.environ.get("ANJU_SECRET_KEY", "only-for-commands-no-sessions-are-signed-with-this")
DEBUG = False
ALLOWED_HOSTS: list[str] = []
ROOT_URLCONF = "anju.urls"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"

INSTALLED_APPS = [
    "anju.apps.places",
    "anju.apps.people",
    *(app for app in ("anju.apps.feeds", "anju.apps.findings") if (ROOT / "src" / app.replace(".", "/") / "apps.py").exists()),
]
