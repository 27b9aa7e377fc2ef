"""The HTTP session of a connection: time limits always, one shared budget of calls, errors named by who must act.

Short retries happen inside one attempt, for idempotent calls only (`idempotent=True`), at most three tries within
seconds. Anything longer is the hub's: the job's due time moves.
"""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from hub.sdk.errors import ConnectorError, Misconfigured, Rejected, Retry, Unauthorised

TIMEOUT = (5.0, 30.0)
"""Seconds to connect and to wait for bytes; a connection's settings may lower or raise them."""


class Budget(Protocol):
    """The token bucket of one connection, shared by all workers."""

    def take(self, cost: float = 1.0) -> None:
        """Wait for the tokens, or raise `Retry(limited=True)` when the wait would be long."""

    def observe(self, remaining: float | None, per_second: float | None, capacity: float | None) -> None:
        """Tell what the other side's headers say of its own bucket."""

    def hold_until(self, seconds: float) -> None:
        """The other side asked for silence: nobody calls for this many seconds."""


class _Unreachable(Exception):
    """A try that failed for no reason of its own; worth another where the call may be repeated."""

    def __init__(self, cause: Retry) -> None:
        super().__init__(cause.detail)
        self.cause = cause


class Http:
    """A `requests` session bound to one connection.

    `allow` decides whether an address may be called: a guard against requests into places an admin did not allow.
    Redirects are never followed, since they would lead around it.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        budget: Budget | None = None,
        allow: Callable[[str], bool] = lambda url: True,
        timeout: tuple[float, float] = TIMEOUT,
        pool_size: int = 32,
    ) -> None:
        self.base_url = base_url.rstrip("/") + "/"
        self.budget = budget
        self._allow = allow
        self._timeout = timeout
        self._pool_size = pool_size
        self._session = requests.Session()
        self._session.trust_env = False
        self._headers = {**self._session.headers, "Accept": "application/json", **(headers or {})}
        self._auth = auth
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=pool_size, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def bound(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        read_timeout: float | None = None,
    ) -> Http:
        """The same budget and guard, for the address and credentials a connector read from its settings.

        `read_timeout`: seconds to wait for bytes; None leaves it as it is.
        """
        return Http(
            base_url,
            headers=headers,
            auth=auth,
            budget=self.budget,
            allow=self._allow,
            timeout=self._timeout if read_timeout is None else (self._timeout[0], read_timeout),
            pool_size=self._pool_size,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        idempotent: bool | None = None,
        cost: float = 1.0,
        **kwargs: Any,
    ) -> requests.Response:
        """Send one request and give a response below 400; anything else raises an error named by who must act.

        `kwargs`: `params`, `data`, `json`, `files` and `headers`, as `requests` takes them. Cookies are not sent back.
        `idempotent` defaults to what the method says (GET, HEAD, PUT, DELETE) and allows up to three tries. A call
        that is not safe (GET, HEAD, OPTIONS) and may have reached the other side raises `Retry(maybe_done=True)`,
        whichever of its tries it was.
        """
        if idempotent is None:
            idempotent = method.upper() in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
        url = self._address(path)
        maybe_done = False

        def once() -> requests.Response:
            nonlocal maybe_done
            try:
                return self._try(method, url, cost, kwargs)
            except _Unreachable as error:
                maybe_done = maybe_done or error.cause.maybe_done
                raise

        try:
            return _three_times(once) if idempotent else once()
        except _Unreachable as error:
            error.cause.maybe_done = maybe_done
            raise error.cause from error
        except ConnectorError as error:
            if not maybe_done:
                raise
            after, limited = (error.after, error.limited) if isinstance(error, Retry) else (None, False)
            told = f"{error.detail}, and an answer before it was lost"
            raise Retry(told, after=after, limited=limited, maybe_done=True, code=error.code) from error

    def _address(self, path: str) -> str:
        """Absolute addresses (the next page, say) must be of the same origin: they get our credentials."""
        if not path.startswith(("http://", "https://")):
            return self.base_url + path.lstrip("/")
        if _origin(path) != _origin(self.base_url):
            raise Misconfigured(
                f"{_host(self.base_url)} leads to another address, {_host(path)}; our credentials do not follow",
                code="connector.other-origin",
            )
        return path

    def _try(self, method: str, url: str, cost: float, kwargs: dict[str, Any]) -> requests.Response:
        if not self._allow(url):
            raise Misconfigured(
                f"requests to {urlsplit(url).hostname} are not allowed; an admin can allow the host",
                code="connector.address-not-allowed",
            )
        if self.budget:
            self.budget.take(cost)
        try:
            response = self._session.send(
                self._prepared(method, url, **kwargs), timeout=self._timeout, allow_redirects=False, proxies={}
            )
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
        ) as error:
            raise Misconfigured(f"not a valid address: {url}") from error
        except requests.RequestException as error:
            if "CERTIFICATE_VERIFY_FAILED" in repr(error):
                raise Misconfigured(f"the certificate of {_host(url)} is not trusted", code="connector.tls") from error
            told = f"no answer from {_host(url)}: {type(error).__name__}"
            raise _Unreachable(Retry(told, maybe_done=_is_unsafe(method) and not _never_sent(error))) from error
        return self._judge(response)

    def _prepared(self, method: str, url: str, **kwargs: Any) -> requests.PreparedRequest:
        """A session would merge its own headers, cookies, parameters and hooks into each request, and look for proxies,
        which takes a fifth of the call; all that we have of these is headers."""
        headers = {**self._headers, **(kwargs.pop("headers", None) or {})}
        prepared = requests.PreparedRequest()
        prepared.prepare(method, url, headers=headers, auth=self._auth, **kwargs)
        return prepared

    def _judge(self, response: requests.Response) -> requests.Response:
        status = response.status_code
        if status < 300:
            return response
        where = f"{response.request.method} {urlsplit(response.url).path} answered {status}"
        if status == 429 or (status == 503 and "Retry-After" in response.headers):
            after = retry_after(response.headers)
            if self.budget:
                self.budget.hold_until(after)
            raise Retry(where, after=after, limited=True, code="connector.limited")
        if status in (401, 403):
            raise Unauthorised(where)
        if status >= 500 or status in (408, 425):
            doubtful = status >= 500 and _is_unsafe(response.request.method or "")
            raise _Unreachable(Retry(where, maybe_done=doubtful, code="connector.server-error"))
        if 300 <= status < 400:
            raise Misconfigured(f"{where}: it redirects to {response.headers.get('Location', 'nowhere')}")
        raise Refusal(where, response)

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        """GET; see `request`."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        """POST, not repeated inside an attempt unless `idempotent=True`; see `request`."""
        return self.request("POST", path, **kwargs)


_three_times = Retrying(  # shared by all threads: its state is each thread's own
    retry=retry_if_exception_type(_Unreachable),
    stop=stop_after_attempt(3),
    wait=wait_random_exponential(multiplier=0.1, max=2),
    reraise=True,
)


class Refusal(Rejected):
    """A 4xx answer. `response` lets the connector read why and raise a better `Rejected`."""

    def __init__(self, detail: str, response: requests.Response) -> None:
        super().__init__(detail, code="connector.refused", answer=response.content)
        self.response = response
        self.status = response.status_code


def loads(body: bytes) -> Any:
    """JSON with numbers as Decimal, so that no amount passes through a float."""
    return json.loads(body, parse_float=Decimal)


def retry_after(headers: Mapping[str, str], default: float = 2.0) -> float:
    """Seconds in a Retry-After header: a number or an HTTP date (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After") or headers.get("retry-after")
    if not value:
        return default
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return default


def private_addresses_refused(allowed_hosts: Iterable[str]) -> Callable[[str], bool]:
    """A guard: public addresses and the hosts an admin allowed, nothing on this machine or its network."""
    allowed = frozenset(allowed_hosts)

    def allow(url: str) -> bool:
        host = urlsplit(url).hostname or ""
        if host in allowed:
            return True
        try:
            found = {info[4][0] for info in socket.getaddrinfo(host, None)}
        except OSError:
            return True  # an unknown host fails by itself, with a better error
        return all(ipaddress.ip_address(address).is_global for address in found)

    return allow


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _is_unsafe(method: str) -> bool:
    """True for a method that asks for an effect (RFC 9110, 9.2.1)."""
    return method.upper() not in ("GET", "HEAD", "OPTIONS")


def _never_sent(error: requests.RequestException) -> bool:
    """True when no connection came to be, so that the request cannot have taken effect."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    text = repr(error)
    return "NewConnectionError" in text or "NameResolutionError" in text or "ConnectTimeoutError" in text
