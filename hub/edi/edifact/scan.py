"""Cuts one interchange into groups and messages at its service segments, reading the file as it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from hub.edi.edifact.advice import locate
from hub.edi.edifact.characters import DEFAULT_CODEC, encoding_of, foreign
from hub.edi.edifact.interchange import Group, Interchange, Message
from hub.edi.edifact.service import LONGEST_RUN, patterns
from hub.edi.edifact.text import has_empty_ends, needless_release, odd, parse
from hub.edi.findings import finding
from hub.edi.reading.interchange import decode, note
from hub.edi.reading.reader import BLANK
from hub.edi.reading.source import Source
from hub.edi.reading.starts import Locate, behind, nearer, nowhere
from hub.edi.tree import Segment

LONGEST_MESSAGE = 16 << 20
"""Bytes of a message; the body of a longer one is not read."""
LONGEST_SERVICE = 1 << 16
"""Bytes of a service segment; where no terminator follows within these, it is taken to end there."""

_BEHIND = 1_024
"""Bytes kept before the place reached, to see what precedes a segment: blanks, its terminator, release characters."""

Ended: TypeAlias = tuple[Group, Message | None]
"""A message that has ended, with its group; or a group that has ended."""


class Scan:
    """One pass over one interchange. After `run`, `at` is where reading goes on: behind UNZ, or at the next
    interchange."""

    def __init__(
        self,
        source: Source,
        interchange: Interchange,
        start: int,
        keep: bool,
        encoding: str = "",
        other: Locate = nowhere,
    ) -> None:
        self.source, self.interchange, self.keep, self.encoding = source, interchange, keep, encoding
        self.marks = interchange.delimiters
        self.terminator = self.marks.terminator.encode("latin-1")
        self.release = self.marks.release.encode("latin-1")
        self.suffix = self.marks.suffix.encode()
        self.patterns = patterns(self.marks)
        self.odd = odd(self.marks)
        self.other = behind(other, self.terminator)
        self.group: Group | None = None
        self.message: Message | None = None
        self.limit: int | None = None
        self.at = self.edge = self.start = self.first_end = start
        self.sure = start + 3
        self.known_end = self.begins_at = -1
        self.syntax_id = ""
        self.noted: set[str] = set()
        self.loose = self.strayed = False
        self.foreign: re.Pattern[bytes] | None = None

    def run(self) -> Iterator[Ended]:
        """The messages and groups of the interchange, each as it ends."""
        self._look_ahead()
        self._header()
        handlers = {b"UNG": self._ung, b"UNH": self._unh, b"UNT": self._unt, b"UNE": self._une}
        yield from self._plain_messages()
        while (found := self._next()) is not None:
            start, name = found
            stop, after = self._end_of(start)
            segment = self._parse(start, stop)
            self._stray(start)
            self.edge = self.at = after
            self.strayed = False
            if name == b"UNZ":
                if after == stop:
                    self._note("edi.terminator-missing", "The last segment ends without its terminator.", stop)
                yield from self._leave_group(start)
                self.interchange.trailer = segment
                self.interchange.trailer_offset = self.source.place(start)
                break
            yield from handlers[name](segment, start, after)
            yield from self._plain_messages()
        else:
            self._stray(self._bound)
            yield from self._leave_group(self._bound)
            self.at = self._bound
        if self.marks.suffix and self.marks.terminator not in "\r\n":
            text = "A line break follows the segment terminator; it was skipped here and wherever it recurs."
            self._note("edi.line-break-after-terminator", text, self.first_end)

    def _plain_messages(self) -> Iterator[Ended]:
        """The messages that come next, as long as nothing in their UNH and UNT calls for a closer look."""
        source = self.source
        while self.message is None:
            base, header = source.start, source.match(self.patterns.plain_header, self.edge, self._bound)
            found = header and source.search(self.patterns.following, base + header.end(), self._bound)
            if header is None or found is None:
                return
            start = base + found.start() - len(self.suffix)
            # What ends before it, in a terminator that no release character makes a value, is the body.
            if source.cut(start - 1, start) != self.terminator or self._released(start - 1):
                return
            trailer = source.match(self.patterns.plain_trailer, start, self._bound)
            if trailer is None:
                return
            self.edge = self.at = base + trailer.end()
            opened, closed = (parse(decode(one[1], self.interchange.encoding), self.marks) for one in (header, trailer))
            yield from self._unh(opened, base + header.start(1), base + header.end())
            yield from self._unt(closed, base + trailer.start(1), self.edge)

    def _header(self) -> None:
        """Read UNB where there is one."""
        interchange = self.interchange
        self.first_end = self.source.find(self.terminator, self.start, self.source.stop) + 1
        if self.source.cut(self.start, self.start + 3) == b"UNB":
            stop, self.edge = self._end_of(self.start)
            raw = self.source.cut(self.start, stop)
            interchange.encoding = encoding_of(raw, raw[4:8].decode("latin-1"), self.encoding).codec
            interchange.header = self._parse(self.start, stop)
            self.syntax_id = interchange.syntax_id
            self.foreign = foreign(self.syntax_id, self.marks.in_data())
        else:
            self.begins_at = self.start
        advice = f"UNA{interchange.una}{self.marks.suffix}" if interchange.una else ""
        interchange.raw = advice.encode("ascii") + self._head(self.start, self.edge)
        self.at = self.edge

    def _head(self, start: int, after: int) -> bytes:
        """The bytes of a header segment, with its terminator where that was lost."""
        return self.source.cut(start, after) + (self.terminator if after == self.begins_at else b"")

    # -- finding the next service segment -----------------------------------------------------------------------

    @property
    def _bound(self) -> int:
        """Up to here the bytes at hand belong to this interchange for sure."""
        return self.sure if self.limit is None else self.limit

    def _look_ahead(self) -> None:
        """Find the next interchange in the window: it ends this one even where UNZ is missing."""
        self.limit, self.sure = nearer(locate(self.source, self.sure), self.other(self.source, self.sure))

    def _next(self) -> tuple[int, bytes] | None:
        """Where the next service segment begins, and its id."""
        source, start = self.source, self.at
        if start == self.begins_at and (match := source.match(self.patterns.id, start, self._bound)) is not None:
            self.at += 3
            return start, match.group()
        while True:
            match = source.search(self.patterns.following, self.at, self._bound)
            if match is None:
                # An id may be cut in two by the end of the window.
                self.at = max(self.at, self._bound - 4)
                if not self._read_on(self.at):
                    return None
                continue
            start = match.start() + source.start
            self.at = start + 3
            if self._begins(start):
                return start, match.group()

    def _read_on(self, at: int) -> bool:
        """Read more of the file, letting go of what lies before `at` and belongs to no message that is being read."""
        if self.limit is not None or self.source.ended:
            return False
        if self.message is None:
            self._stray(at)
            self.edge = max(at, self.edge)
            self.source.release(at - _BEHIND)
        else:
            self.message.oversize = self.message.oversize or at - self.message.start > LONGEST_MESSAGE
            self.source.release(at - _BEHIND if self.message.oversize else self.message.start)
        self.source.more()
        self._look_ahead()
        return True

    def _begins(self, start: int) -> bool:
        """Whether a segment begins here: behind a terminator, or behind a line break that stands for it."""
        source, low = self.source, max(self.edge, self.source.start)
        at = start
        before = source.cut(at - 2, at) if at > low + 1 else b""
        if before[1:] == self.terminator and before[:1] != self.release:
            return True
        while at > low and source.cut(at - 1, at) in (b" ", b"\t", b"\r", b"\n", b"\0", b"\x0b", b"\x0c", b"\x1a"):
            at -= 1
        blanks = source.cut(at, start)
        ended = at > low and source.cut(at - 1, at) == self.terminator and not self._released(at - 1)
        if at <= low or ended or self.terminator in blanks:
            skipped = blanks.strip(self.terminator)
            if skipped.strip(b"\r\n") or (skipped and not self.marks.suffix):
                self._note("edi.blanks-before-segment", "Blanks or line breaks before a segment id were skipped.", at)
            return True
        if b"\n" in blanks or b"\r" in blanks:
            self._note("edi.terminator-missing", "A line break stood for a segment terminator.", at)
            return True
        return False

    def _released(self, at: int) -> bool:
        """Whether the character at an offset is data because an odd number of release characters precedes it."""
        count, low = 0, max(self.start, self.source.start)
        while self.release and at - count > low and self.source.cut(at - count - 1, at - count) == self.release:
            count += 1
        return count % 2 == 1

    def _end_of(self, start: int) -> tuple[int, int]:
        """Where the segment that begins here ends, and where what follows it begins."""
        while self._bound - start < LONGEST_RUN and self._read_on(start):
            pass
        run = self.source.match(self.patterns.run_into, start, self._bound)
        if run is not None:
            return self._end_without_terminator(run.end() + self.source.start)
        plain = self.source.match(self.patterns.plain, start, self._bound)
        if plain is not None:
            after = plain.end() + self.source.start
            return after - 1, after
        at = start + 3
        next_line = self.patterns.after_header if self.source.cut(start, at) == b"UNH" else self.patterns.after_other
        while True:
            stop = self._terminator_behind(at)
            line = self.source.search(next_line, at, self._bound if stop is None else stop)
            if line is not None and (stop is not None or line.end() + self.source.start < self._bound - 4):
                begin, end = line.start() + self.source.start, line.end() + self.source.start
                self._note("edi.terminator-missing", "A line break stood for a segment terminator.", begin)
                return begin, end
            if stop is not None:
                return stop, stop + 1
            if self._bound - start > LONGEST_SERVICE:
                return start + LONGEST_SERVICE, start + LONGEST_SERVICE
            if not self._read_on(start):
                return self._bound, self._bound

    def _end_without_terminator(self, end: int) -> tuple[int, int]:
        text = "A segment terminator is missing; the next segment was told by its id."
        self._note("edi.terminator-missing", text, end)
        self.begins_at = end
        return end, end

    def _terminator_behind(self, at: int) -> int | None:
        """The next terminator at hand that is none that a value holds."""
        if self.known_end < at:
            found = self.source.find(self.terminator, at, self._bound)
            while found >= 0 and self._released(found):
                found = self.source.find(self.terminator, found + 1, self._bound)
            if found < 0:
                return None
            self.known_end = found
        return self.known_end

    def _parse(self, start: int, stop: int) -> Segment:
        text = decode(self.source.cut(start, stop), self.interchange.encoding)
        if self.odd.search(text) is None:
            return parse(text, self.marks)
        if self.source.cut(stop, stop + 1) != self.terminator:
            text = text.rstrip("\r\n")
        if "\n" in text or "\r" in text:
            text = text.replace("\r", "").replace("\n", "")
            self._note("edi.line-break-in-segment", "A line break stands inside a segment; it was taken out.", start)
        needless = needless_release(text, self.marks)
        if needless is not None:
            message = f"A release character stands before {needless.group(1)!r}, which needs none; it was taken out."
            self._note("edi.release-needless", message, start)
        if needless is None and has_empty_ends(text, self.marks):
            message = f"{text[:3]} holds separators with nothing behind them; they are to be left out."
            self._note("edi.trailing-separators", message, start)
        return parse(text, self.marks)

    # -- what is told -------------------------------------------------------------------------------------------

    def _note(self, code: str, text: str, offset: int, value: str = "") -> None:
        """A tolerance, told where it was first used in this interchange."""
        if code not in self.noted:
            self.noted.add(code)
            place = self.source.place(offset)
            note(self.interchange, finding(code, text, standard="edifact", offset=place, value=value))

    def _on_holder(self, code: str, text: str, offset: int, segment: str, value: str = "") -> None:
        place = self.source.place(offset)
        found = finding(code, text, standard="edifact", offset=place, segment=segment, value=value)
        note(self.group or self.interchange, found)

    def _stray(self, start: int) -> None:
        """Report, once between two service segments, what stands there and belongs to no message."""
        if self.message is not None or start <= self.edge or self.strayed:
            return
        gap = self.source.cut(self.edge, start)
        between = gap.strip(BLANK + self.terminator)
        if between:
            self.strayed = True
            shown = between[:40].decode("latin-1")
            text = "A segment stands between UNH..UNT messages where only service segments may."
            place = self.edge + gap.find(between[:1])
            self._on_holder("edi.segment-outside-message", text, place, shown[:3], shown)
        elif self.terminator.strip(BLANK) and self.terminator in gap:
            text = "Empty segments (two terminators in a row) were skipped; they are not counted."
            self._note("edi.segment-empty", text, self.edge)

    def _judge_characters(self, raw: bytes, start: int) -> str:
        """The codec of a message's bytes; tells of the first ones that are not of the character set announced."""
        codec, differs = encoding_of(raw, self.syntax_id, self.encoding)
        if differs:
            text = f"UNB announces character set {self.syntax_id}, but the bytes are {codec}."
            self._note("edi.character-set-differs", text, start, self.syntax_id)
        if self.foreign is not None and "edi.character-outside-set" not in self.noted:
            match = self.foreign.search(raw)
            if match is not None and (match.group() < b"\x80" or not differs):
                text = f"A character stands here that character set {self.syntax_id} does not have; it was kept."
                value = match.group().decode("latin-1")
                self._note("edi.character-outside-set", text, start + match.start(), value)
        return codec

    # -- what each of them opens and ends -----------------------------------------------------------------------

    def _ung(self, segment: Segment, start: int, after: int) -> Iterator[Ended]:
        yield from self._leave_group(start)
        if self.loose:
            self._mixed(start)
        self._enter_group(Group(self.source.place(start), self._head(start, after), header=segment))
        self.interchange.received += 1

    def _unh(self, segment: Segment, start: int, after: int) -> Iterator[Ended]:
        yield from self._leave_message(start)
        if self.group is None:
            self.loose = True
            if self.interchange.received:
                self._mixed(start)
            self._enter_group(Group(self.source.place(start)))
        assert self.group is not None
        self.message = Message(
            start, self.source, DEFAULT_CODEC, self.source.place(start), body_start=after - start, header=segment
        )
        self.interchange.messages += 1
        self.group.received += 1
        if self.keep:
            self.group.sets.append(self.message)

    def _enter_group(self, group: Group) -> None:
        self.group = group
        if self.keep:
            self.interchange.groups.append(group)

    def _mixed(self, start: int) -> None:
        text = "Messages inside of functional groups and outside of them stand in one interchange."
        self._note("edi.groups-mixed", text, start)

    def _unt(self, segment: Segment, start: int, after: int) -> Iterator[Ended]:
        if self.message is None:
            text = "UNT closes no message: the UNH before it is missing."
            self._on_holder("edi.message-header-missing", text, start, "UNT")
            return
        self.message.trailer, self.message.trailer_offset = segment, self.source.place(start)
        yield from self._leave_message(start, after)

    def _une(self, segment: Segment, start: int, after: int) -> Iterator[Ended]:
        yield from self._leave_message(start)
        if self.group is None or not self.group.is_real:
            text = "UNE closes no group: the UNG before it is missing."
            self._on_holder("edi.group-start-missing", text, start, "UNE")
            return
        self.group.trailer, self.group.trailer_offset = segment, self.source.place(start)
        yield from self._leave_group(after)

    def _leave_message(self, stop: int, after: int | None = None) -> Iterator[Ended]:
        one, group = self.message, self.group
        if one is None or group is None:
            return
        end = stop if after is None else after
        one.length = self.source.place(end) - one.offset
        one.oversize = one.oversize or end - one.start > LONGEST_MESSAGE
        if not one.oversize:
            one.raw = self.source.cut(one.start, end)
            one.body_stop = stop - one.start
            one.encoding = self._judge_characters(one.raw, one.start)
        self.message = None
        yield group, one

    def _leave_group(self, stop: int) -> Iterator[Ended]:
        yield from self._leave_message(stop)
        group = self.group
        if group is not None:
            group.length = self.source.place(stop) - group.offset
            self.group = None
            yield group, None
