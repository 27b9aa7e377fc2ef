"""The store process: Admin GraphQL over HTTP, OAuth client credentials, webhooks, control."""

from __future__ import annotations

import argparse
import json
import secrets
from pathlib import Path
from typing import Any

from hub.sandbox.control import PREFIX, Control
from hub.sandbox.courier import Courier
from hub.sandbox.faults import FaultPlan
from hub.sandbox.httpd import Request, Response, json_response
from hub.sandbox.store.announce import Announcer
from hub.sandbox.store.controls import StoreControls
from hub.sandbox.store.gql import Context, Engine, Operation, error
from hub.sandbox.store.mutations import mutation_resolvers
from hub.sandbox.store.resolvers import edge_resolvers, query_resolvers
from hub.sandbox.store.search import BadCursor
from hub.sandbox.store.shop import Shop
from hub.sandbox.store.throttle import PLANS, Bucket
from hub.sandbox.store.versions import serve

SDL = Path(__file__).with_name("schema.graphql")
TOKEN = "shpat_sandbox_0000000000000000"
CLIENT_ID = "sandbox-client-id"
CLIENT_SECRET = "sandbox-client-secret"


def make_engine() -> Engine:
    engine = Engine(SDL.read_text(), {**query_resolvers(), **mutation_resolvers()})
    engine.resolvers.update(edge_resolvers(list(engine.schema.type_map)))
    return engine


class Store:
    """Answers requests. One per process."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.shop = Shop(options.domain)
        self._engine = make_engine()
        self._bucket = Bucket(options.plan)
        self._faults = FaultPlan()
        self._credentials: dict[str, Any] = {"tokens": {options.token}, "secret": options.client_secret}
        courier = Courier(on_dead=self.shop.unsubscribe)
        announcer = Announcer(self.shop, courier, lambda: self._credentials["secret"], "2026-07")
        self.shop.listeners.append(announcer.heard)
        controls = StoreControls(self.shop, self._faults, courier, self._bucket, self._credentials)
        self._control = Control("store", controls.calls())
        self._client_id = options.client_id

    def __call__(self, request: Request) -> Response:
        if request.path.startswith(PREFIX):
            return self._control.answer(request)
        if request.path == "/admin/oauth/access_token":
            return self._grant(request)
        parts = request.path.split("/")
        if len(parts) != 5 or parts[1:3] != ["admin", "api"] or parts[4] != "graphql.json":
            return json_response({"errors": "Not Found"}, 404)
        version = serve(parts[3])
        if version is None:
            return json_response({"errors": f"Not Found: there is no API version {parts[3]}"}, 404)
        if request.method != "POST":
            return json_response({"errors": "Method Not Allowed"}, 405)
        if request.headers.get("x-shopify-access-token") not in self._credentials["tokens"]:
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return json_response({"errors": message}, 401)
        response = self._graphql(request)
        response.headers["X-Shopify-API-Version"] = version
        return response

    def _grant(self, request: Request) -> Response:
        """The client-credentials grant: a fresh token that is valid beside the configured one."""
        given = request.json()
        if (given.get("client_id"), given.get("client_secret")) != (self._client_id, self._credentials["secret"]):
            return json_response({"error": "invalid_client"}, 401)
        token = f"shpat_{secrets.token_hex(16)}"
        self._credentials["tokens"].add(token)
        return json_response({"access_token": token, "scope": "", "expires_in": 86399})

    def _graphql(self, request: Request) -> Response:
        try:
            body = json.loads(request.body)
            text, given = body["query"], body.get("variables") or {}
        except (ValueError, KeyError, TypeError):
            return json_response({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        document = self._engine.document(text)
        if document.errors:
            return json_response({"errors": document.errors})
        prepared = self._engine.prepare(document, body.get("operationName"), given)
        if isinstance(prepared, list):
            return json_response({"errors": prepared})
        operation, variables = prepared
        kind = self._faults.pick(" ".join(operation.labels), operation.kind == "mutation")
        if kind == "throttled":
            return self._throttled(self._engine.requested_cost(operation, variables))
        return self._faults.run(kind, request, lambda _: self._execute(operation, variables))

    def _execute(self, operation: Operation, variables: dict[str, Any]) -> Response:
        requested = self._engine.requested_cost(operation, variables)
        limit = self._bucket.single_query_limit
        if limit is not None and requested > limit:
            message = f"Query cost is {requested}, which exceeds the single query max cost limit ({limit})."
            return json_response({"errors": [error(message, "MAX_COST_EXCEEDED", cost=requested, maxCost=limit)]})
        if not self._bucket.take(requested):
            return self._throttled(requested)
        context = Context(self.shop, variables)
        try:
            with self.shop.lock:
                answer = self._engine.run(operation, context)
        except BadCursor as problem:
            answer = {"errors": [error(str(problem), "argumentLiteralsIncompatible")]}
        self._bucket.give_back(requested - min(context.cost, requested))
        answer["extensions"] = {"cost": self._cost(requested, context.cost)}
        if context.warnings:
            answer["extensions"]["search"] = context.warnings
        return json_response(answer)

    def _cost(self, requested: int, actual: int | None) -> dict[str, Any]:
        return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": self._bucket.status()}

    def _throttled(self, requested: int) -> Response:
        documentation = "https://shopify.dev/api/usage/rate-limits"
        return json_response({
            "errors": [error("Throttled", "THROTTLED", documentation=documentation)],
            "extensions": {"cost": self._cost(requested, None)},
        })  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--token", default=TOKEN, help="access token that is accepted")
    parser.add_argument("--client-id", default=CLIENT_ID)
    parser.add_argument("--client-secret", default=CLIENT_SECRET, help="signs webhooks")
    parser.add_argument("--domain", default="sandbox-store.myshopify.com")
    parser.add_argument("--plan", default="generous", help=f"cost bucket: {', '.join(PLANS)}")
