"""Whether what a mapping has made can be written as the EDI set that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hub.edi.build import build
from hub.edi.edifact import writer as edifact
from hub.edi.findings import EdiError
from hub.edi.grammars.library import GrammarError, Library
from hub.edi.x12 import writer as x12
from hub.mapping.template import Format

_WHEN = datetime(2000, 1, 1, tzinfo=UTC)
_ISA = x12.Envelope("ZZ", "SENDER", "ZZ", "RECEIVER", 1, 1, _WHEN)
_UNB = edifact.Envelope("SENDER", "RECEIVER", "1", _WHEN)


def unwritable(target: Format, values: Mapping[str, Any], library: Library | None = None) -> list[tuple[str, str]]:
    """What stands against writing a set: the place as partner guides write it, and the finding's code. No values.

    `library` has the partner's own grammars. The envelope is a made-up one: characters that only a partner's delimiters
    or character set forbid are no fault here.
    """
    set_id, version = target.set_id, target.version
    try:
        if target.name == "edifact":
            message = edifact.message(set_id, build("edifact", set_id, version, values, library), "1", version)
            edifact.write([message], _UNB, replacement=" ", library=library)
        else:
            one = x12.transaction_set(set_id, build("x12", set_id, version, values, library), "0001", version)
            x12.write([one], replace(_ISA, version=version), replacement=" ", library=library)
    except EdiError as error:
        return [(f.designator, f.code) for f in error.findings if f.is_error] or [(set_id, error.code)]
    except GrammarError:
        return [(set_id, "edi.grammar-invalid")]
    return []
