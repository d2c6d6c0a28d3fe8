"""A real OpenID Connect provider on a port of its own: it keeps to the standard, and lies where a test tells it to."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug import Request, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

CLIENT_ID, CLIENT_SECRET = "console", "only for tests"


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: tests read what came of it."""


@dataclass
class Provider:
    """`with Provider(["https://desk.example/login/oidc/back"]) as provider:`, then `provider.person` is who is there.

    `lies` replace or remove (None) claims of the ID token, `metadata` those of the discovery, `answer` those of the
    way back; `refuses` is the error that it sends back instead of a code.
    """

    callbacks: list[str] = field(default_factory=list)
    person: dict[str, Any] = field(default_factory=dict)
    in_userinfo_alone: tuple[str, ...] = ()
    lies: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    refuses: str = ""
    alg: str = "RS256"
    asks: bool = False
    """Whether it shows a page first, as providers do for whom they do not know yet."""
    problems: list[str] = field(default_factory=list)
    """What it found wrong with requests of the console."""

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
        self.signs_with: Any = self.key
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=_Quiet
        )
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        pages: dict[str, Callable[[Request], Response]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
            "/favicon.ico": lambda _: Response(status=204),
            "/keys": lambda _: _json({"keys": [self.key.as_dict(private=False)]}),
        }
        page = pages.get(request.path)
        return (page(request) if page else Response("Nothing here.", 404))(environ, start_response)

    def _discovery(self, _request: Request) -> Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return _json(_changed(said, self.metadata))

    def _authorize(self, request: Request) -> Response:
        asked = {name: values[0] for name, values in parse_qs(request.query_string.decode()).items()}
        wrong = [
            asked.get("client_id") != CLIENT_ID and "client_id",
            asked.get("redirect_uri") not in self.callbacks and "redirect_uri",
        ]
        if any(wrong):
            return self._refuse(f"authorize: {wrong}")
        right = {"response_type": "code", "code_challenge_method": "S256"}
        missing = [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        if missing or not right.items() <= asked.items() or "openid" not in asked.get("scope", "").split():
            return self._refuse(f"authorize: {asked}")
        if self.asks and "yes" not in asked:
            here = f"{request.full_path}&yes=1".replace("&", "&amp;")
            return Response(
                f'<!doctype html><h1>Who is it?</h1><a href="{here}">Go on</a>', mimetype="text/html"
            )
        back: dict[str, Any] = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            back |= {"error": self.refuses, "error_description": "<b>No.</b>"}
        else:
            back["code"] = secrets.token_urlsafe(16)
            self.codes[back["code"]] = asked
        return Response(
            status=302,
            headers={"Location": f"{asked['redirect_uri']}?{urlencode(_changed(back, self.answer))}"},
        )

    def _token(self, request: Request) -> Response:
        form, basic = request.form, request.authorization
        if basic is None or (basic.username, basic.password) != (CLIENT_ID, CLIENT_SECRET):
            return self._refuse("token: the client", 401, "invalid_client")
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("grant_type") != "authorization_code":
            return self._refuse("token: the code", 400, "invalid_grant")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return self._refuse("token: the verifier", 400, "invalid_grant")
        access = secrets.token_urlsafe(16)
        self.tokens[access] = dict(self.person)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 60}
        return _json(answer | {"id_token": self._id_token(asked["nonce"], access)})

    def _id_token(self, nonce: str, access: str) -> str:
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        known = {name: value for name, value in self.person.items() if name not in self.in_userinfo_alone}
        header = {"alg": self.alg, "kid": "first"}
        return jwt.encode(header, _changed(claims | known, self.lies), self.signs_with, algorithms=[self.alg])

    def _userinfo(self, request: Request) -> Response:
        bearer = request.authorization
        person = self.tokens.get(bearer.token or "") if bearer and bearer.type == "bearer" else None
        return _json(person) if person else self._refuse("userinfo: the token", 401, "invalid_token")

    def _refuse(self, problem: str, status: int = 400, error: str = "invalid_request") -> Response:
        self.problems.append(problem)
        return _json({"error": error}, status)


def _changed(said: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


def _json(said: Any, status: int = 200) -> Response:
    return Response(json.dumps(said), status, mimetype="application/json")
