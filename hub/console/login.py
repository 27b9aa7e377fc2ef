"""Signing in by password or one-time link, signing out, and the person's own account."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from hub import auth
from hub.console import access
from hub.console.blueprint import console, installation
from hub.console.notes import note
from hub.errors import HubError
from hub.store import users

TRIES_PER_ADDRESS = 30
TRIES_PER_NAME = 10


class Tries:
    """How often an address, and a name, may try to sign in."""

    def __init__(self) -> None:
        self._addresses = auth.Throttle(TRIES_PER_ADDRESS)
        self._names = auth.Throttle(TRIES_PER_NAME)

    def wait(self, name: str | None) -> float:
        """Count a try; seconds to wait, 0 where it may go ahead. A link has no name: its token cannot be guessed."""
        now = installation().now()
        wait = self._addresses.wait(str(request.remote_addr), now)
        return wait if name is None else max(wait, self._names.wait(name.lower(), now))

    def good(self, name: str | None) -> None:
        """Forget the tries that led to this success."""
        self._addresses.clear(str(request.remote_addr))
        if name is not None:
            self._names.clear(name.lower())


def _tries() -> Tries:
    found: Tries = current_app.extensions.setdefault("hub-login-tries", Tries())
    return found


def _slow_down(name: str | None) -> str:
    """What to tell somebody who tries too often; empty where they may go ahead."""
    wait = _tries().wait(name)
    if not wait:
        return ""
    minutes = int(wait // 60) + 1
    return f"Too many tries. Try again in {minutes} minute{'s' if minutes > 1 else ''}."


def _local(target: str) -> str:
    """Where to go after signing in: a path of ours, never another site."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and "\\" not in target
    return target if ours else url_for("console.home")


@console.route("/login", methods=["GET", "POST"])
def login() -> str | Response | tuple[str, int]:
    """Name and password."""
    if g.person is not None and request.method == "GET":
        return redirect(url_for("console.home"))
    target = request.values.get("next", "")
    if request.method == "GET":
        return render_template("login.html", next=target, name="")
    name = request.form.get("name", "").strip()
    problem, status = _slow_down(name), 429
    if not problem:
        user = auth.authenticate(installation().db, name, request.form.get("password", ""), installation().now())
        if user is not None:
            _tries().good(name)
            access.sign_in(user)
            return redirect(_local(target), 303)
        problem, status = "Name or password is wrong.", 401
    return render_template("login.html", next=target, name=name, problem=problem), status


@console.route("/login/<token>", methods=["GET", "POST"])
def login_link(token: str) -> str | Response | tuple[str, int]:
    """A one-time link. Opening it uses nothing up (mail programs open links by themselves); the button does."""
    bad = _slow_down(None)
    if bad:
        return render_template("login.html", link_bad=bad), 429
    now = installation().now()
    if request.method == "GET":
        user = auth.peek_link(installation().db, token, now)
        if user is not None:
            _tries().good(None)
            return render_template("login.html", link_for=user.name)
    else:
        user = auth.redeem_link(installation().db, token, now)
        if user is not None:
            _tries().good(None)
            access.sign_in(user)
            if user.password_hash is None:
                note("Signed in. Set a password under your name to sign in without a link.", "flowing")
            return redirect(url_for("console.home"), 303)
    return render_template("login.html", link_bad="This link was used already, or has expired."), 410


@console.post("/logout")
def logout() -> Response:
    """End the session."""
    access.sign_out()
    return redirect(url_for("console.login"), 303)


@console.route("/account", methods=["GET", "POST"])
def account() -> str | Response | tuple[str, int]:
    """The person's own password."""
    me, db, now = access.person(), installation().db, installation().now()
    with db.read() as tx:
        row = users.get(tx, me.id)
    has_password = row is not None and row.password_hash is not None
    problem, status = "", 200
    if request.method == "POST":
        problem = _slow_down(me.name)
        if not problem and has_password and not auth.authenticate(db, me.name, request.form.get("current", ""), now):
            problem = "The password you have now is another one."
        if not problem:
            try:
                user = auth.set_password(db, me.id, request.form.get("password", ""), now, actor=me.name)
            except HubError as error:
                problem = error.sentence
            else:
                session["epoch"] = user.session_epoch
                note("Your password is set. Other sessions of yours are signed out.", "done")
                return redirect(url_for("console.account"), 303)
        status = 422
    shown = {"has_password": has_password, "problem": problem, "shortest": auth.LEAST_CHARACTERS}
    return render_template("account.html", **shown), status
