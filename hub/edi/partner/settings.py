"""What a trading partner has told us about its EDI: settings of the partner and of one agreement, checked.

    profile({"timezone": "America/Chicago", "batch": "each"}, {"batch": "together", "schedule": "every 1h"}).batch

The settings of an agreement (one set in one direction) count more than the partner's; `rules`, `duplicates` and
`delimiters` are joined entry by entry. Pure: nothing is stored here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, cast

from marshmallow import ValidationError

from hub.edi.delimiters import Delimiters
from hub.edi.edifact.characters import CODECS, fits, forbidden
from hub.edi.grammars.library import SYNTAXES
from hub.edi.partner.profile import Profile
from hub.edi.partner.settings_schema import DROP, HELP, SETTINGS, Scope
from hub.edi.tree import Standard
from hub.errors import Refused

_SCOPE_WORDS = {
    "partner": "a partner",
    "in": "an agreement on what comes in",
    "out": "an agreement on what goes out",
}
_JOINED = ("rules", "duplicates", "delimiters", "tables", "terms")


class ProfileError(Refused):
    """Settings that cannot be used; the sentence names every field that is wrong. `fields`: field to what is wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("partner.settings-invalid", " ".join(f"{name}: {why}" for name, why in problems.items()))
        self.fields = dict(problems)


def check(
    given: Mapping[str, Any],
    scope: Scope = "partner",
    standards: Collection[Standard] = (),
    under: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Settings as they are stored. Raises `ProfileError` that names every field that is wrong.

    `given` may hold texts as a person types them (`"true"`, `"30"`). `standards`: the syntaxes that are written by
    these settings; delimiters that cannot serve in them are refused. `under`: the partner's settings, where these are
    those of an agreement.
    """
    try:
        loaded: dict[str, Any] = SETTINGS.load(dict(given))
    except ValidationError as error:
        raise ProfileError(dict(_problems(error.messages_dict))) from error
    settings = {name: value for name, value in loaded.items() if value not in ("", {}, [])}
    problems: dict[str, str] = {}
    for name in settings:
        scopes = SETTINGS.fields[name].metadata["scopes"]
        if scope not in scopes:
            where = " or ".join(_SCOPE_WORDS[one] for one in scopes)
            problems[name] = f"This is a setting of {where}, not of {_SCOPE_WORDS[scope]}."
    if problems:
        raise ProfileError(problems)
    counts = profile(under or {}, settings)
    for standard in standards:
        marks = counts.delimiters(standard, SYNTAXES[standard].versions[0])
        if problem := marks.problem() or _unusable(marks):
            problems["delimiters"] = f"With {standard}, {problem}."
        elif standard == "edifact" and counts.una == "never" and not marks.told_without_una(counts.syntax_version):
            problems["una"] = "These delimiters cannot be told without UNA."
        elif counts.replacement and counts.replacement in marks.in_data():
            problems["replacement"] = f"With {standard}, {counts.replacement!r} is a delimiter."
        elif counts.replacement and not _can_be_sent(counts.replacement, standard, counts, marks):
            problems["replacement"] = f"With {standard}, {counts.replacement!r} itself is not in the character set."
    if counts.batch == "together" and not counts.schedule:
        problems["batch"] = "Documents that go together need a schedule: set schedule too, such as `every 1h`."
    if problems:
        raise ProfileError(problems)
    return settings


def _unusable(marks: Delimiters) -> str:
    """Why documents would not be understood, or could not be written, in delimiters that a syntax allows."""
    if marks.decimal in marks.in_data():
        return f"{marks.decimal!r} stands in numbers and cannot be a delimiter"
    if marks.suffix and marks.terminator == "\n":
        return "each segment ends with a line break already, so line_breaks must be none"
    return ""


def _can_be_sent(text: str, standard: Standard, counts: Profile, marks: Delimiters) -> bool:
    if standard == "x12":
        return fits(text, counts.character_set or "utf-8")
    codec = counts.character_set or CODECS[counts.syntax_id]
    return forbidden(counts.syntax_id, codec, marks).search(text) is None


def changed(settings: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """`settings` with `key=value` pairs put in; an empty value takes the key out. Not yet checked.

    A key of several parts goes into its group: `duplicates.days`, `rules.edi.code-undescribed`.
    """
    result = {name: dict(value) if isinstance(value, Mapping) else value for name, value in settings.items()}
    for key, text in given.items():
        name, _, inner = key.partition(".")
        target, last = (result.setdefault(name, {}), inner) if name in _JOINED and inner else (result, key)
        if text == "":
            target.pop(last, None)
        else:
            target[last] = text
    return {name: value for name, value in result.items() if value != {}}


def profile(settings: Mapping[str, Any], agreed: Mapping[str, Any] | None = None) -> Profile:
    """What counts for an agreement with these settings (None: for the partner as a whole); both as `check` gave them.

    Raises `ProfileError` for settings that never went through it.
    """
    joined = {**settings, **(agreed or {})}
    for name in _JOINED:
        if name in settings and agreed and name in agreed:
            joined[name] = {**settings[name], **agreed[name]}
    return _profile(json.dumps(joined, sort_keys=True))


@lru_cache(maxsize=512)
def _profile(text: str) -> Profile:
    try:
        loaded: dict[str, Any] = SETTINGS.load(json.loads(text))
    except ValidationError as error:
        raise ProfileError(dict(_problems(error.messages_dict))) from error
    duplicates = loaded.pop("duplicates", {})
    given = {"duplicates": duplicates.get("policy"), "duplicate_days": duplicates.get("days")}
    given |= {"marks": loaded.pop("delimiters", None), **loaded}
    if given.get("replacement") == DROP:
        given["replacement"] = ""
    for name in ("grammars", "locations", "stock_locations"):
        if name in given:
            given[name] = tuple(cast(Iterable[str], given[name]))
    return Profile(**{name: value for name, value in given.items() if value is not None})


def _problems(messages: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Marshmallow's messages by the dotted name of their field."""
    if not isinstance(messages, Mapping):
        yield path or "settings", " ".join(map(str, messages))
        return
    for name, inner in messages.items():
        if name in ("key", "value") and path.startswith("rules"):  # marshmallow's own level of a dict
            yield from _problems(inner, path)
        elif inner == ["Unknown field."]:
            near = [] if path else get_close_matches(str(name), HELP, 1)
            there_are = "" if path else f"; did you mean {near[0]}?" if near else f"; there are {', '.join(HELP)}."
            yield f"{path}.{name}" if path else str(name), f"There is no such setting{there_are or '.'}"
        else:
            yield from _problems(inner, f"{path}.{name}" if path else str(name))
