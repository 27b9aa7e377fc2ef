"""A small threaded HTTP/1.1 server.

The sandbox must drop a connection before or after an effect, hold an answer back, and cost little CPU beside the
hub it exercises. A thread per kept-alive connection, a hand-written header parser and one `sendall` per answer do
that; a WSGI server hides the socket.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, unquote

MAX_BODY = 32 * 1024 * 1024
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Disconnect(Exception):
    """Raised by a handler: close the connection without an answer."""


class BadRequest(Exception):
    """The bytes on the connection are not a request this server reads."""


@dataclass(slots=True)
class Request:
    """One request. `path` is percent-decoded, header names are lower case, `body` is raw."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; an empty body reads as {}."""
        return json.loads(self.body) if self.body else {}


@dataclass(slots=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self, keep_alive: bool) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Unknown')}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
        ]
        lines.extend(f"{name}: {value}" for name, value in self.headers.items())
        if not keep_alive:
            lines.append("Connection: close")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


def json_response(value: Any, status: int = 200, **headers: str) -> Response:
    """`value` as JSON. Keyword arguments are header names with `_` for `-`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status, json.dumps(value, separators=(",", ":")).encode(), headers=named)


Handler = Callable[[Request], Response]


class Server:
    """Listens on 127.0.0.1 and answers with `handler` from one thread per connection."""

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self._handler = handler
        self._socket = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port: int = self._socket.getsockname()[1]

    def serve_forever(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb", 65536) as stream:
            try:
                while self._answer_one(connection, cast(BinaryIO, stream)):
                    pass
            except (Disconnect, OSError):
                return

    def _answer_one(self, connection: socket.socket, stream: BinaryIO) -> bool:
        try:
            request = read_request(stream, connection)
        except (BadRequest, ValueError) as error:
            connection.sendall(json_response({"error": str(error)}, 400).encode(keep_alive=False))
            return False
        if request is None:
            return False
        try:
            response = self._handler(request)
        except Disconnect:
            raise
        except Exception as error:  # the peer must see a fault of the sandbox, not a silent hang
            response = json_response({"error": f"sandbox: {type(error).__name__}: {error}"}, 500)
        keep_alive = request.headers.get("connection", "").lower() != "close"
        connection.sendall(response.encode(keep_alive))
        return keep_alive


def read_request(stream: BinaryIO, connection: socket.socket) -> Request | None:
    """The next request on a kept-alive connection, None when the client has closed it."""
    start = stream.readline(65536)
    if not start:
        return None
    try:
        method, target, _version = start.decode("latin-1").split()
    except ValueError:
        raise BadRequest(f"not a request line: {start[:80]!r}") from None
    headers: dict[str, str] = {}
    while (line := stream.readline(65536)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise BadRequest("send a Content-Length; chunked bodies are not read here")
    length = int(headers.get("content-length") or 0)
    if length > MAX_BODY:
        raise BadRequest(f"body of {length} bytes is over the limit of {MAX_BODY}")
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = stream.read(length) if length else b""
    if len(body) < length:
        return None
    path, _, query = target.partition("?")
    return Request(method, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), headers, body)
