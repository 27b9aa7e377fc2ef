"""What `hub edi new` says to who asks for a set that it does not know."""

from __future__ import annotations

import difflib

from hub.edi.grammars.library import SYNTAXES, default_library
from hub.edi.specimen import specimens
from hub.edi.tree import STANDARDS

ENVELOPES = frozenset(["ISA", "IEA", "GS", "GE", "ST", "SE", "UNA", "UNB", "UNZ", "UNG", "UNE", "UNH", "UNT"])


def no_set(set_id: str) -> str:
    """What is asked for instead of a set that stands for itself, and what to do; `""` for what may be a set."""
    if set_id == "TA1":
        return (
            "TA1 is no set: it is a segment of its own between ISA and IEA that answers an interchange."
            " `hub edi ack FILE --answer-interchanges always` prints the one that a file gets."
        )
    if set_id in ENVELOPES:
        return f"{set_id} belongs to the envelope, which every specimen has: `hub edi new 850` or `hub edi new ORDERS`."
    versions = (syntax.version(text) for syntax in SYNTAXES.values() for text in (set_id, set_id.zfill(6)))
    if version := next(filter(None, versions), ""):
        return f"{version} is a version; name the set: `hub edi new SET --version {version}`."
    return ""


def unknown_set(set_id: str) -> str:
    """That a set is not known, what may have been meant, and all that are."""
    names = {known: _name(known) for standard in STANDARDS for known in specimens(standard) if " " not in known}
    guesses = difflib.get_close_matches(set_id, names, 1, cutoff=0.8)
    guesses += [known for known, name in names.items() if len(set_id) > 2 and name.upper().startswith(set_id)]
    guesses = guesses or _nearest(set_id, list(names))
    meant = f" Did you mean {' or '.join(dict.fromkeys(guesses[:2]))}?" if guesses else ""
    listed = "\n".join(f"  {known:<8}{name}" for known, name in names.items())
    return (
        f"There is no set {set_id!r} here.{meant} These there are, and docs/edi-grammars.md says how to describe"
        f" another one:\n{listed}"
    )


def _nearest(set_id: str, known: list[str]) -> list[str]:
    """The set whose number is closest; of names, the one that is written most alike."""
    if set_id.isdecimal():
        return [min(filter(str.isdecimal, known), key=lambda one: abs(int(one) - int(set_id)))]
    return difflib.get_close_matches(set_id, known, 1)


def _name(set_id: str) -> str:
    standard = next(one for one in STANDARDS if SYNTAXES[one].set_ids.fullmatch(set_id))
    library = default_library(standard)
    grammar = library.grammar(set_id, library.versions(set_id)[0])
    return grammar.name if grammar is not None else ""
