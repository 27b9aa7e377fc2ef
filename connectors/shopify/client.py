"""One GraphQL call: credential, budget, and errors named by who must act."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from connectors.shopify import queries
from hub.sdk.errors import Misconfigured, Rejected, Retry, Unauthorised
from hub.sdk.http import Http, Refusal, loads

PERSONAL = frozenset({"email", "phone", "note", "shippingAddress", "billingAddress"})
"""Fields that an app without access to protected customer data gets as null with an ACCESS_DENIED error; an order
without them is still an order."""

_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+")

COST_LIMIT = 1000
"""Points one document may ask for (https://shopify.dev/docs/api/usage/limits)."""


class TooCostly(Exception):
    """The document asked for more points than one document may. `cost`: what it would have asked for, if told."""

    def __init__(self, cost: float | None) -> None:
        super().__init__(cost)
        self.cost = cost


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without errors.

    `body`: its bytes as they came; `requested_cost`: the points it asked for (None: not said); `at`: when it was
    made, by the shop's clock where it tells.
    """

    body: bytes
    data: dict[str, Any]
    requested_cost: float | None
    at: datetime


class Client:
    """The Admin API of one shop in one version. Used by several threads at once."""

    def __init__(self, settings: Mapping[str, Any], http: Http) -> None:
        self._http = http.bound(settings["shop"], read_timeout=settings["timeout_seconds"])
        self._path = f"admin/api/{settings['api_version']}/graphql.json"
        self._settings = settings
        self._token: str | None = settings.get("access_token")
        self._token_until = float("inf")
        self._lock = threading.Lock()
        self._costs: dict[str, float] = {}

    def call(self, name: str, **values: Any) -> Answer:
        """Send the operation `name` of `graphql/` with these variables.

        Raises `TooCostly` beside the errors of `hub.sdk.errors`.
        """
        request = {"query": queries.document(name), "variables": values}
        write = queries.writes(name)
        try:
            response = self._post(name, request, write)
        except Retry as error:
            if write or not error.maybe_done:
                raise
            raise Retry(error.detail, after=error.after, limited=error.limited, code=error.code) from error
        try:
            answer = loads(response.content)
            errors, data = answer.get("errors"), answer.get("data")
        except (ValueError, AttributeError):
            raise Retry("the shop answered with something that is not JSON", maybe_done=write) from None
        cost = self._learn(name, answer)
        if errors:
            self._judge(errors, data, answer, write)
        if not isinstance(data, dict):
            raise Retry("the shop answered without data", maybe_done=write)
        return Answer(response.content, data, cost.get("requestedQueryCost"), _clock(response.headers))

    def change(self, name: str, *, errors: str = "userErrors", **values: Any) -> Answer:
        """Send a mutation whose field is aliased `result`; what it lists in `errors` is a `Rejected`."""
        answer = self.call(name, **values)
        result = answer.data.get("result") or {}
        for error in result.get(errors) or ():
            path = ".".join(str(step) for step in error.get("field") or ())
            code = error.get("code")
            raise Rejected(
                "the shop refuses it",
                field=path or None,
                code=f"shopify.{code.lower().replace('_', '-')}" if code else "shopify.refused",
                answer=answer.body,
            )
        return answer

    def _post(self, name: str, request: dict[str, Any], write: bool) -> requests.Response:
        token = self._credential(None)
        try:
            return self._send(name, request, write, token)
        except Unauthorised:
            fresh = self._credential(stale=token)
            if fresh == token:
                raise
            return self._send(name, request, write, fresh)

    def _send(self, name: str, request: dict[str, Any], write: bool, token: str) -> requests.Response:
        try:
            return self._http.post(
                self._path,
                json=request,
                headers={"X-Shopify-Access-Token": token},
                idempotent=not write,
                cost=self._costs.get(name, 10.0),
            )
        except Refusal as error:
            raise _refusal(error) from error

    def _credential(self, stale: str | None) -> str:
        """The access token; one made by the client-credentials grant is replaced when old or `stale`, by one thread."""
        if self._settings.get("access_token"):
            return str(self._token)
        with self._lock:
            if self._token is None or self._token == stale or time.monotonic() > self._token_until:
                self._token = self._grant()
            return self._token

    def _grant(self) -> str:
        wish = {
            "grant_type": "client_credentials",
            "client_id": self._settings["client_id"],
            "client_secret": self._settings["client_secret"],
        }
        try:
            response = self._http.post("admin/oauth/access_token", json=wish, idempotent=True, cost=0.0)
            granted = response.json()
            token, lifetime = str(granted["access_token"]), float(granted.get("expires_in", 86399))
        except Refusal as error:
            raise Unauthorised("the shop refused the client id and secret", code="shopify.grant-refused") from error
        except (ValueError, KeyError, TypeError):
            raise Retry("the shop granted a token we cannot read") from None
        self._token_until = time.monotonic() + max(lifetime - 300, lifetime / 2)
        return token

    def _learn(self, name: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell the budget what the shop says of its own bucket; remember what this document really costs."""
        cost = (answer.get("extensions") or {}).get("cost") or {}
        status = cost.get("throttleStatus") or {}
        if self._http.budget and status:
            self._http.budget.observe(
                _number(status.get("currentlyAvailable")),
                _number(status.get("restoreRate")),
                _number(status.get("maximumAvailable")),
            )
        if cost.get("actualQueryCost") is not None:
            self._costs[name] = max(1.0, float(cost["actualQueryCost"]))
        return {key: _number(value) for key, value in cost.items() if key != "throttleStatus"}

    def _judge(self, errors: Any, data: Any, answer: Mapping[str, Any], write: bool) -> None:
        """Raise what the top-level errors mean; return when only personal fields were withheld."""
        if not isinstance(errors, list):
            errors = [{"message": str(errors)}]
        codes = {(error.get("extensions") or {}).get("code") for error in errors}
        message = "; ".join(str(error.get("message")) for error in errors)
        if "THROTTLED" in codes:
            raise self._throttled(answer)
        if "MAX_COST_EXCEEDED" in codes:
            told = next((error["extensions"].get("cost") for error in errors if error.get("extensions")), None)
            raise TooCostly(_number(told))
        if "ACCESS_DENIED" in codes:
            withheld = all(PERSONAL & {str(step) for step in error.get("path") or ()} for error in errors)
            if withheld and isinstance(data, dict):
                return
            scopes = ", ".join(sorted(set(_SCOPE.findall(message)))) or "a scope that the shop does not name"
            raise Unauthorised(f"the app lacks access: {scopes}", code="shopify.access-denied")
        if codes & {"SHOP_INACTIVE", "UNAUTHORIZED"}:
            raise Unauthorised("the shop is inactive or does not let the app in", code="shopify.shop-inactive")
        if codes & {"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"}:
            raise Retry("the shop failed on its side", maybe_done=write, code="connector.server-error")
        raise Rejected("the shop refused the request", code="shopify.request-refused", answer=message)

    def _throttled(self, answer: Mapping[str, Any]) -> Retry:
        cost = (answer.get("extensions") or {}).get("cost") or {}
        status = cost.get("throttleStatus") or {}
        needed = _number(cost.get("requestedQueryCost")) or 100.0
        missing = max(0.0, needed - (_number(status.get("currentlyAvailable")) or 0.0))
        after = max(0.5, missing / (_number(status.get("restoreRate")) or 50.0))
        if self._http.budget:
            self._http.budget.hold_until(after)
        return Retry("the shop limits our calls", after=after, limited=True, code="connector.limited")


def _clock(headers: Mapping[str, str]) -> datetime:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    return datetime.now(UTC)


def _number(value: Any) -> float | None:
    with contextlib.suppress(TypeError, ValueError):
        return float(value)
    return None


def _refusal(error: Refusal) -> Exception:
    """What a 4xx of the API itself means; a refused document comes as 200 with errors instead."""
    if error.status == 404:
        return Misconfigured("no shop answers at this address in this API version", code="shopify.not-found")
    if error.status in (402, 423):
        return Unauthorised("the shop is frozen or locked; its owner must act", code="shopify.shop-frozen")
    return error
