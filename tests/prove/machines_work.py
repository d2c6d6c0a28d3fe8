"""Operators at work through the balancer, and what must be true of their work afterwards."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.prove.machines_people import Browser, Failed
from tests.prove.machines_site import Site

PAUSE_SECONDS = 0.05
REFUNDED = """SELECT count(*) FROM tool_approvals a JOIN tool_proposals p ON p.id = a.tool_proposal_id
 WHERE p.tool_ref = 'refund' AND a.status = 'executed'"""
UNFINISHED = "SELECT id, status FROM tool_approvals WHERE status IN ('approved', 'execution_pending')"


@dataclass(frozen=True)
class Scale:
    """How long things last, in seconds."""

    walks: int
    work: float
    drain: float
    pages: int


SHORT = Scale(walks=1, work=1.5, drain=20, pages=10)
LONG = Scale(walks=5, work=20, drain=60, pages=100)


@dataclass(frozen=True)
class Found:
    """What a trial did and met."""

    done: str
    broken: list[str]
    figures: str = ""


@dataclass
class Work:
    """Several operators who answer and approve without a pause, each in conversations of their own."""

    site: Site
    browsers: list[Browser]
    name: str
    replies: list[str] = field(default_factory=list)
    """What was answered with success."""
    approved: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._stopped.clear()
        self._threads = [
            threading.Thread(target=self._work, args=(number, browser), daemon=True)
            for number, browser in enumerate(self.browsers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what is in hand."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(90)

    @property
    def again(self) -> str:
        """How often and after what requests were sent again, since the first browser was opened."""
        reasons = (f"{name} {number}" for name, number in self.counts.items() if "after " in name and number)
        return ", ".join(reasons) or "none"

    @property
    def counts(self) -> Counter[str]:
        return sum((browser.counts for browser in self.browsers), Counter())

    def drained(self, seconds: float) -> list[str]:
        """The lanes that are not done in time."""
        deadline = time.monotonic() + seconds
        while True:
            left = self.site.rows(UNFINISHED)
            if not left or time.monotonic() > deadline:
                return [f"lane {id} is still {status}" for id, status in left]
            self.site.sweep()
            time.sleep(0.5)

    def lost_or_doubled(self) -> list[str]:
        """What was answered with success and is not there once."""
        found = Counter(
            body for (body,) in self.site.rows("SELECT body FROM messages WHERE role = 'operator'")
        )
        wrong = [f"“{body}” is there {found[body]} times" for body in self.replies if found[body] != 1]
        wrong += [f"“{body}” is there {number} times" for body, number in found.items() if number > 1]
        ran = Counter(
            ref for (ref,) in self.site.rows("SELECT ref FROM customers WHERE name LIKE 'refund %'")
        )
        wrong += [f"the run {ref} took place {number} times" for ref, number in ran.items() if number > 1]
        states = dict(self.site.rows("SELECT id, status FROM tool_approvals"))
        for lane in self.approved:
            if states.get(lane) != "executed":
                wrong.append(f"lane {lane} was approved and is {states.get(lane)}")
        [(executed,)] = self.site.rows(REFUNDED)
        if executed != len(ran):
            wrong.append(f"{executed} refunds say that they ran, {len(ran)} did")
        return wrong

    def _work(self, number: int, browser: Browser) -> None:
        talks = self.site.desk.conversations[number :: len(self.browsers)]
        turn = 0
        while not self._stopped.is_set():
            talk, turn = talks[turn % (len(talks) - 1)], turn + 1
            try:
                body = f"{self.name}, answer {number}.{turn}"
                browser.reply(talk, body)
                self.replies.append(body)
                lane = self.site.desk.ask(talk)
                browser.approve(lane)
                self.approved.append(lane)
            except Failed as error:
                self.failures.append(str(error))
            except Exception as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            time.sleep(PAUSE_SECONDS)
