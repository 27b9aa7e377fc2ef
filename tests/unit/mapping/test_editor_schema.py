"""The JSON Schema for editors: it takes what the hub takes and refuses what has no meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from hub.documents import SCHEMAS
from hub.mapping import schema_fields
from hub.mapping.editor_schema import editor_schema
from hub.mapping.template import CONTROLS, HEADER

MAPPINGS = Path(__file__).parents[3] / "mappings"
SCHEMA = editor_schema({kind: schema_fields(kind) or {} for kind in SCHEMAS})
VALIDATOR = Draft202012Validator(SCHEMA)


def test_it_is_a_schema_that_knows_every_word_of_the_language() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == HEADER
    assert set(SCHEMA["$defs"]["block"]["properties"]) == set(CONTROLS)


@pytest.mark.parametrize("file", sorted(MAPPINGS.rglob("*.yaml")), ids=lambda f: f.stem)
def test_every_shipped_mapping_is_valid(file: Path) -> None:
    read = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
    if "samples" not in file.parts and "edifact" not in file.parts:
        assert [error.message for error in VALIDATOR.iter_errors(read)] == []


@pytest.mark.parametrize(
    "text",
    [
        "from: json\nto: order\n",
        "from: json\nrows: {a: b}\n",
        "from: yaml\nto: order\nrows: {a: b}\n",
        "from: json\nto: order\nrow: {a: b}\n",
        "from: json\nto: json\nrows: {a: {each: [b]}}\n",
        "from: json\nto: json\nsplit: {when: a}\nrows: {a: b}\n",
    ],
)
def test_what_has_no_meaning_is_refused(text: str) -> None:
    assert list(VALIDATOR.iter_errors(yaml.load(text, Loader=yaml.CSafeLoader)))


def test_the_fields_of_the_kind_are_offered() -> None:
    offered = next(part["then"] for part in SCHEMA["allOf"] if part["if"]["properties"]["to"]["const"] == "order")
    rows = offered["properties"]["rows"]["properties"]
    assert {"external_id", "external_id!", "lines"} <= set(rows) and "sku" in rows["lines"]["properties"]
