"""Addresses elsewhere, in every name that any view takes and in who is asked: nobody is led out of the console."""

from __future__ import annotations

from werkzeug.routing import Rule

from tests.browserless import Client
from tests.conftest import PASSWORD
from tests.prove.hostile_input.fuzzing import FORM, Pairs, Shot, encoded, fire
from tests.prove.hostile_input.place import HOME, Place, Visitor, token_of
from tests.prove.hostile_input.planting import fresh
from tests.prove.hostile_input.values import EVIL

CLAIM = "nobody_is_led_elsewhere"


def lead(place: Place, visitor: Visitor, most: int) -> None:
    """Put addresses elsewhere into each name of each address; all of them into the way through the sign-in."""
    names = [(rule, name) for rule in place.routes.rules for name in place.routes.names(rule.endpoint)]
    ways = [(rule, name, evil) for rule, name in names for evil in EVIL]
    for rule, name, evil in place.random.sample(ways, min(most, len(ways))):
        fire(place, visitor, rule, _shot(place, visitor, rule, name, evil), CLAIM)
        place.watch.tried[CLAIM]["addresses elsewhere"] += 1
    for evil in EVIL:
        for headers in ({}, {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}):
            try:
                _through_the_door(place, evil, headers)
            except ValueError as error:
                # The application failed at writing the answer, where it has nothing around it any more.
                place.watch.wrong(CLAIM, f"signing in with next={evil!r}: {error}")


def _shot(place: Place, visitor: Visitor, rule: Rule, name: str, evil: str) -> Shot:
    """What this rule would take, but for one name."""
    host = {"Host": "evil.example"} if place.random.random() < 0.2 else {}
    if "POST" not in (rule.methods or ()):
        path = place.routes.path(rule, place.random)
        return Shot("GET", path, {"query_string": encoded([(name, evil)]).decode(), "headers": host})
    form = place.routes.form(rule, place.random)
    form = fresh(place, visitor, form) if name in form.fields else form
    values = {field: one.value for field, one in form.fields.items()}
    pairs: Pairs = list((values | {"csrf_token": visitor.token, name: evil}).items())
    return Shot("POST", form.action, {"data": encoded(pairs), "content_type": FORM, "headers": host})


def _through_the_door(place: Place, evil: str, headers: dict[str, str]) -> None:
    """Signing in, and being signed in already, with somewhere else to go on to."""
    place.mend()
    client = Client(place.app)
    form = {"email": "ben@example.com", "password": PASSWORD, "csrf_token": token_of(client), "next": evil}
    asked = client.get("/login", query_string={"next": evil}, base_url=HOME, headers=headers)
    place.watch.look(asked, f"the sign-in page with next={evil!r}", "session.login")
    answer = client.post(
        "/login", data=form, base_url=HOME, headers={k: v for k, v in headers.items() if k != "Host"}
    )
    place.watch.look(answer, f"the sign-in with next={evil!r}", "session.sign_in")
    again = client.get("/login", query_string={"next": evil}, base_url=HOME)
    place.watch.look(again, f"GET /login?next={evil!r}, signed in", "session.login")
    if answer.status_code != 303:
        place.watch.wrong(CLAIM, f"nobody could sign in with next={evil!r}: {answer.status_code}")
    place.watch.tried[CLAIM]["ways through the sign-in"] += 1
