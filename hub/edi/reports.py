"""What a partner's acknowledgement (997, 999, TA1, CONTRL) says of what we sent, in one form for both syntaxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from hub.edi.edifact.received import read_acknowledgement as read_contrl
from hub.edi.tree import TransactionSet
from hub.edi.x12.reader import read
from hub.edi.x12.received import INTERCHANGE_NOTES, read_interchange_acknowledgement
from hub.edi.x12.received import read_acknowledgement as read_functional

Verdict = Literal["received", "accepted", "errors", "rejected"]
"""`received`: it arrived, and what it is worth is still to be said. `errors`: it is accepted, with errors noted."""

_VERDICTS: dict[str, Verdict] = {"A": "accepted", "E": "errors", "P": "accepted"}


@dataclass(slots=True)
class Report:
    """An acknowledgement that came.

    It is about our interchange of control number `interchange`, written at `sent_at` (TA1: date and time of its ISA),
    or about our group `control` (`PR/17`: its functional id and number). `theirs` and `ours` (qualifier and id) are who
    writes it and to whom. `verdict` and `errors`, in words and without values, are of the whole; `sets` has those of
    the sets it names, by their control numbers without leading zeros.
    """

    theirs: tuple[str, str]
    ours: tuple[str, str]
    test: bool
    interchange: str = ""
    control: str = ""
    sent_at: tuple[str, str] | None = None
    verdict: Verdict = "rejected"
    errors: list[str] = field(default_factory=list)
    sets: dict[str, tuple[Verdict, list[str]]] = field(default_factory=dict)

    def of(self, set_control: str | None) -> tuple[Verdict, list[str]]:
        """What it says of one set: a set that it does not name shares the fate of the whole."""
        named = self.sets.get(_plain(set_control or ""))
        if named is None or self.verdict in ("rejected", "received"):
            every = [text for _, texts in self.sets.values() for text in texts]
            return self.verdict, self.errors + (named[1] if named else every)
        return named[0], self.errors + named[1]


def of_set(document: TransactionSet) -> Report:
    """The report of a 997, 999 or CONTRL. Nothing raises on its content."""
    facts = document.envelope
    report = Report(
        (facts["sender_qualifier"], facts["sender_id"]),
        (facts["receiver_qualifier"], facts["receiver_id"]),
        facts["usage"] == "T",
    )
    _READERS[document.set_id](document, report)
    return report


def of_interchange(body: bytes) -> Report | None:
    """The report of the TA1 in an interchange, None where there is none. That an interchange could be used says nothing
    yet of what is in it."""
    found = next(((one, elements) for one in read(body) for elements in one.ta1), None)
    if found is None:
        return None
    interchange, elements = found
    said = read_interchange_acknowledgement(elements)
    return Report(
        interchange.sender,
        interchange.receiver,
        interchange.test,
        interchange=said.control_number,
        sent_at=(said.date, said.time),
        verdict="received" if said.accepted else "rejected",
        errors=[] if said.note in ("", "000") else [f"{INTERCHANGE_NOTES.get(said.note, 'error')} ({said.note})"],
    )


def _functional(document: TransactionSet, report: Report) -> None:
    said = read_functional(document)
    report.control = f"{said.functional_id}/{_plain(said.control_number)}"
    report.verdict = _VERDICTS.get(said.code, "rejected")
    report.errors = [f"group error {code}" for code in said.codes]
    for one in said.sets:
        report.sets[_plain(one.control_number)] = (_set_verdict(one.code), one.errors)


def _set_verdict(code: str) -> Verdict:
    return _VERDICTS[code] if code in ("A", "E") else "rejected"


def _contrl(document: TransactionSet, report: Report) -> None:
    said = read_contrl(document)
    report.interchange, report.errors = said.control_number, said.errors
    report.verdict = "received" if said.receipt_only else "accepted" if said.accepted else "rejected"
    if "4" in said.groups.values():  # of ours there is never more than one
        report.verdict = "rejected"
    for one in said.sets:
        verdict: Verdict = "rejected" if not one.accepted else "errors" if one.errors else "accepted"
        report.sets[_plain(one.control_number)] = (verdict, one.errors)


_READERS: dict[str, Callable[[TransactionSet, Report], None]] = {
    "997": _functional,
    "999": _functional,
    "CONTRL": _contrl,
}


def _plain(number: str) -> str:
    """A control number without the zeros before it: partners repeat `0001` as `1`."""
    return number.strip().lstrip("0") or "0"
