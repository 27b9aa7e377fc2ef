"""The console in a real browser: signing in, searching, replaying in place, and the width of a phone."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from hub import auth
from hub.installation import Installation
from tests.console.conftest import NOW
from tests.console.seed import World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REFRESH_MILLISECONDS = 5_000
"""How often the overview looks for news."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs chromium (apt-get install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The console, served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(5)


@pytest.fixture
def link(hub: Installation, world: World, address: str) -> str:
    """A one-time link of an admin."""
    user = auth.add_user(hub.db, "ada", "admin", NOW, actor=None)
    return auth.login_address(address, auth.make_link(hub.db, user.id, NOW, actor=None))


@pytest.fixture
def page(chromium: Any, link: str, world: World) -> Iterator[Any]:
    """A page that somebody has signed in on; what the browser complains of fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(link)
    opened.get_by_role("button", name="Sign in as ada").click()
    opened.wait_for_selector("#live")
    yield opened
    context.close()
    assert complaints == []


def test_nothing_scrolls_sideways_on_a_phone_or_a_desk(page: Any, address: str, world: World) -> None:
    paths = ["/", "/orders", f"/orders/{world.partly}", f"/orders/{world.parked_order}", "/attention", "/messages"]
    paths += [f"/messages/{world.parked_po}", f"/messages/{world.interchange}", "/flows", "/connections"]
    for width, path in itertools.product((390, 1280), [*paths, "/account", "/docs"]):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{address}{path}")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider == 0, (path, width)


def test_the_slash_key_leads_to_the_search_and_one_hit_opens_at_once(page: Any, world: World) -> None:
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("JJD000390007")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{world.partly}")
    assert page.get_by_role("heading", name="Order #2001").is_visible()


def test_a_document_is_replayed_in_place(page: Any, address: str, world: World) -> None:
    page.goto(f"{address}/messages/{world.parked_po}")
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Replay document").click()
    page.get_by_text("Reading it again with the present mappings.").wait_for()
    assert page.evaluate("window.stayed") is True, "the page was not left"
    assert page.get_by_role("button", name="Replay document").count() == 0


def test_the_overview_refreshes_by_itself_but_not_under_a_reader(page: Any) -> None:
    page.clock.install()
    page.reload()
    page.evaluate("document.querySelector('#live').dataset.old = 'yes'")
    page.clock.run_for(REFRESH_MILLISECONDS)
    page.wait_for_selector("#live:not([data-old])")
    page.locator("#live details summary").click()
    page.evaluate("document.querySelector('#live').dataset.old = 'yes'")
    with page.expect_response(lambda response: response.url.rstrip("/").count("/") == 2):
        page.clock.run_for(REFRESH_MILLISECONDS)
    page.clock.run_for(1_000)  # time to put in what came, if it were to
    assert page.evaluate("document.querySelector('#live').dataset.old") == "yes"


def test_without_scripts_an_action_is_a_plain_form(chromium: Any, link: str, address: str, world: World) -> None:
    context = chromium.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.goto(link)
    opened.get_by_role("button", name="Sign in as ada").click()
    opened.goto(f"{address}/messages/{world.parked_po}")
    opened.get_by_role("button", name="Replay document").click()
    assert opened.get_by_text("Reading it again with the present mappings.").is_visible()
    context.close()
