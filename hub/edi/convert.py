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


def file_to_json(interchanges: Iterable[JudgedInterchange]) -> dict[str, Any]:
    """All interchanges of a file: a value that `json.dumps` takes and `file_from_json` turns back."""
    return {"interchanges": [_SYNTAXES[one.standard].interchange_to_json(one) for one in interchanges]}


def file_from_json(value: Any) -> bytes:
    """The bytes of a file's JSON form; raises EdiError `edi.json-form-invalid` with what is wrong."""
    if not isinstance(value, Mapping) or not isinstance(value.get("interchanges"), list):
        raise EdiError("edi.json-form-invalid", "an object with a list of interchanges was expected")
    try:
        return b"".join(_SYNTAXES[one["standard"]].interchange_from_json(one) for one in value["interchanges"])
    except (KeyError, TypeError, AttributeError, LookupError, UnicodeEncodeError) as error:
        message = f"not of the form that `hub edi convert` gives ({error!r})"
        raise EdiError("edi.json-form-invalid", message) from error
