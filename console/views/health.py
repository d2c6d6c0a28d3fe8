"""For machines: is the process alive, can the deployment do its work, and how much of it does it do."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify

from console import metrics, vitals
from console.config import Settings

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """200 as long as this process answers; asks nothing else."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """200 when all parts are there, 503 otherwise, and in both cases which is how."""
    settings: Settings = current_app.extensions["settings"]
    parts = {"database": vitals.database_answers(settings.database_url)}
    parts |= vitals.signs(current_app.extensions["console_redis"])
    missing = [name for name, there in parts.items() if not there]
    return jsonify(ready=not missing, missing=missing), 503 if missing else 200


@blueprint.get("/metrics")
def numbers() -> Response:
    """Prometheus' text format."""
    return Response(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")
