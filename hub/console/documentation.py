"""The documentation beside the program, so that the code of an error leads to what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import abort, redirect, render_template, url_for
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from werkzeug.wrappers import Response

from hub.config import CHECKOUT
from hub.console.blueprint import console

DOCS = CHECKOUT / "docs"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Document:
    """A page of the documentation."""

    name: str
    title: str


def anchor(heading: str) -> str:
    """The id of a heading, made as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _link(target: str) -> str:
    """`flows.md#x` becomes the console's page of it; other addresses stay."""
    found = re.fullmatch(r"(?:docs/)?([a-z0-9-]+)\.md(#.*)?", target)
    return f"{url_for('console.document', name=found[1])}{found[2] or ''}" if found else target


def _prepared(tokens: list[Token]) -> list[Token]:
    for token, following in zip(tokens, tokens[1:] + tokens[:1], strict=True):
        if token.type == "heading_open":
            token.attrSet("id", anchor(following.content.replace("`", "")))
        for child in token.children or []:
            if child.type == "link_open":
                child.attrSet("href", _link(str(child.attrGet("href") or "")))
    return tokens


def rendered(text: str) -> Markup:
    """Markdown as HTML; HTML in it is shown, not obeyed."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = _prepared(markdown.parse(text))
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 - our own files, HTML off


@console.get("/docs")
def documents() -> str:
    """The list of pages."""
    found = []
    for path in sorted(DOCS.glob("*.md")):
        if _NAME.fullmatch(path.stem):
            first = path.read_text("utf-8").split("\n", 1)[0]
            found.append(Document(path.stem, first.lstrip("# ").strip() or path.stem))
    return render_template("documents.html", documents=found)


@console.get("/docs/<name>")
def document(name: str) -> str:
    """One page."""
    path = DOCS / f"{name}.md"
    if not _NAME.fullmatch(name) or not path.is_file():
        abort(404, "There is no such page in the documentation.")
    text = path.read_text("utf-8")
    title = text.split("\n", 1)[0].lstrip("# ").strip() or name
    return render_template("document.html", title=title, body=rendered(text))


@console.get("/docs/codes/<path:code>")
def document_code(code: str) -> Response:
    """Where a code is explained: the page whose heading or text names it, docs/errors.md first."""
    names = re.compile(rf"`{re.escape(code)}`|^#+ {re.escape(code)}$", re.MULTILINE)
    pages = sorted(DOCS.glob("*.md"), key=lambda path: (path.stem != "errors", path.stem))
    page = next((path for path in pages if names.search(path.read_text("utf-8"))), None)
    if page is None:
        abort(404, f"The documentation has nothing on {code} yet.")
    return redirect(url_for("console.document", name=page.stem, _anchor=anchor(code)))
