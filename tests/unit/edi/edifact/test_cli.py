"""`hub edi` on EDIFACT files: the same commands, the same exit codes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from hub.cli.edi import edi


@pytest.fixture
def run(tmp_path):
    """`run(command, data, *options)` gives the exit code and what the command printed about a file with this data."""

    def invoke(command, data, *options):
        path = tmp_path / "file.edi"
        path.write_bytes(data)
        result = CliRunner().invoke(edi, [command, str(path), *options])
        return result.exit_code, result.stdout

    return invoke


def test_a_clean_file_and_a_faulty_one_are_validated(run, edifact):
    assert run("validate", edifact())[0] == 0
    code, printed = run("validate", edifact().replace(b"NAD+BY", b"NAD+BYER"), "--json")
    assert code == 1 and "edi.element-too-long" in printed


def test_a_file_is_answered_by_a_contrl(run, edifact):
    code, printed = run("ack", edifact(), "--answer-interchanges", "always")
    assert code == 0 and "UCI+REF1" in printed and "UCM+1+ORDERS:D:96A:UN:EAN008+7" in printed


def test_a_file_that_asks_for_no_contrl_gets_none(run, edifact):
    code, printed = run("ack", edifact(), "--json")
    (answer,) = json.loads(printed)["acknowledgements"]
    assert (code, answer["answer"], answer["code"], answer["document"]) == (0, "CONTRL", "7", None)
    assert "UNB 0031 asks for no CONTRL" in answer["reason"]


def test_a_file_is_explained_in_words(run, edifact):
    code, printed = run("explain", edifact())
    assert code == 0 and "Party qualifier: BY  buyer" in printed


def test_a_file_becomes_json_and_comes_back_byte_for_byte(run, edifact):
    data = edifact().replace(b"+4711+", b"+4?'7?+11+")
    code, printed = run("convert", data)
    assert code == 0 and json.loads(printed)["interchanges"][0]["standard"] == "edifact"
    code, again = run("convert", printed.encode())
    assert (code, again.encode()) == (0, data)
