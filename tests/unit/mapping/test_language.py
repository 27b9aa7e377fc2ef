"""What the reference page does not show: errors with their place, scopes, overrides, missing rows."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from hub.edi.tree import Loop, Repeats, TransactionSet
from hub.mapping import Context, Finding, LookupMissing, Mapping, MappingError, value_at

PLAIN = Context()


def mapping(rows: str, source: str = "json", target: str = "json", more: str = "") -> Mapping:
    return Mapping.from_text(f"from: {source}\nto: {target}\n{more}rows:\n{rows}", "m")


def row(expression: str, document: Any, context: Context = PLAIN, source: str = "json") -> Any:
    return mapping(f"  x: >-\n    {expression}\n", source).run(document, context).get("x")


def wrong(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(MappingError) as failed:
        Mapping.from_text(text, "m")
    return [(f.line, f.column, f.code) for f in failed.value.findings]


def failure(compiled: Mapping, document: Any, context: Context = PLAIN) -> Finding:
    with pytest.raises(MappingError) as failed:
        compiled.run(document, context)
    (finding,) = failed.value.findings
    return finding


def x12(*children: Any, envelope: dict[str, str] | None = None) -> TransactionSet:
    return TransactionSet("x12", "850", "004010", "0001", Loop("", list(children)), envelope or {})


# --- errors of a file


def test_all_errors_at_once_each_with_line_and_column() -> None:
    text = """\
from: json
to: order
rows:
  a: b | nope
  c: >-
    d ??
    e | left(many)
  f: g | lookup(carriers)
  h: 00
  i:
    each: j | first
    k: l
  m: n | date('QQ')
"""
    assert wrong(text) == [
        (4, 10, "mapping.unknown-function"),
        (7, 14, "mapping.argument"),
        (8, 10, "mapping.argument"),
        (9, 6, "mapping.syntax"),
        (11, 13, "mapping.syntax"),
        (13, 10, "mapping.argument"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from: json\nto: x\nrows:\n  a: b\n  a: c\n", (5, 3, "mapping.yaml-duplicate-key")),
        ("from: json\nto: x\nrows:\n  a: &x b\n", (4, 6, "mapping.yaml-alias")),
        ("from: json\nto: x\nrows:\n  a: *x\n", (4, 6, "mapping.yaml-alias")),
        ("from: json\nto: x\nrows:\n  a: !!python/object:os.system x\n", (4, 6, "mapping.yaml-tag")),
        ("from: json\nto: x\nrows:\n  a: [\n", (5, 1, "mapping.yaml-syntax")),
        ("- a\n", (1, 1, "mapping.yaml-shape")),
        ("from: json\nto: x\nrows: {a: b}\n---\nfrom: json\n", (4, 1, "mapping.yaml-documents")),
        ("from: json\nto: x\nrow:\n  a: b\n", (3, 1, "mapping.unknown-key")),
        ("from: json\nto: x\nrows:\n  a.b: c\n  a: d\n", (5, 3, "mapping.duplicate-target")),
        ("from: json\nto: x\nrows:\n  a: {b: c}\n  a.b: d\n", (5, 3, "mapping.duplicate-target")),
        ("from: json\nto: x\nrows:\n  a: {group_by: b, c: d}\n", (4, 17, "mapping.control")),
        ("from: json\nto: x\nrows:\n  a: {each: b, value: c, d: e}\n", (4, 23, "mapping.control")),
        ("from: json\nto: x\nrows:\n  a: {each: b}\n", (4, 6, "mapping.empty-block")),
        ("from: json\nto: x\nrows:\n  a: {use: nix, b: c}\n", (4, 12, "mapping.fragment")),
        ("from: json\nto: x\nextends: y\nrows: {a: b}\n", (3, 10, "mapping.extends")),
        ("from: x12 850\nto: x\nrows:\n  a: beg03\n", (4, 6, "mapping.syntax")),
        ("from: json\nto: x12 855\nrows:\n  bak01: a\n", (4, 3, "mapping.designator")),
        ("from: json\nto: x12 855\nrows:\n  N1: a\n", (4, 3, "mapping.designator")),
    ],
)
def test_error_of_a_file_names_its_place(text: str, expected: tuple[int, int, str]) -> None:
    assert expected in wrong(text)


@pytest.mark.parametrize(
    ("expression", "told"),
    [("a | uper", "is `upper` meant?"), ("a | frobnicate", "there are abs, "), ("a[0 | first", "expected `]`")],
)
def test_an_error_says_what_may_be_meant(expression: str, told: str) -> None:
    with pytest.raises(MappingError, match=re.escape(told)):
        Mapping.from_text(f"from: json\nto: json\nrows:\n  a: {expression}\n")


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("a |", 4),
        ("a | b(", 7),
        ("a b", 3),
        ("(a", 3),
        ("a[kind]", 7),
        ("a[1.5]", 3),
        ("when a then", 12),
        ("a.", 3),
        ("when a b", 8),
        ("a | codes(x)", 11),
        ("a | codes()", 5),
        ("a | pad(3, '00')", 5),
        ("a | left('x')", 10),
        ("a | trim(1)", 10),
        ("a | lookup(t, default=b.c)", 15),
        ("a = b", 3),
        ("not a", 1),
        ("x~", 2),
        ("a | replace('', 'b')", 5),
    ],
)
def test_error_of_an_expression_names_its_column(expression: str, column: int) -> None:
    ((line, found, _),) = wrong(f"from: json\nto: x\nrows:\n  a: {expression}\n")
    assert (line, found) == (4, 5 + column)


def test_the_text_stays_text() -> None:
    """What plain YAML would turn into numbers, booleans and times."""
    rows = '  a: "00"\n  b: "NO"\n  c: "12:30"\n  d: \'1e3\'\n  e: const.id\n'
    assert mapping(rows, more="const:\n  id: 007\n").run({}) == {
        "a": "00",
        "b": "NO",
        "c": "12:30",
        "d": "1e3",
        "e": "007",
    }


# --- errors of a document


def test_a_finding_names_the_value_by_a_path_that_leads_to_it_and_never_holds_it() -> None:
    compiled = mapping("  lines:\n    each: orders.lines\n    n: qty | decimal\n")
    document = {"orders": [{"lines": [{"qty": "1"}]}, {"lines": [{"qty": "2"}, {"qty": "secret"}]}]}
    finding = failure(compiled, document)
    assert finding.value_path == "$.orders[1].lines[1].qty" and finding.source_path == "qty"
    assert (finding.file, finding.line, finding.column, finding.target) == ("m", 6, 8, "lines.n")
    assert "secret" not in str(finding)
    assert value_at(document, finding.value_path) == "secret"


def test_a_finding_in_an_edi_document_leads_to_the_element() -> None:
    compiled = mapping("  lines:\n    each: PO1\n    n: PO102 | decimal\n    u: PO1.pair(UP) | checked\n", "x12 850")
    document = x12(
        Loop("PO1", [("PO1", "1", "2", "EA", "", "", "UP", "012345678905")]),
        Loop("PO1", [("PO1", "2", "x", "EA", "", "", "UP", "012345678906")]),
    )
    with pytest.raises(MappingError) as failed:
        compiled.run(document)
    paths = [f.value_path for f in failed.value.findings]
    assert paths == ["$/PO1[#2]/PO102", "$/PO1[#2]/PO107"]
    assert [value_at(document, path) for path in paths] == ["x", "012345678906"]


def test_a_finding_about_the_source_of_an_outbound_mapping() -> None:
    compiled = mapping("  a: source/PO1/PO102 | decimal\n", "order", "json", "source: x12 850\n")
    context = Context(source=x12(Loop("PO1", [("PO1", "1", "x")])))
    finding = failure(compiled, {}, context)
    assert value_at({}, finding.value_path, context) == "x"


def test_a_finding_inside_a_group_leads_to_the_row() -> None:
    compiled = mapping("  g:\n    each: .\n    group_by: k\n    n: n\n    q: q | decimal | sum\n", "csv")
    rows = [{"k": "1", "n": "a", "q": "1"}, {"k": "2", "n": "b", "q": "1"}, {"k": "1", "n": "a", "q": "x"}]
    finding = failure(compiled, rows)
    assert finding.value_path == "$[2].q" and value_at(rows, finding.value_path) == "x"


def test_a_fault_in_a_condition_names_its_own_line() -> None:
    compiled = mapping("  l:\n    each: a\n    when: q > 1\n    n: q\n")
    finding = failure(compiled, {"a": [{"q": "2"}, {"q": "x"}]})
    assert (finding.line, finding.value_path) == (6, "$.a[1].q")


def test_different_values_in_a_group_are_an_error() -> None:
    compiled = mapping("  g:\n    each: .\n    group_by: k\n    n: n\n", "csv")
    assert failure(compiled, [{"k": "1", "n": "a"}, {"k": "1", "n": "b"}]).code == "mapping.several"


def test_required_is_not_reported_twice_when_the_row_itself_failed() -> None:
    assert failure(mapping("  a!: b | decimal\n"), {"b": "x"}).code == "mapping.not-a-number"
    assert failure(mapping("  a!:\n    c: b | decimal\n"), {"b": "x"}).code == "mapping.not-a-number"
    assert failure(mapping("  a!: b\n"), {"b": ""}).code == "mapping.required"


def test_what_is_required_names_what_it_is_read_from() -> None:
    finding = failure(mapping("  a!: b | upper ?? c\n"), {"d": "1"})
    assert finding.message == "`a` is required and nothing fills it from `b` or `c`"
    assert (finding.target, finding.source_path) == ("a", "b")
    assert failure(mapping("  a!:\n    x: c\n"), {}).message == "`a` is required and nothing fills it"


def test_every_finding_of_a_document_is_reported() -> None:
    with pytest.raises(MappingError) as failed:
        mapping("  a: x | decimal\n  b!: y\n  c: z\n").run({"x": "?", "z": ["1", "2"]})
    assert [f.code for f in failed.value.findings] == [
        "mapping.not-a-number",
        "mapping.required",
        "mapping.several",
    ]


# --- paths


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a.b", 1),
        ("a.c", None),
        ("a.b.c", None),
        ("l.n | list", [1, 2, 3]),
        ("l[0].n", 1),
        ("l[-1].n", 3),
        ("l[9].n", None),
        ("l[k=x].n | list", [1, 3]),
        ("l[k!=x].n", 2),
        ("l[k=x,n=3].n", 3),
        ("l[n=1|2].n | sum", Decimal(3)),
        ("l[d.e=y].n", 2),
        ("s[.=q]", "q"),
        ("s[1]", "q"),
        ("m[0][1]", 2),
        ("m | list", [1, 2, 3]),
        ("$.a.b", 1),
        (".'x y'", 5),
        ("t", True),
        ("f", False),
        ("z", 0),
        ("nil ?? 'n'", "n"),
        ("e ?? 'n'", "n"),
        ("f ?? 'n'", False),
        ("a[.'b'=1].b", 1),
        (".when", "w"),
        ("partner.p", 9),
        (".partner", {"p": 8}),
        ("^.a.b", None),
        ("l.d.e", "y"),
    ],
)
def test_json_paths(expression: str, expected: Any) -> None:
    document = {
        "a": {"b": 1},
        "l": [{"n": 1, "k": "x"}, {"n": 2, "k": "y", "d": {"e": "y"}}, {"n": 3, "k": "x"}],
        "s": ["p", "q"],
        "m": [[1, 2], [3]],
        "x y": 5,
        "t": True,
        "f": False,
        "z": 0,
        "nil": None,
        "e": "",
        "when": "w",
        "partner": {"p": 8},
    }
    assert row(expression, document, Context(partner={"p": 9})) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("BEG03", "4711"),
        ("BEG/BEG03", "4711"),
        ("BEG09", None),
        ("XYZ01", None),
        ("REF[DP]/REF02", "038"),
        ("REF[ZZ]/REF02", None),
        ("REF[DP|IA]/REF02 | list", ["038", "V"]),
        ("REF[REF02=V]/REF01", "IA"),
        ("REF[REF01=DP,REF02!=V]/REF02", "038"),
        ("REF[#2]/REF02", "V"),
        ("N1[ST]/N301", "1 Main"),
        ("N1[ST]/N302", None),
        ("N1[ST]/N3/N301", "1 Main"),
        ("N1/N102 | join('+')", "Store+Bill"),
        ("PO1.pair(VN)", "MUG"),
        ("PO1.pair(EA)", None),
        ("PO1/PO1.pair(UP)", "012345678905"),
        ("PO1/CTP.pair(X)", None),
        ("REF04-2", "b"),
        ("REF[DP]/REF04-1", "a"),
        ("REF[DP]/REF04 | list", ["a", "b"]),
        ("REF[IA]/REF03 | list", ["r1", "r2"]),
        ("//N3/N301", "1 Main"),
        ("//PID/PID05", "Mug"),
        ("//BEG03", "4711"),
        ("$/BEG03", "4711"),
        ("envelope.usage", "T"),
        ("envelope.set_id", "850"),
        ("PO1/PID05", "Mug"),
    ],
)
def test_edi_paths(expression: str, expected: Any) -> None:
    document = x12(
        ("BEG", "00", "SA", "4711"),
        ("REF", "DP", "038", "", ("a", "b")),
        ("REF", "IA", "V", Repeats(("r1", "r2"))),
        Loop("N1", [("N1", "ST", "Store"), ("N3", "1 Main")]),
        Loop("N1", [("N1", "BT", "Bill")]),
        Loop(
            "PO1",
            [
                ("PO1", "1", "2", "EA", "5", "", "UP", "012345678905", "VN", "MUG"),
                Loop("PID", [("PID", "F", "", "", "", "Mug")]),
            ],
        ),
        envelope={"usage": "T"},
    )
    assert row(expression, document, source="x12 850") == expected


def test_hl_items_reach_up_and_to_the_outer_item() -> None:
    item = Loop("HL", [("HL", "3", "2", "I"), ("LIN", "", "UP", "1")])
    order = Loop("HL", [("HL", "2", "1", "O"), ("PRF", "PO-1"), item])
    document = x12(Loop("HL", [("HL", "1", "", "S"), ("TD5", "", "2", "UPSN"), order]))
    compiled = mapping(
        "  s:\n    each: HL[S]\n    kind: HL03\n    i:\n      each: //HL[I]\n"
        "      po: ^HL[O]/PRF01\n      scac: ^/TD503\n      id: HL01\n",
        "x12 856",
    )
    assert compiled.run(document) == {"s": [{"kind": "S", "i": [{"po": "PO-1", "scac": "UPSN", "id": "3"}]}]}


def test_with_a_source_scope_reads_its_dialect() -> None:
    compiled = mapping(
        '  N1:\n    with: source/N1[ST]\n    N101: "ST"\n    N102: N102\n    N103: ^.name\n    N104: $.name\n',
        "order",
        "x12 855",
        "source: x12 850\n",
    )
    source = x12(Loop("N1", [("N1", "ST", "Store")]))
    assert compiled.run({"name": "x"}, Context(source=source)) == {
        "N1": [{"N101": "ST", "N102": "Store", "N103": "x", "N104": "x"}]
    }


# --- expressions


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("n = 2", True),
        ("n = '2'", True),
        ("n = 2.0", True),
        ("n != 2", False),
        ("t = '02'", True),
        ("t = 2", False),
        ("n > 1 and n < 3", True),
        ("t < '03'", True),
        ("t in ('01', '02')", True),
        ("t not in ('01')", True),
        ("nil = null", True),
        ("nil = 'x'", False),
        ("nil in ('x')", False),
        ("nil > 1", False),
        ("not nil", True),
        ("(nil or n) and not f", True),
        ("f", False),
        ("l.k = 'x'", True),
        ("t | right(1) = '2'", True),
        ("f = false", True),
    ],
)
def test_conditions(condition: str, expected: bool) -> None:
    document = {"n": 2, "t": "02", "f": False, "nil": None, "l": [{"k": "x"}]}
    assert row(f"when {condition} then true else false", document) is expected


def test_functions_before_one_that_collects_apply_to_each_match() -> None:
    document = {"l": [{"t": "a, b"}, {"t": None}, {"t": "c"}]}
    assert row("l.t | split(',') | upper | join('-')", document) == "A-B-C"
    assert row("l.t | split(',') | upper", {"l": {"t": "a,b"}}) == ["A", "B"]
    assert row("l.t | count", document) == 2
    assert row("x.y | count", document) == 0


def test_arguments_may_be_paths() -> None:
    assert row("a | subtract(b) | add(c.d)", {"a": "5", "b": 2, "c": {"d": Decimal("0.5")}}) == Decimal("3.5")
    assert (
        row(
            "a | datetime('YYYYMMDDHHmm', zone=partner.zone)",
            {"a": "202607011000"},
            Context(partner={"zone": "Europe/Paris"}),
        )
        == "2026-07-01T08:00:00Z"
    )


def test_a_time_without_a_zone_is_an_error() -> None:
    assert failure(mapping("  a: b | datetime\n"), {"b": "2026-11-22T10:00:00"}).code == "mapping.zone-missing"


@pytest.mark.parametrize(
    ("expression", "value", "code"),
    [
        ("date('YYYYMMDD')", "20261340", "mapping.bad-value"),
        ("date", "soon", "mapping.date"),
        ("date('MMM D YYYY')", "Foo 1 2026", "mapping.bad-value"),
        ("integer", "1.5", "mapping.not-whole"),
        ("decimal", "1,5", "mapping.not-a-number"),
        ("decimal", "٣", "mapping.not-a-number"),
        ("decimal", "1e999", "mapping.number-size"),
        ("decimal", "Infinity", "mapping.not-a-number"),
        ("divide(0)", "1", "mapping.division"),
        ("boolean", "maybe", "mapping.not-a-boolean"),
        ("sscc", "123", "mapping.sscc"),
        ("gtin(8)", "012345678905", "mapping.gtin"),
        ("upper", {"a": 1}, "mapping.not-a-value"),
        ("implied_decimals(2)", "1.5", "mapping.not-a-number"),
        ("datetime(zone='Mars/Base')", "2026-01-01T00:00", "mapping.zone"),
        ("add_days(3660)", "9999-12-31", "mapping.bad-value"),
        ("datetime", "0001-01-01T00:00:00+14:00", "mapping.bad-value"),
    ],
)
def test_values_a_function_refuses(expression: str, value: Any, code: str) -> None:
    finding = failure(mapping(f"  a: b | {expression}\n"), {"b": value})
    assert (finding.code, finding.value_path) == (code, "$.b")


# --- lookups


def test_a_missing_row_parks_and_names_every_row_it_waits_for() -> None:
    """Story 2: the document is kept and its state says what is missing."""
    compiled = mapping("  lines:\n    each: lines\n    sku: sku | lookup(skus, park)\n")
    with pytest.raises(LookupMissing) as parked:
        compiled.run({"lines": [{"sku": "A"}, {"sku": "B"}, {"sku": "A"}]})
    assert parked.value.missing == (("skus", "A"), ("skus", "B"))
    assert (parked.value.table, parked.value.key) == ("skus", "A")
    assert parked.value.findings[1].value_path == "$.lines[1].sku"
    assert compiled.tables == {"skus"}


def test_a_row_added_releases_it() -> None:
    compiled = mapping("  sku: sku | lookup(skus, park)\n")
    rows = {("skus", "A"): "MUG"}
    assert compiled.run({"sku": "A"}, Context(lookup=lambda table, key: rows.get((table, key)))) == {"sku": "MUG"}


def test_any_other_fault_outweighs_a_missing_row() -> None:
    with pytest.raises(MappingError) as failed:
        mapping("  sku: sku | lookup(skus, park)\n  q: q | decimal\n").run({"sku": "A", "q": "x"})
    assert not isinstance(failed.value, LookupMissing)
    assert [f.code for f in failed.value.findings] == ["mapping.lookup-parked", "mapping.not-a-number"]


def test_the_hub_is_asked_before_the_file() -> None:
    compiled = mapping("  a: a | lookup(t, fail)\n", more="tables:\n  t: {x: file, y: file}\n")
    context = Context(lookup=lambda table, key: "hub" if key == "x" else None)
    assert [compiled.run({"a": key}, context)["a"] for key in "xy"] == ["hub", "file"]
    assert failure(compiled, {"a": "z"}, context).code == "mapping.lookup-missing"


def test_a_setting_names_the_table_and_nothing_else_does() -> None:
    rows = {("acme", "A"): "MUG", ("common", "A"): "TEA"}
    one = mapping("  sku: >-\n    sku | lookup(partner.tables.items ?? connection.items ?? 'common', park)\n")
    two = mapping("  sku: sku | lookup(partner.tables.items, park)\n")

    def context(**facts: Any) -> Context:
        return Context(lookup=lambda table, key: rows.get((table, key)), **facts)

    acme = context(partner={"tables": {"items": "acme"}}, connection={"items": "none"})
    assert one.run({"sku": "A"}, acme) == two.run({"sku": "A"}, acme) == {"sku": "MUG"}
    assert one.run({"sku": "A"}, context()) == {"sku": "TEA"} and one.tables == {"common"}
    assert failure(two, {"sku": "A"}, context(partner={"tables": "none"})).code == "mapping.table-unnamed"
    with pytest.raises(LookupMissing) as parked:
        two.run({"sku": "B"}, acme)
    assert parked.value.missing == (("acme", "B"),)
    for chosen in ("table.name", "$.table", "source.table", "partner.a ?? other.b", "'a' ?? 'b'", "partner.tables[0]"):
        with pytest.raises(MappingError):
            mapping(f"  sku: >-\n    sku | lookup({chosen}, park)\n")
