"""What people meet at the door, each with a stable code and a sentence."""

from __future__ import annotations

from console.errors import ConsoleError


class SignInRefused(ConsoleError):
    """The email and the password do not belong together, or to nobody who may come in: which of these is not said."""

    code = "sign_in_refused"
    status = 422
    sentence = "This email and password do not belong together. Check both and try again."


class IdentityRefused(ConsoleError):
    """Somebody came from the identity provider whom the console does not let in."""

    code = "identity_refused"
    status = 403
    sentence = "There is no active account for you here. Ask an admin to invite you."


class LinkGone(ConsoleError):
    """The link was used, replaced or withdrawn, or its time is up."""

    code = "link_gone"
    status = 410
    sentence = (
        "This link was used already, was replaced by a newer one, or is too old. Ask an admin for a new one."
    )
