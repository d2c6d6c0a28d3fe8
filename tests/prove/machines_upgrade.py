"""The trial of an upgrade: a next version with a migration, machine by machine, while operators work."""

from __future__ import annotations

import subprocess
import time

from tests.prove.machines_net import NODES
from tests.prove.machines_people import Browser
from tests.prove.machines_site import MARK, NEXT, Site
from tests.prove.machines_watching import Watching, until
from tests.prove.machines_work import Found, Scale, Work


def upgraded(site: Site, browsers: list[Browser], scale: Scale) -> Found:
    """Migrate from both machines at once, then replace the program on one after the other."""
    work, before = Work(site, browsers, "Upgraded"), site.tree
    retried = sum(browser.counts["retried"] for browser in browsers)
    watching = Watching(site.port, browsers[0], "/inbox", scale.pages)
    site.tree = site.next_version()
    work.start()
    try:
        time.sleep(scale.work)
        broken = _refused(site, "migrate") + _migrated(site)
        time.sleep(scale.work)
        for name in NODES:
            site.nodes[name].stop()
            site.start(name)
            until(lambda name=name: browsers[-1].meets(name), 20)  # type: ignore[misc]
            time.sleep(scale.work)
    finally:
        work.stop()
    broken += _old_pages(browsers[-1])
    broken += watching.heard_last(site)
    watching.close()
    site.tree = before
    broken += _refused(site, "another version")
    broken += work.drained(scale.drain) + work.lost_or_doubled() + work.failures
    asked, again = work.counts["requests"], work.counts["retried"] - retried
    return Found(
        f"{len(work.replies)} answers and {len(work.approved)} lanes meanwhile; both machines migrated at once, and "
        "each was stopped and started; the new program did not start before the migration, nor the old one after it",
        broken,
        f"{again} of {asked} requests were sent again after a broken connection ({work.again})",
    )


def _migrated(site: Site) -> list[str]:
    broken = []
    for process in [site.command(name, "migrate") for name in NODES]:
        words = process.communicate(timeout=60)[0]
        if process.returncode:
            broken.append(f"a migration ended with {process.returncode}: {words[-300:]}")
    if site.rows("SELECT version_num FROM alembic_version") != [(NEXT,)]:
        broken.append("the migration did not run")
    return broken


def _old_pages(browser: Browser) -> list[str]:
    pages = [browser.ask("GET", "/inbox") for _ in range(4)]
    broken = [f"machine {page.node} serves the old version" for page in pages if MARK not in page.text]
    return broken if {page.node for page in pages} == set(NODES) else [*broken, "a machine serves nothing"]


def _refused(site: Site, words: str) -> list[str]:
    """A program does not start on a database that is not its own."""
    broken = []
    for role in ("web", "worker"):
        process = site.command("a", role)
        try:
            said = process.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            broken.append(f"console {role} started on a database that is not at its version")
            continue
        if process.returncode != 1 or words not in said:
            broken.append(f"console {role} ended with {process.returncode}: {said[-200:]}")
    return broken
