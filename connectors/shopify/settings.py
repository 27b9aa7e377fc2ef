"""The settings of a shop's connection, and how long the API versions live."""

from __future__ import annotations

import ipaddress
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from hub.sdk.connector import secret

VERSIONS = {"2026-07": date(2027, 7, 1), "2026-10": date(2027, 10, 1)}
"""The API versions whose schema our documents are checked against, each with its first day without support: a stable
version is served for twelve months (https://shopify.dev/docs/api/usage/versioning)."""

NOTICE = timedelta(days=90)
"""How long before a version's end we begin to say so."""


def version_warning(version: str, today: date) -> str | None:
    """A sentence for the admin when `version` has ended or will within `NOTICE`, else None."""
    end = VERSIONS[version]
    newest = max(VERSIONS)
    remedy = f"set api_version to {newest}" if version != newest else "update the hub to one that knows a newer version"
    if today >= end:
        return f"API version {version} ended on {end}; {remedy}"
    if today >= end - NOTICE:
        return f"API version {version} ends on {end}; {remedy} before then"
    return None


def shop_address(text: str) -> str:
    """`my-shop`.myshopify.com or a URL, as `scheme://host[:port]`. Raises ValidationError.

    Plain http is for a shop on this machine or inside its own network name only: the token travels with each call.
    """
    parts = urlsplit(text.strip() if "://" in text else f"https://{text.strip()}")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValidationError("Give the shop's address, such as my-shop.myshopify.com.")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValidationError("Give the host alone, without a path or a user name.")
    if parts.scheme == "http" and not _local(parts.hostname):
        raise ValidationError("Plain http is for a local shop only; use https.")
    return f"{parts.scheme}://{parts.netloc}"


def _local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".test", ".internal"))


class Settings(Schema):
    """What a person enters to connect a shop. See docs/connect-shopify.md for where each is found."""

    shop = fields.String(required=True, metadata={"label": "Shop address", "example": "my-shop.myshopify.com"})
    access_token = secret(
        load_default=None,
        allow_none=True,
        metadata={"label": "Admin API access token"},
        validate=validate.Length(min=1),
    )
    client_id = fields.String(load_default=None, allow_none=True, metadata={"label": "Client id"})
    client_secret = secret(load_default=None, allow_none=True, metadata={"label": "Client secret"})
    webhook_secret = secret(
        load_default=None,
        allow_none=True,
        metadata={"label": "Webhook signing secret", "help": "Empty: the client secret signs."},
    )
    api_version = fields.String(load_default="2026-07", validate=validate.OneOf(sorted(VERSIONS)))
    locations = fields.List(
        fields.String(),
        load_default=list,
        metadata={"label": "Location ids that are ours", "help": "The first one is where stock is written."},
    )
    notify_customer = fields.Boolean(load_default=True, metadata={"label": "Shipping mails go out to customers"})
    close_returns = fields.Boolean(
        load_default=True, metadata={"label": "Close a return when all of it has been received"}
    )
    page_size = fields.Integer(
        load_default=100, validate=validate.Range(1, 250), metadata={"label": "Orders per page, at most"}
    )
    overlap_seconds = fields.Integer(
        load_default=120, validate=validate.Range(0, 3600), metadata={"label": "Seconds looked back at each poll"}
    )
    timeout_seconds = fields.Float(
        load_default=30.0, validate=validate.Range(1, 300), metadata={"label": "Seconds to wait for an answer"}
    )
    settle_seconds = fields.Float(
        load_default=30.0,
        validate=validate.Range(0, 3600),
        metadata={
            "label": "Seconds to wait before asking what became of a lost answer",
            "help": "As long as the shop may still be working on a request whose answer never came.",
        },
    )

    @validates_schema
    def credential(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Either a token, or what a token is made from."""
        if not data.get("access_token") and not (data.get("client_id") and data.get("client_secret")):
            raise ValidationError("Give an access token, or a client id with its secret.", "access_token")

    @post_load
    def tidy(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """One spelling for the address and for location ids."""
        try:
            data["shop"] = shop_address(data["shop"])
        except ValidationError as error:
            raise ValidationError(error.messages, "shop") from None
        data["locations"] = [gid("Location", value) for value in data["locations"]]
        return data


def gid(kind: str, value: str) -> str:
    """The global id of a thing, from itself or from its plain number."""
    return value if value.startswith("gid://") else f"gid://shopify/{kind}/{value}"
