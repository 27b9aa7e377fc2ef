"""A mapping or a document that means harm: no code, no attributes, no work out of proportion."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from hub.edi.tree import Loop, TransactionSet
from hub.mapping import Context, DecodeError, Library, Mapping, MappingError, decode, edi_paths, runtime


def of(*rows: str, source: str = "json") -> Mapping:
    return Mapping.from_text(f"from: {source}\nto: json\nrows:\n" + "".join(f"  {row}\n" for row in rows))


def codes(compiled: Mapping, document: Any) -> set[str]:
    with pytest.raises(MappingError) as failed:
        compiled.run(document)
    return {finding.code for finding in failed.value.findings}


def refused(text: str) -> set[str]:
    with pytest.raises(MappingError) as failed:
        Mapping.from_text(text)
    return {finding.code for finding in failed.value.findings}


class Trap:
    """An object whose attributes a mapping must never reach."""

    secret = "secret"


@pytest.mark.parametrize(
    "path", ["__class__", "a.__class__.__mro__", "a.secret", "a.upper", "$.__dict__", "partner.__class__.x"]
)
def test_attributes_are_out_of_reach(path: str) -> None:
    document = {"a": Trap(), "b": "x"}
    assert of(f"x: {path}").run(document, Context(partner={"p": "x"})) == {}


def test_an_unknown_object_is_not_turned_into_text() -> None:
    assert codes(of("x: a | upper"), {"a": Trap()}) == {"mapping.not-a-value"}


@pytest.mark.parametrize(
    "call", ["eval", "exec", "open", "__import__", "import", "now", "env", "regex('a')", "format('{0.__class__}')"]
)
def test_no_such_function(call: str) -> None:
    assert refused(f"from: json\nto: json\nrows:\n  x: a | {call}\n") & {"mapping.unknown-function", "mapping.syntax"}


def test_a_pattern_is_no_program() -> None:
    fits = of("x: a | fits(b)")
    harm = {"(a+)+$": "mapping.bad-value", "#{999}": "mapping.bad-value", "# " * 501: "mapping.text-size"}
    for pattern, code in harm.items():
        assert codes(fits, {"a": "a" * 1000, "b": pattern}) == {code}
    assert fits.run({"a": "a" * 1000, "b": "#{200} " * 100}) == {"x": False}


def test_a_text_cannot_grow_without_end() -> None:
    grow = " | ".join(["replace('a', 'aaaaaaaaaaaaaaaaaaaa')"] * 12)
    tracemalloc.start()
    assert codes(of(f"x: a | {grow}"), {"a": "a"}) == {"mapping.text-size"}
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def test_a_number_cannot_grow_without_end() -> None:
    grow = " | ".join(["multiply(a)"] * 30)
    assert codes(of(f"x: a | {grow}"), {"a": "99999999999999999999"}) == {"mapping.number-size"}
    assert codes(of("x: a | integer"), {"a": "1e999999999"}) == {"mapping.not-a-number"}
    assert codes(of("x: a | text"), {"a": decode(b"1e999999", "json")}) == {"mapping.number-size"}
    assert codes(of("x: l | product"), {"l": ["9" * 30] * 1000}) == {"mapping.number-size"}


@pytest.fixture
def small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that is soon reached."""
    monkeypatch.setattr(runtime, "MAX_STEPS", 50_000)


@pytest.mark.usefixtures("small_bound")
def test_nested_each_over_the_whole_document_is_bounded() -> None:
    rows = "\n".join(f"{'  ' * (i + 1)}l:\n{'  ' * (i + 2)}each: $.l" for i in range(8))
    text = f"from: json\nto: json\nrows:\n{rows}\n{'  ' * 9}n: .\n"
    assert codes(Mapping.from_text(text), {"l": [{"n": 1}] * 60}) == {"mapping.too-much-work"}


def test_the_bound_grows_with_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "MAX_STEPS", 500)
    lines = [{"sku": f"A{number}", "quantity": 1} for number in range(400)]
    once = of("l:", "  each: a.l", "  sku: sku", "  of: $.n")
    assert len(once.run({"a": {"l": lines}, "n": 400})["l"]) == 400
    assert codes(of("l:", "  each: a.l", "  n: $.a.l.quantity | sum"), {"a": {"l": lines}}) == {"mapping.too-much-work"}
    tree = Loop("850", [Loop("PO1", [("PO1", str(number), "1", "EA")]) for number in range(400)])
    assert (
        len(
            of("l:", "  each: PO1", "  n: PO101", source="x12 850").run(
                TransactionSet("x12", "850", "004010", "1", tree, {})
            )["l"]
        )
        == 400
    )


@pytest.mark.usefixtures("small_bound")
def test_searching_every_depth_from_every_loop_is_bounded() -> None:
    loop = Loop("HL", [("HL", "1", "", "I")])
    root = loop
    for _ in range(600):
        root = Loop("HL", [("HL", "1", "", "I"), root])
    document = TransactionSet("x12", "856", "004010", "1", Loop("", [root]), {})
    compiled = of("l:", "  each: //HL", "  n: //HL | count", "  up: ^HL[X]/HL01", source="x12 856")
    assert codes(compiled, document) == {"mapping.too-much-work"}


def ship_notice(orders: int, packs: int) -> TransactionSet:
    """A shipment with orders in it, each with packs in it."""
    made = [
        Loop("HL", [("HL", f"{o}", "1", "O"), *(Loop("HL", [("HL", f"{o}-{p}", f"{o}", "P")]) for p in range(packs))])
        for o in range(orders)
    ]
    shipment = Loop("HL", [("HL", "1", "", "S"), ("TD5", "B", "2", "UPSN"), *made])
    return TransactionSet("x12", "856", "004010", "1", Loop("856", [shipment]), {})


@pytest.mark.parametrize(("orders", "packs"), [(1, 800), (800, 1)])
@pytest.mark.usefixtures("small_bound")
def test_what_many_items_ask_of_the_loops_around_them_is_looked_for_once(orders: int, packs: int) -> None:
    rows = ("l:", "  each: //HL[P]", "  carrier: $//HL[S]/TD503", "  order: ^HL[O]/HL01", "  n: ^HL[O]//HL[T] | count")
    found = of(*rows, source="x12 856").run(ship_notice(orders, packs))["l"]
    assert len(found) == 800 and found[-1] == {"carrier": "UPSN", "order": str(orders - 1), "n": 0}


def test_where_many_loops_stand_is_found_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[Any] = []
    numbered = edi_paths._numbered
    monkeypatch.setattr(edi_paths, "_numbered", lambda node, crumb: passes.append(node) or numbered(node, crumb))
    document = ship_notice(300, 1)
    run = runtime.Run(document, Context(), {})
    (shipment,) = document.root.loops("HL")
    crumbs = [edi_paths._crumbs_to(loop, run) for loop in shipment.loops("HL")]
    assert crumbs[-1] == (((None, "$"), "/HL[#1]"), "/HL[#300]") and len(passes) == 2


@pytest.mark.usefixtures("small_bound")
def test_joining_two_long_lists_is_bounded() -> None:
    document = {"a": [{"k": i} for i in range(300)], "b": [{"k": -i} for i in range(300)]}
    assert codes(of("l:", "  each: a", "  n: $.b[k!=.k].v | sum", "  m: k"), document) == {"mapping.too-much-work"}


def test_joining_two_long_lists_by_a_key_takes_no_more_work_than_reading_them() -> None:
    document = {"a": [{"k": i} for i in range(3000)], "b": [{"k": 3000 - i, "v": i} for i in range(3000)]}
    lines = of("l:", "  each: a", "  n: $.b[k=.k].v | sum").run(document)["l"]
    assert lines[0]["n"] == 2999 and len(lines) == 2999


def test_a_generated_function_is_bounded_too() -> None:
    joins = [f"    n{i}: $.b[k=.k,l=.l].v.w.x.y | sum" for i in range(60)]
    fragments = "".join(f"  f{i}:\n    x{i}: {{use: g}}\n" for i in range(20))
    uses = "".join(f"  y{i}: {{use: f{i}}}\n" for i in range(20))
    text = "from: json\nto: json\nfragments:\n" + "  g:\n" + "\n".join(joins) + f"\n{fragments}rows:\n{uses}  z: a\n"
    compiled = Mapping.from_text(text)
    assert compiled._direct is None and compiled.run({"a": 1}) == {"z": 1}


def test_long_words_numbers_that_collide_and_letters_that_unfold() -> None:
    assert len(of("x: a | fold(1)").run({"a": "w" * 300_000})["x"]) == 300_000
    colliding = [i * (2**61 - 1) for i in range(1, 30_000)]
    assert len(of("x: a | unique").run({"a": colliding})["x"]) == len(colliding)
    assert codes(of("x: a | ascii"), {"a": "\ufdfa" * 100_000}) == {"mapping.text-size"}
    assert codes(of("x: a | country"), {"a": "a" * 1_000_000}) == {"mapping.country"}
    assert codes(of("x: a | region('US')"), {"a": "\ufdfa" * 1_000_000}) == {"mapping.region"}
    for call in ("decimal", "date", "datetime", "date('YYYY-MM-DD')", "boolean", "checked", "from_epoch"):
        with pytest.raises(MappingError):
            of(f"x: a | {call}").run({"a": "1" * 1_000_000 + "x"})


@pytest.mark.usefixtures("small_bound")
def test_work_that_is_too_much_is_told_once_and_ends_the_run() -> None:
    with pytest.raises(MappingError) as failed:
        of("l:", "  each: $.l", "  m:", "    each: $.l", "    n: k | decimal").run({"l": [{"k": "1"}] * 400})
    (finding,) = failed.value.findings
    assert finding.code == "mapping.too-much-work" and finding.target == "l.m"
    grouped = of("l:", "  each: $.l", "  group_by: i", "  m:", "    each: $.l", "    n: k")
    assert codes(grouped, {"l": [{"k": "1", "i": i} for i in range(400)]}) == {"mapping.too-much-work"}


def test_findings_are_bounded() -> None:
    with pytest.raises(MappingError) as failed:
        of("l:", "  each: l", "  n: n | decimal").run({"l": [{"n": "x"}] * 1000})
    assert len(failed.value.findings) == 100


def test_deep_documents() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert of("x: a").run({"a": deep}) == {"x": 1}
    assert of("x: a | list").run({"a": deep}) == {"x": [1]}
    nested: Any = "v"
    for _ in range(5_000):
        nested = {"a": nested}
    assert of("x: a.a.a | count").run(nested) == {"x": 1}


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000])
def test_deep_json_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(body, "json")


def test_huge_and_odd_json_numbers_are_refused() -> None:
    for body in (b"9" * 100_000, b'{"a": NaN}', b"[-Infinity]"):
        with pytest.raises(DecodeError):
            decode(body, "json")


BOMB = b"".join(
    [b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">', *(
        b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (b"abcdefghij"[i + 1], *[b"abcdefghij"[i]] * 8)
        for i in range(9)
    ), b"]><x>&j;</x>"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BOMB, "decode.xml-entity"),
        (b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>', "decode.xml-entity"),
        (b'<!DOCTYPE x [<!ENTITY % f SYSTEM "http://x.invalid/y.dtd"> %f;]><x/>', "decode.xml-entity"),
        (b"<x>&undeclared;</x>", "decode.xml"),
        (b"<a>" * 200 + b"</a>" * 200, "decode.too-deep"),
        (b"<a>" * 200_000, "decode.too-deep"),
        (b"<a><b></a>", "decode.xml"),
        (b"", "decode.xml"),
        (b'<?xml version="1.0" encoding="utf-32"?><a/>', "decode.encoding"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "decode.encoding"),
    ],
)
def test_xml_that_means_harm_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(DecodeError) as failed:
        decode(body, "xml")
    assert failed.value.code == code and failed.value.findings[0].line > 0


def test_a_document_type_that_lies_elsewhere_is_not_fetched() -> None:
    body = b'<!DOCTYPE cXML SYSTEM "http://x.invalid/cXML.dtd"><cXML a="1"><b xml:lang="en">t</b></cXML>'
    assert decode(body, "xml") == {"cXML": {"a": "1", "b": {"lang": "en", "_": "t"}}}


def test_deep_files_are_refused() -> None:
    assert refused("from: json\nto: json\nrows:\n  a: " + "[" * 10_000) <= {"mapping.yaml-depth", "mapping.yaml-syntax"}
    assert refused("from: json\nto: json\nrows: " + "{a: " * 500) <= {"mapping.yaml-depth", "mapping.yaml-syntax"}
    assert refused("from: json\nto: json\nrows:\n  a: >-\n    " + "(" * 5000) == {"mapping.syntax"}
    assert refused("from: json\nto: json\nrows:\n  a: >-\n    " + "when not " * 4000) == {"mapping.syntax"}
    assert refused("from: json\nto: json\nrows:\n  a: >-\n    x" + "[x[x" * 900) == {"mapping.syntax"}
    assert refused("#" * 2_100_000) == {"mapping.yaml-size"}


def test_fragments_that_use_each_other_end() -> None:
    text = "from: json\nto: json\nfragments:\n  a: {x: {use: b}}\n  b: {y: {use: a}}\nrows:\n  z: {use: a}\n"
    assert "mapping.fragment" in refused(text)
    bomb = "from: json\nto: json\nfragments:\n" + "".join(
        f"  f{i}: {{{', '.join(f'k{k}: {{use: f{i + 1}}}' for k in range(9))}}}\n" for i in range(12)
    )
    assert "mapping.fragment" in refused(bomb + "  f12: {x: a}\nrows:\n  z: {use: f0}\n")


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "a//b", "", "a\0b", "~/x"])
def test_names_do_not_leave_the_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("from: json\nto: json\nrows:\n  a: b\n")
    (tmp_path / "maps").mkdir()
    with pytest.raises(MappingError) as failed:
        Library([tmp_path / "maps"]).get(name)
    assert failed.value.code == "mapping.not-found"


def test_a_table_name_does_not_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("key,value\na,b\n")
    (tmp_path / "tables").mkdir()
    (tmp_path / "m.yaml").write_text("from: json\nto: json\nrows:\n  a: a | lookup('../secret', null)\n")
    assert Library([tmp_path]).get("m").run({"a": "a"}) == {}
