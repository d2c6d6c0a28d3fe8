"""The way to a provider and back, as a browser goes it."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from werkzeug.test import TestResponse

from tests.browserless import Client
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET
from tests.views.forms import Page, send

BACK = "http://localhost/login/oidc/back"
BEN = {"sub": "b-7", "email": "Ben@Example.com", "email_verified": True, "name": "Ben"}


def oidc(issuer: str) -> dict[str, str]:
    return {"oidc_issuer": issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> Request | None:
        return None


def visit(address: str) -> str:
    """Where the provider sends its visitor next."""
    try:
        build_opener(_Stay).open(address)
    except HTTPError as answer:
        assert answer.code == 302, answer.read()
        return str(answer.headers["Location"])
    raise AssertionError("The provider sent nobody anywhere.")


def go(browser: Client, to: str = "/inbox") -> str:
    """Press the button, prove oneself at the provider, and where that leads back to."""
    away = browser.get("/login/oidc", query_string={"next": to})
    assert away.status_code == 302, away.text
    return visit(away.location)


def come_back(browser: Client, address: str) -> TestResponse:
    """The page that comes back, and its form sent."""
    assert address.startswith(BACK)
    page = browser.get(address.removeprefix("http://localhost"))
    assert page.status_code == 200
    return send(browser, Page(page.text).form("/login/oidc/back"))


def sign_in(browser: Client, to: str = "/inbox") -> TestResponse:
    return come_back(browser, go(browser, to))
