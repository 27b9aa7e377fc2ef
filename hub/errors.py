"""The errors a person reads: a stable code, one sentence, and the page that says more.

Every code is listed in docs/errors.md; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence

DOCS = "docs/errors.md"


class HubError(Exception):
    """Base of what the hub says to people. `code` never changes its meaning; `sentence` says what, where, what to do.

    `exit_code` is what the command line ends with: 1 refused or found problems, 2 usage or unreadable input.
    """

    exit_code = 1

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence

    @property
    def where_to_read(self) -> str:
        """The place in the documentation that explains this code."""
        return f"{DOCS}#{self.code.replace('.', '')}"


class Refused(HubError):
    """A person asked for something that is not possible now. Nothing was changed."""


class NotFound(Refused):
    """A person named a thing that does not exist."""


class ConfigError(HubError):
    """The configuration cannot be used. `problems` holds everything that is wrong, not only the first."""

    exit_code = 2

    def __init__(self, code: str, sentence: str, problems: Sequence[HubError] = ()) -> None:
        super().__init__(code, sentence)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n  ".join([super().__str__(), *(str(problem) for problem in self.problems)])


class VaultError(HubError):
    """The secrets cannot be opened or sealed."""

    exit_code = 2


class DatabaseError(HubError):
    """The database cannot be used as it is."""

    exit_code = 2
