"""What the EDI engine is compared with, each a process of its own: `python -m bench.edi_readers WAY FILE`.

Each reads a whole file in its usual way and prints how many segments (the floor, pyx12) or messages (pydifact) it met.
"""

from __future__ import annotations

import sys
from pathlib import Path


def split(path: str) -> int:
    """The floor: cut at terminators and element separators, look at nothing."""
    text = Path(path).read_text()
    terminator, separator = ("'", "+") if text.startswith("UNB") else ("~", "*")
    return sum(1 for segment in text.split(terminator) if segment.split(separator)[0])


def pyx12(path: str) -> int:
    """pyx12's reader of segments, which checks the envelopes and nothing in them."""
    from pyx12.x12file import X12Reader

    reader = X12Reader(path)
    count = sum(1 for _ in reader)
    reader.cleanup()
    assert not reader.pop_errors()
    return count


def pydifact(path: str) -> int:
    """pydifact's reader of messages, which checks nothing in them."""
    from pydifact.segmentcollection import Interchange

    interchange = Interchange.from_file(path)
    return sum(bool(message.segments) for message in interchange.get_messages())


WAYS = {way.__name__: way for way in (split, pyx12, pydifact)}

if __name__ == "__main__":
    print(WAYS[sys.argv[1]](sys.argv[2]))
