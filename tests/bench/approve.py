"""From the click on Approve in one browser to “executed” on a second operator's open page.

    python -m tests.bench.approve [--rounds 60]

Both pages run in one Chromium, so that both moments come from one clock.
"""

from __future__ import annotations

import os
import shutil

import click
from playwright.sync_api import BrowserContext, Page, sync_playwright

from console import governance, people
from console.db import db
from console.governance import ToolContext
from console.models import Conversation, Customer
from tests.bench.stack import spread, stack

PASSWORD = "only for a measurement"
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--no-first-run"]
WATCH = """lane => {
    window.executed = null
    const look = () => {
        const card = document.querySelector(`[data-lane-id="${lane}"]`)
        if (card && card.dataset.laneStatus === 'executed' && !window.executed) window.executed = Date.now()
    }
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true})
}"""


@click.command()
@click.option("--rounds", default=60, show_default=True)
def main(rounds: int) -> None:
    """Print the milliseconds of each part of the way."""
    with stack() as running, running.app.app_context(), sync_playwright() as playwright:
        conversation = _people()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or os.environ.get("CONSOLE_CHROMIUM"), args=ARGUMENTS
        )
        clicking, watching = (
            _signed_in(browser.new_context(), running.address, name) for name in ("ada", "ben")
        )
        times = [
            _round(clicking, watching, running.address, conversation, number) for number in range(rounds + 5)
        ][5:]
        click.echo(f"{rounds} rounds, click to executed on the other page: {spread(times)}")
        click.echo("wanted: median under 250 ms, 99th under 600 ms")
        browser.close()


def _people() -> int:
    for name in ("ada", "ben"):
        people.create_operator(
            f"{name}@example.com", name=name.title(), password=PASSWORD, actor_id=people.SYSTEM
        )
    conversation = Conversation(customer=Customer(name="Riya Chen"), subject="Charged twice")
    db.session.add(conversation)
    db.session.commit()
    return conversation.id


def _signed_in(context: BrowserContext, address: str, name: str) -> Page:
    page = context.new_page()
    page.goto(f"{address}/login")
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox*")
    return page


def _round(clicking: Page, watching: Page, address: str, conversation: int, number: int) -> float:
    context = ToolContext(
        tool_params={"body": f"Note {number}"}, conversation_id=conversation, idempotency_token=str(number)
    )
    lane = governance.submit("internal_note", "operator:1", context).lane
    assert lane is not None
    db.session.rollback()
    for page in (clicking, watching):
        page.goto(f"{address}/conversations/{conversation}")
        page.wait_for_selector("[data-live-state='live'], .topbar__live")
    button = f'[data-lane-id="{lane.id}"] button:has-text("Approve")'
    watching.evaluate(WATCH, lane.id)
    clicking.evaluate(
        'lane => document.querySelector(`[data-lane-id="${lane}"] button.button--decide`)'
        ".addEventListener('click', () => { window.clicked = Date.now() }, {capture: true})",
        lane.id,
    )
    clicking.wait_for_timeout(300)
    clicking.locator(button).first.click()
    watching.locator(f'[data-lane-id="{lane.id}"][data-lane-status="executed"]').wait_for(
        state="attached", timeout=20_000
    )
    return float(watching.evaluate("window.executed")) - float(clicking.evaluate("window.clicked"))


if __name__ == "__main__":
    main()
