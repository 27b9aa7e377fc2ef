"""Samples of a mapping: documents with what they become, kept beside it as its tests.

samples/shopify/order.in/gift-card/document.json    .csv, .edi, .txt, .xml by the format it reads
                                  /expected.json    what it becomes; a list where the file holds several
                                  /errors.txt       instead: `target code` of each error
                                  /context.json     partner, connection, message, tables, where they matter
                                  /source.edi       the original message of an outbound mapping
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.mapping.decode import decode
from hub.mapping.differences import differences, exact_json
from hub.mapping.errors import DecodeError, Finding
from hub.mapping.library import Library, is_name
from hub.mapping.mapping import Mapping
from hub.mapping.template import Format
from hub.mapping.trial import Outcome, context_of, documents, outcomes

ENDINGS = {"csv": "csv", "ndjson": "ndjson", "xml": "xml", "lines": "txt", "x12": "edi", "edifact": "edi"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample; `folder` holds its files."""

    name: str
    folder: Path

    def file(self, stem: str) -> bytes | None:
        """The content of `STEM.*`, None when there is none; raises DecodeError when it cannot be read."""
        found = next(iter(sorted(self.folder.glob(f"{stem}.*"))), None)
        if found is None:
            return None
        try:
            return found.read_bytes()
        except OSError as error:
            raise DecodeError([Finding("decode.unreadable", f"cannot be read: {error.strerror}", str(found))]) from None

    def outcomes(self, mapping: Mapping) -> list[Outcome]:
        """What its document becomes now. Raises DecodeError."""
        body = self.file("document")
        if body is None:
            raise DecodeError([Finding("mapping.sample", "there is no file document.*", str(self.folder))])
        context = context_of(mapping, self.file("context"), self.file("source"))
        return list(outcomes(mapping, documents(mapping.source, body), context))

    def differences(self, mapping: Mapping) -> list[str]:
        """A sentence for each field that is not as expected; none when all is."""
        got = self.outcomes(mapping)
        told = self.file("errors")
        errors = [line for outcome in got for line in outcome.errors]
        if told is not None:
            wanted = told.decode().split("\n")
            missing = [f"expected the error `{line}`" for line in wanted if line and line not in errors]
            return missing + [f"an error more: `{line}`" for line in errors if line not in wanted]
        if errors:
            return [f"an error: `{line}`" for line in errors]
        expected = self.file("expected")
        if expected is None:
            return ["neither expected.json nor errors.txt says what it should become"]
        return list(map(str, differences(decode(expected, "json"), result_of(got))))


def result_of(got: list[Outcome]) -> Any:
    """One document's value, or the list of several."""
    values = [outcome.value for outcome in got]
    return values[0] if len(values) == 1 else values


def samples(library: Library, name: str) -> Iterator[Sample]:
    """The samples of a mapping in all folders. Of two with one name that in the first folder counts: so what a shipped
    sample expects is put right beside a mapping that takes the place of the shipped one."""
    if not is_name(name):
        return
    found: dict[str, Sample] = {}
    for folder in (folder / "samples" / name for folder in library.paths):
        for each in sorted(folder.iterdir()) if folder.is_dir() else ():
            if each.is_dir():
                found.setdefault(each.name, Sample(each.name, each))
    yield from found.values()


def write_sample(
    folder: Path, mapping: Mapping, body: bytes, *, context: bytes | None = None, source: bytes | None = None
) -> Sample:
    """A new sample, what the document becomes now being what is expected of it; raises FileExistsError."""
    sample = Sample(folder.name, folder)
    folder.mkdir(parents=True)
    (folder / f"document.{ending(mapping.source)}").write_bytes(body)
    if context is not None:
        (folder / "context.json").write_bytes(context)
    if source is not None:
        (folder / f"source.{ending(mapping.original)}").write_bytes(source)
    got = sample.outcomes(mapping)
    errors = [line for outcome in got for line in outcome.errors]
    if errors:
        (folder / "errors.txt").write_text("".join(f"{line}\n" for line in errors))
    else:
        (folder / "expected.json").write_text(exact_json(result_of(got)) + "\n")
    return sample


def ending(format: Format) -> str:
    return ENDINGS.get(format.name, "json")
