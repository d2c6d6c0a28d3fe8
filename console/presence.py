"""Who else looks at a conversation, and who is writing in it.

It is true for seconds and kept in the queue's server, which may forget all of it at any time: each web process says
again every two seconds whose pages it holds open.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import structlog
from flask import current_app
from redis import Redis
from redis.exceptions import RedisError

BEAT_SECONDS = 2.0
LOOKING_SECONDS = 7.0
WRITING_SECONDS = 6.0
FORGOTTEN_SECONDS = 60

log = structlog.get_logger(__name__)


class Company(NamedTuple):
    """Operators by id; `writing` says what: `reply` or `note`."""

    looking: frozenset[int] = frozenset()
    writing: frozenset[tuple[int, str]] = frozenset()

    def without(self, operator_id: int) -> Company:
        """The others."""
        return Company(
            self.looking - {operator_id}, frozenset(one for one in self.writing if one[0] != operator_id)
        )


def look(client: Redis, pages: Iterable[tuple[int, int]]) -> None:
    """Say whose pages are open, as (conversation, operator). Raises RedisError."""
    _say(client, ((f"looking:{conversation}", str(operator)) for conversation, operator in pages))


def write(conversation_id: int, operator_id: int, what: str) -> None:
    """Say that someone is writing a reply or a note. A server that is away is no reason to stop them."""
    try:
        _say(_client(), [(f"writing:{conversation_id}", f"{operator_id}:{what}")])
    except RedisError as error:
        log.debug("presence_not_told", error=type(error).__name__)


def company(client: Redis, conversation_ids: Iterable[int]) -> Mapping[int, Company]:
    """Who is at each of these conversations now. Raises RedisError."""
    ids = list(conversation_ids)
    moment = time.time()
    with client.pipeline(transaction=False) as pipe:
        for conversation_id in ids:
            pipe.zrangebyscore(_key(f"looking:{conversation_id}"), moment - LOOKING_SECONDS, "+inf")
            pipe.zrangebyscore(_key(f"writing:{conversation_id}"), moment - WRITING_SECONDS, "+inf")
        found = pipe.execute()
    return {
        conversation_id: Company(
            frozenset(int(one) for one in looking), frozenset(_writer(one) for one in writing)
        )
        for conversation_id, looking, writing in zip(ids, found[::2], found[1::2], strict=True)
    }


def company_of(conversation_id: int, *, besides: int) -> Company:
    """Who else is at one conversation; nobody, when the server that knows is away."""
    try:
        return company(_client(), [conversation_id])[conversation_id].without(besides)
    except RedisError as error:
        log.debug("presence_not_known", error=type(error).__name__)
        return Company()


class Watch:
    """What one web process says of its open pages, and notices of everyone else's."""

    def __init__(self, client: Redis, tell: Callable[[int], None]) -> None:
        """`tell` is called with each conversation at which somebody came, went, or began or ceased to write."""
        self._client = client
        self._tell = tell
        self._known: Mapping[int, Company] = {}
        self._said: frozenset[tuple[int, int]] = frozenset()

    def beat(self, pages: frozenset[tuple[int, int]]) -> None:
        """Say and look once. Raises RedisError."""
        _take_back(self._client, self._said - pages)
        self._said = pages
        if not pages:
            self._known = {}
            return
        look(self._client, pages)
        current = company(self._client, {conversation for conversation, _ in pages})
        for conversation_id, now in current.items():
            # Of two who came since the last beat, the first one's page was drawn before the second was there.
            unknown = Company() if len(now.looking) > 1 else now
            if now != self._known.get(conversation_id, unknown):
                self._tell(conversation_id)
        self._known = current


def _client() -> Redis:
    found: Redis = current_app.extensions["console_redis"]
    return found


def _say(client: Redis, facts: Iterable[tuple[str, str]]) -> None:
    moment = time.time()
    with client.pipeline(transaction=False) as pipe:
        for place, who in facts:
            pipe.zadd(_key(place), {who: moment})
            pipe.expire(_key(place), FORGOTTEN_SECONDS)
        pipe.execute()


def _take_back(client: Redis, pages: Iterable[tuple[int, int]]) -> None:
    """Another process that holds such a page open will say so again."""
    with client.pipeline(transaction=False) as pipe:
        for conversation, operator in pages:
            pipe.zrem(_key(f"looking:{conversation}"), operator)
            pipe.zrem(_key(f"writing:{conversation}"), f"{operator}:reply", f"{operator}:note")
        pipe.execute()


def _key(place: str) -> str:
    return f"console:presence:{place}"


def _writer(member: bytes) -> tuple[int, str]:
    operator, _, what = member.decode().partition(":")
    return int(operator), what
