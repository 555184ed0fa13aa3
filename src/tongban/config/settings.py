"""Every setting of the product, in one file, from environment variables.

| Variable | Meaning | Default |
|---|---|---|
| `TONGBAN_DATABASE_URL` | PostgreSQL, as its owner; a pair: `…@h1:p1,h2:p2/db` | the embedded server |
| `TONGBAN_DATABASE_APP_URL` | the same database as the application's own login | the owner, acting as role `tongban_app` |
| `TONGBAN_DATA` | files, keys, logs, embedded database | `var` in the checkout |
| `TONGBAN_FILES`, `TONGBAN_KEYS` | files and keys on places of their own | `files`, `keys` in the data folder |
| `TONGBAN_BACKUP` | back-ups and WAL archive, on another disk; switches them on | no back-ups |
| `TONGBAN_BACKUP_KEYS` | sealed copies of the keys, on a third place | must be named |
| `TONGBAN_BACKUP_KEY` | file with the key that opens both | `backup.key` with the keys |
| `TONGBAN_BACKUP_WAIT` | 1: nothing is acknowledged before the archive has it (embedded server) | 0 |
| `TONGBAN_BACKUP_DAYS` | every moment of so many days stays within reach | 14 |
| `TONGBAN_BACKUP_HOUR` | hour in Beijing from which on the daily back-up is made | 2 |
| `TONGBAN_BACKUP_DATABASE_URL` | a server of your own, as a role with REPLICATION | the embedded server |
| `TONGBAN_PRACTICE` | 1: practice accounts, movable clock, a banner on every page | 1 |
| `TONGBAN_ADDRESS` | the public address, written into QR codes | `http://localhost:PORT` |
| `TONGBAN_HOSTS` | host names answered to, comma separated | the address's host, localhost |
| `TONGBAN_LIVE_ADDRESS` | where browsers reach the live process | same host, PORT + 1 |
| `TONGBAN_PROXIES` | how many proxies of ours stand in front and add to X-Forwarded-For | 0 |
| `TONGBAN_ADMINISTRATORS_NEED_FACTOR` | 1: the three administrators sign in with a second factor | 0 in practice, else 1 |
| `TONGBAN_OUTGOING_ALLOW` | hosts and networks inside that we may call | this machine in practice, else none |
| `TONGBAN_METRICS_TOKEN` | bearer secret that opens `/metrics` and `/health/detail` from elsewhere | none: this machine only |
| `TONGBAN_OIDC_ISSUER` | the national unified identity service (统一身份认证), an OpenID provider | none: phones only |
| `TONGBAN_OIDC_CLIENT_ID`, `TONGBAN_OIDC_CLIENT_SECRET` | what we are called there, and our secret | none |
| `TONGBAN_OIDC_CLAIMS` | how it calls what it tells, as `ours=theirs`, comma separated | see `people/unified.py` |
| `TONGBAN_SMS_URL`, `TONGBAN_SMS_SECRET` | HTTP gateway for text messages; `…_2` takes over | simulated in practice |
| `TONGBAN_SMTP_URL` | mail server: `smtp://user:password@host:port?from=address`, or smtps:// | simulated in practice |
| `TONGBAN_LISTEN` | address that the web process listens on | 127.0.0.1 |
| `TONGBAN_CHROMIUM` | the browser that the journeys drive | `chromium` on the path |
| `PORT` | port of the web process | 8000 |
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from tongban.kernel import logs, primary

HERE = Path(__file__).resolve().parent.parent
CHECKOUT = HERE.parent.parent


def _path(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default).resolve()


PORT = int(os.environ.get("PORT", "8000"))
TONGBAN_PRACTICE = os.environ.get("TONGBAN_PRACTICE", "1") == "1"
TONGBAN_DATA = _path("TONGBAN_DATA", CHECKOUT / "var")
TONGBAN_FILES = _path("TONGBAN_FILES", TONGBAN_DATA / "files")
TONGBAN_KEYS = _path("TONGBAN_KEYS", TONGBAN_DATA / "keys")
TONGBAN_FONTS = _path("TONGBAN_FONTS", CHECKOUT / "node_modules/@expo-google-fonts")
TONGBAN_ICONS = _path("TONGBAN_ICONS", CHECKOUT / "node_modules/@tabler/icons/icons")
TONGBAN_ADDRESS = os.environ.get("TONGBAN_ADDRESS", f"http://localhost:{PORT}").rstrip("/")
TONGBAN_LIVE_ADDRESS = os.environ.get("TONGBAN_LIVE_ADDRESS", "")
TONGBAN_LIVE_PORT = int(os.environ.get("TONGBAN_LIVE_PORT", str(PORT + 1)))
TONGBAN_BACKUP = os.environ.get("TONGBAN_BACKUP", "")
TONGBAN_PROXIES = int(os.environ.get("TONGBAN_PROXIES", "0"))
TONGBAN_ADMINISTRATORS_NEED_FACTOR = (
    os.environ.get("TONGBAN_ADMINISTRATORS_NEED_FACTOR", "0" if TONGBAN_PRACTICE else "1") == "1"
)
TONGBAN_OUTGOING_ALLOW = [
    word.strip()
    for word in os.environ.get("TONGBAN_OUTGOING_ALLOW", "127.0.0.0/8,::1" if TONGBAN_PRACTICE else "").split(
        ","
    )
    if word.strip()
]
# Address and secret of each gateway for text messages, the first to be asked first.
TONGBAN_SMS = [
    (os.environ.get(f"TONGBAN_SMS_URL{n}", ""), os.environ.get(f"TONGBAN_SMS_SECRET{n}", ""))
    for n in ("", "_2")
]
TONGBAN_SMTP_URL = os.environ.get("TONGBAN_SMTP_URL", "")
TONGBAN_METRICS_TOKEN = os.environ.get("TONGBAN_METRICS_TOKEN", "")
TONGBAN_OIDC_ISSUER = os.environ.get("TONGBAN_OIDC_ISSUER", "").rstrip("/")
TONGBAN_OIDC_CLIENT_ID = os.environ.get("TONGBAN_OIDC_CLIENT_ID", "")
TONGBAN_OIDC_CLIENT_SECRET = os.environ.get("TONGBAN_OIDC_CLIENT_SECRET", "")
TONGBAN_OIDC_CLAIMS = dict(
    pair.strip().partition("=")[::2]
    for pair in os.environ.get("TONGBAN_OIDC_CLAIMS", "").split(",")
    if "=" in pair
)
TONGBAN_MAX_SCAN = 20 * 1024 * 1024
# Share of a duty's working time after which it shows amber; a province may set its own as a parameter.
TONGBAN_AMBER_SHARE = 0.7


def _secret_key() -> str:
    """Read the key that signs sessions and forms, or make it on first use, for its owner's eyes only."""
    place = _path("TONGBAN_SECRET_KEY_FILE", TONGBAN_KEYS / "django.key")
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    if not place.exists():
        draft.write_text(secrets.token_urlsafe(50))
        draft.chmod(0o600)
        try:
            os.link(draft, place)  # two processes that start together end up with one key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return place.read_text().strip()


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = [
    *filter(None, os.environ.get("TONGBAN_HOSTS", "").split(",")),
    urlsplit(TONGBAN_ADDRESS).hostname or "localhost",
    "localhost",
    "127.0.0.1",
]
SECURE = TONGBAN_ADDRESS.startswith("https://")


def _connect_again(pool: Any) -> None:
    pool.check()


# A server that vanished without a word is given up after some twenty seconds, one that refuses at once.
_LINE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "20000",
}


# Values go apart from the text, so that the server plans a query once a connection and not at every call: the
# joins of a case took it longer to plan than to run (docs/performance.md).
_PREPARED = {"prepare_threshold": 5, "server_side_binding": True}


def _database(url: str, *, role: str = "", pool: bool = False) -> dict[str, Any]:
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    named = {name: parts.pop(name, "") for name in ("dbname", "user", "password", "host", "port")}
    several = "," in named["host"]
    options: dict[str, Any] = {**_LINE, **parts, **_PREPARED}
    if role:
        options["options"] = f"{parts.get('options', '')} -c role={role}".strip()
    if pool or several:
        # An attempt to reconnect that goes on for long comes ever more seldom: it is given up soon, and begun anew
        # at once, so that whoever waits is served within a second of the database's return.
        options["pool"] = {
            "min_size": int(pool),
            "max_size": 8,
            "timeout": 10,
            "max_idle": 300,
            "reconnect_timeout": 2,
            "reconnect_failed": _connect_again,
            "connection_class": primary.Connection,
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": named["dbname"] or "tongban",
        "USER": named["user"],
        "PASSWORD": named["password"],
        "HOST": named["host"],
        "PORT": named["port"],
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": pool or several,
        "OPTIONS": options,
    }


_owner_url = os.environ.get("TONGBAN_DATABASE_URL", "postgresql://tongban_owner@127.0.0.1/tongban")
_app_url = os.environ.get("TONGBAN_DATABASE_APP_URL", "")
DATABASES = {
    # What pages, API, worker and live process use: a role that cannot change or delete journal entries.
    "default": _database(_app_url or _owner_url, role="" if _app_url else "tongban_app", pool=True),
    # What migrations use.
    "owner": _database(_owner_url),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "procrastinate.contrib.django",
    "tongban.journal",
    "tongban.documents",
    "tongban.directory",
    "tongban.duties",
    "tongban.people",
    "tongban.catalogue",
    "tongban.cases",
    "tongban.notices",
    "tongban.feedback",
    "tongban.messages",
    "tongban.web.kit",
    "tongban.web.portal",
    "tongban.web.workbench",
    "tongban.web.overview",
    "tongban.web.account",
    "tongban.web.system",
]

MIDDLEWARE = [
    "tongban.web.kit.seeing.SeeingMiddleware",
    "tongban.web.kit.requests.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "tongban.web.kit.readable.ReadableMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tongban.web.kit.gate.GateMiddleware",
    "tongban.web.kit.access.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tongban.web.kit.kiosk.KioskMiddleware",
    "tongban.web.kit.refusal.RefusalMiddleware",
    "tongban.web.kit.access.AccessMiddleware",
    "tongban.web.kit.reading.ReadOnlyGetMiddleware",
]

ROOT_URLCONF = "tongban.config.urls"
WSGI_APPLICATION = "tongban.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tongban.web.kit.context.page",
            ],
            "builtins": ["tongban.web.kit.templatetags.kit"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# People, sign-in, sessions
AUTH_USER_MODEL = "people.Person"
LOGIN_URL = "/desk/sign-in/"
LOGIN_REDIRECT_URL = "/desk/"
TONGBAN_ADMINISTRATORS_HOME = "/system/"
AUTHENTICATION_BACKENDS = ["tongban.people.sessions.Accounts"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "tongban.people.passwords.Length"},
    {"NAME": "tongban.people.passwords.Kinds"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "tongban.people.passwords.NotAboutThem"},
    {"NAME": "tongban.people.passwords.NotRecent"},
]
SESSION_ENGINE = "tongban.people.sessions"
SESSION_COOKIE_AGE = 24 * 3600
# A browser takes a cookie named __Host- only over HTTPS, for this host and every path of it.
SESSION_COOKIE_NAME = "__Host-tongban" if SECURE else "tongban"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "__Host-tongban-form" if SECURE else "tongban-form"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "tongban.web.kit.refusal.csrf_failed"
LANGUAGE_COOKIE_NAME = "tongban-language"
LANGUAGE_COOKIE_SECURE = SECURE
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# Headers
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^metrics$", r"^health/"]  # asked for on the machine itself, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
X_FRAME_OPTIONS = "SAMEORIGIN"  # a notice is shown in a frame of the page it belongs to
_live = TONGBAN_LIVE_ADDRESS or f"http://localhost:{TONGBAN_LIVE_PORT}"
# Browsers hold the redirect that follows a form to the same rule as the form.
_identity_service = (
    ["{0.scheme}://{0.netloc}".format(urlsplit(TONGBAN_OIDC_ISSUER))] if TONGBAN_OIDC_ISSUER else []
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, _live, f"http://127.0.0.1:{TONGBAN_LIVE_PORT}"],
        "media-src": [SELF, "blob:"],
        "frame-src": [SELF],
        "object-src": [SELF],
        "frame-ancestors": [SELF],
        "form-action": [SELF, *_identity_service],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

# Language, time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# Static files: hashed names, served by the web process
STATIC_URL = "/static/"
STATIC_ROOT = _path("TONGBAN_STATIC_ROOT", CHECKOUT / "build/static")
STATICFILES_DIRS = [("tabler", CHECKOUT / "node_modules/@tabler/core/dist/css")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tongban.web.kit.static.HashedStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# Uploads: one scan and the form around it
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

PROCRASTINATE_ON_APP_READY = "tongban.config.subscriptions.on_app_ready"
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = logs.configuration()
