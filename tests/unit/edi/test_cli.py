"""`hub edi parse|validate|ack`: exit codes, JSON and what is shown to people."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from rich.console import Console

from hub.cli import edi_show
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
    assert "      N1 ST [red]\n        N4 Ames\n      PO1 1 5 EA\n" in result.output
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


def test_ack_shows_what_the_hub_would_send_and_says_why_it_sends_nothing(run, x12):
    broken = x12().replace(b"IEA*1", b"IEA*2")
    group, interchange = json.loads(run("ack", broken, "--json").output)["acknowledgements"]
    assert (group["answer"], group["document"]) == ("997", None) and "rejected interchange" in group["reason"]
    assert (interchange["answer"], interchange["code"], interchange["codes"]) == ("TA1", "R", ["021"])
    assert "ISA14 asks for no TA1" in interchange["reason"]
    shown = run("ack", broken, "--answer-interchanges", "errors")
    assert shown.exit_code == 1 and "*R*021~" in shown.output and "AK1" not in shown.output
    newer = run("ack", x12(version="005010"), "--answer", "999")
    assert "ST*999*0001~" in newer.output and "IK5*A~" in newer.output


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


def test_explain_names_elements_codes_faults_and_the_answer(run, x12):
    result = run("explain", x12("BEG*00*SA*4711**20261399", "N1*ST*[red]:bee:*92*7", "PO1*1*5*EA"))
    assert result.exit_code == 0
    assert "BEG01 Transaction set purpose code: 00  original" in result.output
    assert "N101 Entity identifier code: ST  ship to" in result.output and "N102 Name: [red]:bee:" in result.output
    lines = [line.strip() for line in result.output.splitlines()]
    assert lines[lines.index("BEG Beginning of purchase order") + 5].startswith(
        "error edi.date-invalid segment 2, BEG05"
    )
    assert "AK4*5*373*8*20261399" in lines and "AK5*E*5" in lines
    shown = run("explain", x12().replace(b"*0*T*", b"*1*T*")).output
    assert "TA1*000000001*260105*1200*A*000" in shown
    assert "Set 850 0001  Purchase order: 2 errors" in lines


def test_explain_tells_a_fault_below_the_element_that_has_it(run, x12):
    below = run("explain", x12("BEG*00*SA*4711**20260105", "PO1*1*five*EA", "PO1*2**EA*9")).output.splitlines()
    wrong = below.index("      PO102 Quantity ordered: five")
    assert below[wrong + 1].startswith("        error edi.character-invalid segment 3, PO102, byte")
    assert below[wrong + 2] == "      PO103 Unit of measure: EA  each"


def test_on_a_terminal_what_does_not_fit_goes_on_below_its_beginning(run, x12, monkeypatch):
    monkeypatch.setattr(edi_show, "console", Console(highlight=False, force_terminal=True, no_color=True, width=60))
    shown = run("explain", x12("BEG*00*SA*4711**20261399", "PO1*1*5*EA")).output
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in shown.splitlines()]
    first = next(number for number, line in enumerate(lines) if "edi.date-invalid" in line)
    assert lines[first].startswith("        error ") and lines[first + 1].startswith(
        "        BEG05 (Date) is not a date"
    )
    assert max(map(len, lines[first : first + 2])) <= 60


def test_convert_goes_to_json_and_back(run, x12):
    as_json = run("convert", x12())
    assert as_json.exit_code == 0 and json.loads(as_json.output)["interchanges"][0]["isa"][5] == "SENDER         "
    assert run("convert", as_json.output.encode()).stdout_bytes == x12()
    assert run("convert", b'{"interchanges": [1]}').exit_code == 2
    assert run("convert", b"{").exit_code == 2
    assert "Not byte for byte" in run("convert", x12().replace(b"*38~", b"*38**~")).stderr


@pytest.mark.parametrize(
    "words", [["850"], ["856", "--version", "005010"], ["999"], ["orders"], ["INVRPT", "--version", "D.01B"]]
)
def test_new_gives_a_clean_file(run, words):
    made = CliRunner().invoke(edi, ["new", *words])
    assert made.exit_code == 0
    report = json.loads(run("validate", made.output.encode(), "--json").output)
    assert (report["errors"], report["sets"]) == (0, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["123"], "There is no set '123'"),
        (["999", "--version", "004010"], "version 004010 has no 999; it came with 005010"),
        (["850", "--version", "4010"], "'4010' is no version; write one such as 004010"),
    ],
)
def test_new_knows_its_sets_and_their_versions(words, said):
    made = CliRunner().invoke(edi, ["new", *words])
    assert made.exit_code == 2 and said in made.output


def test_diff_shows_what_differs(x12, tmp_path):
    (tmp_path / "a").write_bytes(x12())
    (tmp_path / "b").write_bytes(x12().replace(b"PO1*1*5", b"PO1*1*6").replace(b"~", b"~\n"))
    same = CliRunner().invoke(edi, ["diff", str(tmp_path / "a"), str(tmp_path / "a")])
    other = CliRunner().invoke(edi, ["diff", str(tmp_path / "a"), str(tmp_path / "b")])
    assert (same.exit_code, same.output, other.exit_code) == (0, "", 1)
    assert "set 1 (850), segment 7: PO102 Quantity ordered: 5 → 6" in other.output
    as_json = CliRunner().invoke(edi, ["diff", "--json", str(tmp_path / "a"), str(tmp_path / "b")])
    assert json.loads(as_json.output)["differences"][0]["new"] == "6"


def test_grammars_and_rules_of_ones_own_count(run, x12, tmp_path):
    (tmp_path / "own" / "x12").mkdir(parents=True)
    (tmp_path / "own" / "x12" / "elements.yaml").write_text("324: {name: Order number, type: N0, length: 6 6}")
    (tmp_path / "rules.yaml").write_text("rules: {edi.element-too-short: warning}")
    options = ["--grammar", str(tmp_path / "own")]
    assert run("validate", x12(), *options).exit_code == 1
    assert run("validate", x12(), *options, "--rules", str(tmp_path / "rules.yaml")).exit_code == 0
    (tmp_path / "rules.yaml").write_text("rules: {edi.element-too-short: never}")
    assert "edi.rules-invalid" in run("validate", x12(), "--rules", str(tmp_path / "rules.yaml")).output
    checked = CliRunner().invoke(edi, ["grammar", "check", str(tmp_path / "own")])
    assert (checked.exit_code, checked.output) == (0, "clean\n")
    (tmp_path / "850.yaml").write_text("body: [BEG]")
    checked = CliRunner().invoke(edi, ["grammar", "check", str(tmp_path / "850.yaml")])
    assert checked.exit_code == 1 and "is not of the form" in checked.output


def test_edifact_is_validated_explained_and_answered(run):
    data = CliRunner().invoke(edi, ["new", "ORDERS"]).output.encode()
    assert run("validate", data).exit_code == 0
    always = ("--answer-interchanges", "always")
    shown = run("explain", data, *always)
    assert shown.exit_code == 0 and "UCI" in shown.output
    assert "UNH" in run("ack", data, *always).output and "ORDERS" in run("parse", data).output


def test_a_file_of_both_syntaxes_is_shown_answered_and_converted_whole(run, x12):
    message = "UNH+1+CONTRL:D:3:UN'UCI+5+US:14+THEM:14+8'UNT+3+1'"
    data = x12() + f"UNB+UNOC:3+THEM:14+US:14+260105:1200+9++++1'{message}UNZ+1+9'".encode()
    assert "2 interchanges, 2 groups, 2 transaction sets: clean" in run("validate", data).output
    explained = run("explain", data).output
    assert explained.index("Set 850") < explained.index("Set CONTRL")
    answers = json.loads(run("ack", data, "--json").output)["acknowledgements"]
    assert [(one["answer"], bool(one["document"])) for one in answers if one["answer"] != "CONTRL"] == [("997", True)]
    as_json = run("convert", data)
    assert as_json.stderr == "" and [one["standard"] for one in json.loads(as_json.output)["interchanges"]] == [
        "x12", "edifact",
    ]  # fmt: skip
    assert run("convert", as_json.output.encode()).stdout_bytes == data
    assert run("convert", b'{"interchanges": [{"standard": "tradacoms"}]}').exit_code == 2
