"""The five status words, and which of them a thing has. The same five stand everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.ledger import Quantities
from hub.ledger import Status as OrderStatus
from hub.ledger.completeness import Verdict
from hub.ledger.status import status_of


class Tone(StrEnum):
    """What a person should make of it."""

    FLOWING = "flowing"
    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"
    PAUSED = "paused"


WORDS = {
    Tone.FLOWING: "Flowing",
    Tone.DONE: "Done",
    Tone.WAITING: "Waiting for a person",
    Tone.FAILED: "Failed",
    Tone.PAUSED: "Paused",
}


@dataclass(frozen=True, slots=True)
class Status:
    """One of the five, and what it means here in the field's words ("partly shipped")."""

    tone: Tone
    detail: str = ""
    known: bool = True
    """False: there is no telling which of the five it is."""

    @property
    def word(self) -> str:
        """The word beside the icon."""
        return WORDS[self.tone] if self.known else "Unknown"


_ENDED = {OrderStatus.SHIPPED, OrderStatus.RETURNED, OrderStatus.CANCELLED, OrderStatus.NOTHING_TO_SHIP}


def of_order(quantities: Quantities, hold_codes: Sequence[str], parked: bool) -> Status:
    """A parked document comes first, then a hold, then what the quantities say."""
    word = status_of(quantities, held=bool(hold_codes))
    if parked:
        return Status(Tone.FAILED, f"{word}, something is parked")
    if hold_codes:
        return Status(Tone.WAITING, "held" if word is OrderStatus.HELD else f"{word}, held")
    return Status(Tone.DONE if word in _ENDED else Tone.FLOWING, str(word))


_OF_MESSAGE = {
    "received": Tone.FLOWING,
    "sealed": Tone.FLOWING,
    "sent": Tone.FLOWING,
    "done": Tone.DONE,
    "ignored": Tone.PAUSED,
    "withdrawn": Tone.PAUSED,
    "parked": Tone.FAILED,
}

_MESSAGE_WORDS = {"sent": "sent, outcome unknown", "sealed": "ready to send", "done": ""}


def of_message(state: str, interchange: str | None = None) -> Status:
    """A message's state. One that goes in an interchange with others (`interchange`: its state) goes as that does."""
    if interchange == "parked" and state in ("sealed", "sent"):
        return Status(Tone.FAILED, "waits with its interchange, which is parked")
    return Status(_OF_MESSAGE[state], _MESSAGE_WORDS.get(state, state))


_OF_VERDICT = {
    Verdict.CLOSED: Tone.DONE,
    Verdict.WAITING: Tone.WAITING,
    Verdict.MOVING: Tone.FLOWING,
    Verdict.OPEN: Tone.FAILED,
    Verdict.UNKNOWN: Tone.PAUSED,
}

_VERDICT_WORDS = {
    Verdict.CLOSED: "adds up",
    Verdict.WAITING: "adds up",
    Verdict.MOVING: "on its way",
    Verdict.OPEN: "does not add up",
    Verdict.UNKNOWN: "the source cannot count",
}


def of_verdict(verdict: Verdict) -> Status:
    """A row of the completeness table."""
    return Status(_OF_VERDICT[verdict], _VERDICT_WORDS[verdict], verdict is not Verdict.UNKNOWN)


def of_connection(mode: str, trouble: str | None, stopped: bool) -> Status:
    """A connection: trouble comes first, then what a person has set."""
    if trouble:
        return Status(Tone.FAILED, "calls wait until this is mended")
    if mode == "off":
        return Status(Tone.PAUSED, "off")
    if stopped:
        return Status(Tone.PAUSED, "outbound stopped")
    return Status(Tone.FLOWING, "live" if mode == "live" else "shadow: everything but the push")


def of_flow(mode: str, trouble: str | None, paused: bool) -> Status:
    """A flow of a connection."""
    if trouble:
        return Status(Tone.FAILED, "the connection is in trouble")
    if mode == "off":
        return Status(Tone.PAUSED, "the connection is off")
    return Status(Tone.PAUSED, "by a person") if paused else Status(Tone.FLOWING)
