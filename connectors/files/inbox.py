"""Take files that others drop: only finished ones, each once, and none lost when the process dies.

The cursor is the whole memory. A file is looked at in one pull and taken in a later one if it has not changed in
between; the page's cursor lists it as taken; the pull that starts with that cursor, and so knows the page was
stored, moves it to the archive.

    {"taken":   {"po1.edi": [size, mtime_ns, inode, first 12 of sha256]},
     "looks":   {"po2.edi": [size, mtime_ns, inode, seen_at]},
     "refused": {"po3.edi": [size, mtime_ns, inode, code]}}
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from connectors.files.disk import explained, named
from connectors.files.formats import format_of
from hub.sdk import ConnectorError, Document, Misconfigured, Page, Rejected


@dataclass(frozen=True)
class Rules:
    """How one kind's files are told, read and named; see `FilesSettings`."""

    kind: str
    pattern: str
    temporary: tuple[str, ...]
    stable_seconds: float
    max_bytes: int
    page_size: int
    files_per_pull: int
    identity: str
    formats: dict[str, str]


@dataclass
class Memory:
    """The cursor, opened. Entries are lists so that they are the same before and after JSON."""

    taken: dict[str, list[Any]] = field(default_factory=dict)
    looks: dict[str, list[Any]] = field(default_factory=dict)
    refused: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: Any) -> Memory:
        cursor = cursor or {}
        return cls(*({**cursor.get(name, {})} for name in ("taken", "looks", "refused")))

    def cursor(self) -> dict[str, dict[str, list[Any]]]:
        return {"taken": {**self.taken}, "looks": {**self.looks}, "refused": {**self.refused}}


class Inbox:
    """One folder of one kind. `archive` None: what was stored is deleted. `clock` gives seconds since 1970."""

    def __init__(self, folder: Path, archive: Path | None, rules: Rules, clock: Callable[[], float]) -> None:
        self.folder = folder
        self.archive = archive
        self.rules = rules
        self.clock = clock

    def pull(self, cursor: Any) -> Iterator[Page]:
        """Pages of finished files, oldest first. The last page may hold looks only.

        A file that can never be taken (too large, not readable) holds up no other: it is told of once, by an
        error after the last page, and stays where it is.
        """
        memory = Memory.of(cursor)
        with explained("moving what was stored to the archive"):
            self._put_away(memory)
        trouble: list[ConnectorError] = []
        documents: list[Document] = []
        emitted = cursor or Memory().cursor()
        for name, status in self._waiting(memory):
            if not self._finished(name, status, memory):
                continue
            document = self._take(name, status, memory, trouble)
            if document:
                documents.append(document)
            if len(documents) == self.rules.page_size:
                emitted = memory.cursor()
                yield Page(documents, emitted)
                documents = []
        if memory.cursor() != emitted:
            yield Page(documents, memory.cursor())
        if trouble:
            raise _together(trouble)

    def _waiting(self, memory: Memory) -> list[tuple[str, os.stat_result]]:
        """The regular files to consider, oldest first; entries of the memory whose file has gone are dropped."""
        found = []
        with explained("listing the inbox"):
            for entry in os.scandir(self.folder):
                if not self._is_ours(entry.name) or not entry.is_file(follow_symlinks=False):
                    continue
                if not _is_text(entry.name):
                    _move_aside(Path(entry.path), self.folder / quote_from_bytes(os.fsencode(entry.name)))
                    continue
                try:
                    found.append((entry.name, entry.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue
        present = {name for name, _ in found}
        for entries in (memory.taken, memory.looks, memory.refused):
            for name in entries.keys() - present:
                del entries[name]
        found.sort(key=lambda item: (item[0] in memory.refused, item[1].st_mtime_ns, item[0]))
        return found[: self.rules.files_per_pull]

    def _is_ours(self, name: str) -> bool:
        lowered = name.lower()
        if any(fnmatch(lowered, mask.lower()) for mask in self.rules.temporary):
            return False
        return fnmatch(lowered, self.rules.pattern.lower())

    def _finished(self, name: str, status: os.stat_result, memory: Memory) -> bool:
        """True when the file is as it was at a look at least `stable_seconds` ago (at once where that is 0)."""
        if memory.taken.get(name, [])[:3] == _shape(status):
            return False
        if not self.rules.stable_seconds:
            return True
        now = self.clock()
        look = memory.looks.get(name)
        if look is None or look[:3] != _shape(status) or look[3] > now:
            memory.looks[name] = [*_shape(status), now]
            return False
        return bool(now - look[3] >= self.rules.stable_seconds)

    def _take(
        self, name: str, status: os.stat_result, memory: Memory, trouble: list[ConnectorError]
    ) -> Document | None:
        try:
            body = self._read(name, status)
        except FileNotFoundError:
            memory.looks.pop(name, None)
            return None
        except OSError as error:
            told = named(error, f"reading {name}")
            if isinstance(told, Misconfigured):
                told = Rejected(told.detail, code="files.unreadable")
            self._refuse(name, status, memory, told, trouble)
            return None
        except Rejected as error:
            self._refuse(name, status, memory, error, trouble)
            return None
        if body is None:
            memory.looks[name] = [*_shape(status), self.clock()]
            return None
        memory.looks.pop(name, None)
        memory.refused.pop(name, None)
        memory.taken[name] = [*_shape(status), hashlib.sha256(body).hexdigest()[:12]]
        return self._document(name, status, body)

    def _refuse(
        self,
        name: str,
        status: os.stat_result,
        memory: Memory,
        error: ConnectorError,
        trouble: list[ConnectorError],
    ) -> None:
        """Tell of a file once for each of its states; tell of what may pass by itself each time."""
        known = [*_shape(status), error.code]
        if isinstance(error, Rejected) and memory.refused.get(name) == known:
            return
        if isinstance(error, Rejected):
            memory.refused[name] = known
        trouble.append(error)

    def _read(self, name: str, status: os.stat_result) -> bytes | None:
        """The file's bytes, None when it changes under our hands."""
        if status.st_size > self.rules.max_bytes:
            raise Rejected(
                f"{name} has {status.st_size} bytes, more than max_bytes ({self.rules.max_bytes});"
                " raise the setting or move the file away",
                code="files.too-large",
            )
        descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            body = file.read(self.rules.max_bytes + 1)
            after = os.fstat(descriptor)
        steady = stat.S_ISREG(after.st_mode) and _shape(after) == _shape(status) and len(body) == after.st_size
        return body if steady else None

    def _document(self, name: str, status: os.stat_result, body: bytes) -> Document:
        rules = self.rules
        written_at = datetime.fromtimestamp(status.st_mtime_ns // 1000 / 1_000_000, UTC)
        if rules.identity == "name+time":
            external_id = f"{name}@{written_at:%Y%m%dT%H%M%S.%fZ}"
        elif rules.identity == "content":
            external_id = f"sha256:{hashlib.sha256(body).hexdigest()}"
        else:
            external_id = name
        return Document(
            kind=rules.kind,
            external_id=external_id,
            body=body,
            format=format_of(name, body, rules.formats),
            revised_at=written_at if rules.identity == "name+time" else None,
        )

    def _put_away(self, memory: Memory) -> None:
        """Move what the cursor proves stored. A file that has changed since is new, and stays.

        Nothing here needs to be synced: a move that a power cut undoes is done again, or the file comes once
        more and is known by its id and content.
        """
        if memory.taken and self.archive:
            self.archive.mkdir(parents=True, exist_ok=True)
        for name, (*shape, digest) in list(memory.taken.items()):
            source = self.folder / name
            target = (self.archive or self.folder) / _archived_name(name, shape[1], digest, bool(self.archive))
            if _shape_of(source) == shape:
                os.rename(source, target)
            if _shape_of(target) not in (None, shape):
                _move_aside(target, source)  # another file took the name between our look and our move
            if not self.archive:
                target.unlink(missing_ok=True)
            del memory.taken[name]


def _is_text(name: str) -> bool:
    """False for a name whose bytes are no UTF-8: no store could keep it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _move_aside(path: Path, target: Path) -> None:
    """Rename without treading on another file; what moves is looked at in its turn."""
    while target.exists():
        target = target.with_name(f"again-{target.name}")
    os.rename(path, target)


def _shape(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _shape_of(path: Path) -> list[int] | None:
    try:
        return _shape(os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return None


def _archived_name(name: str, mtime_ns: int, digest: str, visible: bool) -> str:
    """Told by time and content, so that a repeated move meets only itself."""
    written_at = datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)
    return f"{'' if visible else '.'}{written_at:%Y%m%dT%H%M%SZ}-{digest}-{name}"


def _together(trouble: list[ConnectorError]) -> ConnectorError:
    """One error for several files: `Rejected` as soon as somebody must act on one of them."""
    refused = [error for error in trouble if isinstance(error, Rejected)] or trouble
    if len(refused) == 1:
        return refused[0]
    told = f"{len(refused)} files: " + "; ".join(error.detail for error in refused)
    return type(refused[0])(told, code=refused[0].code)


def prove_folder(folder: Path) -> None:
    """Raise `Misconfigured` unless files can be made, moved and removed in the folder."""
    probe = folder / f".hub-check-{os.getpid()}"
    with explained(f"checking {folder}"):
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        moved = probe.with_name(probe.name + "-moved")
        os.rename(probe, moved)
        os.unlink(moved)


def prove_same_filesystem(first: Path, second: Path) -> None:
    """A rename delivers or archives in one step only within one file system."""
    if os.stat(first).st_dev != os.stat(second).st_dev:
        raise Misconfigured(
            f"{first} and {second} lie on different file systems, where a file cannot be moved in one step;"
            " put all folders of the connection on one",
            code="files.other-filesystem",
        )
