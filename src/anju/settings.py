"""Django settings: everything that differs between installations is read from the environment.

ANJU_DATA          folder of the database, the lake, the keys and the drop folder (default: ./var)
ANJU_DATABASE_URL  postgresql://user:password@host:port/name?host=/socket/folder, or sqlite:///path (default: ANJU_DATA)
ANJU_POLICY        folder of the policy (default: the one shipped)
ANJU_SECRET_KEY    what sessions are signed with; without it a key is made in the data folder when first needed
ANJU_HOSTS         names the server answers to, with commas (default: this machine only)
ANJU_ORIGINS       addresses forms may be sent from where a proxy stands in front, as https://name, with commas
ANJU_HTTPS         1 where the pages are reached by https: cookies then travel by nothing else
ANJU_SECOND_FACTOR roles that may sign in with an authenticator app only, with commas: administrator,data_steward,auditor
ANJU_TIME_ZONE     of the programme (default: UTC)
ANJU_SAMPLE        1 for a deployment of sample people
ANJU_SCHEDULE      when the worker does what by itself (default: schedule.yaml of the policy)
ANJU_DROP          folder in which files are dropped for the worker to take in (default: drop in ANJU_DATA)
ANJU_BACKUP        folder of backup sets, best on another machine; without it the worker makes none
ANJU_MAIL          how mail leaves: smtp://user:password@host:25?from=anju@office.example, smtp+starttls:// or smtps:// (docs/notices.md)
ANJU_ADDRESS       the pages' address as people reach them, https://name: links in messages (default: the first of ANJU_ORIGINS)
ANJU_CHAT_HOSTS    hosts of a chat of your own beside those of WeCom, DingTalk and Feishu, with commas
ANJU_HEADS         file in a second place to which the journal's daily heads are added when it is sealed
ANJU_PROGRESS      file in which a command says how far it is, for the pages that wait for it (set by the server itself)
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from anju.apps.staff.permissions import ROLES

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ANJU_DATA", "var")).expanduser().resolve()
POLICY = Path(os.environ.get("ANJU_POLICY", str(ROOT / "policy"))).expanduser().resolve()

SCHEDULE = Path(os.environ.get("ANJU_SCHEDULE", "") or POLICY / "schedule.yaml").expanduser().resolve()
DROP = Path(os.environ.get("ANJU_DROP", "") or DATA / "drop").expanduser().resolve()
BACKUP = Path(os.environ["ANJU_BACKUP"]).expanduser().resolve() if os.environ.get("ANJU_BACKUP") else None
HEADS = Path(os.environ["ANJU_HEADS"]).expanduser().resolve() if os.environ.get("ANJU_HEADS") else None

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


@dataclass(frozen=True, slots=True)
class MailServer:
    host: str
    port: int
    user: str
    password: str
    sender: str
    tls: str  # '', 'starttls' or 'tls'


MAIL_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def mail_server(url: str) -> MailServer | None:
    """None without a URL; raises ValueError saying how one is written."""
    if not url:
        return None
    parts = urlsplit(url)
    sender = dict(parse_qsl(parts.query)).get("from", "")
    if parts.scheme not in MAIL_PORTS or not parts.hostname or "@" not in sender:
        raise ValueError(
            f"ANJU_MAIL: write {', '.join(f'{scheme}://' for scheme in MAIL_PORTS)} with a host and who sends, as "
            "smtp+starttls://user:password@mail.office.example?from=anju@office.example"
        )
    tls = {"smtp": "", "smtp+starttls": "starttls", "smtps": "tls"}[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.hostname, parts.port or MAIL_PORTS[parts.scheme], user, password, sender, tls)


def secret_key(path: Path) -> str:
    """The key that sessions are signed with; the server makes it. Commands sign nothing, and leave no file behind."""
    return path.read_text(encoding="ascii") if path.exists() else secrets.token_urlsafe(48)


def demanding_roles(text: str) -> frozenset[str]:
    """'administrator,auditor'. Raises ValueError naming the roles where there is no such role."""
    named = frozenset(role.strip() for role in text.split(",") if role.strip())
    if unknown := sorted(named - set(ROLES)):
        raise ValueError(f"ANJU_SECOND_FACTOR: there is no role {', '.join(unknown)}; roles are {', '.join(sorted(ROLES))}")
    return named


DATABASE_URL = os.environ.get("ANJU_DATABASE_URL", "")
# To open and set up a connection takes longer than most pages' queries: one is kept for a minute (docs/decisions/0024).
DATABASES = {"default": {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, **database(DATABASE_URL)}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = os.environ.get("ANJU_SECRET_KEY", "") or secret_key(DATA / "keys" / "session.key")
DEBUG = False
SAMPLE = os.environ.get("ANJU_SAMPLE", "") == "1"
ALLOWED_HOSTS = [host for host in os.environ.get("ANJU_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if host]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("ANJU_ORIGINS", "").split(",") if origin]
ROOT_URLCONF = "anju.urls"
WSGI_APPLICATION = "anju.wsgi.application"
USE_TZ = True
TIME_ZONE = os.environ.get("ANJU_TIME_ZONE", "UTC")

# --- languages ------------------------------------------------------------------------------------------------------
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
WEB = ROOT / "src" / "anju" / "web"
LOCALE_PATHS = sorted(WEB.glob("*/locale"))

# --- accounts and sessions --------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "staff.Account"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "anju.apps.staff.signed_in.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "sign_in", "/", "/"
CSRF_FAILURE_VIEW = "anju.web.layout.access.form_expired"
SESSION_ENGINE = "anju.apps.staff.signed_in"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("ANJU_HTTPS", "") == "1"
SECURE_CONTENT_TYPE_NOSNIFF, X_FRAME_OPTIONS, SECURE_REFERRER_POLICY = True, "DENY", "same-origin"
AXES_FAILURE_LIMIT, AXES_COOLOFF_TIME, AXES_LOCKOUT_PARAMETERS = 8, 0.25, [["username", "ip_address"]]
AXES_VERBOSE, AXES_RESET_ON_SUCCESS, AXES_LOCKOUT_CALLABLE = False, True, "anju.web.account.signing.locked_out"

SECOND_FACTOR = demanding_roles(os.environ.get("ANJU_SECOND_FACTOR", ""))  # roles that sign in with an authenticator app only

# --- what leaves the house ----------------------------------------------------------------------------------------------
MAIL = mail_server(os.environ.get("ANJU_MAIL", ""))
if MAIL is not None:
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.host, MAIL.port, MAIL.user, MAIL.password
    EMAIL_USE_TLS, EMAIL_USE_SSL, DEFAULT_FROM_EMAIL = MAIL.tls == "starttls", MAIL.tls == "tls", MAIL.sender
ADDRESS = (os.environ.get("ANJU_ADDRESS", "") or next(iter(CSRF_TRUSTED_ORIGINS), "")).rstrip("/")
CHAT_HOSTS = tuple(host for host in os.environ.get("ANJU_CHAT_HOSTS", "").split(",") if host)

# --- rooms ------------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.messages",
    "whitenoise.runserver_nostatic", "django.contrib.staticfiles", "axes", "django_htmx", "django_tasks", "django_tasks_db",
    "anju.apps.journal", "anju.apps.notices", "anju.apps.attachments", "anju.apps.places", "anju.apps.calendar", "anju.apps.staff",
    "anju.apps.people", "anju.apps.feeds", "anju.apps.discovery", "anju.apps.visits", "anju.apps.monitoring", "anju.apps.findings",
    "anju.apps.alerts", "anju.apps.cases", "anju.tasks", "anju.web.layout", "anju.api",
]  # fmt: skip
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "anju.web.layout.middleware.policy_middleware",
    "anju.api.middleware.api_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "anju.web.layout.middleware.language_middleware",
    "anju.web.layout.middleware.viewer_middleware",
    "anju.web.account.middleware.own_password_middleware",
    "anju.web.account.middleware.second_factor_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": sorted(WEB.glob("*/templates")),
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"stewards": "anju.web.stewards.tags"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "anju.web.layout.frame.frame",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
COLLECTED = (STATIC_ROOT / "staticfiles.json").exists()  # the server collects them; tests read them where they are
WHITENOISE_USE_FINDERS = not COLLECTED
WHITENOISE_AUTOREFRESH = False
STATIC_STORAGE = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage" if COLLECTED else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}, "staticfiles": {"BACKEND": STATIC_STORAGE}}

# What goes wrong is said on the server's terminal or its service's journal: the address without its query, and where; never a value.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["terminal"], "level": "WARNING"},
    "loggers": {"django": {"handlers": ["terminal"], "level": "WARNING", "propagate": False}},
}
