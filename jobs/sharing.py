"""Which of a pool's workers stays away from deliveries: a decision finds a worker, however slow the other side is.

A place in the queue's server, which has to be held again and again, says which one it is; when that one dies, another
one finds the place free.
"""

from __future__ import annotations

import os
import socket

from redis import Redis

HELD_SECONDS = 15
AGAIN_SECONDS = 5


class Share:
    """One worker's view of its pool."""

    def __init__(self, name: str, workers: int, now: float) -> None:
        self.name, self.workers, self.since = name, workers, now
        self.pool = f"console:pool:{socket.gethostname()}:{os.getppid()}"
        self.apart = False
        """Whether this worker is the one."""
        self._looked_at = 0.0

    def look(self, connection: Redis, now: float) -> bool:
        """Hold the place, or see who does; asks at most every five seconds. Answers `apart`. Raises RedisError."""
        if self.workers == 1 or now - self._looked_at < AGAIN_SECONDS:
            return self.apart
        self._looked_at = now
        place = f"{self.pool}:decisions"
        with connection.pipeline() as asked:
            asked.zadd(self.pool, {self.name: now})
            asked.zremrangebyscore(self.pool, 0, now - HELD_SECONDS)
            asked.zcard(self.pool)
            asked.expire(self.pool, HELD_SECONDS)
            asked.set(place, self.name, nx=True, ex=HELD_SECONDS)
            asked.get(place)
            _, _, members, _, _, holder = asked.execute()
        mine = holder == self.name.encode()
        if mine:
            connection.expire(place, HELD_SECONDS)
        # One that is alone after all, whatever the settings say, has to do everything.
        alone = members == 1 and now - self.since > HELD_SECONDS
        self.apart = mine and not alone
        return self.apart
