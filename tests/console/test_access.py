"""Who gets in, who may do what, and what a foreign page cannot do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from hub import auth
from hub.installation import Installation
from hub.web import create_app
from tests.console.conftest import NOW, Browser
from tests.console.seed import World

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def ada(hub: Installation) -> int:
    user = auth.add_user(hub.db, "ada", "admin", NOW, actor=None)
    auth.set_password(hub.db, user.id, PASSWORD, NOW, actor=None)
    return int(user.id)


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


def test_without_a_session_every_page_leads_to_the_login(app: Flask, browser: Browser) -> None:
    pages = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set()) and not rule.arguments]
    for page in pages:
        if page in ("/login", "/health"):
            continue
        response = browser.client.get(page)
        assert response.status_code == 302, page
        assert response.location.startswith("/login"), page


def test_a_swap_without_a_session_sends_the_whole_page_to_the_login(browser: Browser) -> None:
    response = browser.client.get("/", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/login"


def test_password_login_goes_where_the_person_wanted_to_go(ada: int, browser: Browser) -> None:
    assert "Sign in" in browser.get("/login?next=/orders")
    response = browser.send("/login", {"name": "ada", "password": PASSWORD, "next": "/orders?state=done"})
    assert (response.status_code, response.location) == (303, "/orders?state=done")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Orders" in browser.get("/orders")


ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_login_never_leads_to_another_site(ada: int, browser: Browser, target: str) -> None:
    response = browser.send("/login", {"name": "ada", "password": PASSWORD, "next": target})
    assert response.location == "/"


def test_a_wrong_password_and_an_unknown_name_look_the_same(ada: int, browser: Browser) -> None:
    for name in ("ada", "nobody"):
        response = browser.send("/login", {"name": name, "password": "wrong wrong wrong"})
        assert response.status_code == 401
        assert "Name or password is wrong." in response.get_data(as_text=True)


def test_login_is_rate_limited_per_name(ada: int, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.console.login.TRIES_PER_NAME", 3)
    for _ in range(3):
        assert browser.send("/login", {"name": "ada", "password": "wrong wrong wrong"}).status_code == 401
    refused = browser.send("/login", {"name": "ada", "password": PASSWORD})
    assert refused.status_code == 429
    assert "Too many tries" in refused.get_data(as_text=True)


def test_a_login_link_is_used_up_by_the_button_not_by_looking(hub: Installation, ada: int, browser: Browser) -> None:
    token = auth.make_link(hub.db, ada, NOW, actor=None)
    for _ in range(2):
        assert "Sign in as ada" in browser.get(f"/login/{token}")
    assert browser.send(f"/login/{token}").status_code == 303
    assert "ada" in browser.get("/")
    assert browser.client.get(f"/login/{token}").status_code == 410
    assert browser.send(f"/login/{token}").status_code == 410


def test_setting_a_password_ends_other_sessions(person: Callable[..., Browser], app: Flask, hub: Installation) -> None:
    here = person("viewer")
    other = Browser(app.test_client())
    with here.client.session_transaction() as mine, other.client.session_transaction() as theirs:
        theirs.update(mine)
    assert other.status("/") == 200
    assert "Your password is set" in here.post("/account", {"password": "another long password"})
    assert here.status("/") == 200
    assert other.status("/") == 302


def test_a_short_password_is_refused_where_it_was_typed(person: Callable[..., Browser]) -> None:
    response = person("viewer").send("/account", {"password": "short"})
    assert response.status_code == 422
    assert "at least 12 characters" in response.get_data(as_text=True)


def test_a_disabled_user_is_out_at_once(person: Callable[..., Browser], hub: Installation) -> None:
    from hub.store import users

    browser = person("viewer")
    assert browser.status("/") == 200
    with hub.db.write() as tx:
        user = users.by_name(tx, "viewer")
        assert user is not None
        users.change(tx, user.id, disabled_at=NOW)
    assert browser.status("/") == 302


def test_signing_out_ends_the_session(person: Callable[..., Browser]) -> None:
    browser = person("viewer")
    assert browser.send("/logout").location == "/login"
    assert browser.status("/") == 302


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        ("cross-site", "https://evil.example"),
        ("same-site", "http://other.localhost"),
        ("", "https://evil.example"),
        ("", "http://localhost:9999"),
        ("", "https://localhost"),
        ("", "null"),
        ("none", ""),
        ("", ""),
        ("same-origin", "http://localhost.evil.example"),
    ],
)
def test_a_foreign_page_changes_nothing(operator: Browser, world: World, site: str, origin: str) -> None:
    response = operator.send(f"/messages/{world.parked}/replay", Sec_Fetch_Site=site, Origin=origin)
    assert response.status_code == 403
    assert "parked" in operator.get(f"/messages/{world.parked}")


def test_without_tls_a_browser_sends_origin_alone(operator: Browser, world: World) -> None:
    response = operator.send(f"/messages/{world.parked}/replay", Sec_Fetch_Site="", Origin="http://localhost")
    assert response.status_code == 303


def test_with_an_https_address_no_other_origin_counts(make_config: Callable[..., object], new_database: object) -> None:
    with Installation(make_config(public_url="https://hub.example.com", database=new_database("sqlite"))) as opened:  # type: ignore[operator,arg-type]
        client = create_app(opened).test_client()
        plain = client.post("/login", headers={"Origin": "http://localhost"})
        ours = client.post("/login", headers={"Origin": "https://hub.example.com"}, data={"name": "x", "password": "y"})
    assert plain.status_code == 403
    assert ours.status_code == 401
    assert "Strict-Transport-Security" in ours.headers


def test_pages_carry_a_strict_policy_and_no_inline_script(operator: Browser, world: World) -> None:
    for page in ("/", "/orders", f"/orders/{world.partly}", "/attention", f"/messages/{world.parked_po}", "/flows"):
        response = operator.client.get(page)
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        text = response.get_data(as_text=True)
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text
        assert response.headers["Cache-Control"] == "no-store"


def test_roles_bound_what_a_person_may_do(person: Callable[..., Browser], world: World) -> None:
    viewer, operator = person("viewer"), person("operator")
    assert "Replay document" not in viewer.get(f"/messages/{world.parked}")
    assert viewer.send(f"/messages/{world.parked}/replay").status_code == 403
    assert viewer.send(f"/orders/{world.held}/holds/{world.hold}/release").status_code == 403
    assert operator.send("/outbound/stop").status_code == 403
    assert operator.send(f"/connections/{world.shop}/mode/off").status_code == 403
    assert "Stop all outbound" not in operator.get("/connections")


def test_a_person_of_one_merchant_sees_that_merchant_only(person: Callable[..., Browser], world: World) -> None:
    browser = person("operator", merchant_id=world.other_merchant)
    orders = browser.get("/orders")
    assert "#B-77" in orders
    assert "#2001" not in orders
    assert browser.status(f"/orders/{world.partly}") == 404
    assert browser.status(f"/messages/{world.parked}") == 404
    assert browser.send(f"/messages/{world.parked}/replay").status_code == 404
    assert browser.send(f"/orders/{world.held}/cancel", {"reason": "x"}).status_code == 404
    assert "Nothing waits for a person" in browser.get("/attention")
    assert "Warehouse Lyon" not in browser.get("/connections")
    assert "#2001" not in browser.get("/orders.csv")
    assert "Nothing found" in browser.get("/search?q=2001")
    chosen = {"do": "replay", "id": str(world.parked)}
    assert "No document was selected" in browser.post("/attention/act", chosen)


def test_a_merchants_admin_cannot_change_what_all_share(person: Callable[..., Browser], world: World) -> None:
    assert person("admin", merchant_id=world.merchant).send("/outbound/stop").status_code == 403
