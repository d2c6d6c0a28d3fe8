"""Who has been seen at work lately: workers and the clock leave a sign in the queue's server with each heartbeat."""

from __future__ import annotations

import time
from typing import Literal

import psycopg
from redis import Redis
from redis.exceptions import RedisError

SEEN_SECONDS = 60
"""Who was not seen for this long is missing."""

Who = Literal["worker", "clock"]


def leave_sign(client: Redis, who: Who) -> None:
    """Say that `who` is at work, for the next minute. Survives nothing: the next heartbeat says it again."""
    client.set(_key(who), int(time.time()), ex=SEEN_SECONDS)


def queue_answers(client: Redis) -> bool:
    """Whether the queue's server answers."""
    try:
        return bool(client.ping())
    except RedisError:
        return False


def seen(client: Redis, who: Who) -> bool:
    """Whether `who` was at work in the last minute."""
    try:
        return bool(client.exists(_key(who)))
    except RedisError:
        return False


def signs(client: Redis) -> dict[str, bool]:
    """Whether the queue's server, a worker and the clock are there. Asked in one go: a server that hangs is waited for
    once."""
    try:
        worker, clock = client.mget(_key("worker"), _key("clock"))
        return {"queue": True, "worker": bool(worker), "clock": bool(clock)}
    except RedisError:
        return {"queue": False, "worker": False, "clock": False}


def database_answers(database_url: str) -> bool:
    """Whether the database lets us in and answers, within two seconds.

    On a connection of its own: the pool may be busy, and a broken one would hide behind connections made before.
    """
    try:
        with psycopg.connect(
            database_url.replace("postgresql+psycopg://", "postgresql://", 1),
            connect_timeout=2,
            options="-c statement_timeout=2000",
            application_name="console readiness",
        ) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def _key(who: Who) -> str:
    return f"console:seen:{who}"
