"""Takes the README's pictures from a running demo: `make run` in one terminal, `make screenshots` in another.

What is seen is what a newcomer sees, so take them from a fresh demo (an empty CONSOLE_VAR).
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
BASE = sys.argv[1] if len(sys.argv) > 1 else f"http://127.0.0.1:{os.environ.get('CONSOLE_PORT', '8000')}"
FLAGS = ["--no-sandbox", "--disable-background-networking", "--no-first-run"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOUR_EYES = "The rust throw is very orange"
WALK = "Kettle arrived with a cracked handle"
WIDE, PHONE = (1280, 800), (390, 844)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        found = next((path for path in map(shutil.which, NAMES) if path), None)
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        light = signed_in(browser, "ben", WIDE, "light")
        take(light, "/inbox", "inbox-light")
        take(light, place(light, WALK), "conversation-light")
        dark = signed_in(browser, "ben", WIDE, "dark")
        take(dark, place(dark, FOUR_EYES), "four-eyes-dark")
        phone = signed_in(browser, "ada", PHONE, "light")
        take(phone, "/inbox", "inbox-phone")
        take(phone, place(phone, WALK) + "#rail", "decision-phone")
        browser.close()


def signed_in(browser: Browser, name: str, size: tuple[int, int], theme: str) -> Page:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        base_url=BASE,
    )
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password").fill("console-demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox")
    return page


def place(page: Page, subject: str) -> str:
    """The path of a conversation, by its subject."""
    page.goto("/inbox?view=all")
    link = page.locator("a[href^='/conversations/']").filter(has_text=subject).first
    href = link.get_attribute("href")
    assert href is not None, f"The inbox shows no “{subject}”. Is this a fresh demo?"
    return href


def take(page: Page, path: str, name: str) -> None:
    page.goto(path)
    page.wait_for_timeout(800)
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
