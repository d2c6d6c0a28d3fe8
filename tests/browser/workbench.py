"""A page with everything that a live update could spoil, served by the real shell. Its state is in the queue's server,
so that a test changes it from outside: `client.set("workbench", json.dumps(…))`."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Flask, Response, render_template_string, request

from console import create_app, queue
from console.errors import Conflict, Forbidden
from console.views.fragments import fragment

STATE: dict[str, Any] = {
    "number": 1,
    "rows": [1, 2, 3],
    "draft": "",
    "decided": False,
    "said": "",
    "answer": "ok",
}

PAGE = """{% set topics = ["conversation:1"] %}{% extends "shell/base.html" %}
{% block title %}Workbench{% endblock %}
{% block main %}{{ region|safe }}{% endblock %}"""

REGION = """\
<section id="bench" {{ ui.live("/workbench/region", ["conversation:1"]) }}
 data-says="Number {{ number }}">
<p id="number">{{ number }}</p>
<ol>{% for row in rows %}<li id="row-{{ row }}"><label><input type="checkbox" id="pick-{{ row }}"> Row {{ row }}</label>
<button type="button" id="press-{{ row }}">Press {{ row }}</button></li>{% endfor %}</ol>
<details id="more"><summary id="summary">More</summary><p>Inside {{ number }}</p></details>
<label>Amount <input id="amount" value="{{ number }}.00"></label>
<label>Colour <select id="colour"><option>red</option><option>blue</option>
<option>n{{ number }}</option></select></label>
{% if said %}<p id="decide">{{ said }}</p>{% elif decided %}<div class="kept"><p>Somebody decided. What you typed:</p>
<textarea id="reason" placeholder=" " readonly></textarea></div>{% else %}
<form id="decide" action="/workbench/decide" method="post" hx-post="/workbench/decide" hx-target="#decide"
 hx-swap="outerHTML">{{ ui.csrf() }}<textarea id="reason" name="reason" placeholder=" ">{{ draft }}</textarea>
<button id="send" type="submit">Send</button></form>{% endif %}
</section>"""

blueprint = Blueprint("workbench", __name__)


def state() -> dict[str, Any]:
    kept = queue.redis().get("workbench")
    return {**STATE, **(json.loads(kept) if kept else {})}


@blueprint.get("/workbench")
def page() -> str:
    return render_template_string(PAGE, region=render_template_string(REGION, **state()))


@blueprint.get("/workbench/region")
def region() -> Response:
    queue.redis().incr("workbench:fetches")
    return fragment(render_template_string(REGION, **state()))


@blueprint.post("/workbench/decide")
def decide() -> Response | tuple[str, int]:
    queue.redis().incr("workbench:decisions")
    answer, reason = state()["answer"], request.form["reason"]
    if answer == "forbidden":
        raise Forbidden()
    if answer == "conflict":
        raise Conflict()
    if answer == "broken":
        raise RuntimeError("broken on purpose")
    if answer == "invalid":
        words = (
            '<form id="decide"><p id="error">Say why.</p><textarea id="reason">{{ reason }}</textarea></form>'
        )
        return render_template_string(words, reason=reason), 422
    # Kept, as a decision is: a refresh that comes after the answer shows the same.
    said = f"Decided: {len(reason)}"
    queue.redis().set("workbench", json.dumps(state() | {"said": said}))
    return Response(f'<p id="decide">{said}</p>')


def build() -> Flask:
    app = create_app()
    app.register_blueprint(blueprint)
    return app
