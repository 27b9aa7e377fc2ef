"""Deliver a file exactly once, whatever kills the process between two steps.

    1  write `sent/.NAME.part`, sync it
    2  record it: hard link it to `sent/NAME`
    3  hand it over: rename `sent/.NAME.part` to `outbox/NAME`

A rename takes the hidden name away in the step that delivers, so the two names in `sent` tell how far an
earlier try came: no record, nothing was delivered; record and hidden name, step 3 is due; record alone, done.
The partner may pick the file up and delete it at any time: `sent` remembers. What is sent again on request goes
the same way, recorded as `sent/NAME~1`, `sent/NAME~2`. Without hard links (some network drives) the record is a
copy, written hidden and renamed: the same guarantee, for twice the bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
from enum import Enum
from pathlib import Path

from connectors.files.disk import NO_HARD_LINKS, locked, sync_folder, write_durably
from hub.sdk import Misconfigured, Rejected, Retry

_LONGEST = 120


class Progress(Enum):
    """How far the delivery of a file has come."""

    NOTHING = "nothing"
    RECORDED = "recorded"
    DELIVERED = "delivered"


def file_name(key: str, extension: str) -> str:
    """A name for a key: the key itself where it is safe on every file system, else made so and followed by a hash.

    Two keys never meet in one name, also where a file system does not tell `A` from `a`.
    """
    safe = re.sub(r"[^a-z0-9_-]+", "-", key.lower())[:_LONGEST].strip("-")
    if safe != key:
        safe = f"{safe}-{hashlib.sha256(key.encode()).hexdigest()[:12]}".lstrip("-")
    return safe + extension


class Outbox:
    """One outbox and the folder that remembers what was put there."""

    def __init__(self, outbox: Path, sent: Path) -> None:
        self.outbox = outbox
        self.sent = sent

    def progress(self, name: str) -> Progress:
        if not (self.sent / name).exists():
            return Progress.NOTHING
        return Progress.RECORDED if self._part(name).exists() else Progress.DELIVERED

    def deliver(self, name: str, content: bytes, times: int = 0) -> None:
        """Bring `outbox/name` about once; a repeat finishes what an earlier try began and does no more. `times`: how
        often it is put there again on request, each of which is a delivery of its own."""
        record = f"{name}~{times}" if times else name
        self.sent.mkdir(parents=True, exist_ok=True)
        with locked(self.sent):
            progress = self.progress(record)
            if progress is not Progress.NOTHING and (self.sent / record).read_bytes() != content:
                self._forget(record, progress)
                progress = Progress.NOTHING
            if progress is Progress.NOTHING:
                write_durably(self._part(record), content)
                self._record(record)
            if progress is not Progress.DELIVERED:
                self._hand_over(record, self.outbox / name)

    def _forget(self, name: str, progress: Progress) -> None:
        """What the partner never got may still become another document; what it got may not."""
        if progress is Progress.DELIVERED:
            raise Rejected(
                f"{name} was already sent with other content; a changed document needs a new key",
                code="files.key-reused",
            )
        os.unlink(self.sent / name)

    def _part(self, name: str) -> Path:
        return self.sent / f".{name}.part"

    def _record(self, name: str) -> None:
        try:
            os.link(self._part(name), self.sent / name)
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            copy = self.sent / f".{name}.copy"
            write_durably(copy, self._part(name).read_bytes())
            os.rename(copy, self.sent / name)
        sync_folder(self.sent)

    def _hand_over(self, record: str, target: Path) -> None:
        if _content(target) not in (None, _content(self.sent / record)):
            raise Misconfigured(
                f"{target} exists and is not ours; move it away, or give the partner's files a folder of their own",
                code="files.name-taken",
            )
        try:
            os.rename(self._part(record), target)
            sync_folder(self.outbox)
            sync_folder(self.sent)
        except OSError as error:
            # A network drive may have moved it before the answer was lost; the names will tell the next try.
            if self._part(record).exists():
                raise
            raise Retry(f"delivering {target.name}: {error.strerror}", maybe_done=True, code="files.io") from error


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # the partner may take it away at any time
        return None
