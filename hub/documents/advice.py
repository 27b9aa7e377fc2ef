"""What a partner's application says to documents of ours, beyond their syntax."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from hub.documents.base import Strict, code, text

VERDICTS = ("accepted", "errors", "rejected")
"""From the mildest to the hardest."""


class AdviceError(Strict):
    """What is wrong. `code` is the partner's; `place` says where, as segment and element."""

    code = text(16)
    place = text(40)
    message = text(500)


class Advised(Strict):
    """One document of ours, by the control numbers that it went out with or by its own number.

    `reference`: the number of the invoice or shipment, or of the order that it answers.
    """

    set_id = text(12)
    group_control = text(14)
    set_control = text(14)
    reference = text(80)
    verdict = code(*VERDICTS, required=True)
    errors = fields.List(fields.Nested(AdviceError), load_default=list)

    def check(self, data: dict[str, Any]) -> None:
        """It names the document somehow."""
        if not data.get("reference") and not (data.get("set_id") and data.get("group_control")):
            raise ValidationError("Neither a reference nor a set and its group's control number.", "reference")


class Advice(Strict):
    """An application advice. What we send has a `number` and the day on which we said it, `advised_on`."""

    number = text(30)
    advised_on = fields.Date(allow_none=True)
    documents = fields.List(fields.Nested(Advised), required=True, validate=validate.Length(min=1))
