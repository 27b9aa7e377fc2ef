"""Finding, extending and reloading mappings; tables; decoding; the checks against canonical schemas."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, fields

from hub.mapping import (
    DecodeError,
    Library,
    Mapping,
    MappingError,
    check,
    decode,
    field_tree,
    read_table,
    schema_fields,
)
from hub.mapping.library import Version

Write = Callable[..., Library]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def files(**texts: str) -> Library:
        for name, text in texts.items():
            file = tmp_path / name.replace("__", "/")
            file = file.with_name(file.name + (".csv" if name.startswith("tables__") else ".yaml"))
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        return Library([tmp_path])

    return files


BASE = "from: json\nto: order\nrows:\n  a: b\n  c:\n    d: e\n    f: g\n  l:\n    - h\n    - i\n"


def test_an_override_replaces_by_target_path_and_blocks_merge(write: Write) -> None:
    library = write(base=BASE, child="extends: base\nremove: [c.f]\nrows:\n  c.d: x\n  l: y\n  n: z\n")
    child = library.get("child")
    assert child.run({"b": 1, "e": 2, "g": 3, "x": 4, "y": 5, "z": 6}) == {"a": 1, "c": {"d": 4}, "l": 5, "n": 6}
    assert (str(child.source), str(child.target)) == ("json", "order")


def test_extends_through_several_files_and_not_in_circles(write: Write) -> None:
    library = write(
        base=BASE, b="extends: base\nrows:\n  a: x\n", c="extends: b\nrows:\n  n: y\n", d="extends: d\nrows: {a: b}\n"
    )
    assert library.get("c").run({"b": 0, "x": 1, "y": 2}) == {"a": 1, "n": 2}
    with pytest.raises(MappingError, match="extends itself"):
        library.get("d")


LENDER = "from: json\nto: json\nfragments:\n  person:\n    name: n\n    age: a\nrows:\n  p: {use: person}\n"
BORROWER = "from: json\nto: json\nfragments:\n  person: lender\nrows:\n  q:\n    use: person\n    age: b\n"


def test_a_fragment_may_be_another_mappings(write: Write) -> None:
    library = write(lender=LENDER, child="extends: lender\nrows:\n  z: n\n", borrower=BORROWER)
    borrower = library.get("borrower")
    assert borrower.run({"n": "Ada", "b": 7}) == {"q": {"name": "Ada", "age": 7}}
    assert Mapping.from_text(borrower.text).hash == borrower.hash, "its resolved text rests on nothing"
    of_a_child = write(borrower=BORROWER.replace("lender", "child"))
    assert of_a_child.get("borrower").run({"n": "Ada"}) == {"q": {"name": "Ada"}}
    partners = write(borrower=BORROWER, partners="extends: borrower\nrows:\n  q:\n    name: nick\n")
    assert partners.get("partners").run({"nick": "Countess"}) == {"q": {"name": "Countess"}}


def test_a_change_of_a_fragment_reaches_the_mapping_that_took_it(write: Write) -> None:
    library = write(lender=LENDER, borrower=BORROWER)
    before = library.get("borrower").hash
    write(lender=LENDER.replace("name: n", "name: nick"))
    assert library.get("borrower").hash != before
    assert library.get("borrower").run({"nick": "Countess"}) == {"q": {"name": "Countess"}}


@pytest.mark.parametrize("owner", ["nobody", "borrower", "second", "other"])
def test_a_fragment_that_is_nowhere_or_lent_on_is_an_error_at_its_place(write: Write, owner: str) -> None:
    second = BORROWER.replace("person: lender", "person: borrower")
    other = LENDER.replace("person", "address")
    library = write(lender=LENDER, second=second, other=other, borrower=BORROWER.replace("lender", owner))
    with pytest.raises(MappingError) as error:
        library.get("borrower")
    assert {(f.code, f.line) for f in error.value.findings} >= {("mapping.fragment", 4)}


def test_an_error_in_the_file_that_is_extended_names_that_file(write: Write) -> None:
    library = write(base=BASE + "  q: b | nope\n", child="extends: base\nrows:\n  a: x\n")
    with pytest.raises(MappingError) as failed:
        library.get("child")
    assert [(f.file, f.line) for f in failed.value.findings] == [("base.yaml", 11)]


def test_removing_what_is_not_there_is_an_error(write: Write) -> None:
    library = write(base=BASE, child="extends: base\nremove:\n  - c.zzz\nrows:\n  a: x\n")
    with pytest.raises(MappingError) as failed:
        library.get("child")
    assert (failed.value.findings[0].line, failed.value.code) == (3, "mapping.remove")


def test_an_extended_mapping_can_replace_a_value_block(write: Write) -> None:
    library = write(
        base="from: json\nto: json\nrows:\n  l:\n    each: a\n    value: b\n",
        child="extends: base\nrows:\n  l:\n    c: b\n",
    )
    assert library.get("child").run({"a": [{"b": 1}]}) == {"l": [{"c": 1}]}


def test_the_hash_covers_what_is_extended_and_the_tables_and_nothing_else(write: Write) -> None:
    def files(base: str = BASE, table: str = "key,value\nA,B\n", child: str = "") -> Mapping:
        child = child or "extends: base\nrows:\n  t: t | lookup(codes, fail)\n"
        library = write(base=base, child=child, tables__codes=table, tables__other="key,value\n1,2\n")
        return library.get("child")

    first = files()
    assert len(first.hash) == 64 and files().hash == first.hash
    assert files(child="# a comment\nextends: base\nrows:\n  t:   t | lookup(codes, fail)\n").hash == first.hash
    assert files(base=BASE.replace("a: b", "a: z")).hash != first.hash
    assert files(table="key,value\nA,C\n").hash != first.hash
    again = Mapping.from_text(first.text)
    assert (again.hash, again.run({"t": "A"})) == (first.hash, {"t": "B"})


def test_a_changed_file_is_compiled_again_and_an_unchanged_one_is_not(write: Write, tmp_path: Path) -> None:
    library = write(base=BASE, child="extends: base\nrows:\n  n: a | lookup(t, null)\n")
    first = library.get("child")
    assert library.get("child") is first
    (tmp_path / "base.yaml").write_text(BASE.replace("a: b", "a: changed"))
    second = library.get("child")
    assert second is not first and second.run({"changed": 1}) == {"a": 1}
    file = tmp_path / "base.yaml"
    os.utime(file, ns=(0, 0))
    third = library.get("child")
    assert third is not second and third.hash == second.hash
    library.reload()
    assert library.get("child") is not third


def test_the_first_folder_that_has_a_mapping_wins(tmp_path: Path) -> None:
    for folder, source in (("own", "x"), ("shipped", "y")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.yaml").write_text(f"from: json\nto: json\nrows:\n  a: {source}\n")
    (tmp_path / "shipped" / "n.yaml").write_text("from: json\nto: json\nrows:\n  a: b\n")
    library = Library([tmp_path / "own", tmp_path / "shipped"])
    assert library.get("m").run({"x": 1, "y": 2}) == {"a": 1}
    assert library.names() == ["m", "n"]


def test_unreadable_files(write: Write, tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b'from: json\nto: json\nrows:\n  a: "\xfc"\n')
    with pytest.raises(MappingError) as failed:
        Library([tmp_path]).get("latin")
    assert failed.value.code == "mapping.unreadable"


# --- tables


def test_tables_with_columns() -> None:
    assert read_table("key,value\n01,a\n", "t") == {"01": "a"}
    assert read_table('key,name,city\n1,"a, b",c\n', "t") == {"1": {"name": "a, b", "city": "c"}}


@pytest.mark.parametrize(
    ("text", "line"),
    [("k,v\n", 1), ("key\n", 1), ("", 1), ("key,value\na\n", 2), ("key,value\na,b\na,c\n", 3), ('key,value\n"a', 2)],
)
def test_a_broken_table_names_its_line(text: str, line: int) -> None:
    with pytest.raises(MappingError) as failed:
        read_table(text, "t.csv")
    assert (failed.value.code, failed.value.findings[0].file, failed.value.findings[0].line) == (
        "mapping.table",
        "t.csv",
        line,
    )


# --- decoding


def test_json_numbers_are_exact() -> None:
    document = decode(
        b'\xef\xbb\xbf{"a": 19.90, "b": 1e2, "c": 12345678901234567890}', "application/json; charset=utf-8"
    )
    assert document == {"a": Decimal("19.90"), "b": Decimal("1E+2"), "c": 12345678901234567890}
    assert str(document["a"]) == "19.90"


def test_csv_and_ndjson() -> None:
    assert decode('näme;qty\r\n"a;b";007\r\n\r\n'.encode(), "csv") == [{"näme": "a;b", "qty": "007"}]
    assert decode(b"a\tb\n1\t2\n", "csv") == [{"a": "1", "b": "2"}]
    assert decode("ü,b\n1\n".encode("latin-1"), "csv", encoding="latin-1") == [{"ü": "1"}]
    assert decode(b'{"a": 1}\n\n{"a": 2}\n', "ndjson") == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("body", "kind", "code", "line"),
    [
        (b'{"a": }', "json", "decode.json", 1),
        (b'{"a": 1}\n{"a": }\n', "ndjson", "decode.json", 2),
        (b"\xff\xfe", "json", "decode.encoding", 0),
        (b"a,b\n1,2,3\n", "csv", "decode.csv", 2),
        (b"a,a\n", "csv", "decode.csv", 1),
        (b'a,b\n"1,2\n', "csv", "decode.csv", 2),
        (b"", "csv", "decode.csv", 1),
        (b"x", "pdf", "decode.format", 0),
    ],
)
def test_what_is_no_document_is_named(body: bytes, kind: str, code: str, line: int) -> None:
    with pytest.raises(DecodeError) as failed:
        decode(body, kind)
    assert (failed.value.code, failed.value.findings[0].line) == (code, line)


# --- checks


class Address(Schema):
    city = fields.String()


class Line(Schema):
    sku = fields.String()


class Document(Schema):
    number = fields.String()
    ship_to = fields.Nested(Address)
    lines = fields.List(fields.Nested(Line))
    extra = fields.Dict()


def tree(kind: str) -> Any:
    return field_tree(Document) if kind == "order" else None


def test_unknown_fields_of_the_target_are_warnings(write: Write) -> None:
    library = write(
        m="from: json\nto: order\nrows:\n  number: a\n  nummer: a\n  ship_to: {city: b, town: c}\n  extra: {any: d}\n"
        "  lines:\n    each: l\n    sku: s\n    skew: s\n"
    )
    mapping, findings = check(library, "m", tree)
    assert mapping is not None
    assert [(f.line, f.target, f.severity) for f in findings] == [
        (5, "nummer", "warning"),
        (6, "ship_to.town", "warning"),
        (11, "lines.skew", "warning"),
    ]


def test_unknown_kinds_and_fields_of_a_canonical_source(write: Write) -> None:
    library = write(
        a="from: json\nto: odrer\nrows:\n  a: b\n",
        c="from: jsno\nto: json\nrows:\n  a: b\n",
        b="from: order\nto: json\nrows:\n  a: $.number\n  b: $.ship_to.town\n  c: nummer\n"
        "  l:\n    each: lines\n    s: sku\n    t: skew\n",
    )
    assert [(f.line, f.column, f.code) for f in check(library, "a", tree)[1]] == [(2, 5, "mapping.unknown-kind")]
    (doubt,) = check(library, "c", tree)[1]
    assert (doubt.line, doubt.column) == (1, 7) and "`json`" in doubt.message
    assert [(f.line, f.code) for f in check(library, "b", tree)[1]] == [
        (5, "mapping.unknown-source"),
        (6, "mapping.unknown-source"),
        (10, "mapping.unknown-source"),
    ]


def test_errors_come_back_as_findings(write: Write) -> None:
    mapping, findings = check(write(m="from: json\nto: order\nrows:\n  a: b |\n"), "m")
    assert mapping is None and [f.severity for f in findings] == ["error"]


def test_the_canonical_schemas_are_read() -> None:
    order = schema_fields("order")
    assert order is not None and "sku" in order["lines"] and schema_fields("nix") is None


# --- versions over files


def test_a_version_takes_the_place_of_its_file_and_may_extend_it(write: Write) -> None:
    files = write(base=BASE, child="extends: base\nrows:\n  n: z\n")
    draft = files.written_over("base", "extends: base\nrows:\n  a: x\n")
    assert (draft.number, dict(draft.stands_on)) == (0, {"base": BASE})
    library = files.with_versions({"base": Version(2, draft.text, draft.stands_on)})
    document = {"b": 1, "x": 2, "z": 3}
    assert library.get("base").run(document) == {"a": 2} and library.get("base").version == 2
    assert library.get("child").run(document) == {"a": 2, "n": 3}, "what extends it follows its version"
    assert library.get("child").version == 0 and files.get("base").run(document) == {"a": 1}
    assert Mapping.from_text(library.get("child").text).run(document) == {"a": 2, "n": 3}


def test_a_version_stands_on_the_files_as_they_were(write: Write) -> None:
    files = write(base=BASE, child="extends: base\nrows: {}\n")
    draft = files.written_over("child", "extends: child\nrows:\n  n: z\n")
    assert set(draft.stands_on) == {"child", "base"}
    library = files.with_versions({"child": draft})
    write(base=BASE.replace("a: b", "a: x"))
    assert library.get("child").run({"b": 1, "x": 2, "z": 3}) == {"a": 1, "n": 3}
    assert library.get("base").run({"b": 1, "x": 2}) == {"a": 2}, "the file itself has moved on"
    assert files.written_over("child", draft.text).stands_on["base"] != draft.stands_on["base"]


def test_a_version_of_what_is_no_file_stands_on_its_own(write: Write) -> None:
    files = write(base=BASE)
    library = files.with_versions({"own": Version(1, "extends: base\nrows: {}\n", {"base": BASE})})
    assert library.names() == ["base", "own"] and library.get("own").run({"b": 1}) == {"a": 1}
    with pytest.raises(MappingError, match="cannot extend `own`"):
        files.with_versions({"own": Version(1, "extends: own\nrows: {}\n")}).get("own")


def test_other_versions_leave_what_does_not_rest_on_them_compiled(write: Write) -> None:
    files = write(base=BASE, other=BASE, child="extends: base\nrows: {}\n")
    compiled = {name: files.get(name) for name in files.names()}
    library = files.with_versions({"base": Version(1, BASE.replace("a: b", "a: x"))})
    assert library.get("other") is compiled["other"]
    assert library.get("child").run({"x": 2}) == {"a": 2} and files.get("child") is compiled["child"]
    assert library.with_versions({}).get("child").run({"b": 1}) == {"a": 1}
