"""What nobody can make the console believe: answers of the provider, or of somebody who plays it, that do not hold."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from console.db import db
from console.models import SignIn
from tests.browserless import Client
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.views.oidc import sign_in

LIES: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"iss": "https://evil.example"},
    {"aud": "somebody-else"},
    {"aud": "somebody-else", "azp": CLIENT_ID},
    {"aud": [CLIENT_ID, "somebody-else"], "azp": "somebody-else"},
    {"exp": 1},
    {"iat": None},
    {"sub": None},
    {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_an_answer_that_does_not_hold_signs_nobody_in(
    browser: Client, provider: Provider, lie: dict[str, Any]
) -> None:
    provider.lies = lie
    answer = sign_in(browser)
    assert answer.status_code == 422 and "could not be verified" in answer.text
    assert db.session.scalar(select(SignIn)) is None


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RS256", RSAKey.generate_key(2048, {"kid": "first"})),
        ("HS256", OctKey.import_key(CLIENT_SECRET, {"kid": "first"})),
    ],
    ids=["another key", "a shared secret"],
)
def test_a_signature_that_the_provider_did_not_make_is_worth_nothing(
    browser: Client, provider: Provider, alg: str, key: Any
) -> None:
    provider.alg, provider.signs_with = alg, key
    assert sign_in(browser).status_code == 422
    assert db.session.scalar(select(SignIn)) is None


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_provider_that_names_itself_or_its_pages_wrongly_is_not_gone_to(
    browser: Client, provider: Provider, said: dict[str, Any]
) -> None:
    provider.metadata = said
    answer = browser.get("/login/oidc")
    assert answer.status_code == 422 and "could not be verified" in answer.text


@pytest.mark.parametrize(
    "change", [{"iss": "https://evil.example"}, {"state": "another"}, {"state": None}], ids=str
)
def test_an_answer_to_somebody_elses_question_is_refused(
    browser: Client, provider: Provider, change: dict[str, Any]
) -> None:
    provider.answer = change
    assert sign_in(browser).status_code == 422
    assert db.session.scalar(select(SignIn)) is None


def test_the_issuer_must_be_named_on_the_way_back_when_the_provider_says_it_would(
    browser: Client, provider: Provider
) -> None:
    provider.metadata, provider.answer = (
        {"authorization_response_iss_parameter_supported": True},
        {"iss": None},
    )
    assert sign_in(browser).status_code == 422
    provider.metadata = {}
    assert sign_in(browser).status_code == 303
