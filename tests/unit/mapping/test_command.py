"""`hub mapping check` and `hub mapping run`, with their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.mapping import mapping

ORDER = (
    "from: json\nto: order\nrows:\n  external_id!: id\n  lines:\n    each: items\n"
    "    external_id: n\n    quantity: q | decimal\n"
)
X12 = (
    b"ISA*00*          *00*          *ZZ*BUYER          *ZZ*SELLER         *261101*1200*U*00401*000000001*0*T*>~"
    b"GS*PO*BUYER*SELLER*20261101*1200*1*X*004010~ST*850*0001~BEG*00*SA*4711**20261101~PO1*1*3*EA*9.95**VN*MUG~"
    b"CTT*1~SE*5*0001~GE*1*1~IEA*1*000000001~"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(ORDER)
    (tmp_path / "doubt.yaml").write_text(ORDER + "  colour: c\n")
    (tmp_path / "wrong.yaml").write_text(ORDER + "  number: c |\n")
    (tmp_path / "po.yaml").write_text(
        "from: x12 850\nto: json\nrows:\n  number: BEG03\n  test: envelope.usage\n  sku: PO1.pair(VN)\n"
    )
    (tmp_path / "document.json").write_text('{"id": "7", "items": [{"n": "1", "q": "2"}]}')
    (tmp_path / "bad.json").write_text('{"id": "7", "items": [{"n": "1", "q": "secret"}]}')
    (tmp_path / "refused.json").write_text('{"id": "7"}')
    (tmp_path / "po.edi").write_bytes(X12)
    return tmp_path


def call(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(mapping, ["--mappings", str(folder), *arguments])


@pytest.mark.parametrize(
    ("names", "code"), [(["good"], 0), (["doubt"], 1), (["good", "wrong"], 1), (["good", "nix"], 2), ([], 1)]
)
def test_check_exits_0_clean_1_found_2_unreadable(folder: Path, names: list[str], code: int) -> None:
    assert call(folder, "check", *names).exit_code == code


def test_check_as_json_has_every_finding_with_its_place(folder: Path) -> None:
    checked: list[dict[str, Any]] = json.loads(call(folder, "check", "wrong", "good", "--json").output)
    assert [(c["mapping"], c["ok"]) for c in checked] == [("wrong", False), ("good", True)]
    assert (checked[0]["findings"][0]["line"], checked[0]["findings"][0]["code"]) == (9, "mapping.syntax")


@pytest.mark.parametrize(
    ("file", "code"), [("document.json", 0), ("bad.json", 1), ("refused.json", 1), ("nix.json", 2), ("good.yaml", 2)]
)
def test_run_exits_0_clean_1_found_2_unreadable(folder: Path, file: str, code: int) -> None:
    result = call(folder, "run", "good", str(folder / file))
    assert result.exit_code == code and "secret" not in result.output


def test_run_shows_what_the_canonical_schema_refuses(folder: Path) -> None:
    (result,) = json.loads(call(folder, "run", "good", str(folder / "refused.json"), "--json").output)
    assert result["result"] == {"external_id": "7"} and "lines" in result["schema_errors"]


def test_run_reads_each_set_of_an_x12_file(folder: Path) -> None:
    answer = call(folder, "run", "po", str(folder / "po.edi"), "--json")
    assert answer.exit_code == 0, answer.output
    assert [r["result"] for r in json.loads(answer.output)] == [{"number": "4711", "test": "T", "sku": "MUG"}]
    assert call(folder, "run", "po", str(folder / "document.json")).exit_code == 2
