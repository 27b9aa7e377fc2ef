"""The conformance suite: what the hub relies on, proved against each connector and a fake of its other side.

A connector's test is a few lines (see docs/write-a-connector.md):

    class TestShop(ConnectorSuite):
        connector = ShopConnector

        def make_peer(self, folder: Path) -> Peer:
            return FakeShop()

Cases that a connector cannot have are taken out by what it declares (no topics: no webhook cases), never
skipped while running; `ConnectorSuite.left_out` names each with the capability it lacks, and
`test_declares_what_it_can` refuses a declaration that is untrue.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("base", "intake", "pulling", "pushing", "webhooks")))

from hub.sdk.testing.base import needs  # noqa: E402
from hub.sdk.testing.intake import Intake, SpyBudget, revision  # noqa: E402
from hub.sdk.testing.peer import EPOCH, MANY, RETRY_AFTER, Fault, Peer  # noqa: E402
from hub.sdk.testing.pulling import PullCases  # noqa: E402
from hub.sdk.testing.pushing import PushCases  # noqa: E402
from hub.sdk.testing.server import Answer, Call, Server  # noqa: E402
from hub.sdk.testing.webhooks import WebhookCases  # noqa: E402

__all__ = [
    "EPOCH",
    "MANY",
    "RETRY_AFTER",
    "Answer",
    "Call",
    "ConnectorSuite",
    "Fault",
    "Intake",
    "Peer",
    "Server",
    "SpyBudget",
    "needs",
    "revision",
]


class ConnectorSuite(PullCases, PushCases, WebhookCases):
    """Subclass it in a test module, name the connector, make the peer."""
