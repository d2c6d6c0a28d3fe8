"""What a WSGI server serves: `gunicorn -c console/gunicorn.py console.wsgi:app`."""

from __future__ import annotations

from console import create_app, logs
from console.config import Settings

settings = Settings.from_env()
logs.configure(settings)
app = create_app(settings)
