"""What every request must satisfy and every answer carries: CSP, CSRF, where it comes from, how large it is."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from console.assets import cache_control
from console.config import Settings
from console.errors import BadRequest, Forbidden, NotFound

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_ID = 2**63 - 1
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address)


def _is_from_elsewhere() -> bool:
    """A browser says where a request comes from; an old one, or one without TLS, tells no more than the Origin."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site not in {"same-origin", "none"}
    return origin is not None and origin.partition("://")[2].lower() != request.host.lower()


def _refuse_other_sites() -> None:
    """What changes something must come from these pages."""
    if request.method not in SAFE_METHODS and _is_from_elsewhere():
        raise Forbidden(
            "This came from another site, so nothing was changed. Open the console and do it there."
        )


def _read_form() -> None:
    """Read what was sent, whole: of a body without a length, what is beyond the limit would be cut off in silence.

    Raises BadRequest for one that is no HTTP, RequestEntityTooLarge for one that is too long.
    """
    try:
        _ = request.form
        endless = request.content_length is None and "wsgi.input_terminated" in request.environ
        more = endless and request.environ["wsgi.input"].read(1)
    except HTTPException:
        raise
    except Exception as error:  # each server has names of its own for a body that it cannot read
        raise BadRequest() from error
    if more:
        raise RequestEntityTooLarge()


def _refuse_unreadable() -> None:
    """PostgreSQL holds no NUL and no id beyond 64 bits; say so before any view meets one."""
    if b"\0" in unquote_to_bytes(request.full_path):
        raise BadRequest("The address contains a character that cannot be read. Check it and try again.")
    if any(isinstance(value, int) and value > LARGEST_ID for value in (request.view_args or {}).values()):
        raise NotFound()
    if request.method in SAFE_METHODS:
        return
    _read_form()
    if any("\0" in name or "\0" in value for name, value in request.form.items(multi=True)):
        raise BadRequest(
            "The text contains a character that cannot be stored (NUL), so nothing was changed. Remove it, or type "
            "the text again, and send it once more."
        )


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Cache-Control"] = cache_control()
    response.vary.add("HX-Request")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _limiter_storage(redis_url: str) -> str:
    return "redis+" + redis_url if redis_url.startswith("unix://") else redis_url or "memory://"


def _limiter_patience(redis_url: str) -> dict[str, float]:
    """Nobody waits for a server that hangs: the limits are then counted in this process."""
    return {"socket_timeout": 0.3, "socket_connect_timeout": 0.3} if redis_url else {}


def init_app(app: Flask) -> None:
    """Protect `app`. Call before the views are registered: the order of these checks is the order of the answers."""
    settings: Settings = app.config["SETTINGS"]
    app.config.update(
        SESSION_COOKIE_NAME="console",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production,
        # Else an answer that was under way during a sign-in would put the cookie from before it back.
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        # Checked after the sign-in (views/session.py). One token a session: a page that stays open all day must be
        # able to write all day.
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        RATELIMIT_STORAGE_URI=_limiter_storage(settings.redis_url),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_STORAGE_OPTIONS=_limiter_patience(settings.redis_url),
        RATELIMIT_HEADERS_ENABLED=True,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    # A slash too many is an address that is not there; the redirect would name whatever host the request spoke of.
    app.url_map.merge_slashes = False
    app.before_request(_refuse_other_sites)
    app.before_request(_refuse_unreadable)
    csrf.init_app(app)
    limiter.init_app(app)
    app.after_request(_harden)
