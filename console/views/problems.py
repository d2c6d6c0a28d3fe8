"""Every refusal and every failure becomes one answer here: a page, or a notice for the form that asked."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Flask, Response, g, make_response, render_template, request
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError, generate_csrf
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from console.db import db, may_be_done
from console.errors import ConsoleError
from console.views.fragments import is_htmx

log = structlog.get_logger(__name__)

TITLES = {
    400: "That could not be read",
    401: "Please sign in",
    403: "Not permitted",
    404: "Nothing here",
    405: "Not like this",
    409: "Someone was faster",
    410: "No longer there",
    413: "Too large",
    415: "That could not be read",
    422: "Please check what was sent",
    429: "A little slower, please",
    500: "Something went wrong on our side",
    503: "Not available for a moment",
}
SENTENCES = {
    400: "The request could not be read. Go back, check what was sent, and try again.",
    404: "There is nothing at this address. It may have been removed, or the link is incomplete.",
    405: "This address answers other kinds of requests. Go back and use the button on the page.",
    413: "What was sent is larger than this page takes. Nothing was changed; shorten it and send it again.",
    429: "That was tried many times in a short while. Wait a minute, then try again.",
    500: "Nothing was changed. Try again; if it stays like this, tell an admin the number below.",
    503: "The database does not answer just now, so nothing was changed. Wait a moment, then try again.",
}
MAY_BE_DONE = (
    "This may have been done, but it cannot be shown. Reload the page and look before you try again."
)
STALE_FORM = "This page is older than your sign-in, so nothing was changed. Press the button once more."


def problem(status: int, code: str, sentence: str) -> Response:
    """The answer to a request that was refused: status, title, sentence and, for a failure, the request's number."""
    template = "problems/_problem.html" if is_htmx() else "problems/page.html"
    words = {
        "status": status,
        "title": TITLES.get(status) or HTTPStatus(status).phrase.capitalize(),
        "sentence": sentence,
        "number": g.get("request_id") if status >= 500 else None,
    }
    response = make_response(render_template(template, **words), status)
    response.headers["X-Problem"] = code
    return response


def _known(error: ConsoleError) -> Response:
    if error.status >= 500:
        log.error("request_failed", code=error.code, exc_info=error)
    return problem(error.status, error.code, error.sentence)


def _csrf(error: CSRFError) -> Response:
    """A form from before the sign-in was renewed: the same page gets today's token and may simply ask again."""
    response = problem(400, "stale_form", STALE_FORM)
    response.headers["X-CSRF-Token"] = generate_csrf()
    return response


def _http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return make_response(error.get_response())
    sentence = SENTENCES.get(error.code) or f"{error.description or error.name}"
    response = problem(error.code, error.name.lower().replace(" ", "_"), sentence)
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    if _lost(error):
        return _away(error)
    sentence = _sentence(500)
    db.session.rollback()
    log.error("request_failed", path=request.path, method=request.method, exc_info=error)
    return problem(500, "unexpected", sentence)


def _away(error: Exception) -> Response:
    """The database does not answer, or ended a transaction that stood in another's way: a moment later it will do."""
    sentence = _sentence(503)
    db.session.close()
    # The page would ask the database who is signed in.
    g._login_user = AnonymousUserMixin()
    log.error(
        "database_away",
        path=request.path,
        method=request.method,
        error=type(getattr(error, "orig", error)).__name__,
    )
    return problem(503, "unavailable", sentence)


def _sentence(status: int) -> str:
    return MAY_BE_DONE if may_be_done() else SENTENCES[status]


def _lost(error: BaseException | None) -> bool:
    """Whether it was met while a lost connection was dealt with."""
    while error is not None and not isinstance(error, OperationalError):
        error = error.__cause__ or error.__context__
    return error is not None


def init_app(app: Flask) -> None:
    """Answer every error of `app` here."""
    app.register_error_handler(ConsoleError, _known)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _away)
    app.register_error_handler(Exception, _unexpected)
