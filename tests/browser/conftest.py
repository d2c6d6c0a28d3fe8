"""A real browser in front of a real web server, on the tests' own database."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from console.config import Settings
from console.db import transaction
from console.live import announce
from tests.conftest import PASSWORD, Cast
from tests.outbound.conftest import outbox, postbox  # noqa: F401 (fixtures)

ROOT = Path(__file__).parents[2]
FLAGS = ["--no-sandbox", "--disable-background-networking", "--no-first-run"]


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """gunicorn with one gevent worker, as in production, serving the console and the workbench."""

    def __init__(self, settings: Settings, **more: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "CONSOLE_DATABASE_URL": settings.database_url,
            "CONSOLE_REDIS_URL": settings.redis_url,
            "CONSOLE_SECRET_KEY": settings.secret_key,
            "CONSOLE_LOGIN_LIMIT": settings.login_limit,
            "CONSOLE_CHANNEL": "log",
            "CONSOLE_TOOLS": ",".join(settings.tools),
            **more,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = "tests.browser.workbench:build()"
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "console/gunicorn.py",
                "-b",
                f"127.0.0.1:{self.port}",
                program,
            ],
            cwd=ROOT,
            env=self._environment,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            with suppress(OSError), urlopen(f"{self.url}/healthz") as answer:
                if answer.status == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("The web server did not start within 20 s.")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture(scope="session")
def server(settings: Settings, migrated: Flask) -> Iterator[Server]:
    running = Server(settings)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = None if own.exists() else shutil.which("chromium") or shutil.which("google-chrome")
        launched = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(5000)
    yield opened
    opened.close()


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(context: BrowserContext, cast: Cast) -> SignIn:
    """Open a page as one of the cast: `sign_in("ben", "/inbox")`. A page that logs an error to its console fails."""

    def opened(name: str, path: str = "/inbox") -> Page:
        page = context.new_page()
        enter(page, name, path)
        return page

    return opened


Change = Callable[..., None]


@pytest.fixture
def change(app: Flask) -> Change:
    """Change what the workbench shows, and say so as the console does."""
    kept: dict[str, Any] = {}

    def changed(announced: bool = True, **state: Any) -> None:
        kept.update(state)
        app.extensions["console_redis"].set("workbench", json.dumps(kept))
        if announced:
            with transaction():
                announce("conversation:1")

    return changed


@pytest.fixture
def bench(sign_in: SignIn, app: Flask) -> Page:
    page = sign_in("ben", "/workbench")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    # The first refresh, which closes the gap between rendering and listening, is not what these tests look at.
    page.wait_for_function("document.querySelector('#bench').dataset.live !== undefined")
    page.wait_for_timeout(600)
    return page


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, server: Server, cast: Cast) -> Iterator[Visit]:
    """`visit("ada", "/approvals")`: signed in there in a browser of one's own, and live; or `script=False`."""
    contexts: list[BrowserContext] = []

    def visited(name: str, path: str, *, script: bool = True, width: int = 1440) -> Page:
        context = browser.new_context(
            base_url=server.url, viewport={"width": width, "height": 900}, java_script_enabled=script
        )
        context.set_default_timeout(6000)
        contexts.append(context)
        page = context.new_page()
        enter(page, name, path)
        if script:
            expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        return page

    yield visited
    for context in contexts:
        context.close()


def enter(page: Page, name: str, path: str) -> None:
    """Sign in on a page that is anybody's, on the way to `path`."""
    page.goto(f"/login?next={path}")
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{path}")
