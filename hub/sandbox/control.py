"""The control API every peer has under `/_control/`: plain JSON in, plain JSON out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hub.sandbox.httpd import Request, Response, json_response

Call = Callable[[dict[str, Any]], Any]
PREFIX = "/_control/"


class Control:
    """Routes `METHOD /_control/name`. A call gets the JSON body (POST) or the query (GET) as a dict."""

    def __init__(self, kind: str, calls: dict[str, Call]) -> None:
        self._calls = {f"GET {PREFIX}health": lambda _: {"ok": True, "kind": kind, "pid": os.getpid()}}
        for name, call in calls.items():
            method, _, path = name.partition(" ")
            self._calls[f"{method} {PREFIX}{path}"] = call

    def answer(self, request: Request) -> Response:
        call = self._calls.get(f"{request.method} {request.path}")
        if call is None:
            known = sorted(self._calls)
            return json_response({"error": f"no {request.method} {request.path}", "known": known}, 404)
        try:
            return json_response(call(request.json() if request.method == "POST" else dict(request.query)))
        except (KeyError, ValueError, TypeError, LookupError) as error:
            return json_response({"error": f"{type(error).__name__}: {error}"}, 400)
