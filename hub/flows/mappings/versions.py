"""Versions of mappings: drafted, tested, published, rolled back.

Mappings are files; what an admin changes is a version that takes the place of the file. It stands on the texts that the
files had when it was drafted, so that an update of the hub changes nothing unasked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from hub.errors import NotFound, Refused
from hub.flows.inbound.mended import read_mended, write_mended
from hub.flows.mappings import time_machine
from hub.flows.mappings.time_machine import Told
from hub.installation import Installation
from hub.mapping import Library, MappingError
from hub.mapping.comparison import Comparison
from hub.mapping.library import Version, is_name
from hub.mapping.samples import samples
from hub.store import events as event_store
from hub.store import mappings as store

SHIPPED = 0
"""The number to roll back to where the file itself is to count again."""
NAMED = 20
"""How many documents are named in what is kept of a trial."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What drafts did on samples and on stored messages. `mappings`: all that become others, those that extend a
    drafted one too. `differing`: what is not as a sample expects."""

    mappings: list[str]
    samples: int
    differing: list[str]
    compared: Comparison

    def summary(self) -> dict[str, Any]:
        """As it is kept with the version: counts and names, no value of any document."""
        return {
            "mappings": self.mappings,
            "samples": self.samples,
            "samples_differing": len(self.differing),
            "documents": self.compared.documents,
            "changed": self.compared.changed,
            "fail_now": self.compared.fail_now[:NAMED],
            "failing": len(self.compared.fail_now),
            "passing": len(self.compared.pass_now),
            "fields": dict(self.compared.fields.most_common(NAMED)),
        }


@dataclass(frozen=True, slots=True)
class Published:
    """What is live now, and the documents that go on because of it: `read` of those that came, `written` of those that
    were to go out."""

    versions: dict[str, int]
    trial: Trial
    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Update:
    """A file that has changed under a version. `now` is None where it is gone."""

    mapping: str
    version: int
    file: str
    then: str
    now: str | None


# -- drafts ---------------------------------------------------------------------------------------------------------


def draft(inst: Installation, texts: Mapping[str, str], actor: str) -> list[str]:
    """Keep the new texts of mappings as drafts, standing on the files as they are; they may extend each other.

    Gives the names of those that differ from what is live; the others are left alone. Raises `Refused`, and
    `MappingError` for a text that cannot be used; then nothing is kept.
    """
    for name in texts:
        if not is_name(name):
            raise Refused("mapping.name-unusable", f"A mapping cannot be called {name!r}: write folder/name.in, say.")
    with inst.db.write() as tx:
        live = inst.mappings_at(tx)
        whole = _with(live, {name: Version(0, text) for name, text in texts.items()})
        made = {name: whole.written_over(name, text) for name, text in texts.items()}
        after = _with(live, made)
        for name in made:
            after.get(name)
        changed = [name for name, version in made.items() if not _same(live.versions.get(name), version)]
        for name in changed:
            store.put_draft(tx, _row(tx, inst, name, made[name].text, made[name].stands_on, actor))
            _tell(tx, inst, "mapping.drafted", actor, mapping=name)
    return changed


def discard(inst: Installation, name: str, actor: str) -> None:
    """Throw the draft away. Raises `Refused` when there is none."""
    with inst.db.write() as tx:
        if not store.discard(tx, name):
            raise _no_draft(name)
        _tell(tx, inst, "mapping.draft-discarded", actor, mapping=name)


def adopt(inst: Installation, name: str, actor: str) -> None:
    """A draft of the live version's text over the files as they are now. Raises as `draft` does."""
    with inst.db.read() as tx:
        version = inst.mappings_at(tx).versions.get(name)
    if version is None:
        raise NotFound("mapping.no-version", f"No version of {name} is live: its file counts.")
    if not draft(inst, {name: version.text}, actor):
        raise Refused("mapping.unchanged", f"{name} version {version.number} stands on the files as they are.")


def _with(library: Library, versions: Mapping[str, Version]) -> Library:
    return library.with_versions({**library.versions, **versions})


def _version(row: Row[Any]) -> Version:
    return Version(row.number or 0, row.text, row.stands_on)


def _same(live: Version | None, made: Version) -> bool:
    return live is not None and (live.text, live.stands_on) == (made.text, made.stands_on)


def _row(
    tx: Connection, inst: Installation, name: str, text: str | None, stands_on: Mapping[str, str], actor: str
) -> dict[str, Any]:
    return {
        "name": name,
        "text": text,
        "stands_on": dict(stands_on),
        "base": store.newest(tx, name),
        "author": actor,
        "drafted_at": inst.now(),
    }


# -- trials ---------------------------------------------------------------------------------------------------------


def test(inst: Installation, names: Sequence[str], last: int, told: Told) -> Trial:
    """Try drafts on all samples and on stored messages, and note what came of it with them. Raises `Refused`."""
    return _tested(inst, names, last, told)[1]


def _tested(inst: Installation, names: Sequence[str], last: int, told: Told) -> tuple[list[Row[Any]], Trial]:
    with inst.db.read() as tx:
        drafts = _drafts(tx, names)
        before = inst.mappings_at(tx)
    after = _with(before, {row.name: _version(row) for row in drafts})
    trial = _try(inst, before, after, last, told)
    with inst.db.write() as tx:
        for row in drafts:
            store.tested(tx, row.id, trial.summary(), inst.now())
    return drafts, trial


def _try(inst: Installation, before: Library, after: Library, last: int, told: Told) -> Trial:
    names = time_machine.affected(before, after)
    tried, differing = 0, []
    for name in names:
        for sample in samples(after, name):
            tried += 1
            differing += [f"{name} {sample.name}: {line}" for line in sample.differences(after.get(name))]
    return Trial(names, tried, differing, time_machine.compare(inst, before, after, names, last, told))


def _drafts(tx: Connection, names: Sequence[str]) -> list[Row[Any]]:
    found = []
    for name in names:
        row = store.version(tx, name, None)
        if row is None:
            raise _no_draft(name)
        found.append(row)
    return found


def _no_draft(name: str) -> Refused:
    return NotFound("mapping.no-draft", f"There is no draft of {name}: `hub mapping draft {name} FILE` keeps one.")


# -- publication ----------------------------------------------------------------------------------------------------


def publish(
    inst: Installation,
    names: Sequence[str],
    reason: str,
    actor: str,
    *,
    force: bool = False,
    last: int,
    told: Told = lambda changes: None,
) -> Published:
    """Drafts become what reads and writes from the next batch on, in every process.

    They are tried first. Unless forced, a document that passed and would fail refuses it, and so does a sample that is
    not as expected. Documents that wait because of these mappings go on. Raises `Refused`.
    """
    drafts, trial = _tested(inst, names, last, told)
    if not force:
        _refuse(names, trial)
    facts = {"published_at": inst.now(), "publisher": actor, "reason": reason, "forced": force}
    versions = {}
    with inst.db.write() as tx:
        store.take_turn(tx)
        for row in drafts:
            versions[row.name] = number = _next_number(tx, row)
            if not store.publish(tx, row.id, {"number": number, **facts}):
                raise Refused(
                    "mapping.draft-changed", f"The draft of {row.name} was changed meanwhile: look at it again."
                )
            _tell(tx, inst, "mapping.published", actor, mapping=row.name, version=number, reason=reason)
    return Published(versions, trial, *_go_on(inst, trial.mappings))


def _refuse(names: Sequence[str], trial: Trial) -> None:
    what = " and ".join(names)
    if trial.differing:
        raise Refused(
            "mapping.sample-differs",
            f"{what} cannot be published: {len(trial.differing)} values are not as samples expect, the first: "
            f"{trial.differing[0]}. Correct the mapping or the samples.",
        )
    failing = trial.compared.fail_now
    if failing:
        raise Refused(
            "mapping.would-fail",
            f"{what} cannot be published: {len(failing)} documents that passed would fail: "
            f"{', '.join(failing[:3])}{' …' if len(failing) > 3 else ''}. Correct it, or give --force.",
        )


def _next_number(tx: Connection, row: Row[Any]) -> int:
    live = store.newest(tx, row.name)
    if live != row.base:
        raise Refused(
            "mapping.draft-outdated",
            f"{row.name} was drafted on {_called(row.base)}, and {_called(live)} is live now: draft it again on that.",
        )
    return live + 1


def _called(number: int) -> str:
    return f"version {number}" if number else "its file"


def roll_back(inst: Installation, name: str, to: int | None, reason: str, actor: str) -> Published:
    """Bring back the version before, or that of the number `to`, or with 0 the file. It becomes a version of its own.

    Raises `Refused`, and `MappingError` where what is brought back, or what extends it, cannot be used any more.
    """
    with inst.db.write() as tx:
        store.take_turn(tx)
        live = store.newest(tx, name)
        if not live:
            raise NotFound("mapping.no-version", f"Nothing of {name} was ever published here: its file counts.")
        target = live - 1 if to is None else to
        row = store.version(tx, name, target) if target != SHIPPED else None
        if target == live or (target != SHIPPED and row is None):
            raise NotFound("mapping.no-version", f"{name} has no other version {target}; {live} is live.")
        text, stands_on = (row.text, row.stands_on) if row is not None else (None, {})
        before = inst.mappings_at(tx)
        if text is None and before.find(name) is None:
            raise NotFound("mapping.no-version", f"{name} has no file that could count again.")
        versions = {one: version for one, version in before.versions.items() if one != name}
        if text is not None:
            versions[name] = Version(live + 1, text, stands_on)
        names = time_machine.affected(before, before.with_versions(versions))
        store.add(
            tx,
            {
                **_row(tx, inst, name, text, stands_on, actor),
                "number": live + 1,
                "restores": target,
                "publisher": actor,
                "published_at": inst.now(),
                "reason": reason,
            },
        )
        _tell(tx, inst, "mapping.rolled-back", actor, mapping=name, version=live + 1, to=_called(target), reason=reason)
    return Published({name: live + 1}, Trial(names, 0, [], Comparison()), *_go_on(inst, names))


def _go_on(inst: Installation, names: Collection[str]) -> tuple[int, int]:
    return read_mended(inst, names), write_mended(inst, names)


def _tell(tx: Connection, inst: Installation, kind: str, actor: str, **facts: Any) -> None:
    event_store.add(tx, event_store.event(kind, inst.now(), actor=actor, **facts))


# -- updates of the files under a version ---------------------------------------------------------------------------


def updates(inst: Installation) -> list[Update]:
    """The files that have changed under the versions that stand on them."""
    with inst.db.read() as tx:
        library = inst.mappings_at(tx)
    return [
        Update(name, version.number, file, then, now)
        for name, version in sorted(library.versions.items())
        for file, then in sorted(version.stands_on.items())
        if (now := _file(library, file)) != then
    ]


def _file(library: Library, name: str) -> str | None:
    try:
        return library.file_text(name)
    except MappingError:
        return None


# -- what a version says, and what it would change ------------------------------------------------------------------


def text(inst: Installation, name: str, number: int | None, *, drafted: bool, resolved: bool) -> str:
    """The text of a mapping: what counts now, of one of its versions (0: its file), or of its draft.

    Raises `Refused` for a version there is not, and `MappingError`.
    """
    row = None
    with inst.db.read() as tx:
        library = inst.mappings_at(tx)
        if drafted:
            (row,) = _drafts(tx, [name])
        elif number:
            row = store.version(tx, name, number)
            if row is None or row.text is None:
                raise NotFound("mapping.no-version", f"There is no text of {name} version {number}.")
    if row is not None:
        library = _with(library, {name: _version(row)})
    elif number == SHIPPED:
        library = library.with_versions({one: v for one, v in library.versions.items() if one != name})
    if resolved:
        return library.get(name).text
    version = library.versions.get(name)
    return version.text if version is not None else library.file_text(name)


def diff(inst: Installation, name: str, drafted: str | None, last: int, told: Told) -> Comparison:
    """What a text, or the kept draft, would change of stored messages. Raises `Refused` and `MappingError`."""
    with inst.db.read() as tx:
        before = inst.mappings_at(tx)
        made = _version(*_drafts(tx, [name])) if drafted is None else before.written_over(name, drafted)
    after = _with(before, {name: made})
    after.get(name)
    return time_machine.compare(inst, before, after, time_machine.affected(before, after), last, told)
