"""One family of errors: each class carries a stable code, an HTTP status and a sentence an operator can act on."""

from __future__ import annotations


class ConsoleError(Exception):
    """Anything the console refuses or cannot do, said to a person."""

    code = "error"
    status = 500
    sentence = "Something went wrong on our side. Nothing was changed; please try again."

    def __init__(self, sentence: str | None = None) -> None:
        self.sentence = sentence or type(self).sentence
        super().__init__(self.sentence)


class ConfigurationError(ConsoleError):
    """The deployment's settings, policy or tools cannot be used as they are."""

    code = "configuration"


class BadRequest(ConsoleError):
    code = "bad_request"
    status = 400
    sentence = "The request could not be read. Go back, check what was sent, and try again."


class Forbidden(ConsoleError):
    code = "forbidden"
    status = 403
    sentence = "Your account may not do this. Ask an admin if you think it should."


class NotFound(ConsoleError):
    code = "not_found"
    status = 404
    sentence = "This does not exist, or no longer does."


class Conflict(ConsoleError):
    code = "conflict"
    status = 409
    sentence = "Someone was faster. Look at the current state and decide again."


class Invalid(ConsoleError):
    """Input that a person can correct; `fields` maps a field's name to its sentence."""

    code = "invalid"
    status = 422
    sentence = "Please check the marked fields."

    def __init__(self, sentence: str | None = None, fields: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.fields = fields or {}
