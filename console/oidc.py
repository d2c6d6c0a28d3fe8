"""The identity provider: where people are sent to prove who they are, and what of its answers is believed.

OpenID Connect through Authlib: authorization code with PKCE, state and nonce. What is asked and expected stays in the
browser's own signed cookie; discovery and keys are read anew for each sign-in, so that nothing here grows old.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from flask import current_app
from flask import session as cookie
from werkzeug.wrappers import Response

from console.config import Settings, is_secure
from console.errors import ConsoleError, NotFound
from console.people import Identity

PATIENCE_SECONDS = 10
ALGORITHMS = (
    "RS256",
    "PS256",
    "ES256",
    "RS384",
    "PS384",
    "ES384",
    "RS512",
    "PS512",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures that only the provider can make: one with a shared secret, or none, proves nothing."""
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
STATES = "_state_oidc_"

log = structlog.get_logger(__name__)


class ProviderAway(ConsoleError):
    code = "provider_away"
    status = 503
    sentence = "Your identity provider does not answer just now. Try again in a moment, or sign in with your password."


class ProviderRefused(ConsoleError):
    code = "provider_refused"
    status = 403
    sentence = "Your identity provider did not sign you in. Try again, or sign in with your password."


class Unproven(ConsoleError):
    """The provider's answer does not belong to a question of this browser, or does not hold."""

    code = "unproven"
    status = 422
    sentence = (
        "The answer of your identity provider could not be verified, so you are not signed in. "
        "Start again from here; if it stays like this, tell an admin."
    )


class Begun(Unproven):
    sentence = "This sign-in was begun in another browser, twice, or long ago. Start again from here."


def button(settings: Settings) -> str:
    """The words of the button on the sign-in page; none when no provider is set up."""
    return settings.oidc_button if settings.oidc_issuer else ""


def begin(callback: str) -> Response:
    """Send the browser to the provider, which sends it back to `callback`. Raises NotFound, ProviderAway, Unproven."""
    for earlier in [key for key in cookie if key.startswith(STATES)]:
        cookie.pop(earlier)
    with _believing():
        redirect: Response = _client().authorize_redirect(callback)
    return redirect


def finish(answer: Mapping[str, str]) -> Identity:
    """Whom the provider vouches for, in its answer to this browser's question; each is good once.

    Reads code and state from the form. Raises NotFound, Begun, ProviderRefused, ProviderAway or Unproven.
    """
    if f"{STATES}{answer.get('state')}" not in cookie:
        raise Begun
    if answer.get("error"):
        cookie.pop(f"{STATES}{answer['state']}")
        log.warning("oidc_refused", reason=_plain(answer["error"]))
        raise ProviderRefused
    with _believing():
        client = _client()
        _require_issuer(answer.get("iss"), client.server_metadata)
        expected = {
            "iss": {"essential": True, "value": client.server_metadata["issuer"]},
            "aud": {"essential": True, "value": client.client_id},
        }
        token = client.authorize_access_token(claims_options=expected)
        return _identity(client, token)


def _client() -> Any:
    """Authlib's client of the provider, with what the provider says of itself. Raises NotFound, Unproven."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.oidc_issuer:
        raise NotFound("No identity provider is set up here. Sign in with your email and password.")
    # Only here: whoever signs in with a password alone need not load it.
    from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App

    client = FlaskOAuth2App(
        framework=FlaskIntegration("oidc"),
        name="oidc",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": PATIENCE_SECONDS,
            "leeway": 0,  # else a token that is good for a minute would count as used up
        },
    )
    said = client.load_server_metadata()
    if said.get("issuer") != settings.oidc_issuer:
        raise _doubt("another_issuer")
    if not all(is_secure(str(said.get(endpoint, ""))) for endpoint in ENDPOINTS):
        raise _doubt("insecure_endpoint")
    offered = said.get("id_token_signing_alg_values_supported", ["RS256"])
    said["id_token_signing_alg_values_supported"] = [name for name in ALGORITHMS if name in offered]
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" not in methods and "client_secret_post" in methods:
        client.client_kwargs["token_endpoint_auth_method"] = "client_secret_post"
    return client


def _require_issuer(iss: str | None, said: Mapping[str, Any]) -> None:
    """Go on if the answer names our provider, or need not name any: else it may be meant for another one."""
    needed = said.get("authorization_response_iss_parameter_supported") is True
    if (iss or needed) and iss != said["issuer"]:
        raise _doubt("another_issuer_answered")


def _identity(client: Any, token: Mapping[str, Any]) -> Identity:
    """What was verified in the ID token; an email that is not in there, from the page that the provider has for it."""
    claims = token.get("userinfo")
    if not claims:
        raise _doubt("no_id_token")
    about = claims
    page = client.server_metadata.get("userinfo_endpoint")
    if "email" not in claims and page and is_secure(page):
        about = client.userinfo(token=token)
        if about.get("sub") != claims["sub"]:
            raise _doubt("another_subject")
    return Identity(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        email=str(about.get("email") or "").strip(),
        email_verified=about.get("email_verified") is True,
    )


@contextmanager
def _believing() -> Iterator[None]:
    """Whatever the provider answers becomes one of our refusals; what it said goes into no page."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    try:
        yield
    except RequestException as error:
        log.warning("oidc_away", reason=type(error).__name__)
        raise ProviderAway from error
    except (AuthlibBaseError, JoseError) as error:
        raise _doubt(_plain(error.error or "") or type(error).__name__) from error
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise _doubt(type(error).__name__) from error


def _doubt(reason: str) -> Unproven:
    log.warning("oidc_unproven", reason=reason)
    return Unproven()


def _plain(word: str) -> str:
    """A code of an error, if that is what it is."""
    return word if re.fullmatch(r"[a-z_]{1,40}", word) else "other"
