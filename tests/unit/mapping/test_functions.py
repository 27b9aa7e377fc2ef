"""Functions over units, money, places, names and addresses: what they read, and what they refuse."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import pytest

from hub.mapping import Mapping, MappingError


def value(expression: str, document: Any = None) -> Any:
    return Mapping.from_text(f"from: json\nto: json\nrows:\n  x: >-\n    {expression}\n").run(document or {}).get("x")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 | convert('LBS', g)", Decimal("453.59237")),
        ("'16' | convert('oz.', lb)", Decimal(1)),
        ("72 | convert('Inches', ft)", Decimal(6)),
        ("1 | convert('GLL', l)", Decimal("3.785411784")),
        ("5 | convert('fl oz', ml)", Decimal("147.8676478125")),
        ("1 | convert('KGM', kg)", Decimal(1)),
        ("0 | convert('kg', lb)", Decimal(0)),
        ("w.value | convert(w.unit, g)", Decimal(2000)),
        ("3 | convert(w.none, g)", None),
        ("1234 | from_minor('KWD')", Decimal("1.234")),
        ("'1234' | from_minor('JPY')", Decimal(1234)),
        ("'12.340' | to_minor('eur')", 1234),
        ("'USA' | country", "US"),
        ("840 | country", "US"),
        ("'  cote  d''ivoire' | country", "CI"),
        ("'Türkiye' | country(numeric)", "792"),
        ("'U.S.A.' | country(name)", "United States"),
        ("'US-NY' | region('US')", "NY"),
        ("'ny' | region('United States')", "NY"),
        ("'Québec' | region('CAN')", "QC"),
        ("'Lombardia' | region('IT')", "Lombardia"),
        ("'NSW' | region('AU', name)", "New South Wales"),
        ("'NY' | region(w.none)", "NY"),
        ("'Prince' | given_name", None),
        ("'Prince' | family_name", "Prince"),
        ("'de Vries, Bram Jan' | given_name", "Bram Jan"),
        ("'de Vries, Bram Jan' | family_name", "de Vries"),
        ("'221B Baker Street' | house_number", "221B"),
        ("'221B Baker Street' | street", "Baker Street"),
        ("'Am Markt' | house_number", None),
        ("'Am Markt' | street", "Am Markt"),
        ("'Hauptstraße 12 b' | house_number", "12 b"),
        ("'7' | house_number", None),
        ("('abcdefgh ij', 'k') | fold(5) | join('/')", "abcde/fgh/ij/k"),
        ("'Łódź – żółć 中' | ascii", "Lodz - zolc ?"),
        ("'-1' | from_epoch", "1969-12-31T23:59:59Z"),
        ("'1.5' | from_epoch", "1970-01-01T00:00:01.500000Z"),
    ],
)
def test_what_functions_give(expression: str, expected: Any) -> None:
    assert value(expression, {"w": {"value": 2, "unit": "kg"}}) == expected


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 | convert('cm', g)", "mapping.unit"),
        ("1 | convert('stone', g)", "mapping.unit"),
        ("'x' | convert('kg', g)", "mapping.not-a-number"),
        ("1 | from_minor('EURO')", "mapping.currency"),
        ("'1.999' | to_minor('USD')", "mapping.not-whole"),
        ("'Atlantis' | country", "mapping.country"),
        ("'Bavaria' | region('US')", "mapping.region"),
        ("'Texas' | region('Atlantis')", "mapping.country"),
        ("99999999999999 | from_epoch", "mapping.date"),
        ("'-99999999999' | from_epoch", "mapping.date"),
    ],
)
def test_what_functions_refuse(expression: str, code: str) -> None:
    with pytest.raises(MappingError) as failed:
        value(expression)
    assert failed.value.code == code


def test_a_hash_is_the_sha_256_of_the_text_in_utf_8() -> None:
    assert value("'ä' | hash") == hashlib.sha256("ä".encode()).hexdigest()
    assert value("12.50 | hash(8)") == hashlib.sha256(b"12.50").hexdigest()[:8]
    with pytest.raises(MappingError):
        value("'a' | hash(4)")
