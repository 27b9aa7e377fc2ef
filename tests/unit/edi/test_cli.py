"""`hub edi parse|validate|ack`: exit codes, JSON and what is shown to people."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from hub.cli.edi import edi
from hub.edi.json_form import from_json
from hub.edi.validation import examine


@pytest.fixture
def run(tmp_path):
    def call(command, data, *options):
        path = tmp_path / "file.edi"
        path.write_bytes(data)
        return CliRunner().invoke(edi, [command, str(path), *options])

    return call


def test_validate_exits_0_only_when_clean(run, x12):
    result = run("validate", x12())
    assert result.exit_code == 0
    assert "1 interchange, 1 group, 1 transaction set: clean" in result.output


def test_warnings_alone_are_shown_and_still_clean(run, x12):
    result = run("validate", x12().replace(b"~", b"~\n"))
    assert result.exit_code == 0
    assert "edi.line-break-after-terminator" in result.output and "1 warning" in result.output


def test_validate_exits_1_with_findings_and_says_where(run, x12):
    result = run("validate", x12().replace(b"BEG*00", b"BEG*99"))
    assert result.exit_code == 1
    assert "edi.code-invalid set 850 0001, segment 2, BEG01" in result.output
    assert "1 error" in result.output


def test_validate_as_json(run, x12):
    result = run("validate", x12().replace(b"BEG*00", b"BEG*99"), "--json")
    report = json.loads(result.output)
    assert (report["clean"], report["sets"], report["errors"], report["warnings"]) == (False, 1, 1, 0)
    (finding,) = report["findings"]
    assert finding["code"] == "edi.code-invalid" and finding["designator"] == "BEG01"
    assert (finding["set_id"], finding["set_control_number"], finding["group"]) == ("850", "0001", "1")
    assert finding["interchange"] == "000000001"


@pytest.mark.parametrize("command", ["parse", "validate", "ack"])
@pytest.mark.parametrize(
    ("data", "code"), [(b"", "edi.file-empty"), (b"hello", "edi.interchange-missing"), (b"ISA*", "edi.isa-unreadable")]
)
def test_what_cannot_be_read_exits_2(run, command, data, code):
    plain, as_json = run(command, data), run(command, data, "--json")
    assert (plain.exit_code, as_json.exit_code) == (2, 2)
    assert code in plain.output
    assert json.loads(as_json.output)["error"]["code"] == code


def test_a_missing_file_exits_2(tmp_path):
    result = CliRunner().invoke(edi, ["validate", str(tmp_path / "nowhere.edi"), "--json"])
    assert result.exit_code == 2
    assert json.loads(result.output)["error"]["code"] == "edi.file-unreadable"


def test_a_dash_reads_standard_input(x12):
    result = CliRunner().invoke(edi, ["validate", "-", "--json"], input=x12())
    assert (result.exit_code, json.loads(result.output)["clean"]) == (0, True)


def test_parse_as_json_holds_each_document(run, x12):
    data = x12()
    report = json.loads(run("parse", data, "--json").output)
    (one,) = report["interchanges"][0]["groups"][0]["sets"]
    ((expected,),) = [list(i.sets) for i in examine(data)]
    assert from_json(one) == expected.tree
    assert data[one["offset"] :][: one["length"]].startswith(b"ST*850*0001~")
    assert report["interchanges"][0]["delimiters"]["terminator"] == "~"


def test_parse_shows_loops_indented_and_exits_0_whatever_is_wrong(run, x12):
    result = run("parse", x12("BEG*99*SA*1**20260105", "N1*ST*[red]", "N4*Ames", "PO1*1*5*EA"))
    assert result.exit_code == 0
    assert "      BEG 99 SA 1 - 20260105\n" in result.output
    assert "        N1 ST [red]\n        N4 Ames\n" in result.output
    assert "edi.code-invalid" in result.output


def test_ack_prints_the_997(run, x12):
    result = run("ack", x12())
    assert result.exit_code == 0
    assert "AK1*PO*1~AK2*850*0001~AK5*A~AK9*A*1*1*1~" in result.output
    assert result.output.startswith("ISA*") and len(list(examine(result.output.encode()))) == 1


def test_ack_as_json_holds_the_decision_per_set_and_exits_1_when_something_is_rejected(run, x12):
    result = run("ack", x12().replace(b"SE*11", b"SE*12"), "--json")
    (answer,) = json.loads(result.output)["acknowledgements"]
    assert result.exit_code == 1
    assert (answer["code"], answer["accepted"], answer["control_number"]) == ("R", False, "1")
    (one,) = answer["sets"]
    assert (one["set_id"], one["code"], one["codes"]) == ("850", "R", ["4"])
    assert one["errors"][0]["code"] == "edi.segment-count-wrong"
    assert "AK5*R*4~" in answer["document"]


def test_ack_answers_no_acknowledgement(run, x12):
    data = x12("AK1*PO*1", "AK9*A*1*1*1", set_id="997", functional_id="FA")
    result = run("ack", data, "--json")
    (answer,) = json.loads(result.output)["acknowledgements"]
    assert answer["document"] is None and "not acknowledged" in answer["reason"]
    assert "not acknowledged" in run("ack", data).output


def test_neither_flask_nor_the_database_is_imported(tmp_path, x12):
    path = tmp_path / "file.edi"
    path.write_bytes(x12())
    program = (
        "import sys\nfrom hub.cli import main\n"
        "try:\n    main(['edi', 'validate', sys.argv[1], '--json'])\n"
        "except SystemExit as stop:\n    code = stop.code\n"
        "heavy = {'flask', 'sqlalchemy', 'rich', 'requests', 'hub.store'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["clean"] is True
