"""What a partner has told us: checked, the agreement's before the partner's, and their own grammars."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.edi.grammars.library import GrammarError, default_library
from hub.edi.grammars.own import folders_of, library
from hub.edi.partner.profile import Profile
from hub.edi.partner.settings import ProfileError, changed, check, profile
from hub.edi.partner.settings_schema import HELP

DOCS = Path(__file__).resolve().parents[3] / "docs"


def wrong(settings: dict[str, object], scope: str = "partner", **more: object) -> dict[str, str]:
    with pytest.raises(ProfileError) as caught:
        check(settings, scope, **more)  # type: ignore[arg-type]  (what a person typed)
    assert all(name in str(caught.value) for name in caught.value.fields)
    return caught.value.fields


def test_nobody_says_anything() -> None:
    assert profile({}) == Profile() and check({}) == {}


def test_an_agreement_counts_more_than_its_partner_entry_by_entry() -> None:
    theirs = {"strict": True, "rules": {"edi.code-undescribed": "error", "edi.element-too-long": "error"}}
    agreed = {"strict": False, "rules": {"edi.element-too-long": "ignore"}, "duplicates": {"days": 30}}
    counts = profile({**theirs, "duplicates": {"policy": "accept"}}, agreed)
    assert not counts.strict
    assert counts.rules == {"edi.code-undescribed": "error", "edi.element-too-long": "ignore"}
    assert (counts.duplicates, counts.duplicate_days) == ("accept", 30)


def test_what_a_person_types_is_read_by_its_kind() -> None:
    typed = {"strict": "true", "duplicates.days": "30", "grammars": "acme, shared", "delimiters.terminator": r"\x1c",
             "rules.edi.element-too-long REF02": "warning", "request_acknowledgement": "no"}  # fmt: skip
    assert check(changed({}, typed)) == {
        "strict": True,
        "duplicates": {"days": 30},
        "grammars": ["acme", "shared"],
        "delimiters": {"terminator": "\x1c"},
        "rules": {"edi.element-too-long REF02": "warning"},
        "request_acknowledgement": False,
    }


def test_an_empty_value_takes_a_setting_out() -> None:
    before = {"strict": True, "duplicates": {"days": 30}, "rules": {"edi.code-undescribed": "error"}}
    typed = {"strict": "", "duplicates.days": "", "rules.edi.code-undescribed": ""}
    assert changed(before, typed) == {}
    assert before["duplicates"] == {"days": 30}, "what was stored is left alone"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"strikt": "true"}, "strikt"),
        ({"strict": "perhaps"}, "strict"),
        ({"duplicates": {"policy": "keep"}}, "duplicates.policy"),
        ({"duplicates": {"days": "0"}}, "duplicates.days"),
        ({"rules": {"edi.no-such-code": "error"}}, "rules"),
        ({"rules": {"edi.code-undescribed second": "error"}}, "rules"),
        ({"rules": {"edi.code-undescribed": "fatal"}}, "rules.edi.code-undescribed"),
        ({"timezone": "Chicago"}, "timezone"),
        ({"schedule": "now and then"}, "schedule"),
        ({"sscc_prefix": "12"}, "sscc_prefix"),
        ({"currency": "usd"}, "currency"),
        ({"character_set": "base64"}, "character_set"),
        ({"character_set": "utf-16"}, "character_set"),
        ({"character_set": "cp037"}, "character_set"),
        ({"syntax": "UNOZ:3"}, "syntax"),
        ({"delimiters": {"element": "**"}}, "delimiters.element"),
        ({"delimiters": {"decimal": "x"}}, "delimiters.decimal"),
        ({"replacement": "??"}, "replacement"),
    ],
)
def test_a_refusal_names_the_field(settings: dict[str, object], field: str) -> None:
    assert list(wrong(settings)) == [field]


def test_a_setting_that_is_misspelt_is_told_its_name() -> None:
    assert wrong({"timezon": "UTC"}) == {"timezon": "There is no such setting; did you mean timezone?"}


def test_a_setting_stands_where_it_has_an_effect() -> None:
    assert list(wrong({"strict": True}, "out")) == ["strict"]
    assert list(wrong({"schedule": "every 1h"}, "in")) == ["schedule"]
    assert list(wrong({"sscc_prefix": "0614141"}, "out")) == ["sscc_prefix"]


def test_documents_go_together_at_a_time() -> None:
    assert list(wrong({"batch": "together"}, "out")) == ["batch"]
    assert check({"batch": "together"}, "out", under={"schedule": "every 1h"}) == {"batch": "together"}


def test_delimiters_are_tried_with_the_syntax_that_they_are_for() -> None:
    assert list(wrong({"delimiters": {"element": "+"}}, standards=("x12",), under={"delimiters": {"component": "+"}}))
    assert list(wrong({"delimiters": {"element": "?"}}, standards=("edifact",))) == ["delimiters"]
    assert list(wrong({"replacement": "?"}, standards=("edifact",))) == ["replacement"]
    assert check({"delimiters": {"element": "?"}}, standards=("x12",))


@pytest.mark.parametrize(
    ("settings", "standard"),
    [
        ({"replacement": "ü", "syntax": "UNOA:3"}, "edifact"),
        ({"replacement": "x", "syntax": "UNOA:3"}, "edifact"),
        ({"replacement": "€", "syntax": "UNOC:3"}, "edifact"),
        ({"replacement": "ü", "character_set": "ascii"}, "x12"),
    ],
)
def test_what_replaces_a_character_can_itself_be_sent(settings, standard) -> None:
    assert list(wrong(settings, standards=(standard,))) == ["replacement"]
    assert check({**settings, "replacement": "-"}, standards=(standard,))


@pytest.mark.parametrize(
    ("settings", "standard", "field"),
    [
        ({"delimiters": {"element": "§"}}, "x12", "delimiters"),
        ({"delimiters": {"component": "\\n"}}, "x12", "delimiters"),
        ({"delimiters": {"component": "."}}, "x12", "delimiters"),
        ({"delimiters": {"element": ",", "decimal": ","}}, "edifact", "delimiters"),
        ({"delimiters": {"terminator": "\\n"}, "line_breaks": "crlf"}, "x12", "delimiters"),
        ({"delimiters": {"decimal": ","}, "una": "never"}, "edifact", "una"),
        ({"delimiters": {"repetition": "^"}, "syntax": "UNOC:4", "una": "never"}, "edifact", "una"),
    ],
)
def test_delimiters_that_no_document_could_be_written_in_are_refused(settings, standard, field) -> None:
    assert list(wrong(settings, standards=(standard,))) == [field]
    usable = {**settings, "una": "needed"} if field == "una" else {**settings, "delimiters": {"terminator": "\\r"}}
    assert check(usable, standards=(standard,))


def test_a_character_that_cannot_be_sent_is_replaced_or_left_out() -> None:
    settings = check(changed({}, {"replacement": "drop"}), "out", standards=("x12", "edifact"))
    assert profile({"replacement": "-"}, settings).replacement == ""
    assert profile({"replacement": " "}).replacement == " " and profile({}).replacement is None


def test_the_delimiters_of_a_version() -> None:
    plain = profile({"line_breaks": "crlf", "delimiters": {"element": "|", "release": "!"}})
    assert plain.delimiters("x12", "004010").repetition == "" and plain.delimiters("x12", "005010").repetition == "^"
    assert plain.delimiters("x12", "004010").release == "" and plain.delimiters("x12", "004010").suffix == "\r\n"
    edifact = plain.delimiters("edifact", "D96A")
    assert (edifact.element, edifact.component, edifact.release, edifact.repetition) == ("|", ":", "!", "")
    assert profile({"syntax": "UNOC:4"}).delimiters("edifact", "D01B").repetition == "*"


def test_every_setting_is_in_the_docs() -> None:
    page = (DOCS / "edi-partner.md").read_text()
    assert [name for name in HELP if f"| `{name}` |" not in page] == []


def test_grammars_of_their_own_are_read_again_when_they_change(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    (folder / "x12").mkdir(parents=True)
    file = folder / "x12" / "elements.yaml"
    file.write_text("324: {name: Order number, type: N0, length: 6 6}\n")
    folders = folders_of(["acme"], [tmp_path / "none", tmp_path])
    first = library("x12", folders)
    assert first.element("324", "004010").least == 6 and library("x12", folders) is first
    file.write_text("324: {name: Order number, type: N0, length: 7 7}\n")
    os.utime(file, ns=(1, 1))
    assert library("x12", folders).element("324", "004010").least == 7
    assert library("x12", []) is default_library("x12")
    with pytest.raises(GrammarError, match="no folder 'nobody'"):
        folders_of(["nobody"], [tmp_path])
