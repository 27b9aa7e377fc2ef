"""Mappings by name: files in folders, and versions that take their place. Compiled once, compiled again when a file
they rest on changes."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.mapping.errors import Finding, MappingError
from hub.mapping.mapping import Mapping
from hub.mapping.template import Template, load, resolve

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*", re.IGNORECASE)
_TABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

Stamp = tuple[Path, int, int]


@dataclass(frozen=True, slots=True)
class Version:
    """A text that takes the place of a mapping's file; `number` counts a mapping's versions, 0 is a draft.

    `stands_on` keeps, by name, the text that each file had over which it was written: the one that it takes the place
    of, and those that it extends. What it extends is read from there, so that a newer file changes nothing unasked.
    """

    number: int
    text: str
    stands_on: MappingType[str, str] = field(default_factory=dict)


class Library:
    """Mappings by name: `shopify/order.in` is `shopify/order.in.yaml` in the first of `paths` that has it, unless there
    is a version of it. A version that extends its own name extends the file.

    Tables are `tables/NAME.csv` with a header `key,value[,more columns]`.
    """

    def __init__(self, paths: Sequence[Path], versions: MappingType[str, Version] | None = None) -> None:
        self.paths = [Path(path) for path in paths]
        self.versions: MappingType[str, Version] = versions or {}
        self._compiled: dict[str, tuple[Mapping, _Links]] = {}

    def with_versions(self, versions: MappingType[str, Version]) -> Library:
        """Another library of the same folders. This one stays as it is, for whoever is reading by it."""
        other = Library((), versions)
        other.paths = self.paths
        changed = self.differing(other)
        other._compiled = {n: kept for n, kept in list(self._compiled.items()) if not kept[1].names & changed}
        return other

    def differing(self, other: Library) -> set[str]:
        """The names of which the two have another version."""
        names = {*self.versions, *other.versions}
        return {name for name in names if self.versions.get(name) != other.versions.get(name)}

    def written_over(self, name: str, text: str) -> Version:
        """A draft of a mapping that stands on the files as they are now. Whether it compiles is another question."""
        files = _Links(self.with_versions({**self.versions, name: Version(0, text)}))
        resolve(files.load(name), files.load)
        if self.find(name) is not None and name not in files.texts:
            files.texts[name] = self.file_text(name)
        return Version(0, text, files.texts)

    def get(self, name: str) -> Mapping:
        """The compiled mapping; raises MappingError (`mapping.not-found` when no folder has it)."""
        known = self._compiled.get(name)
        if known is not None and all(_stamp(path) == (path, *rest) for path, *rest in known[1].used):
            return known[0]
        links = _Links(self)
        version = self.versions.get(name)
        mapping = self._compile(name, links.load(name), links, version.number if version else 0)
        self._compiled[name] = (mapping, links)
        return mapping

    def draft(self, text: str, name: str) -> Mapping:
        """A mapping from a text that is in no folder; what it extends and looks up is. Raises MappingError."""
        return self._compile(name, load(text, name), _Links(self))

    def names_under(self, name: str) -> set[str]:
        """The mapping's name and those of what it extends, link by link, as far as they can be read."""
        links = _Links(self)
        with contextlib.suppress(MappingError):
            resolve(links.load(name), links.load)
        return links.names

    def _compile(self, name: str, template: Template, links: _Links, version: int = 0) -> Mapping:
        resolved = resolve(template, links.load)
        return Mapping(name, resolved, _Tables(self, resolved, links.used), version)

    def reload(self) -> None:
        """Forgets everything compiled."""
        self._compiled.clear()

    def names(self) -> list[str]:
        """Every mapping there is, sorted."""
        return sorted({*self.versions, *(name for folder in self.paths for name in _names(folder))})

    def find(self, name: str) -> Path | None:
        """The file of a mapping, if there is one."""
        if not is_name(name):
            return None
        return next((file for folder in self.paths if (file := folder / f"{name}.yaml").is_file()), None)

    def file_text(self, name: str) -> str:
        """What the file of a mapping says. Raises MappingError where there is none."""
        return read_text(self._file(name))

    def _file(self, name: str) -> Path:
        file = self.find(name)
        if file is None:
            folders = ", ".join(map(str, self.paths)) or "no folder"
            raise MappingError([Finding("mapping.not-found", f"there is no mapping `{name}` in {folders}", name)])
        return file

    def table(self, name: str, used: list[Stamp]) -> dict[str, Any] | None:
        """A table's rows by key, None when there is no such file."""
        file = self.table_file(name)
        if file is None:
            return None
        used.append(_stamp(file))
        return read_table(read_text(file), f"tables/{file.name}")

    def table_names(self) -> list[str]:
        """Every table there is a file of, sorted."""
        files = (file for folder in self.paths for file in (folder / "tables").glob("*.csv"))
        return sorted({file.stem for file in files if _TABLE.fullmatch(file.stem)})

    def table_file(self, name: str) -> Path | None:
        if not _TABLE.fullmatch(name):
            return None
        return next((f for folder in self.paths if (f := folder / "tables" / f"{name}.csv").is_file()), None)


class _Links:
    """The texts that one mapping is made of, link by link along `extends`: of each name its version first, and where
    that extends its own name, the file under it.

    `names` are all of them, `texts` those that were read from files, `used` the state of those files and of tables.
    """

    def __init__(self, library: Library) -> None:
        self.names: set[str] = set()
        self.texts: dict[str, str] = {}
        self.used: list[Stamp] = []
        self._library = library
        self._kept: dict[str, str] = {}

    def load(self, name: str) -> Template:
        """The next link. Raises MappingError."""
        version = self._library.versions.get(name)
        if version is not None and name not in self.names:
            self.names.add(name)
            self._kept |= version.stands_on
            return load(version.text, f"{name}.yaml@{version.number or 'draft'}")
        self.names.add(name)
        text = self._kept.get(name)
        if text is None:
            file = self._library._file(name)
            self.used.append(_stamp(file))
            text = self.texts[name] = read_text(file)
        return load(text, f"{name}.yaml")


class _Tables(dict[str, Any]):
    """The tables of one mapping, those in its file first; a table file is read when the mapping turns out to use it."""

    def __init__(self, library: Library, template: Template, used: list[Stamp]) -> None:
        super().__init__(template.tables)
        self._library, self._used = library, used

    def __contains__(self, name: object) -> bool:
        if not super().__contains__(name):
            rows = self._library.table(str(name), self._used)
            if rows is None:
                return False
            self[str(name)] = rows
        return True


def is_name(name: str) -> bool:
    """Whether a mapping can be called so: letters, digits, `_`, `.` and `-`, folders parted by `/`."""
    return _NAME.fullmatch(name) is not None and ".." not in name


def _names(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.yaml"):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if not name.startswith(("tables/", "samples/", "grammars/")):
            yield name


def _stamp(file: Path) -> Stamp:
    try:
        stat = file.stat()
    except OSError:
        return file, 0, 0
    return file, stat.st_mtime_ns, stat.st_size


def read_text(file: Path) -> str:
    """A file's text; raises MappingError when it cannot be read or is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise MappingError([Finding("mapping.unreadable", f"cannot be read: {reason}", str(file))]) from None


def read_table(text: str, file: str) -> dict[str, Any]:
    """A CSV table: `key -> value`, or `key -> {column: text}` where it has more columns than key and value."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # a spreadsheet writes what is usual in its country
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: dict[str, Any] = {}
    try:
        header = next(reader, [])
        if header[:1] != ["key"] or len(header) < 2 or len(set(header)) != len(header):
            raise MappingError([Finding("mapping.table", "its first line is `key,value[,more columns]`", file, 1, 1)])
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header) or cells[0] in rows:
                message = "the same key again" if len(cells) == len(header) else f"{len(header)} columns are wanted"
                raise MappingError([Finding("mapping.table", message, file, reader.line_num, 1)])
            rows[cells[0]] = cells[1] if header == ["key", "value"] else dict(zip(header[1:], cells[1:], strict=True))
    except csv.Error as error:
        raise MappingError([Finding("mapping.table", f"not CSV: {error}", file, reader.line_num, 1)]) from None
    return rows
