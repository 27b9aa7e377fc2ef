"""The generated function of a mapping: it never gives another result than the closures, and holds none of our text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edi.tree import Loop, TransactionSet
from hub.mapping import Context, Library, Mapping, MappingError
from hub.mapping.direct import Unusual
from tests.unit.mapping.test_properties import DOCUMENTS, EDI, EXPRESSIONS, LOOPS, PATHS, PIPELINES

CONDITIONS = st.one_of(
    PIPELINES,
    st.builds(lambda a, b: f"not {a} or {b}", PATHS, PIPELINES),
    st.builds(lambda a, b: f"({a} and {b} != 'x')", PATHS, PATHS),
    st.builds(lambda a: f"{a} in ('x', '1', 'true')", PIPELINES),
)
JOINS = st.sampled_from(
    [
        "$.a[b=.c]",
        "$.a[b!=.b].c",
        "$.a[c=x,b=.b].c",
        "$.b.a[.=.b]",
        "a[.=x]",
        "$.a.b[c=.b]",
        "b[a=1|x,c!=2].c",
        "a[0].b[c=x]",
    ]
)
CONTEXT = Context(partner={"a": "P"}, connection={"b": ["x", 1]}, message={}, source={"a": {"b": "S"}})


def outcome(run: Any, *given: Any) -> str:
    try:
        return repr(run(*given))
    except MappingError as error:
        return "\n".join(map(str, error.findings))


@given(
    expressions=st.lists(EXPRESSIONS, min_size=3, max_size=3),
    paths=st.lists(st.one_of(PATHS, JOINS), min_size=4, max_size=4),
    condition=CONDITIONS,
    document=DOCUMENTS,
)
@settings(max_examples=60)
def test_it_agrees_with_the_closures(
    expressions: list[str], paths: list[str], condition: str, document: dict[str, Any]
) -> None:
    mapping = Mapping.from_text(f"""
from: json
to: json
const:
  c: K
rows:
  a: >-
    {expressions[0]}
  p: {paths[0]} ?? partner.a
  o:
    with: {paths[1]}
    v: >-
      {expressions[1]}
    u: ^.a | list
    k: const.c
  l:
    each: {paths[2]}
    when: >-
      {condition}
    n: position()
    x: >-
      {expressions[2]}
    m:
      each: {paths[3]}
      value: (position(), ^.b, source.a.b, connection.b) | join('/')
  g:
    each: {paths[2]}
    when: >-
      {condition}
    group_by: {paths[3]}
    n: position()
    x: >-
      {expressions[0]}
    y: {paths[0]} | list
    z:
      each: .
      value: (position(), ^.b, {paths[1]}) | join('/')
  t:
    - {paths[3]}
    - "w"
    - when: >-
        {condition}
      d: .
""")
    assert mapping._direct is not None
    assert outcome(mapping.run, document, CONTEXT) == outcome(mapping.explained, document, CONTEXT)


@given(
    expressions=st.lists(EXPRESSIONS, min_size=2, max_size=2),
    paths=st.lists(st.one_of(PATHS, JOINS), min_size=3, max_size=3),
    rows=st.lists(DOCUMENTS, max_size=4),
)
@settings(max_examples=40)
def test_it_agrees_with_the_closures_on_the_groups_of_a_file(
    expressions: list[str], paths: list[str], rows: list[dict[str, Any]]
) -> None:
    mapping = Mapping.from_text(f"""
from: json
to: json
split:
  each: .
  group_by: a.b
rows:
  a: >-
    {expressions[0]}
  b: {paths[0]}
  c: {paths[1]} | list
  l:
    each: .
    n: position()
    x: >-
      {expressions[1]}
    y: $.b
    z: {paths[2]}
""")
    assert mapping._direct is not None
    try:
        parts = mapping.split(rows, CONTEXT)
    except MappingError:
        return
    for part in parts:
        assert outcome(mapping.run, part, CONTEXT) == outcome(mapping.explained, part, CONTEXT)


@given(children=st.lists(LOOPS, max_size=4))
@settings(max_examples=40)
def test_it_agrees_with_the_closures_on_edi(children: list[Any]) -> None:
    document = TransactionSet("x12", "850", "004010", "1", Loop("", children), {"usage": "T"})
    assert outcome(EDI.run, document) == outcome(EDI.explained, document)


EVIL = "a'\"\\\n): __import__('os').system('x') #"


def test_no_text_of_a_mapping_becomes_source() -> None:
    field = EVIL.replace("\n", " ")
    name = field.replace("'", "''")
    quoted = json.dumps(EVIL)
    mapping = Mapping.from_text(
        f"from: json\nto: json\nconst: {{c: {quoted}}}\nrows:\n  {quoted}: {quoted}\n"
        f"  b: >-\n    .'{name}' | replace('{name}', '{name}') | codes(a='{name}', else=pass)\n"
        f"  c: const.c\n  d: >-\n    a[b='{name}'].c | default('{name}')\n"
    )
    direct = mapping._direct
    assert direct is not None
    code = direct.__code__  # type: ignore[attr-defined]
    ours = re.compile(r"[vkf]\d+l?|[a-z_]+|Unusual|OBJECTS|LIMIT|Group")
    assert [said for said in (*code.co_names, *code.co_varnames) if not ours.fullmatch(said)] == []
    assert [said for said in code.co_consts if isinstance(said, str) and said] == []
    assert mapping.run({field: "x"}) == {EVIL: EVIL, "b": "x", "c": EVIL, "d": field}


def test_a_mapping_too_deep_for_a_function_runs_all_the_same() -> None:
    rows = "".join(f"{' ' * i}l:\n{' ' * i} each: a\n" for i in range(1, 18))
    mapping = Mapping.from_text(f"from: json\nto: json\nrows:\n{rows}{' ' * 18}x: b\n")
    document: dict[str, Any] = {"b": "end"}
    for _ in range(17):
        document = {"a": [document]}
    assert mapping._direct is None
    assert "end" in repr(mapping.run(document))


@pytest.mark.parametrize(
    ("rows", "document"),
    [
        ("x: a.b.c", {"a": {"b": {"c": "1"}}}),
        ("x: a.b.c", {"a": None}),
        ("x: a.b | list", {"a": [{"b": 1}, {"b": 2}]}),
        ("x: a[b=1].c", {"a": [{"b": 1, "c": 2}, {"b": 3}]}),
        ("x:\n    each: a\n    y: $.b[k=.k].v | sum", {"a": [{"k": 1}], "b": [{"k": 1, "v": 2}]}),
        ("x: {each: a, when: k and not n, y: position()}", {"a": [{"k": 1}]}),
        ("x: {each: a, group_by: k, y: k, z: v | sum}", {"a": [{"k": 1, "v": 1}, {"k": 2, "v": 2}, {"k": 1, "v": 3}]}),
    ],
)
def test_what_is_usual_needs_no_closure(rows: str, document: Any) -> None:
    direct = Mapping.from_text(f"from: json\nto: json\nrows:\n  {rows}\n")._direct
    assert direct is not None
    direct(document, Context(), {})


def test_the_orders_of_a_csv_file_need_no_closure() -> None:
    mapping = Library([Path(__file__).parents[3] / "mappings"]).get("generic/csv_order.in")
    rows = [{"order_number": n, "sku": "MUG", "quantity": "1", "country": "US"} for n in ("1", "2", "1")]
    assert mapping._direct is not None
    direct = [mapping._direct(part, Context(), {}) for part in mapping.split(rows)]
    assert [(order["external_id"], len(order["lines"])) for order in direct] == [("1", 2), ("2", 1)]


def test_it_gives_up_on_what_is_wrong() -> None:
    direct = Mapping.from_text("from: json\nto: json\nrows:\n  x!: a\n")._direct
    assert direct is not None
    with pytest.raises(Unusual):
        direct({}, Context(), {})


def test_every_shipped_mapping_has_one() -> None:
    library = Library([Path(__file__).parents[3] / "mappings"])
    assert [name for name in library.names() if library.get(name)._direct is None] == []
