"""docs/errors.md and the code name the same codes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hub.errors import HubError

REPOSITORY = Path(__file__).resolve().parents[3]
DOCS = REPOSITORY / "docs"
CODE = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*")
RAISED = re.compile(r"(Error|Refused|NotFound|Park|Ignore|Reason|problem|warning|alert)$")
ELSEWHERE = {"edi": "edi-findings.md", "mapping": "mapping-language.md", "decode": "mapping-language.md"}
"""Families of findings with a page of their own, which docs/errors.md links to."""


def codes_in(path: Path) -> Iterator[str]:
    """Codes that a module hands to an error: an argument of one, `code=...`, `code = ...`, {"code": ...}."""
    for node in ast.walk(ast.parse(path.read_text())):
        found: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            logged = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "log"
            if RAISED.search(name) and not logged:
                found += node.args[:3]
            found += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        elif isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "code" for t in node.targets):
            found.append(node.value)
        elif isinstance(node, ast.Dict):
            found += [v for k, v in zip(node.keys, node.values, strict=True) if getattr(k, "value", None) == "code"]
        for value in found:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and CODE.fullmatch(value.value):
                yield value.value


def raised() -> set[str]:
    modules = [path for path in (REPOSITORY / "hub").rglob("*.py") if "sandbox" not in path.parts]
    return {code for path in modules for code in codes_in(path)}


@cache
def documented(page: Path) -> set[str]:
    return set(re.findall(r"(?:^### |`)([a-z]+\.[a-z-]+)(?:`|$)", page.read_text(), re.MULTILINE))


def test_every_code_is_explained() -> None:
    found = raised()
    assert len(found) > 60, "the search for codes in the sources has broken"
    here = documented(DOCS / "errors.md")
    missing = {code for code in found if code not in here and code not in _elsewhere(code)}
    assert missing == set()


def test_no_explanation_outlives_its_code() -> None:
    sources = "".join(path.read_text() for path in (REPOSITORY / "hub").rglob("*.py"))
    headings = re.findall(r"^### (\S+)$", (DOCS / "errors.md").read_text(), re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert [code for code in headings if f'"{code}"' not in sources] == []


def test_an_error_leads_to_its_heading() -> None:
    error = HubError("vault.key-changed", "…")
    page, _, anchor = error.where_to_read.partition("#")
    headings = re.findall(r"^### (\S+)$", (REPOSITORY / page).read_text(), re.MULTILINE)
    assert anchor in {heading.replace(".", "") for heading in headings}


def _elsewhere(code: str) -> set[str]:
    name = ELSEWHERE.get(code.partition(".")[0])
    return documented(DOCS / name) if name else set()
