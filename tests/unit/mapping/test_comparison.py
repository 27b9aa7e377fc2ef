"""What a change of a mapping would do, told before it is live; and the commands for people who write mappings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.mapping import mapping as command
from hub.edi.tree import Loop, TransactionSet
from hub.mapping import Context, Mapping
from hub.mapping.comparison import Change, Comparison
from hub.mapping.explain import unread
from hub.mapping.trial import outcomes

ROWS = "from: csv\nto: json\nsplit:\n  each: .\nrows:\n  id!: id\n  q: q | integer\n  t: t\n"
OLD = Mapping.from_text(ROWS)
DOCUMENT = [{"id": "1", "q": "2", "t": "a"}, {"id": "2", "q": "x", "t": "b"}, {"id": "3", "q": "4"}]


def compared(text: str) -> tuple[Comparison, list[Change]]:
    found = Comparison()
    before, after = (list(outcomes(one, [DOCUMENT], Context())) for one in (OLD, Mapping.from_text(text)))
    return found, found.add("file", before, after)


def test_what_changes_is_told_document_by_document_and_in_sum() -> None:
    found, changes = compared(ROWS.replace("t: t", "t: t | upper").replace("q | integer", "q | text"))
    assert (found.documents, found.changed) == (3, 3)
    assert [(c.document, [str(d) for d in c.differences]) for c in changes] == [
        ("file (1)", ['q: 2 became "2"', 't: "a" became "A"']),
        ("file (2)", []),
        ("file (3)", ['q: 4 became "4"']),
    ]
    assert found.fields == {"q": 2, "t": 1}
    assert found.pass_now == ["file (2)"] and found.fail_now == []


def test_what_would_newly_fail_is_told() -> None:
    found, changes = compared(ROWS.replace("t: t", "t!: t"))
    assert found.fail_now == ["file (3)"] and changes[0].after == ("t mapping.required",)
    assert [c.document for c in changes] == ["file (3)"], "what fails as before is no change"


def test_nothing_changes_for_the_same_mapping() -> None:
    found, changes = compared(ROWS)
    assert changes == [] and (found.documents, found.changed) == (3, 0)


# --- the commands


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = "from: json\nto: order\nrows:\n  external_id!: id\n  email: mail\n  lines:\n    each: items\n"
    (tmp_path / "o.in.yaml").write_text(text + "    external_id!: n\n    quantity!: q\n")
    (tmp_path / "draft.yaml").write_text("extends: o.in\nremove: [email]\nrows:\n  lines:\n    sku!: s\n")
    document = {"id": "7", "mail": "ada@shop.test", "items": [{"n": "1", "q": 2}], "rest": {"x": 1}}
    (tmp_path / "document.json").write_text(json.dumps(document))
    return tmp_path


def call(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--mappings", str(folder), *arguments])


def test_a_sample_is_made_tested_and_told_apart_when_the_mapping_changes(folder: Path) -> None:
    made = call(folder, "sample", "o.in", str(folder / "document.json"), "--name", "plain")
    assert made.exit_code == 0, made.output
    kept = (folder / "samples" / "o.in" / "plain" / "document.json").read_text()
    assert "ada@" not in kept and "@example.com" in kept
    assert call(folder, "sample", "o.in", str(folder / "document.json"), "--name", "plain").exit_code == 2
    assert call(folder, "test").exit_code == 0
    file = folder / "o.in.yaml"
    file.write_text(file.read_text().replace("email: mail", "phone: mail"))
    failed = call(folder, "test", "o.in", "--json")
    assert failed.exit_code == 1
    told: list[dict[str, Any]] = json.loads(failed.output)
    assert [line.partition(":")[0] for line in told[0]["differences"]] == ["email", "phone"]


def test_a_mapping_without_samples_has_not_been_tested(folder: Path) -> None:
    assert call(folder, "test", "o.in").exit_code == 1


def test_explain_tells_the_way_of_each_value_and_what_is_left_over(folder: Path) -> None:
    answer = call(folder, "explain", "o.in", str(folder / "document.json"), "--json")
    assert answer.exit_code == 0, answer.output
    (told,) = json.loads(answer.output)
    ways = {origin["target"]: (origin["value"], origin["sources"], origin["row"]) for origin in told["origins"]}
    assert ways["lines[1].quantity"] == (2, ["$.items[0].q"], "o.in.yaml:9:16")
    assert told["unread"] == ["rest.x"] and "lines.sku" in told["unfilled"] and "email" not in told["unfilled"]
    shown = call(folder, "explain", "o.in", str(folder / "document.json")).output
    assert 'external_id = "7" from $.id' in shown and "nothing reads: rest.x" in shown


def test_diff_tells_of_a_draft_that_would_fail(folder: Path) -> None:
    answer = call(folder, "diff", "o.in", str(folder / "draft.yaml"), str(folder / "document.json"), "--json")
    assert answer.exit_code == 1
    told = json.loads(answer.output)
    assert told["fail_now"] == [str(folder / "document.json")]
    assert told["changes"][0]["errors_after"] == ["lines.sku mapping.required"]
    assert call(folder, "diff", "o.in", "o.in", str(folder / "document.json")).exit_code == 0
    assert call(folder, "diff", "o.in", "nix").exit_code == 2


def test_new_prints_a_draft_that_runs(folder: Path) -> None:
    answer = call(folder, "new", "--from", str(folder / "document.json"), "--to", "order")
    assert answer.exit_code == 0 and "# not read: rest.x" in answer.output
    empty = answer.output.partition("# not filled: ")[2]
    assert empty.startswith("number, ") and "currency, " in empty, "`external_id` comes first, and is filled"
    assert (
        Mapping.from_text(answer.output).run(json.loads((folder / "document.json").read_text()))["external_id"] == "7"
    )
    (folder / "odd.json").write_text('{"zz": true}')
    assert call(folder, "new", "--from", str(folder / "odd.json"), "--to", "order").exit_code == 2
    (folder / "po.txt").write_text("UNA:+.? 'UNB+UNOC:3")
    told = call(folder, "new", "--from", str(folder / "po.txt"), "--to", "order")
    assert told.exit_code == 2 and "extends: x12/850.in" in told.output


def test_what_is_left_over_of_an_edi_set_is_told_with_its_qualifier() -> None:
    line = ("PO1", "1", "3", "EA", "9.95", "WE", "CB", "55501", "UP", "012345678905")
    segments = [("BEG", "00", "SA", "4711"), ("REF", "DP", "038"), ("REF", "ZZ", "X"), ("MSG", "now"), line]
    document = TransactionSet("x12", "850", "004010", "1", Loop("850", segments), {})
    rows = "  number: BEG03\n  department: REF[DP]/REF02\n  upc: PO1.pair(UP)\n  note: MSG[MSG01!=later]/MSG01\n"
    compiled = Mapping.from_text(f"from: x12 850\nto: json\nrows:\n{rows}")
    assert unread(document, compiled.reads) == [
        "BEG01", "BEG02", "REF[ZZ]/REF02", "PO101", "PO102", "PO103", "PO104", "PO105", "PO1.pair(CB)",
    ]  # fmt: skip
