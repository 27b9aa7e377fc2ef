"""Cuts one interchange into groups and sets at its control segments, reading the file as it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from hub.edi.findings import MOST_FINDINGS, Finding, finding
from hub.edi.reading.interchange import decode, is_in, note
from hub.edi.reading.source import Source
from hub.edi.reading.starts import Locate, behind, nearer, nowhere
from hub.edi.x12.control import BLANKS, patterns
from hub.edi.x12.interchange import Group, Interchange, RawSet, shown
from hub.edi.x12.isa import locate

LONGEST_SET = 16 << 20
"""Bytes of a transaction set; the body of a longer one is not read."""
LONGEST_CONTROL = 1 << 16
"""Bytes of a control segment; where no terminator follows within these, it is taken to end there."""

_BLANK_EDGES = BLANKS + b"\x1a"

Ended: TypeAlias = tuple[Group, RawSet | None]
"""A set that has ended, with its group; or a group that has ended."""


class Lost(NamedTuple):
    """What was found to stand where only a control segment may, and on which envelope that was told."""

    holder: Group | Interchange
    found: Finding


class Scan:
    """One pass over one interchange. After `run`, `at` is where reading goes on: behind IEA, or at the next
    interchange."""

    def __init__(
        self, source: Source, interchange: Interchange, start: int, keep: bool, other: Locate = nowhere
    ) -> None:
        self.source, self.interchange, self.keep = source, interchange, keep
        marks, encoding = interchange.delimiters, interchange.encoding
        self.separator = marks.element
        self.terminator = marks.terminator.encode(encoding, "replace")
        self.patterns = patterns(marks, encoding)
        self.other = behind(other, self.terminator)
        self.group: Group | None = None
        self.set: RawSet | None = None
        self.limit: int | None = None
        self.sure = self.edge = start
        # A control segment stands behind a terminator: the first one behind that of ISA.
        self.at = start if interchange.bare else start - len(self.terminator)
        self.fresh = interchange.bare
        self.first_end = start
        if interchange.bare:
            self.first_end = source.find(self.terminator, start, source.stop) + len(self.terminator)
        self.indented = self.strayed = self.misspelt = False
        self.lost: Lost | None = None

    def run(self) -> Iterator[Ended]:
        """The sets and groups of the interchange, each as it ends."""
        self._judge_text(self.interchange.raw, self.interchange.offset)
        self._look_ahead()
        handlers = {b"TA1": self._ta1, b"GS": self._gs, b"ST": self._st, b"SE": self._se, b"GE": self._ge,
                    b"IEA": self._iea}  # fmt: skip
        while (found := self._next()) is not None:
            start, name, stop, after = found
            written, name = name, name.upper()
            if (lost := self._end_without_terminator(start, stop)) is not None:
                (stop, after), self.fresh = lost, True
            raw = self.source.cut(start, stop)
            elements = decode(raw, self.interchange.encoding)
            self._stray(start)
            self._judge_text(raw, self.source.place(start))
            self.edge, self.at, self.strayed = after, after if self.fresh else stop, False
            if after == stop and lost is None and (name == b"IEA" or self.interchange.bare):
                text, place = "The last segment ends without its terminator.", self.source.place(stop)
                note(self.interchange, finding("edi.terminator-missing", text, offset=place))
            if self.terminator in (b"\r", b"\n"):
                elements = elements.rstrip(" \t")
            if elements[-1:] in ("\r", "\n"):
                elements = self._without_break(elements, stop, after)
            yield from handlers[name](elements.split(self.separator)[1:], start, after)
            self.lost = None
            if written != name:
                self._note_spelling(written, name, start)
            if name == b"IEA":
                self._close(after)
                return
            yield from self._plain_sets()
        self._stray(self._bound)
        if self.lost is not None:
            (self.group or self.interchange).instead = self._instead()
        self.interchange.torn = self.group is not None
        if self.set is not None:
            self.set.cut_off = True
        yield from self._leave_group(self._bound)
        self._close(self._bound)

    def _plain_sets(self) -> Iterator[Ended]:
        """The sets that come next, as long as nothing in their ST and SE calls for a closer look."""
        source, mark = self.source, self.terminator
        while self.group is not None and self.set is None:
            base, header = source.start, source.match(self.patterns.plain_header, self.edge, self._bound)
            found = header and source.search(self.patterns.following, base + header.end() - len(mark), self._bound)
            if header is None or found is None:
                return
            trailer = source.match(self.patterns.plain_trailer, base + found.start() + len(mark), self._bound)
            if trailer is None:
                return
            self.edge, self.fresh = base + trailer.end(), False
            self.at = self.edge - len(mark)
            opened, closed = (decode(one[1], self.interchange.encoding) for one in (header, trailer))
            suffix = len(self.interchange.delimiters.suffix)
            yield from self._st(opened.split(self.separator), base + header.start() + suffix, base + header.end())
            yield from self._se(closed.split(self.separator), base + trailer.start() + suffix, self.edge)

    def _end_without_terminator(self, start: int, stop: int) -> tuple[int, int] | None:
        """Where the text of a control segment ends before `stop` and where another one begins, the terminator between
        them being lost; it is told."""
        source = self.source
        if (run := source.match(self.patterns.run_into, start, stop)) is not None:
            ends = run.end(), run.end()
            text = "A segment terminator is missing; the next segment was told by its id."
        elif (line := source.search(self.patterns.next_line, start, stop)) is not None:
            ends = line.span()
            text = "A line break stood for a segment terminator."
        else:
            return None
        end, after = source.start + ends[0], source.start + ends[1]
        note(self.interchange, finding("edi.terminator-missing", text, offset=source.place(end)))
        return end, after

    def _without_break(self, elements: str, stop: int, after: int) -> str:
        """A control segment without the line break at its end, told unless it is where a terminator is missing."""
        if after > stop:
            text = "A line break stands inside a segment; it was taken out."
            name, place = elements.partition(self.separator)[0], self.source.place(stop)
            note(self.interchange, finding("edi.line-break-in-segment", text, offset=place, segment=name))
        return elements.rstrip("\r\n")

    def _judge_text(self, raw: bytes, offset: int) -> None:
        """Tell of a control segment whose bytes are not of the encoding the interchange is read in."""
        if not raw.isascii() and not is_in(raw, self.interchange.encoding):
            name = raw.partition(self.separator.encode(self.interchange.encoding))[0].decode("latin-1")
            text = f"The text of {name} is not {self.interchange.encoding}; it was read as Latin-1."
            note(self.interchange, finding("edi.encoding-guessed", text, offset=offset, segment=name))

    # -- finding the next control segment -----------------------------------------------------------------------

    @property
    def _bound(self) -> int:
        """Up to here the bytes at hand belong to this interchange for sure."""
        return self.sure if self.limit is None else self.limit

    def _look_ahead(self) -> None:
        """Find the next interchange in the window: it ends this one even where IEA is missing."""
        self.limit, self.sure = nearer(locate(self.source, self.sure), self.other(self.source, self.sure))

    def _next(self) -> tuple[int, bytes, int, int] | None:
        """The next control segment: its start, its id, where its text stops and where its terminator ends."""
        match = self._match()
        if match is None:
            return None
        base = self.source.start
        start, at = match.start(2) + base, match.end() + base
        skipped = match.group(1)
        if (skipped.strip(b"\r\n") or (skipped and not self.interchange.delimiters.suffix)) and not self.indented:
            self.indented = True
            place = self.source.place(match.start(1) + base)
            text = "Blanks or line breaks before a segment id were skipped."
            note(self.interchange, finding("edi.blanks-before-segment", text, offset=place))
        while (stop := self.source.find(self.terminator, at, self._bound)) < 0:
            if self._bound - start > LONGEST_CONTROL:
                return start, match.group(2), start + LONGEST_CONTROL, start + LONGEST_CONTROL
            if not self._read_on(start):
                return start, match.group(2), self._bound, self._bound
        return start, match.group(2), stop, stop + len(self.terminator)

    def _match(self) -> re.Match[bytes] | None:
        source, at = self.source, self.at
        if self.fresh:
            self.fresh = False
            match = self.patterns.head.match(source.window, at - source.start, self._bound - source.start)
            if match is not None:
                return match
        while (match := source.search(self.patterns.following, at, self._bound)) is None:
            last = source.last(self.terminator, at, self._bound)
            near = last >= 0 and self._bound - last <= LONGEST_CONTROL
            at = last if near else max(at, self._bound - len(self.terminator) + 1)
            if not self._read_on(at):
                return None
        return match

    def _read_on(self, at: int) -> bool:
        """Read more of the file, letting go of what lies before `at` and belongs to no set that is being read."""
        if self.limit is not None or self.source.ended:
            return False
        if self.set is None:
            self._stray(at)
            self.edge = max(at, self.edge)
            self.source.release(at)
        else:
            self.set.oversize = self.set.oversize or at - self.set.start > LONGEST_SET
            self.source.release(at if self.set.oversize else self.set.start)
        self.source.more()
        self._look_ahead()
        return True

    def _stray(self, start: int) -> None:
        """Report, once between two control segments, what stands there and belongs to no set."""
        if self.set is not None or start <= self.edge or self.strayed:
            return
        gap = self.source.cut(self.edge, start)
        between = gap.strip(_BLANK_EDGES + self.terminator)
        if between:
            self.strayed = True
            value = between[:40].decode("latin-1")
            text = "A segment stands between ST..SE sets where only control segments may."
            place = self.source.place(self.edge + gap.find(between[:1]))
            found = finding("edi.segment-outside-set", text, offset=place, value=value, segment=value[:3])
            note(self.group or self.interchange, found)
            self.lost = Lost(self.group or self.interchange, found)
        elif self.terminator in gap:
            text = "Empty segments (two terminators in a row) were skipped; they are not counted."
            place = self.source.place(self.edge + gap.find(self.terminator))
            note(self.group or self.interchange, finding("edi.segment-empty", text, offset=place))

    def _instead(self) -> str:
        """The segment that stands where a control segment was expected: one fault, which is told of the other alone."""
        if self.lost is None:
            return ""
        holder, found = self.lost
        holder.findings[:] = [one for one in holder.findings if one is not found]
        self.lost = None
        return found.value.partition(self.interchange.delimiters.terminator)[0].strip()

    def _note_spelling(self, written: bytes, name: bytes, start: int) -> None:
        """Tell, once, of a control segment in small letters; it is read as the one that is meant."""
        if self.misspelt:
            return
        self.misspelt = True
        meant = name.decode()
        text = (
            f"{written.decode()!r} is not the id of any segment; it was read as {meant}, here and wherever it recurs."
        )
        place: dict[str, Any] = {
            "offset": self.source.place(start),
            "segment": meant,
            "value": written.decode(),
        }
        if name == b"ST" and self.set is not None:
            note(self.set, finding("edi.control-segment-misspelt", text, ack="AK502:5", position=1, **place))
        else:
            note(self.interchange, finding("edi.control-segment-misspelt", text, **place))

    # -- what each of them opens and ends -----------------------------------------------------------------------

    def _ta1(self, elements: list[str], start: int, after: int) -> Iterator[Ended]:
        if self.set is None and len(self.interchange.ta1) < MOST_FINDINGS:
            self.interchange.ta1.append(elements)
        yield from ()

    def _gs(self, elements: list[str], start: int, after: int) -> Iterator[Ended]:
        yield from self._leave_group(start)
        raw = self.source.cut(start, after)
        if not raw.endswith((self.terminator, b"\r", b"\n")):
            raw += self.terminator
        self._enter_group(Group(self.source.place(start), raw, header=elements))

    def _enter_group(self, group: Group) -> Group:
        self.group = group
        self.interchange.received += 1
        if self.keep:
            self.interchange.groups.append(group)
        return group

    def _st(self, elements: list[str], start: int, after: int) -> Iterator[Ended]:
        yield from self._leave_set(start)
        place = self.source.place(start)
        group = self.group
        if group is None:
            group = self._enter_group(Group(place, header=[]))
            if not self.interchange.bare:
                text = f"A transaction set stands outside of a functional group: GS is missing{shown(self._instead())}."
                note(group, finding("edi.group-header-missing", text, ack="TA1:022", offset=place, segment="GS"))
        self.set = RawSet(
            start, self.source, self.interchange.encoding, place, body_start=after - start, header=elements
        )
        group.received += 1
        if self.keep:
            group.sets.append(self.set)

    def _se(self, elements: list[str], start: int, after: int) -> Iterator[Ended]:
        if self.set is None:
            text = f"SE closes no transaction set: the ST before it is missing{shown(self._instead())}."
            found = finding("edi.set-header-missing", text, offset=self.source.place(start), segment="SE")
            note(self.group or self.interchange, found)
            if self.group is not None:
                self.group.headless += 1
            return
        self.set.trailer, self.set.trailer_offset = elements, self.source.place(start)
        yield from self._leave_set(start, after)

    def _ge(self, elements: list[str], start: int, after: int) -> Iterator[Ended]:
        yield from self._leave_set(start)
        if self.group is None:
            text, place = "GE closes no functional group: the GS before it is missing.", self.source.place(start)
            note(self.interchange, finding("edi.group-header-missing", text, offset=place, segment="GE"))
            return
        self.group.trailer, self.group.trailer_offset = elements, self.source.place(start)
        yield from self._leave_group(after)

    def _iea(self, elements: list[str], start: int, after: int) -> Iterator[Ended]:
        yield from self._leave_group(start)
        self.interchange.trailer, self.interchange.trailer_offset = elements, self.source.place(start)

    def _leave_set(self, stop: int, after: int | None = None) -> Iterator[Ended]:
        one, end = self.set, stop if after is None else after
        if one is None or self.group is None:
            return
        one.length = self.source.place(end) - one.offset
        if one.oversize or end - one.start > LONGEST_SET:
            one.oversize, one.body_start = True, 0
        else:
            one.raw, one.body_stop = self.source.cut(one.start, end), stop - one.start
            if one.trailer is None:
                self._find_trailer(one)
        self.set = None
        yield self.group, one

    def _find_trailer(self, one: RawSet) -> None:
        """Of a set without SE: look for one behind a line break alone, the terminator before it being lost."""
        match = self.patterns.late_trailer.search(one.raw, max(len(one.raw) - LONGEST_CONTROL, 0))
        if match is None:
            return
        one.trailer = decode(match.group(1), one.encoding).split(self.separator)[1:]
        one.trailer_offset, one.body_stop = self.source.place(one.start + match.start(1)), match.start()
        text = "A line break stood for a segment terminator."
        note(one, finding("edi.terminator-missing", text, offset=one.trailer_offset, segment="SE"))

    def _leave_group(self, stop: int) -> Iterator[Ended]:
        open_set = self.set is not None
        yield from self._leave_set(stop)
        group, self.group = self.group, None
        if group is not None:
            group.torn = open_set and group.trailer is None
            group.length = self.source.place(stop) - group.offset
            yield group, None

    def _close(self, stop: int) -> None:
        self.at = stop
        if "\n" in self.interchange.delimiters.suffix:
            text = "A line break follows the segment terminator; it was skipped here and wherever it recurs."
            place = self.source.place(self.first_end)
            note(self.interchange, finding("edi.line-break-after-terminator", text, offset=place))
