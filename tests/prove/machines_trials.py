"""Two trials of two machines: each request on another one, and one of them lost."""

from __future__ import annotations

import time
from itertools import pairwise
from uuid import uuid4

from redis import Redis

from console import governance, outbound
from console.governance import ToolContext
from tests.prove.machines_people import Browser
from tests.prove.machines_site import Site
from tests.prove.machines_watching import BACK_SECONDS, HEAR_SECONDS, Watching, until
from tests.prove.machines_work import Found, Scale, Work

HELD = 4
"""Lanes that keep every worker of both machines busy: two each, so three in hand are some on each."""


def walked(site: Site, browsers: list[Browser], scale: Scale) -> Found:
    """One request after the other, each on the other machine."""
    broken: list[str] = []
    for browser in browsers:
        browser.sign_in()
    for turn in range(scale.walks):
        browser = browsers[turn % len(browsers)]
        seen = len(browser.nodes)
        broken += _walk(site, browser, turn)
        nodes = browser.nodes[seen:]
        broken += [
            f"request {number}: machine {one} twice in a row"
            for number, (one, other) in enumerate(pairwise(nodes))
            if one == other
        ]
    requests = sum(len(browser.nodes) for browser in browsers)
    return Found(
        f"{scale.walks} walks of sign-in, answer, draft, decision, bulk send and stream",
        broken,
        f"{requests} requests",
    )


def _walk(site: Site, browser: Browser, turn: int) -> list[str]:
    broken = []
    talk = site.desk.conversations[turn]
    form = browser.read(f"/conversations/{talk}").form("/messages")
    for _ in range(2):
        browser.send(form, body=f"Walk {turn}", kind="reply")
    [(times,)] = site.rows("SELECT count(*) FROM messages WHERE body = %s", f"Walk {turn}")
    broken += [f"an answer that was sent twice is there {times} times"] if times != 1 else []
    draft = {
        "key": f"conversation:{talk}:reply",
        "body": f"Half {turn}",
        "csrf_token": form.values["csrf_token"],
    }
    browser.ask("POST", "/drafts", draft)
    for _ in range(2):
        kept = browser.read(f"/conversations/{talk}").form("/messages").values["body"]
        broken += [f"the draft reads {kept!r}"] if kept != f"Half {turn}" else []
    lane = site.desk.ask(talk)
    browser.approve(lane)
    executed = until(lambda: _status(site, lane) == "executed", 15)
    broken += ["what was approved did not run"] if executed == float("inf") else []
    return broken + _send(site, browser) + _hear(site, browser, talk)


def _send(site: Site, browser: Browser) -> list[str]:
    """A bulk send, from the preview to the message."""
    with site.app.app_context():
        admin = f"operator:{site.desk.boss}"
        template = outbound.create_template(
            admin,
            name=f"Parcel {uuid4().hex[:8]}",
            subject="Your parcel",
            body="Dear {{ customer.name }}, soon.",
        ).template_id
    form = browser.read("/inbox?view=resolved").form("/bulk/preview")
    ids = ",".join(map(str, site.desk.conversations[-2:]))
    shown = browser.send(form, conversation_ids=ids, template_id=str(template))
    confirming = browser.read(shown.location).form("/bulk")
    first, again = browser.send(confirming), browser.send(confirming)
    envelope = first.location.rpartition("/")[2]
    broken = [] if first.location == again.location else ["a second press made a second send"]
    query = "SELECT count(*) FROM deliveries WHERE envelope_id = %s AND state = 'sent'"
    sent = until(lambda: site.rows(query, envelope) == [(2,)], 20)
    return broken + ([] if sent < 20 else [f"of a bulk send to 2, {site.rows(query, envelope)} were sent"])


def _hear(site: Site, browser: Browser, talk: int) -> list[str]:
    """A change is heard by pages on both machines."""
    watching = Watching(site.port, browser, f"/conversations/{talk}", 4)
    try:
        if watching.connected(BACK_SECONDS) > BACK_SECONDS:
            return ["a page got no stream"]
        time.sleep(0.3)
        started = time.monotonic()
        site.desk.write(talk)
        heard = watching.hear(f"conversation-{talk}", started, HEAR_SECONDS)
        return [] if heard <= HEAR_SECONDS else ["a change was not heard on both machines"]
    finally:
        watching.close()


def lost(site: Site, browsers: list[Browser], scale: Scale) -> Found:
    """Machine b is lost while every worker has something in hand, and replaced."""
    work, broken = Work(site, browsers, "Lost"), []
    watching = Watching(site.port, browsers[0], "/inbox", scale.pages)
    work.start()
    try:
        time.sleep(scale.work)
        redis = Redis.from_url(site.settings.redis_url)
        redis.delete("effects", "go-on")
        _occupy(site)
        if until(lambda: len(set(redis.lrange("effects", 0, -1))) >= HELD - 1, 20) > 20:
            held = len(set(redis.lrange("effects", 0, -1)))
            broken.append(f"only {held} workers took up what was asked")
        site.lose("b")
        gone = time.monotonic()
        redis.set("go-on", "1")
        # Operators work, so a page with a living stream hears of the inbox all the time.
        back = watching.hear("inbox", gone, BACK_SECONDS)
        broken += ["pages did not come back within 10 s"] if back > BACK_SECONDS else []
        time.sleep(scale.work)
        site.replace("b")
        served = until(lambda: browsers[-1].meets("b"), 20)
        broken += ["the new machine got no requests"] if served > 20 else []
        time.sleep(scale.work)
    finally:
        work.stop()
    broken += watching.heard_last(site)
    watching.close()
    broken += work.drained(scale.drain) + work.lost_or_doubled() + work.failures
    return Found(
        f"{len(work.replies)} answers, {len(work.approved) + HELD} lanes, {scale.pages} open pages; "
        f"{HELD} lanes were in the hands of workers when machine b was lost",
        broken,
        f"{work.counts['retried']} requests were sent again after a broken connection; "
        f"open pages all heard of changes again after {back:.1f} s",
    )


def _occupy(site: Site) -> None:
    """Lanes that keep whoever runs them until they are told to go on."""
    with site.app.app_context():
        for number in range(HELD):
            context = ToolContext(
                tool_params={"does": "wait", "amount": 1 + number},
                scopes=("orders:refund",),
                conversation_id=site.desk.conversations[0],
                idempotency_token=uuid4().hex,
            )
            lane = governance.submit("ping", "agent:iris", context).lane
            assert lane is not None
            governance.approve(lane.id, f"operator:{site.desk.operators[0]}")


def _status(site: Site, lane: int) -> str:
    return str(site.rows("SELECT status FROM tool_approvals WHERE id = %s", lane)[0][0])
