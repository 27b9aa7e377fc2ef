"""Delimiters of one interchange, X12 or EDIFACT: cutting text at them, and keeping them out of values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from hub.edi.tree import Standard


class Delimiters(NamedTuple):
    """The separators of one interchange, as text.

    `component`, `repetition` and `release` are `""` where the interchange has none; X12 never has a release
    character. `decimal` is the decimal mark of its numbers. `suffix` is the line break that follows the
    terminator (`""`, `"\\n"` or `"\\r\\n"`); it is no delimiter, but a writer repeats it.
    """

    element: str = "*"
    component: str = ">"
    terminator: str = "~"
    repetition: str = ""
    suffix: str = ""
    release: str = ""
    decimal: str = "."

    def problem(self) -> str:
        """Why these cannot serve as delimiters, or `""`."""
        used = list(self.in_data())
        if len(set(used)) != len(used):
            return "two delimiters are the same character"
        for mark in (self.element, self.component, self.terminator, self.repetition, self.release):
            if len(mark) > 1 or mark.isalnum() or mark == " " or not mark.isascii():
                return f"{mark!r} cannot be a delimiter"
        if set(self.element + self.component + self.repetition + self.release) & set("\r\n"):
            return "a line break can end segments, but be no other delimiter"
        if not self.element or not self.component or not self.terminator:
            return "element separator, component separator and terminator are all needed"
        return ""

    def in_data(self) -> str:
        """The characters that cannot stand in a value as they are."""
        return self.element + self.component + self.terminator + self.repetition + self.release

    def told_without_una(self, syntax_version: str) -> bool:
        """Whether these are those that EDIFACT readers expect where no UNA names them."""
        expected = USUAL["edifact"]._replace(repetition="*" if syntax_version == "4" else "")
        return self._replace(suffix="") == expected

    def split(self, text: str, mark: str) -> list[str]:
        """The pieces of a text between the marks that no release character precedes; still escaped."""
        if not self.release or self.release not in text:
            return text.split(mark)
        pieces = []
        for match in _piece(mark, self.release).finditer(text):
            pieces.append(match.group(1))
            if not match.group(2):
                break
        return pieces

    def plain(self, text: str) -> str:
        """A piece as the value it stands for: each release character gone, the one after it kept."""
        if not self.release or self.release not in text:
            return text
        return _released(self.release).sub(r"\1", text)

    def escaped(self, text: str) -> str:
        """A value as it is written, each delimiter in it behind a release character; needs one to exist."""
        return _delimiter(self.in_data()).sub(lambda match: self.release + match.group(), text)


USUAL: Mapping[Standard, Delimiters] = {"x12": Delimiters(), "edifact": Delimiters("+", ":", "'", release="?")}
"""The delimiters of each syntax that hold where nobody says otherwise; later versions add one for repetitions."""


@lru_cache(maxsize=256)
def _piece(mark: str, release: str) -> re.Pattern[str]:
    m, r = re.escape(mark), re.escape(release)
    return re.compile(rf"([^{m}{r}]*(?:{r}.[^{m}{r}]*)*{r}?)({m}|\Z)", re.DOTALL)


@lru_cache(maxsize=64)
def _released(release: str) -> re.Pattern[str]:
    return re.compile(re.escape(release) + "(.?)", re.DOTALL)


@lru_cache(maxsize=64)
def _delimiter(marks: str) -> re.Pattern[str]:
    return re.compile("[" + re.escape(marks) + "]")
