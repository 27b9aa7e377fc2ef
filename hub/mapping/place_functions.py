"""Countries and their regions, by code and by name. The lists are ISO 3166-1, and ISO 3166-2 of some countries."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from hub.mapping.errors import Fault
from hub.mapping.functions import Parameter, function
from hub.mapping.runtime import as_text

CODES = Path(__file__).parent / "codes"
MAX_NAME = 200  # characters in the name of a place
FORMS = ("alpha2", "alpha3", "numeric", "name")

PlaceFunction = Callable[..., Any]


def _key(text: str) -> str:
    """A name without accents, case, points and extra blanks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.replace(".", "").casefold().split())


def _rows(name: str) -> list[dict[str, str]]:
    with (CODES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _countries() -> dict[str, dict[str, str]]:
    """Countries by every code and name they go by."""
    found: dict[str, dict[str, str]] = {}
    for row in _rows("countries"):
        for text in (*(row[form] for form in FORMS), *row["others"].split("|")):
            if text:
                found[_key(text)] = row
    return found


@cache
def _regions() -> dict[str, dict[str, dict[str, str]]]:
    """Regions by country, then by code and by name."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in _rows("regions"):
        of_country = found.setdefault(row["country"], {})
        of_country[_key(row["code"])] = of_country[_key(row["name"])] = row
    return found


def known_country(text: str) -> bool:
    """Whether a text is a country, by code or by name."""
    return len(text) <= MAX_NAME and _key(text) in _countries()


def _country(value: Any) -> dict[str, str]:
    text = as_text(value)
    row = _countries().get(_key(text)) if len(text) <= MAX_NAME else None
    if row is None:
        raise Fault("mapping.country", "not a country, by code or by name")
    return row


@function(Parameter("form", "word", default="alpha2", choices=FORMS))
def country(form: str) -> PlaceFunction:
    """A country by any of its codes or names, as a code of two letters, or as alpha3, numeric or name."""
    return lambda v: _country(v)[form]


@function(Parameter("country", "value"), Parameter("form", "word", default="code", choices=("code", "name")))
def region(form: str) -> PlaceFunction:
    """A state or province of a country by its code or name, as its code; where the country is not listed, as it is."""

    def run(value: Any, country: Any) -> Any:
        if country is None:
            return value
        listed = _regions().get(_country(country)["alpha2"])
        if listed is None:
            return value
        text = as_text(value)
        if len(text) > MAX_NAME:
            raise Fault("mapping.region", "not a region: the text is too long")
        code = text.partition("-")[2] if _key(text).startswith(f"{_key(as_text(country))}-") else text
        row = listed.get(_key(code))
        if row is None:
            raise Fault("mapping.region", "not a region of that country, by code or by name")
        return row[form]

    return run
