"""What the next page tells a person about what they have just done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import session, url_for


@dataclass(frozen=True, slots=True)
class Back:
    """The way back: a form that undoes it."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence, its tone, the code of an error, and the way back."""

    text: str
    tone: str
    code: str | None = None
    back: Back | None = None


def note(
    text: str, tone: str = "done", code: str | None = None, back: tuple[str, dict[str, Any], str] | None = None
) -> None:
    """Keep a sentence for the next page. `back`: endpoint, its values, and the button's label."""
    kept = list(session.get("notes", []))[-4:]
    kept.append([text[:500], tone, code, [url_for(back[0], **back[1]), back[2]] if back else None])
    session["notes"] = kept


def take_notes() -> list[Note]:
    """The sentences kept, which are then forgotten."""
    return [
        Note(text, tone, code, Back(*back) if back else None) for text, tone, code, back in session.pop("notes", [])
    ]
