"""Rules of the house that no other tool keeps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
HUB = REPOSITORY / "hub"

APART = {"sandbox", "demo.py"}
"""They speak to a named store, since that is what they are."""

NAMES = re.compile(
    r"shopify|woocommerce|magento|prestashop|bigcommerce|amazon|walmart|etsy|\bebay|netsuite|shipstation|shipbob"
    r"|\bcostco|\bkohls|wayfair|best ?buy|home ?depot",
    re.IGNORECASE,
)

STORIES = [*range(1, 13), *range(15, 28), 29, 30, 32, *range(34, 43), *range(44, 50), 51]
"""Failures that other systems shipped, by number; each has a test that names it."""

SQL = {"select", "insert", "update", "delete", "text"}


def modules() -> Iterator[Path]:
    return (path for path in HUB.rglob("*.py") if "__pycache__" not in path.parts)


def code_of(path: Path) -> str:
    """A module without its comments and docstrings: what it does, not what it explains."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def test_the_hub_knows_no_platform_and_no_partner() -> None:
    told = {
        str(path.relative_to(REPOSITORY)): sorted(set(NAMES.findall(code_of(path))))
        for path in modules()
        if path.relative_to(HUB).parts[0] not in APART
    }
    assert {path: names for path, names in told.items() if names} == {}


def test_the_search_for_names_finds_one() -> None:
    assert NAMES.findall(code_of(HUB / "demo.py")), "the demo links a named store; else this search has broken"


@pytest.mark.parametrize("number", STORIES)
def test_every_failure_story_is_named_by_a_test(number: int) -> None:
    assert number in _named(), f"no test names story_{number}"


@cache
def _named() -> set[int]:
    """The stories that tests name."""
    suites = [*(REPOSITORY / "tests").rglob("*.py"), *(HUB / "sdk" / "testing").rglob("*.py")]
    names = [name for path in suites for name in re.findall(r"def (test_\w*)", path.read_text())]
    return {int(number) for name in names for number in re.findall(r"story_(\d+)(?=_|\b)", name)}


def test_sql_stands_in_the_store_alone() -> None:
    found = []
    for path in modules():
        if path.relative_to(HUB).parts[0] in {"store"} | APART:
            continue
        source = path.read_text()
        for node in ast.walk(ast.parse(source)) if "sqlalchemy" in source else ():
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
                names = {alias.name for alias in node.names} & SQL
                found += [f"{path.relative_to(REPOSITORY)}: {name}" for name in sorted(names)]
    assert found == []


def test_every_page_of_the_docs_is_reached_from_the_start() -> None:
    docs = REPOSITORY / "docs"
    pages = {path.resolve() for path in docs.rglob("*.md")} - {(docs / "README.md").resolve()}
    reached: set[Path] = set()
    for start in (REPOSITORY / "README.md", docs / "README.md"):
        if start.exists():
            reached |= {(start.parent / link).resolve() for link in _links(start)}
    assert sorted(str(page.relative_to(REPOSITORY)) for page in pages - reached) == []


def _links(page: Path) -> set[str]:
    """What a page links to within the repository, without anchors."""
    found = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    return {link for link in found if "://" not in link and not link.startswith(("mailto:", "/"))}
