"""Operators at their browsers: they ask, decide, answer, send in bulk, undo, and press twice."""

from __future__ import annotations

import re
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from console.governance.canonical import digest
from tests.prove.stormy.browser import Answer, Browser, GaveUp
from tests.prove.stormy.journal import Journal, new_mark

VERSION = re.compile(r'name="version" value="(\d+)"')
DIGEST = re.compile(r'name="digest" value="(\w+)"')
TOKEN = re.compile(r'name="token" value="([^"]+)"')
LANE = re.compile(r"#lane-(\d+)$")
EVENTS = {"approval": "approved", "rejection": "rejected", "deferral": "deferred"}
ASKED_FOR = ("write_down", "write_down", "give_back", "call_carrier", "press_button", "press_button")
LARGEST_SEND = 8
MOST_LETTERS = 40
"""With more follow-ups on their way, nobody sends others: the mail server is a slow one."""


@dataclass
class Post:
    """One operator's place: whom they write to, and whom they share their work with."""

    actor_id: str
    browser: Browser
    second: Browser
    """Another sign-in of the same person, for whoever presses in two windows at once."""
    rival_id: str
    rival: Browser
    """A colleague who decides the same things at the same moment."""
    conversations: Sequence[int]
    """Theirs alone."""
    receivers: deque[int]
    """Resolved conversations that nobody has written to."""


class Operator:
    """One person, who works until told to stop."""

    def __init__(
        self,
        post: Post,
        journal: Journal,
        waiting: deque[int],
        template_id: int,
        random: Random,
        think: float,
    ) -> None:
        self.post, self.journal, self.waiting, self.random = post, journal, waiting, random
        self.think = think
        self.browser, self.template_id = post.browser, template_id
        self.presses = ThreadPoolExecutor(1)
        self.open: dict[int, bool] = {}

    def work(self, stop: threading.Event) -> None:
        """One thing after the other."""
        kinds: dict[Callable[[], None], int] = {
            self.look_up: 20, self.ask: 18, self.decide_next: 32, self.own_refund: 6,
            self.reply: 9, self.note: 5, self.turn: 3, self.send: 12,
        }  # fmt: skip
        while not stop.is_set():
            try:
                self.random.choices(list(kinds), list(kinds.values()))[0]()
                time.sleep(self.random.uniform(0, 2 * self.think))
            except GaveUp:
                return
            except Exception:
                self.journal.errors.append(traceback.format_exc(limit=-3))
                time.sleep(1)

    def end(self, moment: float) -> None:
        """When nobody presses again, answer or not."""
        for browser in (self.browser, self.post.second, self.post.rival):
            browser.end = moment

    def look_up(self) -> None:
        """What runs by itself."""
        self._ask("look_up")

    def ask(self) -> None:
        """What somebody has to decide."""
        lane = self._ask(self.random.choice(ASKED_FOR))
        if lane:
            self.waiting.append(lane)

    def own_refund(self) -> None:
        """Ask for what takes another person, and press Approve oneself; then leave it to the others."""
        mark = new_mark(f"give_back-{self.post.actor_id}")
        lane = self._ask("give_back", mark)
        if lane:
            # The card offers no such button to them; the request can be made all the same.
            self._press_button(self.browser, lane, "approval", "1", digest({"mark": mark}))
            self.waiting.append(lane)

    def decide_next(self) -> None:
        """Decide what waits; sometimes two people do so at once."""
        try:
            lane = self.waiting.popleft()
        except IndexError:
            time.sleep(0.05)
            return
        verb = self.random.choices(("approval", "rejection", "deferral"), (70, 15, 15))[0]
        if self.random.random() < 0.5:
            other = "rejection" if verb == "approval" else "approval"
            rival = self.presses.submit(self._decide, self.post.rival, lane, other)
            self._decide(self.browser, lane, verb)
            rival.result()
            return
        decided = self._decide(self.browser, lane, verb)
        if decided and verb == "deferral":
            self._ask("write_down")

    def reply(self) -> None:
        """Answer the customer."""
        self._write("reply")

    def note(self) -> None:
        """Leave a note for the team."""
        self._write("internal_note")

    def turn(self) -> None:
        """Resolve what is open, open what is resolved."""
        conversation = self.random.choice(self.post.conversations)
        self.open[conversation] = not self.open.get(conversation, True)
        status = "open" if self.open[conversation] else "resolved"
        self.journal.status.pop(conversation, None)
        if self.browser.post(f"/conversations/{conversation}/resolution", {"status": status}).done:
            self.journal.status[conversation] = status

    def send(self) -> None:
        """Write to several at once: preview, confirm, perhaps twice, perhaps undo."""
        if self.journal.letters > MOST_LETTERS:
            return
        many = [
            self.post.receivers.popleft()
            for _ in range(min(self.random.randint(1, LARGEST_SEND), len(self.post.receivers)))
        ]
        if not many:
            return
        form = {"conversation_ids": ",".join(map(str, many)), "template_id": self.template_id}
        preview = self.browser.post("/bulk/preview", form).location.partition("?")[0]
        token = TOKEN.search(self.browser.get(preview).body)
        if token is None:
            self.journal.errors.append(f"{preview} shows no way to confirm it")
            return
        envelope = preview.rpartition("/")[2]
        self.journal.sent.setdefault(envelope, False)
        confirmed = {"token": token[1], "envelope_id": envelope}
        if self._press("/bulk", confirmed).done:
            self.journal.sent[envelope] = True
        if self.random.random() < 0.2:
            time.sleep(self.random.uniform(0, 1.5))
            if self.browser.post(f"/bulk/{envelope}/undo", {}).done:
                self.journal.undone.append(envelope)

    def _ask(self, tool: str, mark: str = "") -> int | None:
        conversation = self.random.choice(self.post.conversations)
        mark = mark or new_mark(f"{tool}-{self.post.actor_id}")
        form = {"tool_ref": tool, "mark": mark, "token": mark}
        found = LANE.search(self._press(f"/conversations/{conversation}/proposals", form).location)
        if found is None:
            self.journal.errors.append(f"{tool} was asked for, and no lane came of it")
            return None
        self.journal.asked[mark] = int(found[1])
        return int(found[1])

    def _decide(self, browser: Browser, lane: int, verb: str) -> bool:
        """Look at the card and press; whether that was counted."""
        card = browser.get(f"/lanes/{lane}", htmx=True).body
        version, seen = VERSION.search(card), DIGEST.search(card)
        if version is None or seen is None:
            return False
        return self._press_button(browser, lane, verb, version[1], seen[1])

    def _press_button(self, browser: Browser, lane: int, verb: str, version: str, seen: str) -> bool:
        form = {"version": version, "digest": seen, "reason": "As it seems best.", "note": ""}
        done = browser.post(f"/lanes/{lane}/{verb}", form).done
        if done:
            who = self.post.rival_id if browser is self.post.rival else self.post.actor_id
            self.journal.decided.append((lane, EVENTS[verb], who))
        return done

    def _write(self, kind: str) -> None:
        conversation = self.random.choice(self.post.conversations)
        words = new_mark(f"{kind} of {self.post.actor_id}")
        self.journal.written[words] = False
        form = {"kind": kind, "body": words, "token": new_mark("form")}
        if self._press(f"/conversations/{conversation}/messages", form).done:
            self.journal.written[words] = True

    def _press(self, path: str, form: dict[str, object]) -> Answer:
        """Once, in two windows at once, or once more a little later."""
        twice = self.random.random()
        other = self.presses.submit(self.post.second.post, path, form) if twice < 0.15 else None
        answer = self.browser.post(path, form)
        if other is not None:
            other.result()
        elif twice < 0.3:
            answer = self.browser.post(path, form)
        return answer
