"""A clean body of every X12 set: functional identifier, then the segments between ST and SE."""

from __future__ import annotations

from hub.edi.grammars.library import default_library
from hub.edi.specimen import specimens

SPECIMENS: dict[str, tuple[str, tuple[str, ...]]] = {
    set_id: (default_library().functional_id(set_id), tuple(specimens("x12")[set_id])) for set_id in specimens("x12")
}
