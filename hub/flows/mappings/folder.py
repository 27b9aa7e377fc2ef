"""Published versions as a folder of files, to keep them in a repository or carry them to another installation.

shopify/order.in.yaml    the text of each live version, by its name
versions.json            for each its number, who published it when and why, and hashes of the files it stands on
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from hub.errors import NotFound, Refused
from hub.flows.mappings.versions import draft
from hub.installation import Installation
from hub.mapping.library import Library, read_text
from hub.store import mappings as store

MANIFEST = "versions.json"


@dataclass(frozen=True, slots=True)
class Imported:
    """`drafted`: those that differ from what is live. `other_ground`: (mapping, file) where the version stood on a text
    that the file does not have here."""

    drafted: list[str]
    unchanged: list[str]
    other_ground: list[tuple[str, str]]


def export(inst: Installation, folder: Path, names: Sequence[str]) -> list[str]:
    """Write the live versions, those of `names` or all, over what the folder holds of them. Gives their names.

    Raises `Refused` for a name that has none.
    """
    with inst.db.read() as tx:
        rows = {row.name: row for row in store.live(tx) if not names or row.name in names}
    missing = [name for name in names if name not in rows]
    if missing:
        raise NotFound("mapping.no-version", f"No version of {', '.join(missing)} is live.")
    for name, row in rows.items():
        file = folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(row.text, encoding="utf-8")
    manifest = {**_manifest(folder), **{name: _facts(row) for name, row in rows.items()}}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return sorted(rows)


def _facts(row: Row[Any]) -> dict[str, Any]:
    return {
        "version": row.number,
        "author": row.author,
        "published": row.published_at.isoformat(),
        "publisher": row.publisher,
        "reason": row.reason,
        "stands_on": {name: _hash(text) for name, text in row.stands_on.items()},
    }


def import_(inst: Installation, folder: Path, actor: str) -> Imported:
    """Keep as drafts what a folder says otherwise than is live here. Raises `Refused`, and `MappingError` for a file
    that cannot be used; then nothing is kept."""
    texts = dict(_texts(folder))
    if not texts:
        raise Refused("mapping.folder-empty", f"There is no mapping in {folder}.")
    drafted = draft(inst, texts, actor)
    with inst.db.read() as tx:
        library = inst.mappings_at(tx)
    return Imported(
        drafted, sorted(texts.keys() - set(drafted)), list(_other_ground(library, _manifest(folder), drafted))
    )


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*.yaml")):
        yield file.relative_to(folder).with_suffix("").as_posix(), read_text(file)


def _other_ground(library: Library, manifest: dict[str, Any], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        for file, digest in manifest.get(name, {}).get("stands_on", {}).items():
            if library.find(file) is None or _hash(library.file_text(file)) != digest:
                yield name, file


def _manifest(folder: Path) -> dict[str, Any]:
    """What the folder says of its versions; nothing where it says nothing that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
