"""Who is not signed in, and whose request did not come from a page of ours: nothing is shown and nothing changes."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.browserless import Client
from tests.prove.hostile_input.fuzzing import FORM, Pairs, aimed, encoded
from tests.prove.hostile_input.place import HOME, Place, Visitor, token_of
from tests.prove.hostile_input.planting import value

OPEN = ("/login", "/logout", "/password", "/static/", "/healthz", "/readyz", "/metrics")
"""What answers to anyone, by the beginning of its address."""
SITES = ("cross-site", "same-site", "\xff", "", "Same-Origin", "same-origin, cross-site", "same-origin\t,")
ORIGINS = (
    "https://evil.example",
    "null",
    "https://desk.example.evil.example",
    "http://evil.example:80",
    "\xff",
    "//",
)


def strangers(place: Place, rounds: int) -> None:
    """Ask for everything without a sign-in, with a token of one's own, in order and out of it."""
    watch, claim = place.watch, "strangers_get_nothing"
    client = Client(place.app)
    token = token_of(client)
    before = place.rows(but_refusals=True)
    for rule in place.routes.rules:
        for method in {"GET", "HEAD", "POST"} & {*(rule.methods or ())}:
            for number in range(rounds):
                shot = aimed(place, rule, method, token) if number else None
                path, options = (shot.path, shot.options) if shot else _right(place, rule, method, token)
                answer = client.open(path, method=method, base_url=HOME, **options)
                shown = watch.look(answer, f"signed out, {method} {path[:100]}", rule.endpoint)
                watch.tried[claim][f"{method} requests"] += 1
                _refused(place, rule, method, path, answer, shown, _sent(options))
    _unchanged(place, claim, before, "requests without a sign-in", but_refusals=True)


def _right(place: Place, rule: Rule, method: str, token: str) -> tuple[str, dict[str, Any]]:
    """What somebody of the team would send."""
    if method != "POST":
        return place.routes.path(rule, place.random), {}
    form = place.routes.form(rule, place.random)
    data = {name: value(place, rule.endpoint, form, name, "", "-") for name in form.fields}
    return form.action, {"data": data | {"csrf_token": token}}


def _sent(options: dict[str, Any]) -> str:
    return str(options.get("data")) + str(options.get("query_string"))


def _refused(
    place: Place, rule: Rule, method: str, path: str, answer: TestResponse, shown: str, sent: str
) -> None:
    """A stranger is led to the sign-in, or gets it as an answer; no words of anybody's are in it but their own."""
    claim, about = "strangers_get_nothing", f"signed out, {method} {path[:100]}: {answer.status_code}"
    if told := place.marks.found(shown) - place.marks.found(sent):
        place.watch.wrong(claim, f"{about} shows {sorted(told)[:5]}")
    if rule.rule.startswith(OPEN):
        return
    led = answer.status_code == 302 and answer.headers["Location"].startswith("/login?next=")
    # What is no address at all, or no HTTP, is refused before anybody looks who asks.
    unread = answer.status_code in (400, 403, 404, 405, 413) and "zq" not in shown
    if not led and answer.status_code != 401 and not unread:
        place.watch.wrong(claim, about)


def forged(place: Place, visitor: Visitor, other: Visitor, rounds: int) -> None:
    """Every form with everything right but its token, or but where it comes from."""
    stranger = token_of(Client(place.app))
    wrong = {
        "no": None,
        "an empty": "",
        "a long": "x" * 5000,
        "somebody's": other.token,
        "a stranger's": stranger,
    }
    cut = visitor.token.rpartition(".")[0]
    wrong |= {"a cut": visitor.token[:-4], "an unsigned": cut, "a turned": visitor.token[::-1]}
    headers: list[dict[str, str]] = [{}] * len(wrong)
    _forge(
        place, visitor, "forms_need_their_token", list(zip(wrong.items(), headers, strict=True)), rounds, 400
    )
    mine = ("the right", visitor.token)
    sites = [(mine, {"Sec-Fetch-Site": site}) for site in SITES]
    origins = [(mine, {"Origin": origin}) for origin in ORIGINS]
    _forge(place, visitor, "other_sites_change_nothing", sites + origins, rounds, 403)


def _forge(
    place: Place,
    visitor: Visitor,
    claim: str,
    ways: list[tuple[tuple[str, str | None], dict[str, str]]],
    rounds: int,
    status: int,
) -> None:
    watch = place.watch
    before = place.rows()
    for rule in place.routes.posts():
        for (said, token), headers in place.random.sample(ways, min(rounds, len(ways))):
            form = place.routes.form(rule, place.random)
            pairs: Pairs = [(name, value(place, rule.endpoint, form, name, "", "-")) for name in form.fields]
            pairs = [pair for pair in pairs if pair[0] != "csrf_token"]
            pairs += [("csrf_token", token)] if token is not None else []
            options = {"data": encoded(pairs), "content_type": FORM, "headers": headers}
            answer, _ = visitor.open(form.action, rule.endpoint, "POST", **options)
            watch.tried[claim]["forms"] += 1
            if answer.status_code != status:
                watch.wrong(claim, f"POST {form.action} with {said} token, {headers}: {answer.status_code}")
    _unchanged(place, claim, before, f"{watch.tried[claim]['forms']} forms")


def _unchanged(
    place: Place, claim: str, before: dict[str, str], what: str, *, but_refusals: bool = False
) -> None:
    after = place.rows(but_refusals=but_refusals)
    for table in sorted(before):
        if before[table] != after[table]:
            place.watch.wrong(claim, f"{what} changed {table}")
    place.watch.tried[claim]["tables compared"] = len(before)


def reading(place: Place, visitor: Visitor, rounds: int) -> None:
    """GET and HEAD of every address there is, with a sign-in that may do everything, right and spoilt."""
    claim = "reading_changes_nothing"
    before = place.rows()
    for rule in place.routes.rules:
        for number in range(rounds):
            # Also where only a POST is answered: whoever adds GET to it has added a way to change by reading.
            for method in ("GET", "HEAD"):
                shot = aimed(place, rule, method, visitor.token)
                path, options = (shot.path, shot.options) if number > 1 else (_plain(place, rule, number), {})
                answer, _ = visitor.open(path, rule.endpoint, method, **options)
                place.watch.tried[claim][f"{method} requests"] += 1
                if answer.status_code >= 500 and rule.endpoint != "health.ready":
                    place.watch.wrong(claim, f"{method} {path[:100]}: {answer.status_code}")
    _unchanged(place, claim, before, "reading")


def _plain(place: Place, rule: Rule, number: int) -> str:
    """An address as a page has it; then one with a number that no row can have."""
    return place.routes.path(rule, place.random, odd=str(2**63) if number else None)
