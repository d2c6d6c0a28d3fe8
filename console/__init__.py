"""Cairnloop Console: the web console in which people decide what software and agents may do to customers."""

from __future__ import annotations

from flask import Flask

from console.config import Settings

__all__ = ["Settings", "create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """Wire the application: the only place where its parts meet.

    Raises ConfigurationError when a setting, the policy, a tool or the channel cannot be used, naming it and why.
    """
    from console import channels, db, live, logs, metrics, queue, security, turns, views
    from console.governance.policy_file import load_policy
    from console.tools import load_registry

    settings = settings or Settings.from_env()
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key or "development-only",
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.max_body_bytes,
    )
    app.extensions["settings"] = settings
    logs.init_app(app)
    db.init_app(app, settings)
    queue.init_app(app, settings)
    registry = load_registry(settings.tools)
    app.extensions["console_tools"] = registry
    app.extensions["console_policy"] = load_policy(settings.policy, list(registry))
    app.extensions["console_channel"] = channels.load_channel(settings)
    metrics.init_app(app)
    security.init_app(app)
    live.init_app(app)
    views.init_app(app)
    turns.init_app(app)
    return app
