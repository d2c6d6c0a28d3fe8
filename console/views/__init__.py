"""One file a page: load, verb, fragment. A module here with a `blueprint` is a part of the console."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from flask import Flask
from flask_login import current_user

from console import assets
from console.config import Settings
from console.db import now
from console.live import event_name
from console.presenters import names, times
from console.presenters.days import zone
from console.presenters.navigation import ADMIN, rooms
from console.views import problems, session
from console.views.fragments import unchanging


def init_app(app: Flask) -> None:
    """Register every page, what answers errors, and the words that templates share."""
    settings: Settings = app.config["SETTINGS"]

    local = zone(settings.timezone)

    def shared() -> dict[str, Any]:
        admin = getattr(current_user, "is_admin", False)
        return {"brand": settings.brand, "navigation": rooms(admin=admin), "limits": settings}

    assets.init_app(app)
    problems.init_app(app)
    session.init_app(app)
    for module in iter_modules(__path__):
        found = import_module(f"{__name__}.{module.name}")
        if hasattr(found, "blueprint"):
            app.register_blueprint(found.blueprint)
    app.context_processor(shared)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(now=now, unchanging=unchanging, admin_pages=ADMIN)
    app.jinja_env.filters.update(
        ago=times.ago,
        coming=times.coming,
        exact=lambda at: times.exact(at, local),
        iso=times.iso,
        left=times.left,
        initials=names.initials,
        tint=names.tint,
        event_name=event_name,
    )
    # A global and not an import: Jinja looks through all globals again at each import, a dozen times a page.
    app.jinja_env.globals["ui"] = app.jinja_env.get_template("shell/_macros.html").module
