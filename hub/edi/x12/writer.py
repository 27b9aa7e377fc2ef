"""Writes transaction sets as one X12 interchange, and refuses to write what would not validate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.edi.delimiters import Delimiters
from hub.edi.examination import refuse_invalid
from hub.edi.findings import EdiError, Finding, finding
from hub.edi.grammars.library import Library, default_library
from hub.edi.tree import Element, Loop, Repeats, Segment, TransactionSet, in_document_order
from hub.edi.x12.interchange import Group, Interchange
from hub.edi.x12.validation import examine


@dataclass(slots=True, frozen=True)
class Envelope:
    """What stands in ISA and GS. Ids without padding; `when` is written in the zone it is in.

    Control numbers are the caller's: ISA13 (1 to 999999999), GS06 (the same range). `version` is GS08
    (`004010`, also with a suffix as `004010VICS`). `functional_id` is taken from the sets where empty.
    """

    sender_qualifier: str
    sender_id: str
    receiver_qualifier: str
    receiver_id: str
    interchange_control_number: int
    group_control_number: int
    when: datetime
    version: str = "004010"
    usage: str = "P"
    group_sender: str = ""
    group_receiver: str = ""
    functional_id: str = ""
    acknowledgement_requested: bool = False
    delimiters: Delimiters = field(default_factory=Delimiters)
    encoding: str = "utf-8"


def write(
    documents: Sequence[TransactionSet],
    envelope: Envelope,
    *,
    replacement: str | None = None,
    library: Library | None = None,
) -> bytes:
    """One interchange with one group of these sets. Each gives set_id, control_number (ST02) and root.

    A delimiter or control character inside a value, or a character that the encoding lacks, is replaced by
    `replacement`, or refused where that is None. Raises EdiError: `edi.envelope-invalid` for an envelope that cannot
    be written, `edi.characters-forbidden` and `edi.not-valid` with the findings that a reader would have.
    """
    library = library or default_library()
    _check(envelope)
    if not documents:
        raise EdiError("edi.envelope-invalid", "an interchange without a transaction set cannot be written")
    if replacement and (len(replacement) > 1 or replacement in envelope.delimiters.in_data()):
        problem = "the replacement for forbidden characters must be one character that is no delimiter"
        raise EdiError("edi.envelope-invalid", problem)
    text = _Text(envelope.delimiters, envelope.encoding, replacement)
    for document in documents:
        text.add_set(document)
    if text.findings:
        raise EdiError.of("edi.characters-forbidden", text.findings)
    functional_id = envelope.functional_id or library.functional_id(documents[0].set_id)
    lines = [_gs(envelope, functional_id), *text.lines]
    lines.append(("GE", str(len(documents)), str(envelope.group_control_number)))
    data = write_segments(lines, envelope, groups=1)
    refuse_invalid(examine(data, library, trees=False))
    return data


def write_segments(lines: Sequence[tuple[str, ...]], envelope: Envelope, *, groups: int) -> bytes:
    """ISA to IEA around segments, given as their elements. Raises EdiError where the envelope cannot be written."""
    _check(envelope)
    marks = envelope.delimiters
    end = marks.terminator + marks.suffix
    last = ("IEA", str(groups), f"{envelope.interchange_control_number:09d}")
    content = "".join(marks.element.join(line) + end for line in (_isa(envelope), *lines, last))
    try:
        return content.encode(envelope.encoding)
    except UnicodeEncodeError as error:
        bad = error.object[error.start]
        message = f"{bad!r} cannot be written in {envelope.encoding}; choose another encoding or text"
        raise EdiError("edi.characters-forbidden", message) from error


def answer_version(version: str) -> str:
    """The version an answer is written in: that of what came in, 004010 where that is none."""
    known = version[:6].isascii() and version[:6].isdigit() and "002000" <= version[:6] < "009000"
    return version if known else "004010"


def reply_to(
    interchange: Interchange,
    group: Group | None,
    *,
    interchange_control_number: int,
    group_control_number: int,
    when: datetime,
) -> Envelope:
    """The envelope of an answer to a group, or to the interchange: sender and receiver swapped.

    Version and delimiters are as they came, where they can be used.
    """
    marks = interchange.delimiters
    version = answer_version(group.version if group else f"{interchange.part(12)}0")
    free = [mark for mark in ">:^|!<" if mark not in marks.in_data()]
    component = marks.component or free.pop(0)
    repetition = marks.repetition or (free.pop(0) if version >= "00402" else "")
    own = Delimiters(marks.element, component, marks.terminator, repetition, marks.suffix)
    if own.problem():
        own = Delimiters(repetition="^" if version >= "00402" else "")
    return Envelope(
        sender_qualifier=interchange.part(7),
        sender_id=interchange.part(8),
        receiver_qualifier=interchange.part(5),
        receiver_id=interchange.part(6),
        interchange_control_number=interchange_control_number,
        group_control_number=group_control_number,
        when=when,
        version=version,
        usage=interchange.part(15) if interchange.part(15) in ("P", "T", "I") else "P",
        group_sender=_on_one_line(group.part(3)) if group else "",
        group_receiver=_on_one_line(group.part(2)) if group else "",
        delimiters=own,
        encoding=interchange.encoding,
    )


def _on_one_line(value: str) -> str:
    """An id of theirs as it can be written: a lost terminator may have left more lines in it."""
    return (value.splitlines() or [""])[0].strip()


def _isa_version(envelope: Envelope) -> str:
    return envelope.version[:5]


def _check(envelope: Envelope) -> None:
    """Refuse what ISA and GS cannot hold; everything else is left to the validator."""
    marks = envelope.delimiters
    problem = marks.problem()
    if marks.repetition == "" and _isa_version(envelope) >= "00402":
        problem = "from version 00402 on, a repetition separator is needed"
    for name, value in (("sender", envelope.sender_id), ("receiver", envelope.receiver_id)):
        if not 1 <= len(value) <= 15 or value != value.strip() or not value.isprintable():
            problem = f"the {name} id must have 1 to 15 printable characters without blanks around it"
    for qualifier in (envelope.sender_qualifier, envelope.receiver_qualifier):
        if len(qualifier) != 2 or not qualifier.isascii():
            problem = f"{qualifier!r} is not a qualifier of two characters"
    for number in (envelope.interchange_control_number, envelope.group_control_number):
        if not 1 <= number <= 999_999_999:
            problem = f"control number {number} is not between 1 and 999999999"
    headers = (envelope.sender_qualifier, envelope.sender_id, envelope.receiver_qualifier, envelope.receiver_id,
               envelope.group_sender, envelope.group_receiver, envelope.version)  # fmt: skip
    if any(mark in value for value in headers for mark in marks.in_data()):
        problem = "an id or the version in the envelope holds a delimiter"
    if problem:
        raise EdiError("edi.envelope-invalid", problem)


def _isa(envelope: Envelope) -> tuple[str, ...]:
    marks = envelope.delimiters
    return (
        "ISA", "00", " " * 10, "00", " " * 10,
        envelope.sender_qualifier, envelope.sender_id.ljust(15),
        envelope.receiver_qualifier, envelope.receiver_id.ljust(15),
        f"{envelope.when:%y%m%d}", f"{envelope.when:%H%M}",
        marks.repetition if _isa_version(envelope) >= "00402" else "U",
        _isa_version(envelope), f"{envelope.interchange_control_number:09d}",
        "1" if envelope.acknowledgement_requested else "0", envelope.usage, marks.component,
    )  # fmt: skip


def _gs(envelope: Envelope, functional_id: str) -> tuple[str, ...]:
    return (
        "GS", functional_id, envelope.group_sender or envelope.sender_id,
        envelope.group_receiver or envelope.receiver_id, f"{envelope.when:%Y%m%d}", f"{envelope.when:%H%M}",
        str(envelope.group_control_number), "X", envelope.version,
    )  # fmt: skip


class _Text:
    """Renders segments as lines of elements, looking out for characters that values must not hold."""

    def __init__(self, marks: Delimiters, encoding: str, replacement: str | None) -> None:
        self.marks = marks
        self.encoding = encoding
        self.replacement = replacement
        self.lines: list[tuple[str, ...]] = []
        self.findings: list[Finding] = []
        self._bad = set(marks.in_data()) | {chr(n) for n in (*range(32), 127)}

    def add_set(self, document: TransactionSet) -> None:
        start = len(self.lines)
        self.lines.append(("ST", document.set_id, document.control_number))
        for number, (_, segment) in enumerate(in_document_order(document.root), 2):
            self.lines.append(self._line(segment, number))
        count = len(self.lines) - start + 1
        self.lines.append(("SE", str(count), document.control_number))

    def _line(self, segment: Segment, position: int) -> tuple[str, ...]:
        parts = [str(segment[0])]
        for number, value in enumerate(segment[1:], 1):
            parts.append(self._element(value, parts[0], number, position))
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return tuple(parts)

    def _element(self, value: Element, segment: str, number: int, position: int) -> str:
        if isinstance(value, Repeats):
            if not self.marks.repetition and len(value) > 1:
                message = f"{segment}{number:02d} is repeated, but this version has no repetition separator."
                self.findings.append(
                    finding("edi.too-many-repetitions", message, segment=segment, element=number, position=position)
                )
            return self.marks.repetition.join(self._element(v, segment, number, position) for v in value)
        if isinstance(value, tuple):
            texts = [self._clean(str(text), segment, number, position) for text in value]
            while len(texts) > 1 and not texts[-1]:
                texts.pop()
            return self.marks.component.join(texts)
        return self._clean(str(value), segment, number, position)

    def _clean(self, text: str, segment: str, number: int, position: int) -> str:
        if self._bad.isdisjoint(text) and (text.isascii() or self._known(text)):
            return text
        if self.replacement is not None:
            return "".join(self.replacement if c in self._bad or not self._known(c) else c for c in text)
        what = f"a character that {self.encoding} lacks"
        if not self._bad.isdisjoint(text):
            what = "a delimiter or control character"
        message = f"{segment}{number:02d} holds {what}, which cannot be sent."
        self.findings.append(
            finding("edi.character-invalid", message, value=text, segment=segment, element=number, position=position)
        )
        return text

    def _known(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True


def transaction_set(set_id: str, root: Loop, control_number: str, version: str = "004010") -> TransactionSet:
    """A set of ours, ready to be written; its envelope facts come with `Envelope`."""
    return TransactionSet("x12", set_id, version, control_number, root)
