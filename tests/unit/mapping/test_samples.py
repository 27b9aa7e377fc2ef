"""Samples: what differs is told field by field; a sample made of a real document holds nobody's data."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from hub.mapping import Context, DecodeError, Library, Mapping
from hub.mapping.differences import differences, exact_json
from hub.mapping.pseudonyms import replace_texts, without_persons
from hub.mapping.samples import samples, write_sample
from hub.mapping.template import Format

ORDER = """from: {format}
to: order
rows:
  external_id!: {id}
  email: {email}
  ship_to:
    name: {name}
    city: {city}
    country: {country}
  lines:
    - external_id: "1"
      quantity: 1
      title: {title}
"""


def order(format: str, **paths: str) -> Mapping:
    return Mapping.from_text(ORDER.format(format=format, **paths))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "order.in.yaml").write_text(
        "from: json\nto: json\nrows:\n  id!: id\n  total: total | decimal\n  l: l\n"
    )
    return Library([tmp_path])


def test_a_sample_tells_field_by_field_what_has_changed(library: Library, tmp_path: Path) -> None:
    write_sample(tmp_path / "samples" / "order.in" / "plain", library.get("order.in"), b'{"id": "7", "total": "1.50"}')
    (sample,) = samples(library, "order.in")
    assert sample.differences(library.get("order.in")) == []
    changed = Mapping.from_text("from: json\nto: json\nrows:\n  id!: id | text\n  sum: total | decimal | negate\n")
    assert sample.differences(changed) == ["total: 1.50 became nothing", "sum: nothing became -1.50"]


def test_a_sample_may_expect_errors(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "samples" / "order.in" / "bad"
    sample = write_sample(folder, library.get("order.in"), b'{"total": "x"}')
    assert (folder / "errors.txt").read_text() == "id mapping.required\ntotal mapping.not-a-number\n"
    assert sample.differences(library.get("order.in")) == []
    lax = Mapping.from_text("from: json\nto: json\nrows:\n  id: id\n  total: total | decimal\n")
    assert sample.differences(lax) == ["expected the error `id mapping.required`"]


def test_what_the_schema_refuses_is_a_difference(tmp_path: Path) -> None:
    mapping = Mapping.from_text("from: json\nto: order\nrows:\n  external_id: id\n")
    sample = write_sample(tmp_path / "s", mapping, b'{"id": "1"}')
    assert (tmp_path / "s" / "errors.txt").read_text().startswith("lines: ")
    assert sample.differences(mapping) == []


def test_differences_compare_numbers_by_value_and_lists_item_by_item() -> None:
    before = {"a": Decimal("1.0"), "b": [1, {"c": "x"}], "d": True}
    after = {"a": 1, "b": [1, {"c": "y"}, 3], "d": 1}
    told = [str(difference) for difference in differences(before, after)]
    assert told == ['b[2].c: "x" became "y"', "b[3]: nothing became 3", "d: true became 1"]


def test_exact_json_keeps_every_digit() -> None:
    value = {"a": Decimal("19.90"), "b": [], "c": [None, "é", {"d": Decimal("1E+2")}]}
    text = exact_json(value)
    assert '"a": 19.90' in text and '"d": 100' in text
    assert json.loads(text, parse_float=Decimal) == {"a": Decimal("19.90"), "b": [], "c": [None, "é", {"d": 100}]}


JSON = b"""{"id": "7", "mail": "ada@shop.test", "to": {"who": "Ada King", "town": "Paris", "country": "FR"},
 "sku": "Ada doll", "customer": {"first_name": "Ada", "id": 3}, "remark": "for Ada King, not Ada"}"""
CSV = b"id,mail,who,town,country,what\n7,ada@shop.test,Ada King,Paris,FR,Ada doll\n"
XML = b"""<o id="7"><mail>ada@shop.test</mail><who>Ada &amp; King</who><town>Paris</town><country>FR</country>
<what>Ada doll</what></o>"""
PATHS = {
    "json": {"id": "id", "email": "mail", "name": "to.who", "city": "to.town", "country": "to.country", "title": "sku"},
    "csv": {"id": "id", "email": "mail", "name": "who", "city": "town", "country": "country", "title": "what"},
    "xml": {"id": "o.id", "email": "o.mail._", "name": "o.who._", "city": "o.town._", "country": "o.country._",
            "title": "o.what._"},
}  # fmt: skip


@pytest.mark.parametrize(("format", "body"), [("json", JSON), ("csv", CSV), ("xml", XML)])
def test_personal_data_is_replaced_and_nothing_else(format: str, body: bytes) -> None:
    mapping = order(format, **PATHS[format])
    if format == "csv":
        mapping = Mapping.from_text(mapping.text.replace("rows:", "split:\n  each: .\nrows:", 1))
    replaced, texts = without_persons(mapping, body, Context())
    for personal in (b"ada@", b"King", b"Paris"):
        assert personal in body and personal not in replaced
    for kept in (b"7", b"FR", b"doll"):
        assert kept in replaced
    assert {"ada@shop.test", "Paris"} <= texts and b"@example.com" in replaced


def test_names_inside_a_free_text_are_replaced_too() -> None:
    replaced, _ = without_persons(order("json", **PATHS["json"]), JSON, Context())
    found = json.loads(replaced)
    assert "Ada" not in found["remark"] and found["remark"].startswith("for ") and found["customer"]["id"] == 3
    assert found["to"]["who"] in found["remark"], "the same text has the same stand-in"


def test_a_text_is_found_as_its_format_writes_it() -> None:
    replaced = replace_texts(Format("edifact"), b"FTX+AAI+++It?'s for Ada+Ada'NAD+BY+1'", {"It's for Ada", "Ada"})
    assert b"Ada" not in replaced and replaced.startswith(b"FTX+AAI+++") and replaced.endswith(b"'NAD+BY+1'")
    assert replaced.count(b"?'") == 1


def test_what_cannot_be_replaced_is_refused() -> None:
    body = (
        b'<o id="7"><mail>a@b.c</mail><who>Ad&#97; King</who><town>Rome</town><country>IT</country><what>x</what></o>'
    )
    with pytest.raises(DecodeError) as failed:
        without_persons(order("xml", **PATHS["xml"]), body, Context())
    assert failed.value.code == "mapping.sample-personal"
