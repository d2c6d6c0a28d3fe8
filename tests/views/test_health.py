"""What machines ask: alive, ready, how much."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from console import governance, vitals
from console.governance import ToolContext
from tests.conftest import Cast


def everyone_is_seen(app: Flask) -> None:
    for who in ("worker", "clock"):
        vitals.leave_sign(app.extensions["console_redis"], who)


def test_healthz_asks_nothing_but_the_process(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "database_answers", lambda _url: pytest.fail("asked the database"))
    assert client.get("/healthz").status_code == 200


def test_readyz_is_ready_when_all_parts_are_there(app: Flask, client: FlaskClient) -> None:
    everyone_is_seen(app)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "missing": []})


@pytest.mark.parametrize("who", ["worker", "clock"])
def test_readyz_names_who_was_not_seen(app: Flask, client: FlaskClient, who: str) -> None:
    everyone_is_seen(app)
    app.extensions["console_redis"].delete(f"console:seen:{who}")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "missing": [who]})


def test_a_sign_fades_within_a_minute(app: Flask) -> None:
    vitals.leave_sign(app.extensions["console_redis"], "worker")
    assert 0 < app.extensions["console_redis"].ttl("console:seen:worker") <= 60


def test_readyz_names_a_database_that_is_away(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone_is_seen(app)
    away = app.extensions["settings"].model_copy(update={"database_url": "postgresql://127.0.0.1:1/none"})
    monkeypatch.setitem(app.extensions, "settings", away)
    assert client.get("/readyz").json == {"ready": False, "missing": ["database"]}


def numbers(client: FlaskClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        f"{sample.name}{dict(sorted(sample.labels.items()))}": sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics_count_requests_proposals_and_what_waits(client: FlaskClient, cast: Cast) -> None:
    client.get("/healthz")
    context = ToolContext(tool_params={"body": "Call her back."}, conversation_id=cast.conversation.id)
    governance.submit("internal_note", cast.iris.actor_id, context, enqueue=lambda *_args, **_options: None)
    found = numbers(client)
    assert found["console_requests_total{'endpoint': 'health.alive', 'method': 'GET', 'status': '200'}"] >= 1
    assert found["console_proposals_total{'outcome': 'created'}"] == 1
    assert found["console_open_lanes{'status': 'pending'}"] == 1
    assert found["console_queue_jobs{'queue': 'actions'}"] == 0


def test_metrics_have_no_label_that_a_visitor_chooses(client: FlaskClient) -> None:
    client.get("/no-such-page-brewery")
    client.open("/healthz", method="BREW")
    text = client.get("/metrics").text
    assert "brewery" not in text and "BREW" not in text


def test_machines_need_no_sign_in_and_get_no_cookie(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = client.get(path)
        assert answer.status_code != 302 and "Set-Cookie" not in answer.headers
