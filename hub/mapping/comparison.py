"""Two versions of a mapping over the same documents: what a change would do before it is live."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hub.mapping.differences import Difference, differences
from hub.mapping.mapping import Mapping
from hub.mapping.runtime import Context
from hub.mapping.trial import Outcome, outcomes

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
    """All documents: how many there were, and those for which something changes."""

    documents: int = 0
    changes: list[Change] = field(default_factory=list)

    @property
    def fail_now(self) -> list[Change]:
        """Passed by the old version and not by the new one: what a publication must not do unasked."""
        return [change for change in self.changes if change.fails_now]

    @property
    def pass_now(self) -> list[Change]:
        return [change for change in self.changes if change.passes_now]

    @property
    def fields(self) -> Counter[str]:
        """In how many documents each field changes, the numbers of list items left out."""
        return Counter(
            path for change in self.changes for path in {_NUMBER.sub("", d.path) for d in change.differences}
        )

    def add(self, name: str, old: Mapping, new: Mapping, documents: Iterable[Any], context: Context) -> None:
        """Compares what the two versions make of the documents of one message; each version splits for itself."""
        documents = list(documents)
        before, after = list(outcomes(old, documents, context)), list(outcomes(new, documents, context))
        for i in range(max(len(before), len(after))):
            self.documents += 1
            label = name if max(len(before), len(after)) == 1 else f"{name} ({i + 1})"
            ours = before[i] if i < len(before) else Outcome()
            theirs = after[i] if i < len(after) else Outcome()
            change = _change(label, ours, theirs)
            if change is not None:
                self.changes.append(change)


def _change(document: str, before: Outcome, after: Outcome) -> Change | None:
    found = tuple(differences(before.value or {}, after.value or {})) if before.clean and after.clean else ()
    if not found and before.errors == after.errors:
        return None
    return Change(document, found, tuple(before.errors), tuple(after.errors))
