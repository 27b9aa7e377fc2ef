"""Every example of docs/mapping-language.md, run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.edi.tree import Loop, TransactionSet
from hub.mapping import Context, Library, Mapping, MappingError, decode
from hub.mapping.functions import FUNCTIONS

PAGE = Path(__file__).parents[3] / "docs" / "mapping-language.md"
TEXT = PAGE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) (\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FUNCTION_ROW = re.compile(r"^\| `([^`]+)` \| .+? \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)


@dataclass
class Example:
    line: int
    parts: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def examples() -> list[Example]:
    """A mapping, the files it needs before it, and what follows it up to the next one."""
    found: list[Example] = []
    files: dict[str, str] = {}
    for match in FENCE.finditer(TEXT):
        language, kind, name, body = match.groups()
        if kind == "file":
            files[name] = body
        elif kind == "mapping":
            found.append(Example(TEXT.count("\n", 0, match.start()) + 1, {"mapping": body}, files))
            files = {}
        else:
            found[-1].parts[f"{language} {kind}"] = body
    return found


def x12(text: str, envelope: dict[str, str]) -> TransactionSet:
    """Segments one a line; a line indented below another, or several of a loop's trigger, makes a loop."""
    root = Loop("")
    stack: list[tuple[int, Loop]] = [(-1, root)]
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        indent = len(line) - len(line.lstrip())
        segment = tuple(line.strip().split("*"))
        while stack[-1][0] >= indent:
            stack.pop()
        parent = stack[-1][1]
        if segment[0] in ("N1", "PO1", "HL"):
            loop = Loop(segment[0], [segment])
            parent.children.append(loop)
            stack.append((indent, loop))
        else:
            parent.children.append(segment)
    return TransactionSet("x12", "850", "004010", "0001", root, envelope)


def document(example: Example) -> Any:
    parts = example.parts
    if "x12 input" in parts:
        return x12(parts["x12 input"], json.loads(parts.get("json envelope", "{}")))
    for kind in ("csv", "lines", "xml"):
        if f"{kind} input" in parts:
            return decode(parts[f"{kind} input"].encode(), kind)
    return exact(parts["json input"])


def exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def context(example: Example) -> Context:
    given = json.loads(example.parts.get("json context", "{}"))
    source = example.parts.get("x12 source")
    tables = given.pop("tables", {})
    return Context(
        source=x12(source, {}) if source else None, lookup=lambda table, key: tables.get(table, {}).get(key), **given
    )


def compiled(example: Example, folder: Path) -> Mapping:
    if not example.files:
        return Mapping.from_text(example.parts["mapping"])
    for name, text in {**example.files, "mapping": example.parts["mapping"]}.items():
        file = folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Library([folder]).get("mapping")


@pytest.mark.parametrize("example", examples(), ids=lambda e: f"line-{e.line}")
def test_example(example: Example, tmp_path: Path) -> None:
    mapping = compiled(example, tmp_path)
    for each in (mapping, Mapping.from_text(mapping.text)):  # the resolved text maps the same
        if "text errors" in example.parts:
            with pytest.raises(MappingError) as failed:
                each.run(document(example), context(example))
            if each is mapping:
                assert [str(f) for f in failed.value.findings] == example.parts["text errors"].splitlines()
        elif "json outputs" in example.parts:
            got = [each.run(part, context(example)) for part in each.split(document(example))]
            assert got == exact(example.parts["json outputs"])
        else:
            assert each.run(document(example), context(example)) == exact(example.parts["json output"])


@pytest.mark.parametrize(
    ("expression", "expected"), [(m[1].replace(r"\|", "|"), m[2]) for m in FUNCTION_ROW.findall(TEXT)]
)
def test_function_example(expression: str, expected: str) -> None:
    mapping = Mapping.from_text(f"from: json\nto: json\nrows:\n  x: >-\n    {expression}\n")
    assert mapping.run({})["x"] == exact(expected)


RAISED = re.compile(r"\"((?:mapping|decode)\.[a-z0-9-]+)\"")
WRONG = re.compile(r"(?:wrong|CallFault)\(\s*[^\"]*?\"([a-z-]+)\"")
YAML = re.compile(r"_error\([^\"]*\"([a-z-]+)\"")


def test_every_code_is_on_the_page() -> None:
    sources = {file.name: file.read_text() for file in (PAGE.parents[1] / "hub" / "mapping").rglob("*.py")}
    raised = {code for text in sources.values() for code in RAISED.findall(text)}
    raised |= {
        f"mapping.{code}" for name in ("template.py", "compile.py", "calls.py") for code in WRONG.findall(sources[name])
    }
    raised |= {f"mapping.yaml-{code}" for code in YAML.findall(sources["yaml_source.py"])}
    assert len(raised) > 60, "the search for codes has broken"
    told = set(re.findall(r"`((?:mapping|decode)\.[a-z0-9-]+)`", TEXT))
    told |= {f"mapping{code}" for code in re.findall(r"`(\.[a-z-]+)`", TEXT)}
    assert raised - told == set()


def test_every_function_is_on_the_page() -> None:
    named = {m[0].partition("(")[0] for m in FUNCTION_ROW.findall(TEXT)}
    assert named == {*FUNCTIONS, "codes"} and "`lookup(" in TEXT
