"""`hub mapping`: check mapping files and try them on documents, without a database."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from hub.cli.common import console, emit, json_option
from hub.documents import SCHEMAS
from hub.mapping import Context, DecodeError, Finding, Library, Mapping, MappingError, check, decode, schema_fields
from hub.mapping.editor_schema import editor_schema

UNREADABLE = frozenset({"mapping.not-found", "mapping.unreadable"})


@click.group()
@click.option(
    "--mappings",
    "folders",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The mappings folder; several are searched in turn. Otherwise HUB_MAPPINGS, or the checkout's mappings/.",
)
@click.pass_context
def mapping(context: click.Context, folders: tuple[Path, ...]) -> None:
    """Check mappings and try them on a file.

    MAPPING is a name such as shopify/order.in. Exit codes: 0 clean, 1 something was found, 2 it could not be read.
    """
    context.meta["hub.mappings"] = Library(folders or _folders())


def _folders() -> list[Path]:
    configured = os.environ.get("HUB_MAPPINGS", "")
    if configured:
        return [Path(part.strip()) for part in configured.split(",") if part.strip()]
    return [Path(__file__).parents[2] / "mappings"]


def _library() -> Library:
    library: Library = click.get_current_context().meta["hub.mappings"]
    return library


@mapping.command("check")
@click.argument("names", metavar="[MAPPING]...", nargs=-1)
@json_option
@click.pass_context
def check_command(context: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Show everything that is wrong or doubtful in mappings; without a name, in all there are."""
    library = _library()
    checked = [(name, *check(library, name, schema_fields)) for name in names or library.names()]
    if as_json:
        emit([_checked(name, compiled, findings) for name, compiled, findings in checked])
    else:
        for name, compiled, findings in checked:
            _show_checked(name, compiled, findings)
    findings = [finding for _, _, found in checked for finding in found]
    context.exit(2 if any(f.code in UNREADABLE for f in findings) else 1 if findings else 0)


def _checked(name: str, compiled: Mapping | None, findings: list[Finding]) -> dict[str, Any]:
    facts = {"hash": compiled.hash, "from": str(compiled.source), "to": str(compiled.target)} if compiled else {}
    return {"mapping": name, "ok": compiled is not None, **facts, "findings": [f.as_dict() for f in findings]}


def _show_checked(name: str, compiled: Mapping | None, findings: list[Finding]) -> None:
    if compiled is None:
        console.print(f"[bold red]wrong[/] {name}")
    else:
        mark = "[yellow]doubt[/]" if findings else "[green]fine [/]"
        console.print(f"{mark} {name}  {compiled.source} to {compiled.target}  {compiled.hash[:12]}")
    for finding in findings:
        console.print(f"      {finding}", markup=False, soft_wrap=True)


@dataclass(slots=True)
class Result:
    """What became of one document."""

    number: int
    value: dict[str, Any] | None = None
    findings: list[Finding] = field(default_factory=list)
    schema_errors: Any = None

    @property
    def clean(self) -> bool:
        return not self.findings and not self.schema_errors

    def as_dict(self) -> dict[str, Any]:
        return {
            "document": self.number,
            "result": self.value,
            "findings": [finding.as_dict() for finding in self.findings],
            "schema_errors": self.schema_errors or {},
        }


@mapping.command("run")
@click.argument("name", metavar="MAPPING")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--source", "source_file", type=click.Path(dir_okay=False, path_type=Path),
              help="The original message, for an outbound mapping that reads source.")  # fmt: skip
@click.option("--context", "context_file", type=click.Path(dir_okay=False, path_type=Path),
              help="A JSON file with partner, connection and message.")  # fmt: skip
@json_option
@click.pass_context
def run_command(
    context: click.Context, name: str, file: Path, source_file: Path | None, context_file: Path | None, as_json: bool
) -> None:
    """Run a mapping over a file and show what each document in it becomes."""
    try:
        compiled = _library().get(name)
        given = _context(compiled, source_file, context_file)
        documents = list(_documents(compiled.source.name, file))
    except MappingError as error:
        _unreadable(error.findings, as_json)
        context.exit(2)
    results: list[Result] = []
    for document in documents:
        for part in _parts(compiled, document, given, results):
            results.append(_run(compiled, part, given, len(results) + 1))
    if as_json:
        emit([result.as_dict() for result in results])
    else:
        for result in results:
            _show(result)
    context.exit(0 if results and all(result.clean for result in results) else 1)


def _parts(compiled: Mapping, document: Any, context: Context, results: list[Result]) -> list[Any]:
    """The documents inside one, by `split:`; a file that does not come apart is a result of its own."""
    try:
        return compiled.split(document, context)
    except MappingError as error:
        results.append(Result(len(results) + 1, None, list(error.findings)))
        return []


def _run(compiled: Mapping, document: Any, context: Context, number: int) -> Result:
    try:
        value = compiled.run(document, context)
    except MappingError as error:
        return Result(number, None, list(error.findings))
    return Result(number, value, [], _schema_errors(compiled.target.name, value))


def _schema_errors(kind: str, value: dict[str, Any]) -> Any:
    """What the canonical schema says against it; nothing for a target that has none."""
    from hub.documents import SCHEMAS

    schema = SCHEMAS.get(kind)
    return schema().validate(value) if schema is not None else None


def _context(compiled: Mapping, source_file: Path | None, context_file: Path | None) -> Context:
    given: dict[str, Any] = {}
    if context_file is not None:
        given = decode(_bytes(context_file), "json")
        if not isinstance(given, dict) or not set(given) <= {"partner", "connection", "message"}:
            message = "an object with partner, connection and message is wanted"
            raise DecodeError([Finding("mapping.context", message, str(context_file))])
    source = next(_documents(compiled.original.name or "json", source_file), None) if source_file else None
    return Context(source=source, **given)


def _documents(kind: str, file: Path) -> Iterator[Any]:
    """The file's documents: each transaction set of an EDI file, else the file as one."""
    body = _bytes(file)
    if kind != "x12":
        yield decode(body, kind if kind in ("csv", "ndjson") else "json")
        return
    from hub.edi.validation import examine

    examination = examine(body)
    for interchange in examination:
        yield from (one.tree for one in interchange.sets if one.tree is not None)
    if not examination.readable:
        raise DecodeError([Finding("decode.x12", "no X12 interchange in it", str(file))])


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DecodeError([Finding("decode.unreadable", f"cannot be read: {error.strerror}", str(file))]) from None


def _unreadable(findings: tuple[Finding, ...], as_json: bool) -> None:
    if as_json:
        emit({"findings": [finding.as_dict() for finding in findings]})
    for finding in () if as_json else findings:
        console.print(str(finding), style="red", markup=False, soft_wrap=True)


def _show(result: Result) -> None:
    console.rule(f"document {result.number}", align="left")
    if result.value is not None:
        console.print_json(json.dumps(result.value, default=str, ensure_ascii=False))
    for finding in result.findings:
        console.print(str(finding), style="red", markup=False, soft_wrap=True)
    if result.schema_errors:
        console.print("The canonical schema refuses it:", style="red")
        console.print_json(json.dumps(result.schema_errors, default=str))


@mapping.command("schema")
def schema_command() -> None:
    """Print a JSON Schema of mapping files, for editors."""
    print(json.dumps(editor_schema({kind: schema_fields(kind) or {} for kind in SCHEMAS}), indent=1))
