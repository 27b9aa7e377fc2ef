"""A mapping, ready to run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as MappingType
from dataclasses import replace
from functools import cached_property
from typing import Any

from hub.edi.division import divided
from hub.edi.tree import Loop, TransactionSet
from hub.mapping.compile import Read, RowCompiler
from hub.mapping.direct import Direct, Unusual, direct_form
from hub.mapping.errors import BAD_VALUE, Exhausted, Fault, Finding, LookupMissing, MappingError, Position
from hub.mapping.explain import Explanation
from hub.mapping.expressions import Evaluate
from hub.mapping.parser import Dialects, parse_path
from hub.mapping.paths import Reader
from hub.mapping.runtime import EMPTY, MAX_FINDINGS, Context, Group, Run, Scope
from hub.mapping.syntax import SyntaxFault
from hub.mapping.template import Format, Template, apply_fragments, emit, load

Tables = MappingType[str, MappingType[str, Any]]


class Mapping:
    """One direction of one document, compiled.

    `text` is the resolved text: self-contained, with `extends` and fragments merged and its table files inside, so
    that `Mapping.from_text(text)` maps just the same at any later time. `hash` is its SHA-256.
    `source` and `target` say what it reads and gives, `original` what `source.*` is; `tables` names the lookup
    tables it reads. `version` is the number of its published version, 0 where its file is what counts.
    """

    def __init__(self, name: str, template: Template, tables: Tables, version: int = 0) -> None:
        """`template` is resolved along `extends`; raises MappingError with everything that is wrong."""
        if template.findings and not template.rows.rows:
            raise MappingError(template.findings)
        apply_fragments(template)
        rows = RowCompiler(template)
        build, form = rows.block(template.rows, "")
        split = rows.items(template.split, "split") if template.split is not None else None
        findings = [*template.findings, *rows.findings]
        if findings:
            raise MappingError(sorted(findings, key=lambda f: (f.file, f.line, f.column)))
        self.name = name
        self.version = version
        self.source: Format = template.source
        self.target: Format = template.target
        self.original: Format = template.original
        self.description = template.description
        self.tables: frozenset[str] = frozenset(rows.tables)
        self.targets: dict[str, Position] = rows.targets
        self.reads: list[Read] = rows.reads
        self._table_rows: Tables = {table: tables[table] for table in sorted(self.tables) if table in tables}
        self._build, self._split = build, split
        self.template = template
        self._form, self._bound, self._constants = form, rows.compiler.bound, rows.compiler.constants
        self.text: str = emit(template, self._table_rows)
        self.hash: str = hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def from_text(cls, text: str, name: str = "mapping") -> Mapping:
        """A mapping from its text alone, such as a resolved text kept by its hash."""
        template = load(text, name)
        if template.extends is not None:
            message = "extends another mapping; read it through a Library, or store its resolved text"
            template.wrong(template.extends.at, "extends", message)
        return cls(name, template, template.tables)

    def run(self, document: Any, context: Context = EMPTY) -> dict[str, Any]:
        """Maps one document to a JSON-like dict (str, int, Decimal, bool, list, dict).

        Raises MappingError with all findings of the document, or LookupMissing when nothing is wrong but rows that
        a `lookup(..., park)` waits for.
        """
        direct = self._direct
        if direct is not None:
            try:
                return direct(document, context, self._table_rows) or {}
            except (Unusual, Exhausted, Fault, *BAD_VALUE):
                pass  # the closures say what is wrong, or find that nothing is
        return self.explained(document, context)

    def explained(self, document: Any, context: Context = EMPTY) -> dict[str, Any]:
        """As `run`, by the closures: slower, and able to tell what is wrong."""
        run = Run(document, context, self._table_rows)
        result = _walked(self._build, run)
        if run.errors:
            raise _failure(run.errors)
        return {} if result is None else result

    @cached_property
    def _direct(self) -> Direct | None:
        """The generated function, made when the first document comes."""
        split = self.template.split
        grouped = split is not None and "group_by" in split.controls and self.source.dialect == "json"
        return direct_form(self._form, self._bound, self._constants, grouped)

    def explain(self, document: Any, context: Context = EMPTY) -> Explanation:
        """Maps a document and tells for each value where it came from; raises nothing, findings are part of it."""
        rows = RowCompiler(self.template, tracing=True)
        build, _ = rows.block(self.template.rows, "")
        run = Run(document, context, self._table_rows)
        result = _walked(build, run)
        return Explanation(result or {}, run.origins, [finding for finding, _ in run.errors])

    @property
    def splits(self) -> bool:
        """Whether it says how a file with several documents comes apart."""
        return self._split is not None

    def split(self, document: Any, context: Context = EMPTY) -> list[Any]:
        """The documents inside one, by the mapping's `split:`; each goes through `run` by itself.

        Without `split:` it is the document alone, and so is an EDI set that speaks of one thing.
        """
        return [part for _, part in self.named_parts(document, context)]

    def named_parts(self, document: Any, context: Context = EMPTY) -> list[tuple[str, Any]]:
        """As `split`, each with what it has in common by `group_by`, such as an order's number; empty where nothing
        names it."""
        if self._split is None:
            return [("", document)]
        run = Run(document, context, self._table_rows)
        found: list[Any] = _walked(self._split, run) or []
        if run.errors:
            raise _failure(run.errors)
        names = ["/".join(item.key) if isinstance(item, Group) else "" for item in found]
        if isinstance(run.root, Loop):
            found = [document] if len(found) < 2 else self._divided(document, run, found)
            names = names or [""]
        return list(zip(names, found, strict=True))

    def _divided(self, document: Any, run: Run, found: list[Any]) -> list[Any]:
        """A set for each of the loops that were found, or of their groups."""
        try:
            things = [item if isinstance(item, Group) else [item] for item in found]
            trees = divided(run.root, things, run.spend)
        except Fault as fault:
            message = f"what it holds for each of {len(found)} parts comes to more than {run.limit:,} segments"
            raise MappingError([Finding(fault.code, message, f"{self.name}.yaml", target="split")]) from None
        return [replace(document, root=tree) if isinstance(document, TransactionSet) else tree for tree in trees]

    def __repr__(self) -> str:
        return f"<Mapping {self.name} {self.hash[:12]}>"


def _walked(build: Evaluate, run: Run) -> Any:
    """What a closure makes of the whole document."""
    try:
        return build(run.root, Scope(run.root, run))
    except Exhausted:
        return None


def _failure(errors: list[tuple[Finding, Fault]]) -> MappingError:
    findings = [finding for finding, _ in errors[:MAX_FINDINGS]]
    missing = [fault.missing for _, fault in errors if fault.missing is not None]
    if missing and len(missing) == len(errors):
        return LookupMissing(missing, findings)
    return MappingError(findings)


def value_at(document: Any, path: str, context: Context = EMPTY) -> Any:
    """The value a finding's `value_path` points at, None when there is none; several as a list.

    `document` is what went through the mapping; it is up to the caller who may see the answer.
    """
    run = Run(document, context, {})
    edi_source = isinstance(context.source, (Loop, TransactionSet))
    dialects = Dialects("x12" if isinstance(run.root, Loop) else "json", "x12" if edi_source else "json")
    try:
        parsed = parse_path(path, dialects)
        found = Reader(parsed, {}).many(run.root, Scope(run.root, run))
    except (SyntaxFault, Fault):
        return None
    return found if len(found) > 1 else (found[0] if found else None)
