"""The settings of a folder connection."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates, validates_schema

KINDS = frozenset(
    {
        "acknowledgement",
        "cancellation",
        "edi",
        "fulfillment",
        "functional_acknowledgement",
        "inventory",
        "invoice",
        "order",
        "order_cancellation",
        "return",
        "shipment",
        "tracking",
    }
)
"""What a folder can hold. `edi` is a file of interchanges, whose documents only reading it tells."""

ANY = "*"
"""In `outboxes` and `extensions`: every kind that is not named. A place for the answers that agreements with EDI
partners call for; it makes the connection no backend, so a kind that is to have a flow must be named."""

SNAPSHOTS = frozenset({"inventory"})
"""Kinds whose documents state a whole: two equal ones at different times are two statements."""

TEMPORARY = [".*", "~*", "*~", "*.tmp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.swp"]
"""Names that writers give to files they have not finished."""

_KIND = fields.String(validate=validate.OneOf(sorted(KINDS)))
_KIND_OR_ANY = fields.String(validate=validate.OneOf([*sorted(KINDS), ANY]))


class Folder(fields.String):
    """A folder relative to the root, which it cannot leave."""

    default_error_messages = {"outside": "Must be a relative folder inside the root, without '..'."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        path = PurePosixPath(text)
        if not text or path.is_absolute() or ".." in path.parts or "\0" in text:
            raise self.make_error("outside")
        return str(path)


def _by_kind(values: fields.Field[Any], kinds: fields.String = _KIND) -> fields.Dict:
    return fields.Dict(keys=kinds, values=values, load_default=dict)


class FilesSettings(Schema):
    """Folders by kind, and how files in them are read and named. See README.md."""

    root = fields.String(required=True, validate=validate.Length(min=1))
    inboxes = _by_kind(Folder())
    outboxes = _by_kind(Folder(), _KIND_OR_ANY)
    archive = Folder(load_default="archive", allow_none=True)
    sent = Folder(load_default="sent")
    pattern = fields.String(load_default="*", validate=validate.Length(min=1))
    patterns = _by_kind(fields.String())
    temporary = fields.List(fields.String(), load_default=lambda: list(TEMPORARY))
    stable_seconds = fields.Float(load_default=5.0, validate=validate.Range(min=0))
    max_bytes = fields.Integer(load_default=64 * 1024 * 1024, validate=validate.Range(min=1))
    page_size = fields.Integer(load_default=50, validate=validate.Range(min=1, max=1000))
    files_per_pull = fields.Integer(load_default=500, validate=validate.Range(min=1, max=5000))
    identity = _by_kind(fields.String(validate=validate.OneOf(["name", "content", "name+time"])))
    formats = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    extensions = _by_kind(fields.String(validate=validate.Regexp(r"^\.[A-Za-z0-9._-]{1,16}$")), _KIND_OR_ANY)

    @validates("identity")
    def no_snapshot_by_content(self, value: dict[str, str], data_key: str, **kwargs: Any) -> None:
        """Yesterday's stock may equal today's; dropping the second as a duplicate would leave the levels stale."""
        for kind in sorted(SNAPSHOTS & value.keys()):
            if value[kind] == "content":
                raise ValidationError(f"{kind} is a snapshot: use 'name' or 'name+time', never 'content'.")

    @validates_schema
    def folders_differ(self, data: dict[str, Any], **kwargs: Any) -> None:
        """One folder has one use, so that nothing is taken twice or fed back to its writer."""
        uses: dict[str, str] = {}
        named = [
            *((f"inboxes.{kind}", folder) for kind, folder in data["inboxes"].items()),
            *((f"outboxes.{kind}", folder) for kind, folder in data["outboxes"].items()),
            ("archive", data["archive"]),
            ("sent", data["sent"]),
        ]
        for use, folder in named:
            shared = use.startswith("outboxes.") and uses.get(folder, "").startswith("outboxes.")
            if folder in uses and not shared:
                raise ValidationError(f"{use} and {uses[folder]} are the same folder: {folder}")
            if folder is not None:
                uses[folder] = use
        if not data["inboxes"] and not data["outboxes"]:
            raise ValidationError("Name at least one inbox or outbox.", "inboxes")
