"""All that a connector may import."""

from hub.sdk.connector import (
    Absent,
    Connector,
    Document,
    Found,
    Guarantee,
    Page,
    Receipt,
    Subscription,
    Unknown,
    Webhook,
    WebhookRefused,
    WebhookRequest,
    secret,
)
from hub.sdk.errors import ConnectorError, Misconfigured, Rejected, Retry, Unauthorised
from hub.sdk.http import Budget, Http

__all__ = [
    "Absent",
    "Budget",
    "Connector",
    "ConnectorError",
    "Document",
    "Found",
    "Guarantee",
    "Http",
    "Misconfigured",
    "Page",
    "Receipt",
    "Rejected",
    "Retry",
    "Subscription",
    "Unauthorised",
    "Unknown",
    "Webhook",
    "WebhookRefused",
    "WebhookRequest",
    "secret",
]
