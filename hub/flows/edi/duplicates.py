"""Documents that came before: by their control numbers, and by their content."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from hub.edi.inbound import ACKNOWLEDGEMENTS, Document, Duplicate
from hub.edi.partner.profile import Profile
from hub.flows.batch import Batch
from hub.flows.edi import controls
from hub.store import messages as message_store

CONTROL, CONTENT = "edi.duplicate-control", "edi.duplicate-content"

_SAID = {
    CONTROL: "The partner has used these control numbers before, with other content. Replay accepts it.",
    CONTENT: "The partner has sent the same content before, under other control numbers.",
}
_AGAIN = re.compile(r"@[0-9]+\Z")
_NOTHING_FOLLOWED = ("edi.rejected", "person.ignored")
"""What ended so was not taken in: its numbers and its content are free for a document that puts it right."""
_KEPT_ASIDE = (*_NOTHING_FOLLOWED, CONTROL, CONTENT)
"""What ended so is no reason to keep the same content aside when it comes under numbers of its own."""


@dataclass(slots=True, frozen=True)
class Fate:
    """Under which name a document is stored, and whether it came before. `repeated`: under the same numbers with the
    same content, so that it is stored already. `code`: why it is kept aside, `""` where it is not; `ignored` tells that
    no person needs to look."""

    external_id: str
    revision: str
    repeated: bool = False
    code: str = ""
    ignored: bool = False

    @property
    def detail(self) -> str:
        return _SAID.get(self.code, "")


class Memory:
    """What is remembered of the documents of one interchange. `key` is that of the interchange, `""` for one without an
    envelope; `profile_of` gives the settings that count for a set. `here`: name and revision of what interchanges of
    the same key have brought before it in the same file."""

    def __init__(
        self,
        batch: Batch,
        message: Row[Any],
        partner_id: int,
        key: str,
        test: bool,
        profile_of: Callable[[str], Profile],
        here: Set[tuple[str, str]],
    ) -> None:
        self._batch, self._message, self._partner_id = batch, message, partner_id
        self._key, self._test, self._profile_of, self._here = key, test, profile_of, here
        self.fates: list[tuple[Document, Fate]] = []
        self.duplicate: Duplicate = ""
        self._newest: dt.datetime | None = None  # when the numbers of the interchange were last used

    def recall(self, documents: Sequence[Document]) -> Duplicate:
        """Find out which of these came before; `fates` has the answer for each."""
        named = [(one, self._name(one), self._revision(one)) for one in documents]
        numbers = self._numbers()
        contents = self._contents({revision for _, _, revision in named})
        self.fates = [
            (one, self._fate(one, name, revision, numbers, contents.get((one.set_id, revision))))
            for one, name, revision in named
        ]
        self.duplicate = self._of_interchange()
        return self.duplicate

    def _name(self, one: Document) -> str:
        if not self._key:
            return controls.bounded(f"{self._partner_id}/{one.set_id}/{_digest(one)}", 230)
        return controls.bounded(f"{self._key}/{one.functional_id}/{one.group}/{one.number}", 230)

    def _revision(self, one: Document) -> str:
        """What tells the content of a document from any other. An acknowledgement names our numbers, which each pair of
        ids counts by itself: the same words under another pair are about another document."""
        about = self._key.rpartition("/")[0] if one.set_id in ACKNOWLEDGEMENTS else ""
        return f"/{_digest(one, about)}"

    def _numbers(self) -> dict[str, list[Row[Any]]]:
        """Earlier documents of other files under the numbers of this interchange, by their names."""
        found = defaultdict(list)
        if self._key:
            for row in message_store.of_interchange(self._batch.tx, self._partner_id, self._key, self._message.id):
                found[_AGAIN.sub("", row.external_id)].append(row)
                self._newest = max(row.at, self._newest or row.at)
        return found

    def _contents(self, revisions: Set[str]) -> dict[tuple[str, str], dt.datetime]:
        """When the same content came last, in other files, by set and revision. Acknowledgements are left out: what was
        sent again is acknowledged again in the same words, and what says no news is found by what it is about."""
        rows = message_store.with_content(self._batch.tx, self._partner_id, self._test, revisions, self._message.id)
        said = [row for row in rows if row.set_id not in ACKNOWLEDGEMENTS]
        return {(row.set_id, row.revision): row.at for row in said if row.reason not in _KEPT_ASIDE}

    def _fate(
        self, one: Document, name: str, revision: str, numbers: dict[str, list[Row[Any]]], last: dt.datetime | None
    ) -> Fate:
        said = self._profile_of(one.set_id)
        since = self._since(said)
        before = [row for row in numbers.get(name, ()) if row.at >= since]
        if any(row.revision == revision for row in before) or (name, revision) in self._here:
            return Fate(name, revision, repeated=True)
        if any(row.revision == revision for row in numbers.get(name, ())):
            name = f"{name}@{self._message.id}"  # as long ago as the partner has its numbers begin again
        if ((self._key and self._here) or self._used(before, since)) and said.duplicates != "accept":
            return Fate(name, revision, code=CONTROL, ignored=said.duplicates == "ignore")
        if last is not None and last >= since and said.duplicates != "accept":
            return Fate(name, revision, code=CONTENT, ignored=True)
        return Fate(name, revision)

    def _used(self, before: Sequence[Row[Any]], since: dt.datetime) -> bool:
        """Whether a document's numbers were used for another one. Where it stands in the place of one that nothing
        followed from, it puts that right."""
        if before:
            return any(row.reason not in _NOTHING_FOLLOWED for row in before)
        return self._newest is not None and self._newest >= since

    def _since(self, said: Profile) -> dt.datetime:
        if said.duplicate_days is None:
            return dt.datetime.min.replace(tzinfo=dt.UTC)
        return self._batch.now - dt.timedelta(days=said.duplicate_days)

    def _of_interchange(self) -> Duplicate:
        """What the sender is told: an interchange that brings nothing new is refused; one whose documents wait for a
        person is noted."""
        by_number = [fate for _, fate in self.fates if fate.repeated or fate.code == CONTROL]
        if any(fate.code == CONTROL and not fate.ignored for fate in by_number):
            return "noted"
        return "refused" if by_number and len(by_number) == len(self.fates) else ""


def _digest(one: Document, about: str = "") -> str:
    return hashlib.sha256(f"{about}{one.content}".encode()).hexdigest()[:24]
