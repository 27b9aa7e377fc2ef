"""What the documents of a batch ask about one by one, read for all of them with the first question."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Known(Generic[K, V]):
    """Answers by key. `load` reads those of many keys; `then` is told what was read, so that it may say what will be
    asked next."""

    def __init__(
        self,
        connection: Callable[[], Connection],
        load: Callable[[Connection, Sequence[K]], Mapping[K, V]],
        then: Callable[[Mapping[K, V]], None] | None = None,
    ) -> None:
        self._connection = connection
        self._load = load
        self._then = then
        self._expected: dict[K, None] = {}
        self._answers: dict[K, V | None] = {}

    def expect(self, keys: Iterable[K]) -> None:
        """These will be asked for: the next question that needs the database reads them too."""
        self._expected.update(dict.fromkeys(keys))

    def get(self, key: K) -> V | None:
        """The answer, None when there is nothing of this key."""
        if key not in self._answers:
            wanted = [k for k in {**self._expected, key: None} if k not in self._answers]
            self._expected.clear()
            found = self._load(self._connection(), wanted)
            self._answers.update((k, found.get(k)) for k in wanted)
            if self._then is not None:
                self._then(found)
        return self._answers[key]

    def __getitem__(self, key: K) -> V:
        """The answer to what is there, or is counted (a list, sums) and may be empty."""
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def put(self, key: K, answer: V) -> None:
        """It has just been made, so it need not be asked for."""
        self._answers[key] = answer

    def forget(self, key: K) -> None:
        """It has changed: the next question reads it again."""
        self._answers.pop(key, None)

    def clear(self) -> None:
        """Anything may have changed."""
        self._answers.clear()
