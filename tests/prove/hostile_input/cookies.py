"""Cookies that are not whose they say they are, and tries at the door."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from flask.sessions import SecureCookieSessionInterface

from tests.browserless import Client
from tests.conftest import PASSWORD
from tests.prove.hostile_input.place import HOME, Place, token_of

SECRETS = ("", "development-only", "secret", "dev", "console", "x" * 50)
ENDED = "UPDATE sign_ins SET {} WHERE id = (SELECT max(id) FROM sign_ins WHERE operator_id = :id)"


def cookies(place: Place, rounds: int) -> None:
    """Cookies altered, cut, of another secret, put together from two, of sign-ins that ended: none lets anybody in."""
    claim = "only_an_open_sign_in_lets_in"
    for said, cookie in [*_made_up(place, rounds), *_ended(place)]:
        client = Client(place.app, use_cookies=False)
        sent = {"Cookie": f"console={cookie}"}
        place.watch.tried[claim]["cookies"] += 1
        for path, wanted in (("/inbox", 302), ("/live?topics=inbox", 401), ("/audit.csv", 302)):
            answer = client.get(path, base_url=HOME, headers=sent)
            shown = place.watch.look(answer, f"a cookie {said}")
            if answer.status_code != wanted or place.marks.found(shown):
                place.watch.wrong(claim, f"a cookie {said}: {path} answers {answer.status_code}")


def _made_up(place: Place, rounds: int) -> Iterator[tuple[str, str]]:
    ada, ben = place.visitor("ada").cookie, place.visitor("ben").cookie
    # The last sign of a signature has bits that mean nothing.
    for _ in range(rounds):
        at = place.random.randrange(len(ada) - 1)
        other = place.random.choice("abcXYZ019-_.")
        if other != ada[at]:
            yield f"altered at {at}", ada[:at] + other + ada[at + 1 :]
    yield from ((f"cut to {size}", ada[:size]) for size in range(0, len(ada) - 1, max(1, len(ada) // rounds)))
    parts, others = ada.rsplit(".", 2), ben.rsplit(".", 2)
    yield "of two people", ".".join((parts[0], others[1], others[2]))
    yield "of another moment", ".".join((parts[0], parts[1][::-1], parts[2]))
    yield "without a signature", parts[0]
    yield "twice", f"{ada}{ben}"
    yield "huge", "x" * 60_000
    yield "of dots", "." * 3000
    yield "with signs that are none", "\xff\xfe"
    for secret in SECRETS:
        yield f"signed with {secret[:10]!r}", _signed(place, secret, ada)
    plain = base64.urlsafe_b64encode(f'{{"_user_id":"{place.people["ada"]}"}}'.encode()).decode()
    yield "with a number for a token", f"{plain}.{parts[1]}.{parts[2]}"


def _signed(place: Place, secret: str, cookie: str) -> str:
    """What the cookie says, signed as another console would."""
    interface = SecureCookieSessionInterface()
    right = interface.get_signing_serializer(place.app)
    assert right is not None
    kept, place.app.secret_key = place.app.secret_key, secret or "empty"
    try:
        wrong = interface.get_signing_serializer(place.app)
        assert wrong is not None
        return str(wrong.dumps(right.loads(cookie)))
    finally:
        place.app.secret_key = kept


def _ended(place: Place) -> Iterator[tuple[str, str]]:
    """Of sign-ins that were open a moment ago."""
    left = place.visitor("ben")
    cookie = left.cookie
    left.client.post("/logout", data={"csrf_token": left.token}, base_url=HOME)
    yield "of a sign-in that was left", cookie
    for said, change in (("ran out", "expires_at = now()"), ("was ended", "ended_at = now()")):
        one = place.visitor("cleo")
        place.sql(ENDED.format(change), id=place.people["cleo"])
        yield f"of a sign-in that {said}", one.cookie
    gone = place.visitor("cleo")
    place.sql("UPDATE operators SET active = false WHERE id = :id", id=place.people["cleo"])
    yield "of somebody who may not work here any more", gone.cookie


def fixed_before(place: Place) -> None:
    """A cookie that somebody put into a browser before its owner signed in there is worth nothing afterwards."""
    watch, claim = place.watch, "a_sign_in_starts_anew"
    place.mend()
    for whose in ("a stranger's", "a colleague's"):
        colleague = place.visitor("ben") if whose == "a colleague's" else None
        victim = Client(place.app)
        token = colleague.token if colleague else token_of(victim)
        planted = colleague.cookie if colleague else _cookie(victim)
        if colleague:
            victim.set_cookie("console", planted, domain="desk.example", secure=True)
        form = {"email": "cleo@example.com", "password": PASSWORD, "csrf_token": token}
        entered = victim.post("/login", data=form, base_url=HOME)
        thief = Client(place.app, use_cookies=False)
        answer = thief.get("/inbox", base_url=HOME, headers={"Cookie": f"console={planted}"})
        watch.tried[claim]["sign-ins"] += 1
        if entered.status_code != 303 or answer.status_code != 302 or _cookie(victim) == planted:
            watch.wrong(
                claim, f"{whose} cookie from before answers {answer.status_code} ({entered.status_code})"
            )
        draft = {"key": "conversation:1:reply", "body": "b", "csrf_token": token}
        forged = victim.post("/drafts", data=draft, base_url=HOME)
        if forged.status_code != 400:
            watch.wrong(
                claim, f"{whose} token from before the sign-in is taken after it: {forged.status_code}"
            )


def _cookie(client: Client) -> str:
    found = client.get_cookie("console", "desk.example")
    return found.value if found else ""


def guessed(place: Place, visitor_name: str = "ada") -> None:
    """Guess a password with another forged address each time: soon nobody asks any more whether it is right."""
    from console import create_app
    from console.security import limiter

    watch, claim = place.watch, "guesses_are_limited"
    settings = place.stack.settings.model_copy(update={"login_limit": "10 per minute; 50 per hour"})
    app = create_app(settings)
    client = Client(app)
    token = token_of(client)
    taken = 0
    for number in range(40):
        forged = f"10.{number}.1.2"
        headers = {
            "X-Forwarded-For": forged,
            "X-Real-IP": forged,
            "Forwarded": f"for={forged}",
            "True-Client-IP": forged,
            "User-Agent": f"browser {number}",
        }
        if number % 3 == 0:
            client = Client(app)
            token = token_of(client)
        form = {"email": f"{visitor_name}@example.com", "password": f"guess {number}", "csrf_token": token}
        answer = client.post("/login", data=form, base_url=HOME, headers=headers)
        watch.look(answer, "a guess")
        taken += answer.status_code != 429
        watch.tried[claim]["guesses"] += 1
    if not 10 <= taken <= 20:
        watch.wrong(claim, f"{taken} of 40 guesses with forged addresses were taken")
    watch.tried[claim]["taken"] = taken
    limiter.reset()
