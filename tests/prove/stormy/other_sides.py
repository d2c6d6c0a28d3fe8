"""A mail server and a carrier that often take what they are given and never say so."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import Random

from tests.channels.mail_server import ACCEPT_AND_DROP
from tests.channels.receiver import Behaviour, Receiver, accepts_and_drops, answers, drops
from tests.storm.other_side import MoodyMail

SILENT = 0.25
"""Of what is taken, so much is never answered."""
SLOWEST_SECONDS = 0.06
MOODS: dict[Behaviour, int] = {accepts_and_drops: 12, answers(503): 2, drops: 2, answers(202): 84}


class Post(MoodyMail):
    """Drops the connection after it took a mail more often than any real one."""

    def answer(self, stage: str) -> str | None:
        if stage == "MESSAGE" and self.random.random() < SILENT:
            return ACCEPT_AND_DROP
        return super().answer(stage)


@dataclass
class Carrier(Receiver):
    """Takes each key once, so the same one twice is one call."""

    random: Random = field(default_factory=Random)

    def behaviour(self) -> Behaviour:
        time.sleep(self.random.uniform(0, SLOWEST_SECONDS))
        return self.random.choices(list(MOODS), list(MOODS.values()))[0]

    def repetitions(self) -> int:
        """How often something came that was taken before."""
        return self.times_accepted.total() - len(self.times_accepted)
