"""Static files: addresses that change with their content, and one stylesheet made of the files that app.css names."""

from __future__ import annotations

import hashlib
import re
import time
from functools import cache, lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, url_for

from console.errors import NotFound
from console.presenters import marks

STATIC = Path(__file__).parent.parent / "static"
SCRIPTS = (
    "vendor/htmx.org@4.0.1/htmx.min.js",
    "vendor/htmx.org@4.0.1/ext/hx-sse.min.js",
    "js/announce.js",
    "js/csrf.js",
    "js/guard.js",
    "js/region.js",
    "js/stream.js",
    "js/problem.js",
    "js/sign-in.js",
    "js/submit-once.js",
    "js/draft.js",
    "js/counter.js",
    "js/clock.js",
    "js/dialog.js",
    "js/copy.js",
    "js/decision.js",
    "js/keys.js",
    "js/palette.js",
)
HTMX_CONFIG = {
    "includeIndicatorCSS": False,
    "history": "reload",
    "morphIgnore": ["data-htmx-powered", "open", "style"],
    "sse": {"reconnectDelay": 200, "reconnectMaxDelay": 700, "connectTimeout": 10_000},
}

blueprint = Blueprint("assets", __name__)

_IMPORT = re.compile(r'@import url\("(?P<file>[a-z-]+\.css)"\) layer\((?P<layer>[a-z]+)\);\n?')


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def _file_digest(name: str, changed_ns: int) -> str:
    return _digest((STATIC / name).read_bytes())


def asset(name: str) -> str:
    """The address of a file under static/, which may be kept for ever because it changes with the content."""
    return _address(name, request.script_root, int(time.monotonic()))


@lru_cache(maxsize=256)
def _address(name: str, root: str, second: int) -> str:
    """A page has dozens of these: the disk is asked once a second, so that an edit is still seen by the next reload."""
    return url_for("static", filename=name, v=_file_digest(name, (STATIC / name).stat().st_mtime_ns))


@lru_cache(maxsize=1)
def _sprite(second: int) -> str:
    """The sprite's address, of which a page has two hundred."""
    return asset("sprite.svg")


def _bundle() -> str:
    """app.css with each imported file in its place: one request instead of forty, the same layers."""

    def inline(found: re.Match[str]) -> str:
        return f"@layer {found['layer']} {{\n{(STATIC / 'css' / found['file']).read_text()}}}\n"

    return _IMPORT.sub(inline, (STATIC / "css" / "app.css").read_text())


@cache
def _bundled(changed_ns: int) -> tuple[str, str]:
    text = _bundle()
    return text, _digest(text.encode())


@lru_cache(maxsize=1)
def _changed_ns(second: int) -> int:
    return max(file.stat().st_mtime_ns for file in (STATIC / "css").glob("*.css"))


def _current_bundle() -> tuple[str, str]:
    return _bundled(_changed_ns(int(time.monotonic())))


def stylesheet() -> str:
    """The address of the one stylesheet."""
    return url_for("assets.css", digest=_current_bundle()[1])


@blueprint.get("/assets/<digest>/app.css")
def css(digest: str) -> Response:
    """The one stylesheet, under the digest of its content. Raises NotFound for any other digest."""
    text, current = _current_bundle()
    if digest != current:
        raise NotFound()
    return Response(text, mimetype="text/css")


def cache_control() -> str:
    """How long the answer to the present request may be kept: files by digest for ever, customer data never."""
    if request.endpoint == "assets.css" or (request.endpoint == "static" and request.args.get("v")):
        return "public, max-age=31536000, immutable"
    return "no-cache" if request.endpoint == "static" else "no-store"


def init_app(app: Flask) -> None:
    """Give templates `asset`, `stylesheet`, `sprite`, `scripts` and `htmx_config`."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        asset=asset,
        stylesheet=stylesheet,
        sprite=lambda: asset("sprite.svg"),
        icon_mark=lambda *args, **options: marks.icon(_sprite(int(time.monotonic())), *args, **options),
        avatar_mark=lambda *args, **options: marks.avatar(_sprite(int(time.monotonic())), *args, **options),
        scripts=SCRIPTS,
        htmx_config=HTMX_CONFIG,
    )
