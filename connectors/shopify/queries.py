"""The GraphQL documents, one file each in `graphql/`, with the fragments they use joined on."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "graphql"
_SPREAD = re.compile(r"\.\.\.\s*(?!on\b)(\w+)")
_FRAGMENT = re.compile(r"^fragment (\w+) on ", re.MULTILINE)


@cache
def _fragments() -> dict[str, str]:
    texts = [path.read_text() for path in sorted(FOLDER.glob("fragment_*.graphql"))]
    return {name: text for text in texts for name in _FRAGMENT.findall(text)}


def names() -> list[str]:
    """Every operation we may send."""
    return sorted(path.stem for path in FOLDER.glob("*.graphql") if not path.stem.startswith("fragment_"))


@cache
def document(name: str) -> str:
    """The whole document of one operation, as it is sent."""
    texts = [(FOLDER / f"{name}.graphql").read_text()]
    known: set[str] = set()
    waiting = _SPREAD.findall(texts[0])
    while waiting:
        fragment = waiting.pop()
        if fragment not in known:
            known.add(fragment)
            texts.append(_fragments()[fragment])
            waiting += _SPREAD.findall(texts[-1])
    return "\n".join(texts)


@cache
def writes(name: str) -> bool:
    """Whether the operation is a mutation."""
    return document(name).lstrip().startswith("mutation")


@cache
def variables(name: str) -> frozenset[str]:
    """The names of the variables the operation declares."""
    head = document(name).split("{", 1)[0]
    return frozenset(re.findall(r"\$(\w+)\s*:", head))
