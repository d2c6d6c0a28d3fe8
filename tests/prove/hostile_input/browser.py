"""A real browser on the pages, with everything marked in them: no script of anybody's runs or is stopped from it."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.conftest import FLAGS
from tests.prove.hostile_input.place import Place, Visitor

CLAIM = "no_script_of_theirs_runs"
LISTEN = """
    window.zqViolations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
        window.zqViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


def browse(place: Place, visitor: Visitor, pages: list[str], most: int) -> None:
    """Open the pages as Ada, press what opens things, and ask each whether something ran that is none of ours."""
    address = place.stack.address
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = None if own.exists() else shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            page = _opened(place, browser, visitor)
            for path in _chosen(place, pages, most):
                page.goto(address + path, wait_until="load")
                _use(page)
                _asked(place, page, path)
        finally:
            browser.close()


def _chosen(place: Place, pages: list[str], most: int) -> list[str]:
    """At most so many, of each route as many as of any other; the inbox first, and again with another view."""
    by_route: dict[str, list[str]] = {}
    for path in pages:
        by_route.setdefault(place.routes.endpoint(path), []).append(path)
    turns = [paths[turn] for turn in range(most) for paths in by_route.values() if turn < len(paths)]
    return ["/inbox", "/inbox?view=resolved", *turns[:most]]


def _opened(place: Place, browser: Browser, visitor: Visitor) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=False)
    context.set_default_timeout(15_000)
    context.add_init_script(LISTEN)
    context.add_cookies([{"name": "console", "value": visitor.cookie, "url": place.stack.address}])
    page = context.new_page()

    def said(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            place.watch.wrong(CLAIM, f"{page.url}: {message.text[:200]}")

    page.on("console", said)
    page.on(
        "dialog",
        lambda dialog: (place.watch.wrong(CLAIM, f"{page.url} asks {dialog.message}"), dialog.dismiss()),
    )
    return page


def _use(page: Page) -> None:
    """Open every fold, tick every box, marked ones first, look into the palette: there scripts of ours write texts."""
    page.evaluate("""() => {
        for (const fold of document.querySelectorAll("details")) fold.open = true;
        const marked = (box) => box.closest("li, tr, label")?.textContent.includes("<zq-mark") ? 0 : 1;
        const boxes = [...document.querySelectorAll("input[type=checkbox]:not(:checked)")];
        for (const box of boxes.sort((one, other) => marked(one) - marked(other))) box.click();
    }""")
    page.keyboard.press("Control+k")
    page.wait_for_timeout(120)
    page.keyboard.press("Escape")


def _asked(place: Place, page: Page, path: str) -> None:
    place.watch.tried[CLAIM]["pages in chromium"] += 1
    ran, violations, elements = page.evaluate(
        "() => [window.zqRan, window.zqViolations, document.querySelectorAll('zq-mark, [onerror], [onload]').length]"
    )
    if ran or elements:
        place.watch.wrong(CLAIM, f"{path}: what was typed became part of the page")
    for violation in violations:
        place.watch.wrong(CLAIM, f"{path}: {violation}")
