"""Who may work here: operators, their sign-ins and links, agents with their tokens, and what each is granted.

Each verb is one transaction, or joins the caller's, takes whoever acts (an active admin, or `system` at the command
line), and leaves a line in the audit log. What a person may do is read anew wherever it is asked, so a change here is
in force at once: for open pages, and for what was approved and has not run yet.
"""

from console.people.access import ADMINS_ONLY, LAST_ADMIN, SYSTEM, Person
from console.people.agents import change_agent, create_agent, find_agent, get_agent, hash_token, renew_token
from console.people.checks import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS, known_scopes
from console.people.errors import IdentityRefused, LinkGone, SignInRefused
from console.people.identities import Identity, release_identity, sign_in_with
from console.people.links import link_of, make_link, read_link, use_link
from console.people.operators import change_operator, create_operator, find_operator, invite
from console.people.passwords import MAX_EMAIL_CHARS, change_password, set_password, sign_in
from console.people.reading import Member, find, get_operator, list_agents, list_people
from console.people.sign_ins import Place, end_sign_ins, hash_sign_in, list_sign_ins, sign_out
from console.people.standing import activate, deactivate, grant, revoke

__all__ = [
    "ADMINS_ONLY",
    "LAST_ADMIN",
    "MAX_EMAIL_CHARS",
    "MAX_PASSWORD_CHARS",
    "MIN_PASSWORD_CHARS",
    "SYSTEM",
    "Identity",
    "IdentityRefused",
    "LinkGone",
    "Member",
    "Person",
    "Place",
    "SignInRefused",
    "activate",
    "change_agent",
    "change_operator",
    "change_password",
    "create_agent",
    "create_operator",
    "deactivate",
    "end_sign_ins",
    "find",
    "find_agent",
    "find_operator",
    "get_agent",
    "get_operator",
    "grant",
    "hash_sign_in",
    "hash_token",
    "invite",
    "known_scopes",
    "link_of",
    "list_agents",
    "list_people",
    "list_sign_ins",
    "make_link",
    "read_link",
    "release_identity",
    "renew_token",
    "revoke",
    "set_password",
    "sign_in",
    "sign_in_with",
    "sign_out",
    "use_link",
]
