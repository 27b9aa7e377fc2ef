"""Writes messages as one EDIFACT interchange, and refuses to write what would not validate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hub.edi.delimiters import USUAL, Delimiters
from hub.edi.edifact.characters import CODECS, fits, forbidden
from hub.edi.edifact.interchange import Group, Interchange
from hub.edi.edifact.text import written
from hub.edi.edifact.validation import examine
from hub.edi.examination import refuse_invalid
from hub.edi.findings import EdiError, Finding, finding
from hub.edi.grammars.library import Library, default_library
from hub.edi.tree import Element, Loop, Repeats, Segment, TransactionSet, in_document_order

ServiceAdvice = Literal["needed", "always", "never"]


@dataclass(slots=True, frozen=True)
class Envelope:
    """What stands in UNA, UNB and UNG. Ids as agreed with the partner; `when` is written in the zone it is in.

    References are the caller's: `control_reference` (0020, up to 14 characters) and, where messages are to stand in
    a functional group, `group_reference` (0048). `una`: `needed` writes UNA where the delimiters or the decimal mark
    are not the defaults of the syntax version. `codec` counts instead of the syntax identifier's character set.
    """

    sender_id: str
    receiver_id: str
    control_reference: str
    when: datetime
    sender_qualifier: str = ""
    receiver_qualifier: str = ""
    sender_internal_id: str = ""
    receiver_internal_id: str = ""
    syntax_id: str = "UNOC"
    syntax_version: str = "3"
    usage: str = "P"
    application_reference: str = ""
    agreement: str = ""
    acknowledgement_requested: bool = False
    group_reference: str = ""
    group_sender: str = ""
    group_receiver: str = ""
    delimiters: Delimiters = field(default_factory=lambda: USUAL["edifact"])
    una: ServiceAdvice = "needed"
    codec: str = ""


def message(
    set_id: str, root: Loop, reference: str, version: str = "D96A", *, association: str = "", agency: str = "UN"
) -> TransactionSet:
    """A message of ours, ready to be written. `version` is its directory, `reference` goes into UNH01."""
    facts = {"agency": agency, "association": association}
    return TransactionSet("edifact", set_id, version, reference, root, facts)


def write(
    documents: Sequence[TransactionSet],
    envelope: Envelope,
    *,
    replacement: str | None = None,
    library: Library | None = None,
) -> bytes:
    """One interchange with these messages. Each gives set_id, version, control_number (UNH01) and root.

    Delimiters inside of values are written behind the release character. A character that the character set lacks,
    or a delimiter where there is no release character, is replaced by `replacement` (level A first tries the
    capital letter), or refused where that is None. Raises EdiError: `edi.envelope-invalid` for an envelope that
    cannot be written, `edi.characters-forbidden` and `edi.not-valid` with the findings that a reader would have.
    """
    _check(documents, envelope, replacement)
    text = _Text(envelope, replacement)
    for document in documents:
        text.add_message(document)
    if text.findings:
        raise EdiError.of("edi.characters-forbidden", text.findings)
    lines = [_unb(envelope), *_grouped(text.lines, documents, envelope)]
    inside = 1 if envelope.group_reference else len(documents)
    lines.append(("UNZ", str(inside), envelope.control_reference))
    marks = envelope.delimiters
    end = marks.terminator + marks.suffix
    content = _una(envelope) + "".join(written(line, marks) + end for line in lines)
    data = content.encode(_codec(envelope))
    refuse_invalid(examine(data, library or default_library("edifact"), trees=False, encoding=envelope.codec))
    return data


def reply_to(interchange: Interchange, *, control_reference: str, when: datetime) -> Envelope:
    """The envelope of an answer: sender and recipient swapped; syntax, delimiters and character set as they came."""
    syntax_id = interchange.syntax_id if interchange.syntax_id in CODECS else "UNOC"
    nearest = "4" if interchange.delimiters.repetition else "3"
    version = interchange.syntax_version if interchange.syntax_version in ("1", "2", "3", "4") else nearest
    facts = interchange.envelope(Group(0))
    return Envelope(
        sender_id=facts["receiver_id"],
        receiver_id=facts["sender_id"],
        control_reference=control_reference,
        when=when,
        sender_qualifier=facts["receiver_qualifier"],
        receiver_qualifier=facts["sender_qualifier"],
        sender_internal_id=facts["receiver_internal_id"],
        receiver_internal_id=facts["sender_internal_id"],
        syntax_id=syntax_id,
        syntax_version=version,
        usage=facts["usage"],
        delimiters=interchange.delimiters,
        una="always" if interchange.una else "needed",
    )


def _codec(envelope: Envelope) -> str:
    return envelope.codec or CODECS[envelope.syntax_id]


def _check(documents: Sequence[TransactionSet], envelope: Envelope, replacement: str | None) -> None:
    """Refuse what the envelope cannot hold; everything else is left to the validator."""
    marks = envelope.delimiters
    problem = marks.problem()
    if not documents:
        problem = "an interchange without a message cannot be written"
    if envelope.syntax_id not in CODECS or envelope.syntax_version not in ("1", "2", "3", "4"):
        problem = f"syntax {envelope.syntax_id}:{envelope.syntax_version} cannot be written"
    elif marks.repetition and envelope.syntax_version < "4":
        problem = f"syntax version {envelope.syntax_version} has no repetition separator"
    elif envelope.una == "never" and _una_needed(envelope):
        problem = "these delimiters cannot be told without UNA"
    elif not marks.decimal.isascii():
        problem = "the decimal mark must be an ASCII character"
    references = [("control reference", envelope.control_reference)]
    references += [("message reference", document.control_number) for document in documents]
    references += [("group reference", envelope.group_reference)] if envelope.group_reference else []
    for name, value in references:
        if not re.fullmatch(r"[!-~]{1,14}", value):
            problem = f"the {name} {value!r} must have 1 to 14 characters without blanks"
    for name, value in (("sender", envelope.sender_id), ("receiver", envelope.receiver_id)):
        if not 1 <= len(value) <= 35 or value != value.strip():
            problem = f"the {name} id must have 1 to 35 characters without blanks around it"
    head = "".join(_header_values(documents, envelope))
    if not marks.release and any(mark in head for mark in marks.in_data()):
        problem = "an id or reference of the envelope holds a delimiter, and there is no release character"
    if not problem and not fits(head, _codec(envelope)):
        problem = "an id or reference of the envelope holds a character that the character set lacks"
    if replacement is not None and (len(replacement) > 1 or (replacement and replacement in marks.in_data())):
        problem = "the replacement for forbidden characters must be one character that is no delimiter"
    if problem:
        raise EdiError("edi.envelope-invalid", problem)


def _header_values(documents: Sequence[TransactionSet], envelope: Envelope) -> list[str]:
    """What the profile and the caller put into UNB, UNG and UNH; control characters in it cannot be written either."""
    values = [
        envelope.sender_id, envelope.sender_qualifier, envelope.sender_internal_id, envelope.receiver_id,
        envelope.receiver_qualifier, envelope.receiver_internal_id, envelope.application_reference,
        envelope.agreement, envelope.group_sender, envelope.group_receiver,
    ]  # fmt: skip
    for document in documents:
        values += [document.set_id, document.version, document.envelope.get("association", "")]
    return values


def _una_needed(envelope: Envelope) -> bool:
    return not envelope.delimiters.told_without_una(envelope.syntax_version)


def _una(envelope: Envelope) -> str:
    if envelope.una == "never" or (envelope.una == "needed" and not _una_needed(envelope)):
        return ""
    marks = envelope.delimiters
    return (
        f"UNA{marks.component}{marks.element}{marks.decimal}{marks.release or ' '}{marks.repetition or ' '}"
        f"{marks.terminator}{marks.suffix}"
    )


def _unb(envelope: Envelope) -> Segment:
    year = "%Y" if envelope.syntax_version == "4" else "%y"
    sender = (envelope.sender_id, envelope.sender_qualifier, envelope.sender_internal_id)
    receiver = (envelope.receiver_id, envelope.receiver_qualifier, envelope.receiver_internal_id)
    return (
        "UNB", (envelope.syntax_id, envelope.syntax_version), sender, receiver,
        (f"{envelope.when:{year}%m%d}", f"{envelope.when:%H%M}"), envelope.control_reference, "",
        envelope.application_reference, "", "1" if envelope.acknowledgement_requested else "", envelope.agreement,
        "1" if envelope.usage == "T" else "",
    )  # fmt: skip


def _grouped(lines: list[Segment], documents: Sequence[TransactionSet], envelope: Envelope) -> list[Segment]:
    """The messages, within UNG and UNE where the envelope names a group reference."""
    if not envelope.group_reference:
        return lines
    first = documents[0]
    start: Segment = (
        "UNG", first.set_id, envelope.group_sender or envelope.sender_id,
        envelope.group_receiver or envelope.receiver_id, (f"{envelope.when:%y%m%d}", f"{envelope.when:%H%M}"),
        envelope.group_reference, first.envelope.get("agency", "UN"), (first.version[:1], first.version[1:]),
    )  # fmt: skip
    return [start, *lines, ("UNE", str(len(documents)), envelope.group_reference)]


class _Text:
    """Gathers the segments of messages, looking out for characters that values must not hold."""

    def __init__(self, envelope: Envelope, replacement: str | None) -> None:
        self.marks = envelope.delimiters
        self.replacement = replacement
        self.lines: list[Segment] = []
        self.findings: list[Finding] = []
        self._forbidden = forbidden(envelope.syntax_id, _codec(envelope), self.marks)
        self._only_capitals = envelope.syntax_id == "UNOA"

    def add_message(self, document: TransactionSet) -> None:
        start = len(self.lines)
        facts = document.envelope
        identifier = (
            document.set_id, document.version[:1], document.version[1:], facts.get("agency") or "UN",
            facts.get("association", ""),
        )  # fmt: skip
        self.lines.append(("UNH", document.control_number, identifier))
        for number, (_, segment) in enumerate(in_document_order(document.root), 2):
            self.lines.append(tuple(self._clean(value, segment, n, number) for n, value in enumerate(segment)))
        count = len(self.lines) - start + 1
        self.lines.append(("UNT", str(count), document.control_number))

    def _clean(self, value: Element, segment: Segment, number: int, position: int) -> Element:
        if isinstance(value, Repeats):
            if not self.marks.repetition and len(value) > 1:
                message = f"{segment[0]}{number:02d} is repeated, but there is no repetition separator."
                self._found("edi.too-many-repetitions", message, "", segment, number, position)
            return Repeats(self._plain(one, segment, number, position) for one in value)
        return self._plain(value, segment, number, position)

    def _plain(
        self, value: str | tuple[str, ...], segment: Segment, number: int, position: int
    ) -> str | tuple[str, ...]:
        if isinstance(value, tuple):
            return tuple(self._text(text, segment, number, position) for text in value)
        return self._text(value, segment, number, position)

    def _text(self, text: str, segment: Segment, number: int, position: int) -> str:
        if self._forbidden.search(text) is None:
            return text
        if self.replacement is not None:
            return self._forbidden.sub(self._replaced, text)
        message = f"{segment[0]}{number:02d} holds a character that cannot be sent in this character set."
        self._found("edi.character-invalid", message, text, segment, number, position)
        return text

    def _replaced(self, match: re.Match[str]) -> str:
        capital = match.group().upper()
        if self._only_capitals and self._forbidden.search(capital) is None:
            return capital
        return self.replacement or ""

    def _found(self, code: str, message: str, value: str, segment: Segment, number: int, position: int) -> None:
        self.findings.append(
            finding(
                code, message, standard="edifact", value=value, segment=str(segment[0]), element=number,
                position=position,
            )
        )  # fmt: skip
