"""What a trading partner has told us about its EDI: checked settings, of the partner and of one agreement.

    profile({"timezone": "America/Chicago", "batch": "each"}, {"batch": "together", "schedule": "every 1h"}).batch

The settings of an agreement (one set in one direction) count more than the partner's; `rules`, `duplicates` and
`delimiters` are joined entry by entry. Pure: nothing is stored here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.edi.delimiters import Delimiters
from hub.edi.edifact.characters import CODECS
from hub.edi.findings import catalogue
from hub.edi.grammar import SYNTAXES
from hub.edi.tree import Standard
from hub.errors import Refused
from hub.schedules import ScheduleError, parse, time_zone

Scope = Literal["partner", "in", "out"]
"""Whose settings they are: a partner's, or those of an agreement on what comes in or goes out."""
Rule = Literal["error", "warning", "ignore"]

_BREAKS = {"none": "", "lf": "\n", "crlf": "\r\n"}
_DEFAULT_MARKS = {"x12": Delimiters(), "edifact": Delimiters("+", ":", "'", release="?")}
_ESCAPED = re.compile(r"\\x([0-9A-Fa-f]{2})|\\([nrt])")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Profile:
    """The settings that count for one agreement, or for a partner as a whole; each with what it is when nobody says.

    `duplicate_days`: for how long control numbers are remembered, None for ever. `rules`: finding code, alone or with
    its place (`edi.element-too-long REF02`). `grammars`: folders in
    `grammars/` of the mappings' folder. `character_set`: a codec that counts instead of the one the envelope
    announces, `""` for none. `replacement`: what stands for a character that cannot be sent, None where such a
    document is refused. `request_acknowledgement`: ISA14 and UNB 0031, None for what is usual in the syntax.
    """

    strict: bool = False
    duplicates: Literal["park", "ignore", "accept"] = "park"
    duplicate_days: int | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    grammars: tuple[str, ...] = ()
    answer: Literal["997", "999"] = "997"
    answer_interchanges: Literal["requested", "always", "errors", "never"] = "requested"
    batch: Literal["each", "together"] = "each"
    schedule: str | None = None
    timezone: str = "UTC"
    currency: str | None = None
    sscc_prefix: str | None = None
    tables: Mapping[str, str] = field(default_factory=dict)
    issued_by: Literal["hub", "backend"] = "hub"
    invoice_prefix: str = "INV-"
    remit_to: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    line_breaks: Literal["none", "lf", "crlf"] = "none"
    character_set: str = ""
    replacement: str | None = None
    syntax: str = "UNOC:3"
    una: Literal["needed", "always", "never"] = "needed"
    association: str = ""
    group_sender: str = ""
    group_receiver: str = ""
    request_acknowledgement: bool | None = None
    settle_hours: float | None = None
    locations: tuple[str, ...] = ()
    answer_hours: float = 24.0
    stock: Literal["total", "location"] = "total"
    stock_locations: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the times that are written to the partner, and of its schedules."""
        return ZoneInfo(self.timezone)

    @property
    def syntax_id(self) -> str:
        """EDIFACT: the syntax identifier of UNB, `UNOC`."""
        return self.syntax.partition(":")[0]

    @property
    def syntax_version(self) -> str:
        """EDIFACT: the version number of the syntax, `3`."""
        return self.syntax.partition(":")[2]

    def delimiters(self, standard: Standard, version: str) -> Delimiters:
        """The delimiters to write with; `version` is the set's, since later ones need a repetition separator."""
        base = _DEFAULT_MARKS[standard]
        repeats = version >= "00402" if standard == "x12" else self.syntax_version == "4"
        repetition = ("^" if standard == "x12" else "*") if repeats else ""
        return Delimiters(
            element=self.marks.get("element", base.element),
            component=self.marks.get("component", base.component),
            terminator=self.marks.get("terminator", base.terminator),
            repetition=self.marks.get("repetition", repetition) if repeats else "",
            suffix=_BREAKS[self.line_breaks],
            release=self.marks.get("release", base.release) if standard == "edifact" else "",
            decimal=self.marks.get("decimal", base.decimal) if standard == "edifact" else ".",
        )


class ProfileError(Refused):
    """Settings that cannot be used; the sentence names every field that is wrong. `fields`: field to what is wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("partner.settings-invalid", " ".join(f"{name}: {why}" for name, why in problems.items()))
        self.fields = dict(problems)


# -- the fields -----------------------------------------------------------------------------------------------------

EVERYWHERE: tuple[Scope, ...] = ("partner", "in", "out")
INBOUND: tuple[Scope, ...] = ("partner", "in")
OUTBOUND: tuple[Scope, ...] = ("partner", "out")
PARTNER: tuple[Scope, ...] = ("partner",)


def _said(help_: str, scopes: tuple[Scope, ...]) -> dict[str, Any]:
    return {"help": help_, "scopes": scopes}


def _one_of(help_: str, scopes: tuple[Scope, ...], *choices: str) -> fields.String:
    return fields.String(validate=validate.OneOf(choices), metadata=_said(help_, scopes))


def _text(help_: str, scopes: tuple[Scope, ...], pattern: str, form: str) -> fields.String:
    known = validate.Regexp(rf"(?:{pattern})\Z", error=f"Write {form}.")
    return fields.String(validate=known, metadata=_said(help_, scopes))


def _readable(check: Any) -> Any:
    """A validator out of a function that raises `ScheduleError`."""

    def validator(value: str) -> None:
        try:
            check(value)
        except ScheduleError as error:
            raise ValidationError(error.sentence) from error

    return validator


def _codec(name: str) -> None:
    """A text codec that has ASCII in ASCII's place, as delimiters and envelopes need it."""
    ascii_text = "".join(map(chr, range(32, 127)))
    try:
        usable = ascii_text.encode(name).decode("ascii") == ascii_text
    except (LookupError, UnicodeError, TypeError):
        usable = False
    if not usable:
        raise ValidationError("Write a character set such as utf-8, iso8859-1 or cp1252.")


def _rule_names(rules: Mapping[str, str]) -> None:
    for name in rules:
        code, _, place = name.partition(" ")
        if code not in catalogue():
            raise ValidationError(f"There is no finding {code!r}; docs/edi-findings.md lists them all.")
        if place and not re.fullmatch(r"[A-Z][A-Z0-9]{1,2}(?:[0-9]{2}(?:-[0-9]{1,2})?)?", place):
            raise ValidationError(f"{place!r} is no place; write REF, REF02 or REF04-2.")


class Words(fields.Field[list[str]]):
    """A list of texts; one text may hold several, separated by commas."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
            raise ValidationError("Write a list of texts, separated by commas.")
        return [one.strip() for one in given if one.strip()]


class Mark(fields.Field[str]):
    r"""One character; a control character may be written `\x1d` or `\n`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(value)
        if escaped := _ESCAPED.fullmatch(text):
            text = _CONTROLS[escaped[2]] if escaped[2] else chr(int(escaped[1], 16))
        if len(text) > 1:
            raise ValidationError(r"Write one character, or a control character as \x1d.")
        return text


class _Duplicates(Schema):
    policy = fields.String(validate=validate.OneOf(("park", "ignore", "accept")))
    days = fields.Integer(validate=validate.Range(1, 3650, error="Write a number of days from 1 to 3650."))


class _Delimiters(Schema):
    element = Mark()
    component = Mark()
    terminator = Mark()
    repetition = Mark()
    release = Mark()
    decimal = Mark()


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
        validate=_rule_names, metadata=_said(
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
    schedule = fields.String(validate=_readable(parse), metadata=_said(
        "when documents go out: an interval (`every 15m`) or cron (`0 6,18 * * *`)", OUTBOUND))  # fmt: skip
    timezone = fields.String(validate=_readable(time_zone), metadata=_said(
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
    line_breaks = _one_of("what follows each segment", OUTBOUND, *_BREAKS)
    character_set = fields.String(validate=_codec, metadata=_said(
        "the character set that counts instead of the one their envelopes announce, and that we write in", PARTNER
    ))  # fmt: skip
    replacement = fields.String(validate=validate.Length(max=1), metadata=_said(
        "the character that stands for one that cannot be sent; without it such a document is parked", OUTBOUND
    ))  # fmt: skip
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


_SETTINGS = _Settings()

HELP: Mapping[str, str] = {name: one.metadata["help"] for name, one in _SETTINGS.fields.items()}
"""Every setting and what it means."""

_JOINED = ("rules", "duplicates", "delimiters", "tables", "terms")


# -- reading and checking -------------------------------------------------------------------------------------------


def check(
    given: Mapping[str, Any],
    scope: Scope = "partner",
    standards: Collection[Standard] = (),
    under: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Settings as they are stored. Raises `ProfileError` that names every field that is wrong.

    `given` may hold texts as a person types them (`"true"`, `"30"`). `standards`: the syntaxes that are written by
    these settings; delimiters that cannot serve in them are refused. `under`: the partner's settings, where these are
    those of an agreement.
    """
    try:
        loaded: dict[str, Any] = _SETTINGS.load(dict(given))
    except ValidationError as error:
        raise ProfileError(dict(_problems(error.messages_dict))) from error
    settings = {name: value for name, value in loaded.items() if value not in ("", {}, [])}
    problems: dict[str, str] = {}
    for name in settings:
        scopes = _SETTINGS.fields[name].metadata["scopes"]
        if scope not in scopes:
            where = " or ".join(_SCOPE_WORDS[one] for one in scopes)
            problems[name] = f"This is a setting of {where}, not of {_SCOPE_WORDS[scope]}."
    if problems:
        raise ProfileError(problems)
    counts = profile(under or {}, settings)
    for standard in standards:
        marks = counts.delimiters(standard, SYNTAXES[standard].versions[0])
        if problem := marks.problem():
            problems["delimiters"] = f"With {standard}, {problem}."
        elif counts.replacement and counts.replacement in marks.in_data():
            problems["replacement"] = f"With {standard}, {counts.replacement!r} is a delimiter."
    if counts.batch == "together" and not counts.schedule:
        problems["batch"] = "Documents that go together need a schedule: set schedule too, such as `every 1h`."
    if problems:
        raise ProfileError(problems)
    return settings


_SCOPE_WORDS = {
    "partner": "a partner",
    "in": "an agreement on what comes in",
    "out": "an agreement on what goes out",
}


def changed(settings: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """`settings` with `key=value` pairs put in; an empty value takes the key out. Not yet checked.

    A key of several parts goes into its group: `duplicates.days`, `rules.edi.code-undescribed`.
    """
    result = {name: dict(value) if isinstance(value, Mapping) else value for name, value in settings.items()}
    for key, text in given.items():
        name, _, inner = key.partition(".")
        target, last = (result.setdefault(name, {}), inner) if name in _JOINED and inner else (result, key)
        if text == "":
            target.pop(last, None)
        else:
            target[last] = text
    return {name: value for name, value in result.items() if value != {}}


def profile(settings: Mapping[str, Any], agreed: Mapping[str, Any] | None = None) -> Profile:
    """What counts for an agreement with these settings (None: for the partner as a whole); both as `check` gave them.

    Raises `ProfileError` for settings that never went through it.
    """
    joined = {**settings, **(agreed or {})}
    for name in _JOINED:
        if name in settings and agreed and name in agreed:
            joined[name] = {**settings[name], **agreed[name]}
    return _profile(json.dumps(joined, sort_keys=True))


@lru_cache(maxsize=512)
def _profile(text: str) -> Profile:
    try:
        loaded: dict[str, Any] = _SETTINGS.load(json.loads(text))
    except ValidationError as error:
        raise ProfileError(dict(_problems(error.messages_dict))) from error
    duplicates = loaded.pop("duplicates", {})
    given = {"duplicates": duplicates.get("policy"), "duplicate_days": duplicates.get("days")}
    given |= {"marks": loaded.pop("delimiters", None), **loaded}
    for name in ("grammars", "locations", "stock_locations"):
        if name in given:
            given[name] = tuple(cast(Iterable[str], given[name]))
    return Profile(**{name: value for name, value in given.items() if value is not None})


def _problems(messages: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Marshmallow's messages by the dotted name of their field."""
    if not isinstance(messages, Mapping):
        yield path or "settings", " ".join(map(str, messages))
        return
    for name, inner in messages.items():
        if name in ("key", "value") and path.startswith("rules"):  # marshmallow's own level of a dict
            yield from _problems(inner, path)
        elif inner == ["Unknown field."]:
            near = [] if path else get_close_matches(str(name), HELP, 1)
            there_are = "" if path else f"; did you mean {near[0]}?" if near else f"; there are {', '.join(HELP)}."
            yield f"{path}.{name}" if path else str(name), f"There is no such setting{there_are or '.'}"
        else:
            yield from _problems(inner, f"{path}.{name}" if path else str(name))
