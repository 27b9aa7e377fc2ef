"""Control numbers and references of one scope, to tell one that comes twice."""

from __future__ import annotations


class Numbers:
    """Control numbers met so far. Numbers that count up cost nothing, however many they are."""

    def __init__(self) -> None:
        self._low = self._high = 0
        self._others: set[str] = set()

    def seen(self, text: str) -> bool:
        """Whether this one was met before; it is noted."""
        number = int(text) if len(text) <= 18 and text.isascii() and text.isdigit() else 0
        if text in self._others:
            return True
        if number and number == self._high + 1 and self._low:
            self._high = number
        elif number and not self._low:
            self._low = self._high = number
        elif number and self._low <= number <= self._high:
            return True
        else:
            self._others.add(text)
        return False
