"""The other side in bad weather: it takes its time, refuses, falls silent, and writes down all that it accepted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, Protocol

from tests.channels.mail_server import (
    ACCEPT_AND_DROP,
    ACCEPT_AND_HANG,
    DROP,
    HANG,
    MailServer,
)
from tests.channels.receiver import (
    SECRET,
    Behaviour,
    Receiver,
    accepts_and_drops,
    answers,
    drops,
    hangs,
)

SLOWEST_SECONDS = 0.1
TIMEOUT_SECONDS = "1.5"
# By hundreds, at each stage of a mail; otherwise all is well.
MAIL_MOODS: dict[str, dict[str | None, int]] = {
    "MAIL": {"421 4.3.2 Shutting down": 1, DROP: 1},
    "RCPT": {"451 4.3.2 Try later": 3, "550 5.1.1 No such mailbox": 2, DROP: 1},
    "DATA": {"451 4.3.0 Try later": 1, HANG: 1},
    "MESSAGE": {
        "452 4.2.2 Mailbox full": 3,
        "554 5.7.1 Refused": 1,
        DROP: 2,
        HANG: 1,
        ACCEPT_AND_DROP: 3,
        ACCEPT_AND_HANG: 1,
    },
}
HTTP_MOODS: dict[Behaviour, int] = {
    answers(429, Retry_After="1"): 3,
    answers(503): 3,
    answers(410): 2,
    drops: 3,
    accepts_and_drops: 3,
    hangs: 1,
    answers(202): 85,
}


class Taken(NamedTuple):
    """A message that the other side has."""

    key: str
    address: str
    body: str


class OtherSide(Protocol):
    """Where the messages go."""

    def taken(self) -> Sequence[Taken]:
        """All that was accepted, whether or not the console was told."""
        ...

    def repetitions(self) -> int:
        """How often something came that was accepted before."""
        ...


@dataclass
class MoodyMail(MailServer):
    """Every mail that it accepts is one that a customer gets, the same one twice too."""

    random: Random = field(default_factory=Random)

    def answer(self, stage: str) -> str | None:
        moods = {**MAIL_MOODS[stage], None: 100 - sum(MAIL_MOODS[stage].values())}
        return self.random.choices(list(moods), list(moods.values()))[0]

    def pause(self) -> float:
        return self.random.uniform(0, SLOWEST_SECONDS)

    def taken(self) -> list[Taken]:
        return [
            Taken(
                one.message_id.strip("<>").partition("@")[0],
                one.recipients[0],
                _text(str(one.mail.get_content())),
            )
            for one in list(self.accepted)
        ]

    def repetitions(self) -> int:
        return len(self.accepted) - len({one.message_id for one in self.accepted})


@dataclass
class MoodyReceiver(Receiver):
    """It takes each `webhook-id` once, so the same one twice is one message."""

    random: Random = field(default_factory=Random)

    def behaviour(self) -> Behaviour:
        time.sleep(self.random.uniform(0, SLOWEST_SECONDS))
        return self.random.choices(list(HTTP_MOODS), list(HTTP_MOODS.values()))[0]

    def taken(self) -> list[Taken]:
        with self.lock:
            accepted = list(self.accepted.values())
        return [
            Taken(one.key, str(one.data["to"]["address"]), _text(str(one.data["body"]))) for one in accepted
        ]

    def repetitions(self) -> int:
        return self.times_accepted.total() - len(self.times_accepted)


@contextmanager
def other_side(channel: str, random: Random) -> Iterator[tuple[OtherSide, dict[str, str]]]:
    """A server of this channel, and the settings with which a console finds it."""
    if channel == "smtp":
        with MoodyMail(random=random) as mail:
            yield mail, mail_settings(mail)
        return
    with MoodyReceiver(random=random) as receiver:
        yield (
            receiver,
            {
                "CONSOLE_CHANNEL": "webhook",
                "CONSOLE_WEBHOOK_URL": receiver.url,
                "CONSOLE_WEBHOOK_SECRET": SECRET,
                "CONSOLE_WEBHOOK_ALLOW_PRIVATE": "true",
                "CONSOLE_WEBHOOK_TIMEOUT_SECONDS": TIMEOUT_SECONDS,
            },
        )


def mail_settings(mail: MailServer) -> dict[str, str]:
    """The settings with which a console sends to this server, in the environment."""
    return {
        "CONSOLE_CHANNEL": "smtp",
        "CONSOLE_SMTP_HOST": "127.0.0.1",
        "CONSOLE_SMTP_PORT": str(mail.port),
        "CONSOLE_SMTP_SECURITY": "none",
        "CONSOLE_SMTP_FROM": "Shop <care@example.com>",
        "CONSOLE_SMTP_TIMEOUT_SECONDS": TIMEOUT_SECONDS,
    }


def _text(body: str) -> str:
    """A body without what a channel may do to line ends."""
    return "\n".join(body.splitlines()).strip()
