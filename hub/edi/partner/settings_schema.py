"""Every setting of a partner and of an agreement: whose it is, what it may be, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from marshmallow import RAISE, Schema, fields, validate

from hub.edi.edifact.characters import CODECS
from hub.edi.partner.profile import LINE_BREAKS
from hub.edi.partner.setting_types import Mark, Words, codec, finding_names, readable
from hub.schedules import parse, time_zone

Scope = Literal["partner", "in", "out"]
"""Whose settings they are: a partner's, or those of an agreement on what comes in or goes out."""

INBOUND: tuple[Scope, ...] = ("partner", "in")
OUTBOUND: tuple[Scope, ...] = ("partner", "out")
PARTNER: tuple[Scope, ...] = ("partner",)
DROP = "drop"
"""In the place of a replacement: what cannot be sent is left out."""


def _said(help_: str, scopes: tuple[Scope, ...]) -> dict[str, Any]:
    return {"help": help_, "scopes": scopes}


def _one_of(help_: str, scopes: tuple[Scope, ...], *choices: str) -> fields.String:
    return fields.String(validate=validate.OneOf(choices), metadata=_said(help_, scopes))


def _text(help_: str, scopes: tuple[Scope, ...], pattern: str, form: str) -> fields.String:
    known = validate.Regexp(rf"(?:{pattern})\Z", error=f"Write {form}.")
    return fields.String(validate=known, metadata=_said(help_, scopes))


class _Duplicates(Schema):
    policy = fields.String(validate=validate.OneOf(("park", "ignore", "accept")))
    days = fields.Integer(validate=validate.Range(1, 3650, error="Write a number of days from 1 to 3650."))


class _Delimiters(Schema):
    element = Mark()
    component = Mark()
    terminator = Mark()
    repetition = Mark()
    release = Mark()
    decimal = fields.String(validate=validate.OneOf((".", ",")))


class _Terms(Schema):
    net_days = fields.Integer(validate=validate.Range(0, 999, error="Write a number of days up to 999."))
    discount_percent = fields.String(
        validate=validate.Regexp(r"[0-9]{1,2}(\.[0-9]{1,3})?\Z", error="Write a percentage such as 2 or 1.5.")
    )
    discount_days = fields.Integer(validate=validate.Range(0, 999, error="Write a number of days up to 999."))


class _Settings(Schema):
    class Meta:
        unknown = RAISE

    strict = fields.Boolean(metadata=_said("true: a document with any fault is rejected; else lesser ones are noted",
                                           INBOUND))  # fmt: skip
    duplicates = fields.Nested(_Duplicates, metadata=_said(
        "what happens to control numbers that come again with other content: `duplicates.policy` park, ignore or "
        "accept; `duplicates.days`: for how long they are remembered", INBOUND))  # fmt: skip
    rules = fields.Dict(
        keys=fields.String(), values=fields.String(validate=validate.OneOf(("error", "warning", "ignore"))),
        validate=finding_names, metadata=_said(
            "what a finding is: `rules.edi.element-too-long`, or with its place `rules.edi.element-too-long REF02`; "
            "error, warning or ignore", INBOUND))  # fmt: skip
    grammars = Words(metadata=_said("folders with grammars of their own, in the mappings' `grammars/`", PARTNER))
    answer = _one_of("the set that acknowledges their X12 documents", PARTNER, "997", "999")
    answer_interchanges = _one_of(
        "when a TA1 or a CONTRL acknowledges an interchange", PARTNER, "requested", "always", "errors", "never"
    )
    batch = _one_of(
        "each: every document in an interchange of its own; together: one interchange per slot of the schedule",
        OUTBOUND, "each", "together",
    )  # fmt: skip
    schedule = fields.String(validate=readable(parse), metadata=_said(
        "when documents go out: an interval (`every 15m`) or cron (`0 6,18 * * *`)", OUTBOUND))  # fmt: skip
    timezone = fields.String(validate=readable(time_zone), metadata=_said(
        "the time zone of the times we write and of the schedule", PARTNER))  # fmt: skip
    currency = _text("the currency of documents that name none", PARTNER, "[A-Z]{3}", "a code of three letters, USD")
    sscc_prefix = _text("the GS1 company prefix of package labels", PARTNER, "[0-9]{7,10}", "7 to 10 digits")
    issued_by = fields.String(validate=validate.OneOf(("hub", "backend")), metadata=_said(
        "whose invoices they get: ours, one for each shipment, or those that our backends send us", ("out",)
    ))  # fmt: skip
    invoice_prefix = _text("what stands in front of the numbers of our invoices", PARTNER, "[0-9A-Za-z/-]{0,8}",
                           "up to eight letters, digits, / or -")  # fmt: skip
    remit_to = _text("our number, as they gave it, of whom they pay", PARTNER, "[ -~]{1,17}", "up to 17 characters")
    terms = fields.Nested(_Terms, metadata=_said(
        "terms of payment where the order states none: `terms.net_days`, `terms.discount_percent`, "
        "`terms.discount_days`", PARTNER))  # fmt: skip
    delimiters = fields.Nested(_Delimiters, metadata=_said(
        "`delimiters.element`, `.component`, `.terminator`, `.repetition`; EDIFACT also `.release` and `.decimal`",
        OUTBOUND))  # fmt: skip
    line_breaks = _one_of("what follows each segment", OUTBOUND, *LINE_BREAKS)
    character_set = fields.String(validate=codec, metadata=_said(
        "the character set that counts instead of the one their envelopes announce, and that we write in", PARTNER
    ))  # fmt: skip
    replacement = _text(
        "the character that stands for one that cannot be sent, or `drop`: it is left out; without either such a "
        "document is parked", OUTBOUND, f".|{DROP}", f"one character, or {DROP}",
    )  # fmt: skip
    syntax = _text("EDIFACT: syntax identifier and version", OUTBOUND, f"(?:{'|'.join(CODECS)}):[1-4]",
                   "an identifier and a version, UNOC:3")  # fmt: skip
    una = _one_of("EDIFACT: when UNA is written", OUTBOUND, "needed", "always", "never")
    association = _text("EDIFACT: the subset in UNH", OUTBOUND, "[0-9A-Z]{1,6}", "up to six characters, EAN008")
    group_sender = _text("X12: our id in GS02 where it is not that of ISA06", OUTBOUND, "[!-~]{2,15}",
                         "2 to 15 characters without blanks")  # fmt: skip
    group_receiver = _text("X12: their id in GS03 where it is not that of ISA08", OUTBOUND, "[!-~]{2,15}",
                           "2 to 15 characters without blanks")  # fmt: skip
    tables = fields.Dict(keys=fields.String(), values=fields.String(), metadata=_said(
        "lookup tables of the partner's own: `tables.items=acme_items` is what a mapping reads as "
        "`lookup(partner.tables.items, park)`", PARTNER))  # fmt: skip
    request_acknowledgement = fields.Boolean(metadata=_said(
        "whether our envelopes ask for a TA1 (ISA14; not asked unless said) or a CONTRL (UNB 0031; asked where the "
        "agreement expects an acknowledgement)", OUTBOUND))  # fmt: skip
    settle_hours = fields.Float(
        validate=validate.Range(0, 8760, min_inclusive=False, error="Write a number of hours above 0, up to 8760."),
        metadata=_said(
            "how many hours the answer to a change of an order waits for warehouses that are asked to give units back; "
            "without it until they answer", OUTBOUND),
    )  # fmt: skip
    locations = Words(metadata=_said(
        "a warehouse or supplier: the locations it serves, where others on its connection serve other ones", PARTNER
    ))  # fmt: skip
    answer_hours = fields.Float(
        validate=validate.Range(0, 8760, min_inclusive=False, error="Write a number of hours above 0, up to 8760."),
        metadata=_said("a warehouse or supplier: how many hours it may take to answer a cancellation", OUTBOUND),
    )
    stock = _one_of("the stock they are told: total, one level of each item; location, one for each of our locations",
                    OUTBOUND, "total", "location")  # fmt: skip
    stock_locations = Words(metadata=_said("the locations whose stock they are told; without it all", OUTBOUND))


SETTINGS = _Settings()

HELP: Mapping[str, str] = {name: one.metadata["help"] for name, one in SETTINGS.fields.items()}
"""Every setting and what it means."""
