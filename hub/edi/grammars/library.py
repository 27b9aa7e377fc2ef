"""Grammars as data: what a transaction set, its segments and its elements may be.

A `Library` reads the YAML files of one or more folders, later folders adding to and replacing what earlier
ones say, and hands out one `SetGrammar` per set and version. Files are read and rules made on first use only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from hub.edi.data import load
from hub.edi.grammars.rules import ANY, ElementRule, Item, Note, SegmentRule, SetGrammar, walk
from hub.edi.tree import Standard

BUILT_IN = Path(__file__).parent


_KEPT_SETS = 1_000


class _Reading(NamedTuple):
    """All that a version's name decides: the described one it is read by, whether it is that one, whether it is later
    than that one (then it may allow more), whether it is earlier than every one described."""

    nearest: str
    exact: bool
    newer: bool
    older: bool


class Syntax(NamedTuple):
    """What the grammars of a standard have in common.

    `versions` are the ones described, oldest first; `strict` those whose definition may be taken as the
    standard's whole say. `set_ids` is the form of a set's id, `names` that of a version.
    """

    standard: Standard
    versions: tuple[str, ...]
    strict: frozenset[str]
    set_ids: re.Pattern[str]
    names: re.Pattern[str]

    def version(self, text: str) -> str:
        """A version as documents have it (`D96A`) of what a person writes (`d.96a`); `""` for what is none."""
        name = text.upper().replace(".", "") if self.standard == "edifact" else text.upper()
        return name if self.names.fullmatch(name) else ""

    def rank(self, version: str) -> str:
        """A text that sorts versions by age; `""` for what is none. `D96A` sorts before `D01B`."""
        if self.standard == "x12":
            return version[:6] if re.match(r"[0-9]{6}", version) else ""
        match = re.fullmatch(r"[0-9A-Z]([0-9]{2})([A-Z])", version[:4])
        if match is None:
            return ""
        return ("19" if match.group(1) >= "50" else "20") + match.group(1) + match.group(2)

    def nearest(self, version: str) -> str:
        """The described version that one is read by.

        X12: the closest below, else the lowest (005020 is read as 005010, 003040 as 004010). EDIFACT: the closest
        above, else the highest, because a directory keeps nearly all that earlier ones have and adds to it.
        """
        rank = self.rank(version)
        if self.standard == "edifact":
            above = [known for known in self.versions if self.rank(known) >= rank > ""]
            return above[0] if above else self.versions[-1]
        below = [known for known in self.versions if self.rank(known) <= rank]
        return below[-1] if below else self.versions[0]

    @lru_cache(maxsize=256)  # noqa: B019 - there are two syntaxes, which last as long as the process
    def reading(self, version: str) -> _Reading:
        """How a version is read."""
        nearest, rank = self.nearest(version), self.rank(version)
        return _Reading(nearest, nearest == version, rank > self.rank(nearest), "" < rank < self.rank(self.versions[0]))

    def since(self, entry: dict[str, Any], version: str) -> dict[str, Any]:
        """An entry as it stands in a version: what differs from a version on is kept under that version's key, what
        differs in versions before the first one described under `older`."""
        if "older" in entry and self.reading(version).older:
            return {**entry, **entry["older"]}
        for known in self.versions[: self.versions.index(self.reading(version).nearest) + 1]:
            if known in entry:
                entry = {**entry, **entry[known]}
        return entry


SYNTAXES: dict[Standard, Syntax] = {
    "x12": Syntax(
        "x12",
        ("004010", "005010"),
        frozenset({"004010", "005010"}),
        re.compile("[0-9A-Z]{3}"),
        re.compile("00[2-8][0-9]{3}[0-9A-Z]{0,6}"),
    ),  # fmt: skip
    "edifact": Syntax(
        "edifact",
        ("D96A", "D01B"),
        frozenset({"D96A", "D01B"}),
        re.compile("[A-Z]{6}"),
        re.compile("[A-Z][0-9]{2}[A-Z]"),
    ),  # fmt: skip
}


def standard_of(set_id: str) -> Standard:
    """The syntax that a set belongs to, by the form of its id: `850` is X12, `ORDERS` EDIFACT."""
    return "edifact" if SYNTAXES["edifact"].set_ids.fullmatch(set_id) else "x12"


class GrammarError(Exception):
    """A grammar file does not say what it must; the message names file, entry and remedy."""


class Library:
    """The grammars of one standard; `Library()` has the built-in ones of X12 alone.

    A folder holds files of its own for a standard in `x12/` or `edifact/`, named and written as the built-in ones;
    what it says of a set, a segment or an element replaces what the ones before it say.
    """

    def __init__(self, folders: Iterable[Path] = (), standard: Standard = "x12") -> None:
        self.syntax = SYNTAXES[standard]
        self.folders = [folder / standard for folder in (BUILT_IN, *folders)]
        self._sets: dict[tuple[str, str], SetGrammar] = {}
        self._made: dict[tuple[str, _Reading], SetGrammar] = {}
        self._tables: dict[str, dict[str, Any]] = {}
        self._functional_ids: dict[str, str] = {}
        self._own: set[tuple[str, str]] = set()
        self._elements: dict[tuple[str, bool, int, str], ElementRule] = {}

    def grammar(self, set_id: str, version: str) -> SetGrammar | None:
        """The grammar of a set for a version (`004010`, `D96A`); None when there is no such set."""
        key = set_id, version[:6]
        found = self._sets.get(key) or self._find(*key)
        if found is not None and len(self._sets) < _KEPT_SETS:
            self._sets[key] = found
        return found

    def _find(self, set_id: str, version: str) -> SetGrammar | None:
        """The grammar made before for a version read alike, else a new one: a file may name any number of versions."""
        if not self.syntax.set_ids.fullmatch(set_id) or not self._table(set_id):
            return None
        key = set_id, self.syntax.reading(version)
        if key not in self._made:
            self._made[key] = self._make(set_id, version)
        return self._made[key]

    @cached_property
    def segment_ids(self) -> frozenset[str]:
        """The ids of all segments there are."""
        return frozenset(self._table("ids").get("segments", "").split()) | frozenset(self._table("segments"))

    def versions(self, set_id: str) -> tuple[str, ...]:
        """The described versions that have a set, oldest first; none for a set unknown here."""
        known = self.syntax.versions
        if not self.syntax.set_ids.fullmatch(set_id) or not (entry := self._table(set_id)):
            return ()
        if not self.syntax.version(since := entry.get("since", known[0])):
            raise GrammarError(f"{set_id}.yaml: since {since!r} is no version, such as {known[0]}")
        return known[known.index(self.syntax.nearest(since)) :]

    def functional_id(self, set_id: str) -> str:
        """The group (GS01) that a set belongs to, `""` for a set unknown here."""
        if set_id not in self._functional_ids:
            known = self._table(set_id) if self.syntax.set_ids.fullmatch(set_id) else {}
            if not known:
                return ""
            self._functional_ids[set_id] = str(known.get("functional_id", ""))
        return self._functional_ids[set_id]

    def element(self, reference: str, version: str) -> ElementRule:
        """The rule of a data element by itself; raises GrammarError for one that is not described."""
        return self._element(reference, _Place([reference], False, 1, 1), version)

    def own(self, name: str) -> frozenset[str]:
        """The entries that files of the user's own hold under this name (`segments`, `850`)."""
        self._table(name)
        return frozenset(key for file, key in self._own if file == name)

    def _table(self, name: str) -> dict[str, Any]:
        if name not in self._tables:
            table: dict[str, Any] = {}
            for number, folder in enumerate(self.folders):
                if (path := folder / f"{name}.yaml").is_file():
                    entries = _load(path)
                    table.update(entries)
                    self._own |= {(name, key) for key in entries} if number else set()
            if not table:
                return table
            self._tables[name] = table
        return self._tables[name]

    def _make(self, set_id: str, version: str) -> SetGrammar:
        reading = self.syntax.reading(version)
        text = self.syntax.since(self._table(set_id), version)
        root = Item(set_id, set_id, True, 1, None, 0)
        root.of = _items(text["body"], root, set_id)
        grammar = SetGrammar(
            standard=self.syntax.standard,
            set_id=set_id,
            name=text["name"],
            functional_id=text.get("functional_id", ""),
            version=reading.nearest,
            exact=reading.exact,
            strict=version in self.syntax.strict,
            newer=reading.newer,
            root=root,
            segments={},
            undescribed=frozenset(text.get("undescribed", ())),
            known_ids=self.segment_ids,
            totals=dict(text.get("totals", {})),
            controls=dict(text.get("controls", {})),
            partner=(set_id, "body") in self._own,
        )
        for segment_id in {item.id for item in walk(root) if not item.is_loop}:
            rule = self.segment(segment_id, version)
            if rule is not None:
                grammar.segments[segment_id] = rule
        return grammar

    def segment(self, segment_id: str, version: str) -> SegmentRule | None:
        """The rule of a segment for a version; None for one that is not described."""
        if segment_id not in self._table("segments"):
            return None
        entry = self.syntax.since(self._table("segments")[segment_id], version)
        elements: list[ElementRule] = []
        notes = list(_notes(entry.get("notes", "")))
        for text in entry["elements"]:
            place = _Place.of(str(text))
            for _ in range(place.times):
                if len(place.references) > 1:
                    notes.append(Note("P", (len(elements) + 1, len(elements) + 2)))
                elements += [self._element(one, place, version) for one in place.references]
        is_open, partner = entry.get("open") == "yes", ("segments", segment_id) in self._own
        return SegmentRule(segment_id, entry["name"], tuple(elements), tuple(notes), is_open, partner)

    def _element(self, reference: str, place: _Place, version: str) -> ElementRule:
        """The rule of a data element at a place; many segments share one."""
        key = reference, place.mandatory, place.repeats, version
        if key not in self._elements:
            self._elements[key] = self._make_element(reference, place, version)
        return self._elements[key]

    def _make_element(self, reference: str, place: _Place, version: str) -> ElementRule:
        try:
            entry = self.syntax.since(self._table("elements")[reference], version)
        except KeyError:
            raise GrammarError(f"elements.yaml: data element {reference} is used but not described") from None
        partner = ("elements", reference) in self._own
        if "components" in entry:
            parts = [_Place.of(one) for one in entry["components"]]
            return ElementRule(
                reference, entry["name"], "", 0, 0, place.mandatory, repeats=place.repeats,
                components=tuple(self._element(p.references[0], p, version) for p in parts for _ in range(p.times)),
                notes=tuple(_notes(entry.get("notes", ""))), period=_pair(entry.get("period", "")),
                partner=partner,
            )  # fmt: skip
        least, most = _lengths(entry["length"], reference)
        if entry["type"] == "DT" and self.syntax.reading(version).older:
            least = min(least, 6)
        return ElementRule(
            reference,
            entry["name"],
            entry["type"],
            least,
            most,
            place.mandatory,
            frozenset(entry.get("codes", "").split()),
            entry.get("closed") == "yes",
            place.repeats,
            partner=partner,
        )


def _lengths(text: str, reference: str) -> tuple[int, int]:
    numbers = text.split()
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        raise GrammarError(f"length {text!r} of data element {reference} is not of the form 'least most'")
    return int(numbers[0]), int(numbers[1])


class _Place(NamedTuple):
    """One entry of a segment's or composite's list: `353 M`, `235/234 x10` (ten pairs), `4440 x5`, `1270 r9`.

    `x` stands for so many places one after another, `r` for how often the one place may be repeated.
    """

    references: list[str]
    mandatory: bool
    times: int
    repeats: int

    @classmethod
    def of(cls, text: str) -> _Place:
        first, *rest = text.split() or [""]
        if not first or not all(re.fullmatch(r"[MO]|[xr][1-9][0-9]*", word) for word in rest):
            raise GrammarError(f"element {text!r} is not of the form '128', '128 M', '128 x5' or '128 r9'")
        numbers = {word[0]: int(word[1:]) for word in rest if word[0] in "xr"}
        return cls(first.split("/"), "M" in rest, numbers.get("x", 1), numbers.get("r", 1))


@cache
def default_library(standard: Standard = "x12") -> Library:
    """The built-in grammars of a standard, read once per process."""
    return Library(standard=standard)


def _load(path: Path) -> dict[str, Any]:
    try:
        return load(path)
    except ValueError as error:
        raise GrammarError(f"{path}: {error}") from error


def _notes(text: str) -> Iterator[Note]:
    for word in text.split():
        digits = word[1:]
        yield Note(word[0], tuple(int(digits[n : n + 2]) for n in range(0, len(digits), 2)))


def _pair(text: str) -> tuple[int, int] | None:
    """Two numbers, None for an empty text."""
    first, _, second = text.partition(" ")
    return (int(first), int(second)) if text else None


def _items(lines: list[Any], parent: Item, where: str) -> list[Item]:
    items: list[Item] = []
    for index, line in enumerate(lines):
        words = str(line["loop"] if isinstance(line, dict) else line).split()
        if len(words) != 3 or words[1] not in ("M", "O"):
            raise GrammarError(f"{where}: {line!r} is not of the form 'ID M|O max'")
        most = ANY if words[2] == "*" else int(words[2])
        item = Item(words[0], words[0], words[1] == "M", most, parent, index)
        if isinstance(line, dict):
            item.of = _items(line["of"], item, where)
            item.id = item.of[0].id
            if "levels" in line:
                item.levels = _pair(line["levels"])
        items.append(item)
    return items
