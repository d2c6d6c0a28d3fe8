"""What a name, an email, a password and a scope have to be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import email_validator

from console.errors import Invalid
from console.tools.registry import registry

MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_CHARS = 1_000
MAX_NAME_CHARS = 200
AGENT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def checked_email(email: str) -> str:
    """The email in its usual form. Raises Invalid."""
    try:
        return email_validator.validate_email(email.strip(), check_deliverability=False).normalized
    except email_validator.EmailNotValidError as error:
        said = f"{email} is no email address: {error}" if email.strip() else "An email address is needed."
        raise Invalid(said, fields={"email": said}) from error


def checked_name(name: str) -> str:
    """A person's name without spare spaces. Raises Invalid."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise _wrong("name", f"A name is needed, on one line and with at most {MAX_NAME_CHARS} characters.")
    return name


def checked_agent_name(name: str) -> str:
    """An agent's name, as it stands in `agent:<name>`. Raises Invalid."""
    if not AGENT_NAME.fullmatch(name):
        raise _wrong(
            "name",
            "An agent's name is made of small letters, digits, - and _, starts with a letter, and is short.",
        )
    return name


def checked_password(password: str) -> str:
    """The password, if it is long enough. Raises Invalid."""
    if len(password) < MIN_PASSWORD_CHARS:
        raise _wrong(
            "password",
            f"The password has {len(password)} characters; at least {MIN_PASSWORD_CHARS} are needed.",
        )
    if len(password) > MAX_PASSWORD_CHARS:
        raise _wrong(
            "password",
            f"The password has {len(password):,} characters; at most {MAX_PASSWORD_CHARS:,} fit.",
        )
    return password


def known_scopes() -> dict[str, list[str]]:
    """The scopes that tools here ask for, each with the titles of those tools."""
    found: dict[str, list[str]] = {}
    for tool in registry():
        for scope in tool.scopes:
            found.setdefault(scope, []).append(tool.title)
    return dict(sorted(found.items()))


def checked_scopes(scopes: Iterable[str], held: Collection[str] = ()) -> list[str]:
    """The scopes, sorted, once each. Raises Invalid for one that no tool here asks for: a typing error, mostly.

    What somebody holds already may stay, whatever became of its tools.
    """
    wanted, known = {scope.strip() for scope in scopes}, known_scopes()
    unknown = sorted(wanted - set(known) - set(held))
    if unknown:
        offered = ", ".join(known) or "none"
        raise _wrong(
            "scopes", f"No tool here asks for the scope {unknown[0]}. Scopes that are asked for: {offered}."
        )
    return sorted(wanted)


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, fields={field: sentence})
