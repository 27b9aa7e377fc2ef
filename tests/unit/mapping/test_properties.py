"""Nothing but MappingError comes out, whatever goes in; a resolved text maps like the file it came from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.tree import Loop, Repeats, TransactionSet
from hub.mapping import Context, DecodeError, Mapping, MappingError, decode, value_at
from hub.mapping.functions import FUNCTIONS
from hub.mapping.parser import Dialects, parse_path
from hub.mapping.paths import Reader
from hub.mapping.runtime import Run, Scope

NAMES = ("a", "b", "c", "x y")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(-9999, 9999, places=2),
    st.text(max_size=8),
    st.sampled_from(["2026-11-22", "2026-11-22T10:00:00Z", "1.50", "-7", "Y", "012345678905", "1e9", "0" * 70]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4)

PATHS = st.sampled_from(
    [
        "a",
        "a.b",
        "a.b.c",
        "a[0]",
        "a[-1].b",
        "a[b=x]",
        "a[b!=1].c",
        ".'x y'",
        ".",
        "$.a",
        "^.a",
        "^^.b",
        "a.b[c=1|2]",
        "b.c",
    ]
)
CALLS = st.sampled_from(
    [
        "trim",
        "upper",
        "left(2)",
        "right(3)",
        "slice(2, 2)",
        "replace('a', 'bb')",
        "pad(5, '0', left)",
        "after('-')",
        "part(2, ' ')",
        "split(',')",
        "fits(b)",
        "fits('#{2}@ *{200}')",
        "decimal",
        "integer",
        "round(2)",
        "implied_decimals(2)",
        "without_point(2)",
        "negate",
        "abs",
        "add(1)",
        "multiply(b)",
        "divide(b)",
        "sum",
        "product",
        "min",
        "max",
        "count",
        "first",
        "last",
        "at(2)",
        "list",
        "unique",
        "join(',')",
        "any",
        "all",
        "boolean",
        "negated",
        "date",
        "date('YYMMDD')",
        "datetime",
        "datetime(zone='Europe/Paris')",
        "format_date('YYYYMMDD')",
        "add_days(3)",
        "checked",
        "with_check_digit",
        "gtin",
        "sscc(20)",
        "default(b)",
        "digits",
        "length",
        "codes(a=b, else=pass)",
        "lookup(t, null)",
        "strip('0', left)",
        "text",
        "squeeze",
        "lower",
        "before(' ')",
        "ascii",
        "hash(8)",
        "convert('lb', g)",
        "convert(b, cm)",
        "from_minor('JPY')",
        "to_minor(b)",
        "country(alpha3)",
        "region(b)",
        "region('US', name)",
        "given_name",
        "family_name",
        "street",
        "house_number",
        "fold(3)",
        "from_epoch(milliseconds)",
    ]
)
PIPELINES = st.builds(lambda path, calls: " | ".join([path, *calls]), PATHS, st.lists(CALLS, max_size=4))
EXPRESSIONS = st.one_of(
    PIPELINES,
    st.builds(lambda a, b: f"{a} ?? {b}", PIPELINES, PIPELINES),
    st.builds(lambda a, b: f"({a}, {b}) | join('/')", PIPELINES, PIPELINES),
    st.builds(
        lambda a, o, b, c: f"when {a} {o} {b} then {c}",
        PIPELINES,
        st.sampled_from(["=", "<", ">=", "!="]),
        PIPELINES,
        PATHS,
    ),
)


def of(expression: str) -> Mapping:
    text = f"from: json\nto: json\nrows:\n  x: >-\n    {expression}\n  l:\n    each: a\n    y: >-\n      {expression}\n"
    return Mapping.from_text(text)


def plain(value: Any) -> bool:
    """JSON-like; a float or a date only where the document itself held one."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or isinstance(value, (str, int, Decimal, bool, float, date))


ODD = st.one_of(st.decimals(), st.floats(), st.integers(-(10**80), 10**80), st.dates(), st.datetimes())


@given(expression=EXPRESSIONS, document=DOCUMENTS | st.dictionaries(st.sampled_from(NAMES), ODD, max_size=3))
@settings(max_examples=80)
def test_an_expression_gives_plain_values_or_findings_with_a_place(expression: str, document: Any) -> None:
    mapping = of(expression)
    try:
        result = mapping.run(document)
    except MappingError as error:
        for finding in error.findings:
            assert finding.line and finding.column and finding.target and finding.code.startswith("mapping.")
    else:
        assert plain(result)
        assert Mapping.from_text(mapping.text).run(document) == result


@given(text=st.text(alphabet="ab01.'\"|?()[]=!<>,^$/# \n:-&*{}when thenorindate", max_size=60))
@settings(max_examples=80)
def test_any_text_as_a_file_or_an_expression_is_read_or_refused(text: str) -> None:
    for file in (
        text,
        f"from: json\nto: json\nrows:\n  x: {text}\n",
        f"from: x12 850\nto: json\nrows:\n  x: >-\n    {text}\n",
    ):
        try:
            mapping = Mapping.from_text(file)
        except MappingError as error:
            assert all(f.line or f.code == "mapping.yaml-size" for f in error.findings)
        else:
            assert Mapping.from_text(mapping.text).text == mapping.text


@given(path=PATHS, document=DOCUMENTS)
@settings(max_examples=80)
def test_a_path_and_its_location_lead_to_the_same_value(path: str, document: Any) -> None:
    run = Run(document, Context(), {})
    scope = Scope(document, run)
    reader = Reader(parse_path(path, Dialects()), {})
    found = reader.many(document, scope)
    assert [match for match, _ in reader.matches(document, scope)] == found
    for i, value in enumerate(found):
        assert value_at(document, reader.locate(document, scope, i)) == (value if value != [] else None)


@given(path=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), document=DOCUMENTS)
def test_a_path_of_names_is_what_plain_python_would_read(path: list[str], document: Any) -> None:
    def walk(node: Any, names: list[str]) -> list[Any]:
        if isinstance(node, list):
            return [value for item in node for value in walk(item, names)]
        if not names:
            return [] if node is None or node == "" else [node]
        return walk(node[names[0]], names[1:]) if isinstance(node, dict) and names[0] in node else []

    written = "." + ".".join(f"'{name}'" for name in path)
    reader = Reader(parse_path(written, Dialects()), {})
    assert reader.many(document, Scope(document, Run(document, Context(), {}))) == walk(document, path)


ELEMENTS = st.one_of(
    st.text(max_size=5),
    st.tuples(st.text(max_size=3), st.text(max_size=3)),
    st.builds(lambda items: Repeats(items), st.lists(st.text(min_size=1, max_size=3), max_size=3)),
)
SEGMENTS = st.builds(
    lambda name, rest: (name, *rest), st.sampled_from(["BEG", "N1", "PO1", "HL", "REF"]), st.lists(ELEMENTS, max_size=9)
)
LOOPS = st.recursive(
    SEGMENTS,
    lambda inner: st.builds(
        lambda trigger, rest: Loop(trigger[0], [trigger, *rest]), SEGMENTS, st.lists(inner, max_size=4)
    ),
    max_leaves=15,
)
EDI = Mapping.from_text("""
from: x12 850
to: json
rows:
  a: BEG03 | trim
  b: (BEG03, REF02) | join
  c: REF[DP]/REF02 | date
  d: N1[ST|BT]/N102
  e: PO1.pair(UP) ?? //PO1/PO102
  f: REF[REF01=a,REF02!=b]/REF03-2
  g: N1[#2]/N101
  loops:
    each: //HL[I]
    up: ^HL[O]/HL01
    out: ^/BEG01
    root: $/N1/N104 | count
    own: HL01 | integer
  lines:
    each: PO1
    when: PO101 = '1' or PO1.pair(VN)
    n: PO102 | decimal
    u: envelope.usage
""")


@given(children=st.lists(LOOPS, max_size=4))
@settings(max_examples=100)
def test_any_tree_gives_values_or_findings_whose_place_can_be_looked_up(children: list[Any]) -> None:
    document = TransactionSet("x12", "850", "004010", "1", Loop("", children), {})
    try:
        assert plain(EDI.run(document))
    except MappingError as error:
        for finding in error.findings:
            assert value_at(document, finding.value_path) is not None or finding.value_path.startswith("$")


@given(
    body=st.binary(max_size=60),
    kind=st.sampled_from(["json", "csv", "ndjson", "text/csv; charset=utf-8", "pdf", "lines", "application/xml"]),
)
def test_any_bytes_are_decoded_or_refused(body: bytes, kind: str) -> None:
    try:
        decode(body, kind)
    except DecodeError as error:
        assert error.findings[0].code.startswith("decode.")


def test_every_function_is_among_the_calls_tried_here() -> None:
    tried = {call.partition("(")[0] for call in CALLS.elements}  # type: ignore[attr-defined]
    assert set(FUNCTIONS) - tried <= {"prefix", "suffix", "subtract"}
