"""Every address, thousands of times, with what nobody would send: in its path, query, fields, headers and encoding."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from werkzeug.routing import Rule

from tests.prove.hostile_input.place import Place, Visitor
from tests.prove.hostile_input.values import BODIES, HEADERS, KINDS, SEGMENTS, SURELY, VALUES

CLAIM = "no_request_fails"
Pairs = list[tuple[str, str | bytes]]
FORM = "application/x-www-form-urlencoded"


class Shot(NamedTuple):
    """One request."""

    method: str
    path: str
    options: dict[str, Any]


def aimed(place: Place, rule: Rule, method: str, token: str) -> Shot:
    """A request that this rule would take, but for one to four things in it."""
    random, routes = place.random, place.routes
    odd = random.choice(SEGMENTS) if random.random() < 0.25 else None
    path = routes.path(rule, random, odd=odd)
    headers = dict(random.choice(HEADERS)) if random.random() < 0.4 else {}
    if random.random() < 0.25:
        headers |= {"HX-Request": "true"}
    options: dict[str, Any] = {"headers": headers}
    names = routes.names(rule.endpoint)
    if method != "POST":
        options["query_string"] = encoded(
            _query(names, sorted(routes.queries[rule.endpoint]), random)
        ).decode()
        return Shot(method, path, options)
    if random.random() < 0.15:
        body, kind = random.choice(BODIES), random.choice((*KINDS, FORM))
        return Shot(method, path, options | {"data": body, "content_type": kind})
    form = routes.form(rule, random)
    path = form.action if odd is None and form.page else path
    pairs: Pairs = [("csrf_token", token)]
    pairs += [(name, one.value) for name, one in form.fields.items() if name != "csrf_token"]
    pairs = _spoilt(pairs, names, random)
    if random.random() < 0.1:
        options["query_string"] = encoded(_query(names, [], random)).decode()
    if random.random() < 0.15:
        return Shot(method, path, options | _parts(pairs))
    return Shot(method, path, options | {"data": encoded(pairs), "content_type": FORM})


def _query(names: list[str], known: list[tuple[str, str]], random: Random) -> Pairs:
    pairs: Pairs = [random.choice(known)] if known and random.random() < 0.7 else []
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        name = random.choice(names) if names and random.random() < 0.85 else "zq\xff["
        pairs.append((name, random.choice(VALUES)[:20_000]))
    return pairs


def _spoilt(pairs: Pairs, names: list[str], random: Random) -> Pairs:
    """The fields with some changed, doubled, missing or new."""
    pairs = list(pairs)
    for _ in range(random.choice((1, 1, 2, 3))):
        what = random.random()
        place = random.randrange(len(pairs))
        name, value = pairs[place]
        if what < 0.6 and len(pairs) > 1:
            place = random.randrange(1, len(pairs))
            pairs[place] = (pairs[place][0], random.choice(VALUES))
        elif what < 0.7:
            pairs.append((name, random.choice(VALUES)))
        elif what < 0.8 and names:
            pairs.append((random.choice(names), random.choice(VALUES)))
        elif what < 0.9 and place:
            del pairs[place]
        elif place:
            pairs[place] = (random.choice(("", name + "[]", name + "\0", name.upper(), "\xff")), value)
    return pairs


def encoded(pairs: Pairs) -> bytes:
    """As a browser would send it, also what is no Unicode."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs).encode()


def _quoted(value: str | bytes) -> str:
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return quote_from_bytes(raw, safe="")


def _parts(pairs: Pairs) -> dict[str, Any]:
    """The same as a body of parts."""
    body = b""
    for name, value in pairs:
        raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        safe = (
            name.encode("utf-8", "surrogatepass")
            .replace(b'"', b"%22")
            .replace(b"\r", b"")
            .replace(b"\n", b"")
        )
        body += b'--edge\r\nContent-Disposition: form-data; name="' + safe + b'"\r\n\r\n' + raw + b"\r\n"
    return {"data": body + b"--edge--\r\n", "content_type": "multipart/form-data; boundary=edge"}


def surely(place: Place, rule: Rule, token: str, value: str | bytes) -> Shot:
    """A form as a page has it, with this in one of the fields that are typed into."""
    form = place.routes.form(rule, place.random)
    typed = sorted(name for name, one in form.fields.items() if one.kind in ("text", "textarea", "search"))
    chosen = place.random.choice(typed or sorted(form.fields) or ["zq"])
    pairs: Pairs = [
        (name, one.value) for name, one in form.fields.items() if name not in (chosen, "csrf_token")
    ]
    pairs += [("csrf_token", token), (chosen, value)]
    return Shot("POST", form.action, {"data": encoded(pairs), "content_type": FORM})


def fuzz(place: Place, visitor: Visitor, rounds: int) -> None:
    """Shoot at each form in turn, and examine every answer."""
    tried = place.watch.tried[CLAIM]
    for number in range(rounds):
        for rule in place.routes.posts():
            if number < len(SURELY):
                shot = surely(place, rule, visitor.token, SURELY[number])
            else:
                shot = aimed(place, rule, "POST", visitor.token)
            answer = fire(place, visitor, rule, shot, CLAIM)
            tried["forms"] += 1
            tried[f"answered {answer // 100}xx"] += 1


def fire(place: Place, visitor: Visitor, rule: Rule, shot: Shot, claim: str) -> int:
    """Send one request; its status. What breaks on the way is as bad as a failure."""
    try:
        answer, _ = visitor.open(shot.path, rule.endpoint, shot.method, **shot.options)
    except Exception as error:
        place.watch.wrong(
            "no_request_fails", f"{shot.method} {shot.path[:120]}: {type(error).__name__}: {error}"[:300]
        )
        return 500
    if answer.status_code >= 500 and rule.endpoint != "health.ready":
        place.watch.wrong(
            claim, f"{shot.method} {shot.path[:120]} {_told(shot.options)}: {answer.status_code}"
        )
    ended = answer.status_code == 401 or "/login" in answer.headers.get("Location", "")
    if shot.method == "POST" and ended:
        visitor.sign_in()
    return int(answer.status_code)


def _told(options: dict[str, Any]) -> str:
    """What a request carried, for whoever looks for the cause."""
    body = options.get("data") or options.get("query_string", "").encode()
    return f"{options.get('headers')} {unquote_to_bytes(body)[:300]!r}"
