"""Liveliness: a change announces itself inside its own transaction; each web process listens once and fans out.

An event says *that* something changed, never what. `announce()` is heard exactly when its transaction commits. `Hub`
holds one LISTEN connection a process and wakes the open streams; a stream holds no database connection.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections.abc import Iterable

import psycopg
import structlog
from flask import Flask, current_app
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from console import presence
from console.config import Settings
from console.db import db
from console.errors import BadRequest
from console.streams import Stream

CHANNEL = "console"
RESYNC = "resync"
HEARTBEAT = "heartbeat"
PRESENCE = "presence"
MAX_TOPICS = 20
HEARTBEAT_SECONDS = 12.0
CHECK_SECONDS = 3.0
LONGEST_PAUSE_SECONDS = 5.0

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOPIC = re.compile(
    r"inbox|approvals|evidence|lanes|envelopes|templates|people|(?:conversation|presence):[1-9][0-9]{0,17}|"
    rf"envelope:{_UUID}"
)
_STILL_SIGNED_IN = """
    SELECT s.id, o.role || ' ' || array_to_string(o.scopes, ' ')
      FROM sign_ins s JOIN operators o ON o.id = s.operator_id
     WHERE s.id = ANY(%s) AND s.ended_at IS NULL AND s.expires_at > now() AND o.active
"""

_NOTIFY = text("SELECT pg_notify(:channel, topic) FROM unnest(CAST(:topics AS text[])) AS topic")

log = structlog.get_logger(__name__)


def announce(*topics: str) -> None:
    """Say that `topics` changed. Heard by every web process when the caller's transaction commits, never before."""
    db.session.execute(_NOTIFY, {"channel": CHANNEL, "topics": list(topics)})


def parse_topics(words: str) -> frozenset[str]:
    """The topics of a comma-separated list. Raises BadRequest when there are none, too many, or an unknown one."""
    topics = frozenset(word.strip() for word in words.split(",") if word.strip())
    if not topics or len(topics) > MAX_TOPICS or not all(_TOPIC.fullmatch(topic) for topic in topics):
        raise BadRequest(
            "This page asked for live updates of something that does not exist. Please reload it."
        )
    return topics


def event_name(topic: str) -> str:
    """The topic as a name that can stand in the page: `conversation:42` is `conversation-42`."""
    return topic.replace(":", "-")


class Hub:
    """The open streams of this process and the one connection that listens for them."""

    def __init__(self, database_url: str, client: Redis) -> None:
        self._presence = presence.Watch(client, lambda id: self.publish(f"{PRESENCE}:{id}"))
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._by_topic: dict[str, set[Stream]] = {}
        self._sequence = 0
        self._pid = 0
        self._stopped = threading.Event()
        self.listening = threading.Event()

    def open(self, stream: Stream) -> None:
        """Tell a stream from now on. The first one in a process starts its listener; the caller must `leave()` it."""
        with self._lock:
            self._streams.add(stream)
            for topic in stream.topics:
                self._by_topic.setdefault(topic, set()).add(stream)
            # A listener does not survive fork(): each process that serves streams starts its own.
            if self._pid != os.getpid():
                self._pid = os.getpid()
                threading.Thread(target=self._listen_forever, name="live-listener", daemon=True).start()
                threading.Thread(target=self._watch_forever, name="live-presence", daemon=True).start()

    def leave(self, stream: Stream) -> None:
        """Forget a stream whose page is gone."""
        with self._lock:
            self._streams.discard(stream)
            for topic in stream.topics:
                readers = self._by_topic.get(topic)
                if readers is not None:
                    readers.discard(stream)
                    if not readers:
                        del self._by_topic[topic]

    def publish(self, topic: str) -> None:
        """Tell every stream that shows `topic`."""
        self._sequence += 1
        with self._lock:
            readers = list(self._by_topic.get(topic, ()))
        self._tell(readers, topic)

    def resync(self) -> None:
        """Tell every stream that something may have been missed, so that its page looks at everything again."""
        self._sequence += 1
        self._tell(self._all(), RESYNC)

    def stop(self) -> None:
        """End the listener and every stream."""
        self._stopped.set()
        for stream in self._all():
            stream.close()

    def __len__(self) -> int:
        return len(self._streams)

    def _all(self) -> list[Stream]:
        with self._lock:
            return list(self._streams)

    def _tell(self, readers: Iterable[Stream], topic: str) -> None:
        event = f"event: {event_name(topic)}\ndata: {self._sequence}\n\n".encode()
        for stream in readers:
            stream.tell(topic, event)

    def _beat(self) -> None:
        """Give a sign of life to the streams that were told nothing for a while, so that a dead one is noticed."""
        now = time.monotonic()
        self._tell((stream for stream in self._all() if now - stream.told_at >= HEARTBEAT_SECONDS), HEARTBEAT)

    def _watch_forever(self) -> None:
        while not self._stopped.wait(presence.BEAT_SECONDS):
            for stream in self._all():
                if stream.left:
                    self.leave(stream)
                    stream.close()
            try:
                self._presence.beat(self._pages())
            except RedisError as error:
                log.debug("presence_lost", error=type(error).__name__)

    def _pages(self) -> frozenset[tuple[int, int]]:
        """The open conversations with who has them open."""
        return frozenset(
            (int(topic.partition(":")[2]), stream.operator_id)
            for stream in self._all()
            for topic in stream.topics
            if topic.startswith(PRESENCE)
        )

    def _listen_forever(self) -> None:
        pause = 0.1
        while not self._stopped.is_set():
            self._beat()
            started = time.monotonic()
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("live_listener_lost", reason=type(error).__name__, retry_in=round(pause, 1))
            finally:
                self.listening.clear()
            if time.monotonic() - started > 2 * LONGEST_PAUSE_SECONDS:
                pause = 0.1
            self._stopped.wait(pause * random.uniform(0.7, 1.3))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _listen(self) -> None:
        """Listen until the connection breaks. Raises psycopg.Error."""
        with psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            tcp_user_timeout=10_000,
            application_name="console live",
        ) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self.listening.set()
            self.resync()
            checked = time.monotonic()
            while not self._stopped.is_set():
                for notify in connection.notifies(
                    timeout=max(0.05, checked + CHECK_SECONDS - time.monotonic())
                ):
                    self.publish(notify.payload)
                    if time.monotonic() - checked >= CHECK_SECONDS:
                        break
                self._close_ended(connection)
                self._beat()
                checked = time.monotonic()

    def _close_ended(self, connection: psycopg.Connection) -> None:
        """Close the streams whose sign-in has ended, or whose operator was deactivated or may do other things now."""
        streams = self._all()
        ids = list({stream.sign_in_id for stream in streams})
        current: dict[int, str] = dict(connection.execute(_STILL_SIGNED_IN, (ids,)).fetchall())
        for stream in streams:
            if current.get(stream.sign_in_id) != stream.grants:
                stream.close()


def grants(role: str, scopes: Iterable[str]) -> str:
    """What a stream was opened with, in the form in which the database says it."""
    return f"{role} {' '.join(scopes)}"


def hub() -> Hub:
    """The hub of this process."""
    found: Hub = current_app.extensions["live"]
    return found


def init_app(app: Flask) -> None:
    """Give `app` its hub. Nothing connects before the first stream is opened."""
    settings: Settings = app.config["SETTINGS"]
    app.extensions["live"] = Hub(settings.lock_database_url, app.extensions["console_redis"])
