"""Grammars of a partner's own: the library of a standard with the partner's folders, made once per content."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from hub.edi.grammars.library import GrammarError, Library, default_library
from hub.edi.tree import Standard

_Seen = tuple[Standard, tuple[tuple[str, int, int], ...]]
MOST_KEPT = 64

_kept: dict[_Seen, Library] = {}
_lock = threading.Lock()


def folders_of(names: Iterable[str], roots: Sequence[Path]) -> list[Path]:
    """The folders that a partner's grammars are named by, each in the first root that has it. Raises GrammarError."""
    found = []
    for name in names:
        places = [root / name for root in roots if (root / name).is_dir()]
        if not places:
            where = " or ".join(str(root) for root in roots)
            raise GrammarError(f"there is no folder {name!r} in {where}; make it, with x12/ or edifact/ in it")
        found.append(places[0])
    return found


def library(standard: Standard, folders: Sequence[Path]) -> Library:
    """The built-in grammars with those in these folders. The same one until a file in them changes."""
    if not folders:
        return default_library(standard)
    seen: _Seen = (standard, tuple(entry for folder in folders for entry in _files(folder / standard)))
    with _lock:
        if seen not in _kept:
            while len(_kept) >= MOST_KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[seen] = Library(folders, standard)
        return _kept[seen]


def _files(folder: Path) -> list[tuple[str, int, int]]:
    """What tells one state of a folder's files from another: name, time and size."""
    states = [(path, path.stat()) for path in sorted(folder.glob("*.yaml"))]
    return [(str(path), state.st_mtime_ns, state.st_size) for path, state in states]
