"""The errors a connector raises, named by who must act.

A connector never decides what happens next: it says whose problem this is, and the hub acts. Anything else that
escapes from a connector is treated as `Retry` with back-off, and recorded with its type.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of the errors below. `code` is stable and documented; `detail` is one sentence for a person, in our words:
    it is kept in places that outlive the document, and what the other side said may repeat a customer's name."""

    code = "connector.failed"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code:
            self.code = code


class Retry(ConnectorError):
    """Nobody must act: the other side is busy, limiting or unreachable.

    `after`: seconds until it is worth trying again; None lets the hub back off.
    `limited`: the other side counts our calls (429, a spent budget): the whole connection waits, and the try
    costs no attempt.
    `maybe_done`: the request may have taken effect (a timeout after sending): the hub asks before it sends again.
    """

    code = "connector.retry"

    def __init__(
        self,
        detail: str,
        *,
        after: float | None = None,
        limited: bool = False,
        maybe_done: bool = False,
        code: str | None = None,
    ) -> None:
        super().__init__(detail, code=code)
        self.after = after
        self.limited = limited
        self.maybe_done = maybe_done


class Rejected(ConnectorError):
    """Whoever owns the document must act: the other side understood it and refuses it. The document is parked.

    `field`: the path in the payload that was refused, where the other side names it.
    `answer`: the other side's own words; they are kept as the document's answer, and can be erased with it.
    """

    code = "connector.rejected"

    def __init__(
        self, detail: str, *, field: str | None = None, code: str | None = None, answer: bytes | str = b""
    ) -> None:
        super().__init__(detail, code=code)
        self.field = field
        self.answer = answer.encode() if isinstance(answer, str) else answer


class Unauthorised(ConnectorError):
    """Whoever owns the connection must act: the credential is missing, wrong, expired or lacks a scope."""

    code = "connector.unauthorised"


class Misconfigured(ConnectorError):
    """The admin must act: a setting is wrong (an address, a folder, an API version that has ended)."""

    code = "connector.misconfigured"
