"""A whole file as JSON, and back to bytes: for programs that have no EDI.

A clean file comes back byte for byte. What a reader tolerates (blanks, trailing separators, wrapped lines) is not kept,
so such a file comes back tidied. What is in an interchange, the `convert` of its syntax tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.edi.edifact import convert as edifact
from hub.edi.findings import EdiError
from hub.edi.tree import Standard
from hub.edi.validation import JudgedInterchange
from hub.edi.x12 import convert as x12

_SYNTAXES: Mapping[Standard, Any] = {"x12": x12, "edifact": edifact}


def file_to_json(interchanges: Iterable[JudgedInterchange], data: bytes = b"") -> dict[str, Any]:
    """All interchanges of a file: a value that `json.dumps` takes and `file_from_json` turns back.

    With the file's bytes it also holds `"open_end": true` where no line break follows the last segment, though one
    follows the others.
    """
    read = list(interchanges)
    value: dict[str, Any] = {"interchanges": [_SYNTAXES[one.standard].interchange_to_json(one) for one in read]}
    if data and read and not data.endswith(read[-1].delimiters.suffix.encode("ascii")):
        value["open_end"] = True
    return value


def file_from_json(value: Any) -> bytes:
    """The bytes of a file's JSON form; raises EdiError `edi.json-form-invalid` with what is wrong."""
    if not isinstance(value, Mapping) or not isinstance(value.get("interchanges"), list):
        raise EdiError("edi.json-form-invalid", "an object with a list of interchanges was expected")
    try:
        pieces = [_SYNTAXES[one["standard"]].interchange_from_json(one) for one in value["interchanges"]]
        if pieces and value.get("open_end"):
            pieces[-1] = pieces[-1].removesuffix(value["interchanges"][-1]["delimiters"]["suffix"].encode("ascii"))
        return b"".join(pieces)
    except (KeyError, TypeError, AttributeError, LookupError, UnicodeEncodeError) as error:
        message = f"not of the form that `hub edi convert` gives ({error!r})"
        raise EdiError("edi.json-form-invalid", message) from error
