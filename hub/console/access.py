"""Who asks, and whether they may: the session, the checks before every request, the headers after it."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request, session, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response as AnyResponse

from hub.auth import Role, may
from hub.console.blueprint import installation
from hub.installation import Installation
from hub.store import overview, users
from hub.vault import vault_keys

SESSION_LASTS = dt.timedelta(days=14)

OPEN = frozenset({"console.login", "console.login_link", "console.static"})
"""Endpoints of the console that need no session."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in. `merchant_id` None: sees all merchants."""

    id: int
    name: str
    role: str
    merchant_id: int | None
    merchant: str | None

    @property
    def operates(self) -> bool:
        """May act on orders, documents and flows."""
        return may(self.role, Role.OPERATOR)

    @property
    def administers(self) -> bool:
        """May change connections. They are shared, so somebody limited to one merchant may not."""
        return may(self.role, Role.ADMIN) and self.merchant_id is None


def prepare(app: Flask, opened: Installation) -> None:
    """Set the session's keys and cookie, and put the checks around every request."""
    keys = [_session_key(key) for key in vault_keys(opened.config)]
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="hub_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=opened.config.public_url.startswith("https:"),
        PERMANENT_SESSION_LIFETIME=SESSION_LASTS,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.before_request(_before)
    app.after_request(_after)


def _session_key(key: str) -> str:
    return hmac.new(key.encode(), b"console session", hashlib.sha256).hexdigest()


def sign_in(user: Row[Any]) -> None:
    """Begin a session, whatever stood in the cookie before."""
    session.clear()
    session.permanent = True
    session["user"] = user.id
    session["epoch"] = user.session_epoch
    session["nonce"] = secrets.token_hex(8)


def sign_out() -> None:
    """End this session."""
    session.clear()


def person() -> Person:
    """Who is signed in."""
    found: Person = g.person
    return found


def known() -> Person | None:
    """Who is signed in, None where nobody is."""
    found: Person | None = g.get("person")
    return found


def need(role: Role) -> Person:
    """The person, or a 403 where the role does not reach."""
    if not may(person().role, role):
        abort(403)
    return person()


def need_admin() -> Person:
    """The person, or a 403 where they may not change what all merchants share."""
    if not person().administers:
        abort(403)
    return person()


def _before() -> AnyResponse | None:
    endpoint = request.endpoint or ""
    if not endpoint.startswith("console."):
        return None
    if request.method not in ("GET", "HEAD", "OPTIONS") and not from_our_pages():
        abort(403, "This request did not come from one of the console's own pages.")
    if endpoint == "console.static":
        return None
    g.person = _signed_in()
    if g.person is None and endpoint not in OPEN:
        return _to_login()
    return None


def _signed_in() -> Person | None:
    if "user" not in session:
        return None
    with installation().db.read() as tx:
        user = users.get(tx, session["user"])
        if user is None or user.disabled_at is not None or user.session_epoch != session.get("epoch"):
            return None
        merchant = overview.merchant_name(tx, user.merchant_id) if user.merchant_id else None
        return Person(user.id, user.name, user.role, user.merchant_id, merchant)


def _to_login() -> AnyResponse:
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("console.login")})
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("console.login", next=back if back != "/" else None))


def from_our_pages() -> bool:
    """Was a changing request made by a page of ours? By Sec-Fetch-Site where it is sent, and by the full Origin.

    Browsers send Sec-Fetch-Site to https and localhost only, Origin with every POST. A request with neither is refused.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        return False
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin.lower() in own_origins()


def own_origins() -> set[str]:
    """Scheme, host and port of our own pages: an https `public_url` alone; without TLS, the address in use too."""
    public = _origin(installation().config.public_url)
    return {public} if public.startswith("https:") else {public, _origin(request.host_url)}


def _origin(url: str) -> str:
    parts = urlsplit(url.lower())
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port and parts.port != default else ""
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _after(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.endpoint == "console.static":
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if request.args.get("v") else "no-cache"
    elif (request.endpoint or "").startswith("console."):
        headers["Cache-Control"] = "no-store"
    if installation().config.public_url.startswith("https:"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
