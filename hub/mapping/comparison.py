"""Two versions of a mapping over the same documents: what a change would do before it is live."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.mapping.differences import Difference, differences
from hub.mapping.trial import Outcome

_NUMBER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes different of one document. `before` and `after` are the errors, none where it passed."""

    document: str
    differences: tuple[Difference, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def fails_now(self) -> bool:
        return bool(self.after) and not self.before

    @property
    def passes_now(self) -> bool:
        return bool(self.before) and not self.after


@dataclass(slots=True)
class Comparison:
    """The sum over all documents; what it holds does not grow with what they hold.

    `changed`: how many become different. `fail_now`: those that the old version passes and the new one does not, which
    a publication must not bring about unasked; `pass_now`: the other way round. `fields`: in how many documents each
    field changes, the numbers of list items left out.
    """

    documents: int = 0
    changed: int = 0
    fail_now: list[str] = field(default_factory=list)
    pass_now: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, before: Sequence[Outcome], after: Sequence[Outcome]) -> list[Change]:
        """Compares what the two versions make of one message, each having split it for itself. Gives what changes."""
        changes = []
        count = max(len(before), len(after))
        for i in range(count):
            label = name if count == 1 else f"{name} ({i + 1})"
            ours = before[i] if i < len(before) else Outcome()
            theirs = after[i] if i < len(after) else Outcome()
            change = _change(label, ours, theirs)
            if change is not None:
                self._count(change)
                changes.append(change)
        self.documents += count
        return changes

    def _count(self, change: Change) -> None:
        self.changed += 1
        self.fields.update({_NUMBER.sub("", d.path) for d in change.differences})
        if change.fails_now:
            self.fail_now.append(change.document)
        elif change.passes_now:
            self.pass_now.append(change.document)


def _change(document: str, before: Outcome, after: Outcome) -> Change | None:
    found = tuple(differences(before.value or {}, after.value or {})) if before.clean and after.clean else ()
    if not found and before.errors == after.errors:
        return None
    return Change(document, found, tuple(before.errors), tuple(after.errors))
