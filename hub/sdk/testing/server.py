"""A small HTTP server for fake peers: real sockets, and faults on demand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.sdk.testing.peer import RETRY_AFTER, Fault


@dataclass(frozen=True)
class Call:
    """A request as a peer sees it. `path` is unquoted; `headers` has lower-case names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a peer gives back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class Server:
    """Answers each call with `answer`, one at a time, on a free port of this machine. Spoils calls on demand."""

    def __init__(self, answer: Callable[[Call], Answer]) -> None:
        self.answer = answer
        self.calls: list[Call] = []
        self.sent: list[bytes] = []
        self.error: Exception | None = None
        self._faults: list[Fault] = []
        self._turn = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        """Spoil the next calls; `times=0` heals."""
        self._faults = [fault] * times

    def close(self) -> None:
        """Stop; raise what `answer` raised, which a connector would take for an outage."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        if self.error:
            raise self.error

    def take(self, call: Call) -> Answer | None:
        """The answer to a call, None to hang up."""
        with self._turn:
            self.calls.append(call)
            fault = self._faults.pop(0) if self._faults else None
            if fault is Fault.LOST_REQUEST:
                return None
            if fault is Fault.LIMITED:
                return Answer(429, b'{"error": "slow down"}', {"Retry-After": f"{RETRY_AFTER:g}"})
            if fault is Fault.SERVER_ERROR:
                return Answer(500, b"oops", {"Content-Type": "text/plain"})
            try:
                answer = self.answer(call)
            except Exception as error:
                self.error = error
                return Answer(500, repr(error).encode())
            if fault is Fault.LOST_ANSWER:
                return None
            self.sent.append(answer.body)
            return answer


def _handler_of(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            answer = server.take(self.read_call())
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def read_call(self) -> Call:
            parts = urlsplit(self.path)
            return Call(
                method=self.command,
                path=unquote(parts.path),
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests read what pytest prints."""

    return Handler
