"""The web process's application: the console, the endpoint of webhooks, and a health check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from hub.console import register as register_console
from hub.errors import HubError
from hub.flows.inbound import intake
from hub.installation import Installation
from hub.sdk.connector import WebhookRequest
from hub.sdk.errors import ConnectorError
from hub.store import connections
from hub.store import settings as setting_store

WEBHOOK_BYTES = 2 * 1024 * 1024
FORM_BYTES = 64 * 1024

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def create_app(installation: Installation) -> Flask:
    """The WSGI application of one opened installation."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.config["MAX_CONTENT_LENGTH"] = FORM_BYTES
    app.config["INSTALLATION"] = installation
    register_console(app, installation)

    @app.post("/hooks/<webhook_token>")
    def hook(webhook_token: str) -> Response:
        """A webhook: its raw bytes are handed on before anyone parses them."""
        request.max_content_length = WEBHOOK_BYTES
        with installation.db.read() as tx:
            row = connections.by_webhook_token(tx, webhook_token)
        if row is None:
            return Response("unknown address\n", 404, mimetype="text/plain")
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return Response(f"at most {WEBHOOK_BYTES} bytes\n", 413, mimetype="text/plain")
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = WebhookRequest(headers=headers, body=body, query=request.args.to_dict())
        try:
            taken = intake.receive_webhook(installation, row, asked)
        except (HubError, ConnectorError):
            return Response("cannot be taken now, send it again\n", 503, mimetype="text/plain")
        return Response(status=200) if taken else Response("not yours\n", 401, mimetype="text/plain")

    @app.get("/health")
    def health() -> tuple[dict[str, str], int]:
        """The web process answers and reaches its database."""
        with installation.db.read() as tx:
            setting_store.get(tx, "installation_code")
        return {"status": "ok"}, 200

    if installation.config.trusted_proxies:
        app.wsgi_app = BehindProxy(app.wsgi_app, installation.config.trusted_proxies)  # type: ignore[method-assign]
    return app


class BehindProxy:
    """Believes X-Forwarded-For and -Proto when, and only when, the request comes from a trusted proxy.

    X-Forwarded-Host is never believed: our own address is the setting `public_url`.
    """

    def __init__(self, inner: Wsgi, trusted: Iterable[str]) -> None:
        self.inner = inner
        self.networks = [ip_network(each) for each in trusted]

    def trusts(self, address: str) -> bool:
        """Is this one of our proxies?"""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.trusts(environ.get("REMOTE_ADDR", "")):
            hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
            outside = [hop for hop in hops if not self.trusts(hop)]
            if outside:
                environ["REMOTE_ADDR"] = outside[-1]
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").strip()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return self.inner(environ, start_response)
