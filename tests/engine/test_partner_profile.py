"""Partners as a person sets them up: ids, settings and agreements, from the command line down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.cli import partner as command
from hub.edi.edifact.validation import examine as examine_edifact
from hub.edi.x12.validation import examine
from hub.flows.partners.roles import ROLES
from hub.store import partners as store
from tests.conftest import REPOSITORY
from tests.engine.scripted.house import House


@dataclass(frozen=True)
class Said:
    """What a command ended with."""

    exit_code: int
    output: str


Run = Callable[..., Said]


@pytest.fixture
def run(house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `hub partner ...` and `hub edi new` on the house, where a mailbox is connected."""
    house.add("mailbox", "Mailbox")
    monkeypatch.setattr(command, "installation", lambda: house.inst)
    monkeypatch.setattr("hub.cli.common.installation", lambda: house.inst)

    def call(*words: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, err = capsys.readouterr()
        return Said(int(str(ended.value.code)), out + err)

    return call


def add(run: Run, *more: str, name: str = "Acme") -> Said:
    return run("partner", "add", name, "--connection", "Mailbox", "--theirs", "ZZ:ACME", "--ours", "ZZ:US", *more)


def agreed(house: House, name: str = "Acme") -> dict[str, Any]:
    """What was agreed with a partner: `855 out` -> row."""
    with house.inst.db.read() as tx:
        partner = store.named(tx, name)
        assert partner is not None
        return {f"{row.set_id} {row.direction}": row for row in store.agreed_with(tx, partner.id)}


def settings(house: House) -> dict[str, Any]:
    with house.inst.db.read() as tx:
        partner = store.named(tx, "Acme")
    assert partner is not None
    return dict(partner.settings)


@pytest.mark.parametrize(
    ("words", "sets"),
    [
        ([], ["810 out", "850 in", "855 out", "856 out", "860 in", "865 out"]),
        (["--syntax", "edifact"], ["DESADV out", "INVOIC out", "ORDCHG in", "ORDERS in", "ORDRSP out"]),
        (["--syntax", "edifact", "--as", "warehouse"], ["DESADV in", "IFTMIN out", "INVRPT in", "RECADV in"]),
        (["--syntax", "edifact", "--as", "carrier"], ["IFTSTA in"]),
        (["--as", "carrier"], ["214 in"]),
        (["--sets", "850, 855"], ["850 in", "855 out"]),
        (["--sets", "850:out", "--as", "supplier"], ["850 out"]),
        (["--sets", "940:out,945:in"], ["940 out", "945 in"]),
    ],
)
def test_a_partner_is_added_with_the_usual_sets_or_those_named(
    house: House, run: Run, words: list[str], sets: list[str]
) -> None:
    result = add(run, *words)
    assert result.exit_code == 0, result.output
    assert sorted(agreed(house)) == sets and all(one in result.output for one in sets)
    assert {row.version for row in agreed(house).values()} <= {"004010", "D96A"}


def test_the_usual_sets_of_each_role_and_syntax_are_in_the_docs() -> None:
    page = (REPOSITORY / "docs" / "add-a-partner.md").read_text()
    rows = {cells[1].strip("` "): cells[2:-1] for line in page.splitlines() if (cells := line.split("|"))[1:]}
    for role, standards in ROLES.items():
        told = [[word.strip() for word in cell.split(",") if word.strip()] for cell in rows[role]]
        usual = [
            [set_id for way, set_id, _ in standards[standard] if way == direction]
            for standard in ("x12", "edifact")
            for direction in ("in", "out")
        ]
        assert told == usual


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--sets", "940"], "partner.unknown-set"),
        (["--sets", "XYZ:out"], "partner.mapping-unusable"),
        (["--mapping", "850=x12/855.out"], "partner.mapping-unusable"),
        (["--set", "timezon=UTC"], "partner.settings-invalid"),
        (["--set", "schedule=sometimes"], "partner.settings-invalid"),
        (["--set", "grammars=nobody"], "partner.settings-invalid"),
        (["--test-theirs", "14:4012345000009ABCDE"], "partner.ids-invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_saved(house: House, run: Run, words: list[str], code: str) -> None:
    result = add(run, *words)
    assert result.exit_code == 1 and result.output.startswith(f"{code}: ")
    with house.inst.db.read() as tx:
        assert store.everyone(tx) == []


def test_an_agreement_is_made_changed_and_ended(house: House, run: Run) -> None:
    add(run, "--sets", "850")
    assert run("partner", "agree", "Acme", "855", "out", "--acknowledge-within", "24").exit_code == 0
    changed = run("partner", "agree", "Acme", "855", "out", "--version", "005010", "--set", "batch=together",
                  "--set", "schedule=0 6 * * *")  # fmt: skip
    assert "Changed: 855 out is acknowledgement" in changed.output
    row = agreed(house)["855 out"]
    assert (row.version, row.acknowledge_hours, row.mapping) == ("005010", 24, "x12/855.out"), "the rest stayed"
    assert row.settings == {"batch": "together", "schedule": "0 6 * * *"}
    assert run("partner", "agree", "Acme", "855", "out", "--no-acknowledge").exit_code == 0
    assert (agreed(house)["855 out"].acknowledge, agreed(house)["855 out"].acknowledge_hours) == (False, None)
    assert run("partner", "agree", "Acme", "855", "out", "--remove").exit_code == 0
    assert sorted(agreed(house)) == ["850 in"]
    assert [e.actor is not None for e in house.events("partner.changed")] == [True] * 4, "each is in the audit log"


def test_settings_are_changed_one_by_one(house: House, run: Run) -> None:
    add(run, "--set", "sscc_prefix=0614141")
    run("partner", "set", "Acme", "duplicates.days=30", "rules.edi.element-too-long REF02=warning", "strict=yes")
    run("partner", "set", "Acme", "strict=")
    assert settings(house) == {
        "sscc_prefix": "0614141", "duplicates": {"days": 30}, "rules": {"edi.element-too-long REF02": "warning"},
    }  # fmt: skip
    shown = run("partner", "show", "Acme").output
    assert "rules.edi.element-too-long REF02" in shown and "duplicates.days" in shown


def test_a_setting_that_an_agreement_rests_on_stays(house: House, run: Run) -> None:
    add(run)
    run("partner", "set", "Acme", "schedule=every 1h")
    assert run("partner", "agree", "Acme", "856", "out", "--set", "batch=together").exit_code == 0
    assert run("partner", "set", "Acme", "schedule=").exit_code == 1
    assert settings(house) == {"schedule": "every 1h"}


def test_ids_are_one_partners_alone(house: House, run: Run) -> None:
    add(run)
    refused = add(run, name="Other")
    assert refused.exit_code == 1 and refused.output.startswith("partner.ids-taken: ")
    west = ("--theirs", "ZZ:ACME", "--ours", "ZZ:WEST", "--location", "west")
    assert run("partner", "ids", "Acme", *west).exit_code == 0
    assert "west" in run("partner", "show", "Acme").output
    assert run("partner", "ids", "Acme", *west, "--remove").exit_code == 0
    assert run("partner", "ids", "Acme", *west, "--remove").exit_code == 1
    assert "west" not in run("partner", "show", "Acme").output


def test_a_specimen_is_written_as_was_agreed(house: House, run: Run) -> None:
    add(run, "--set", "delimiters.element=|", "--set", "line_breaks=lf", "--set", "timezone=America/Chicago")
    run("partner", "agree", "Acme", "850", "in", "--version", "005010")
    said = run("edi", "new", "850", "--partner", "Acme").output
    (theirs,) = examine(said.encode())
    assert [f for f in theirs.all_findings() if f.is_error] == []
    assert (theirs.part(6), theirs.part(8), theirs.part(15)) == ("ACME", "US", "T")
    assert theirs.groups[0].version == "005010" and "|" in said and "~\nGS" in said
    run("partner", "set", "Acme", "line_breaks=none")
    examination = examine(run("edi", "new", "850", "--partner", "Acme").output.encode())
    assert [one.all_findings() for one in examination] == [[]] and examination.findings == []
    (ours,) = examine(run("edi", "new", "855", "--partner", "Acme").output.encode())
    assert (ours.part(6), ours.part(8)) == ("US", "ACME")
    assert run("edi", "new", "940", "--partner", "Acme").exit_code == 1


def test_a_specimen_has_the_delimiters_characters_and_group_ids_of_the_partner(house: House, run: Run) -> None:
    add(run, "--set", "delimiters.element=|", "--set", "group_sender=OURGROUP", "--set", "group_receiver=THEIRS")
    ours = run("edi", "new", "810", "--partner", "Acme").output
    theirs = run("edi", "new", "850", "--partner", "Acme").output
    assert "GS|IN|OURGROUP|THEIRS|" in ours and "GS|PO|THEIRS|OURGROUP|" in theirs
    run("partner", "set", "Acme", "delimiters.element=", "delimiters.decimal=,", "syntax=UNOA:2")
    run("partner", "agree", "Acme", "INVOIC", "out", "--version", "D.01B")
    text = run("edi", "new", "INVOIC", "--partner", "Acme").output
    assert text.startswith("UNA:+,? 'UNB+UNOA:2+") and text.strip() == text.strip().upper()
    (invoice,) = examine_edifact(text.encode())
    assert [f for f in invoice.all_findings() if f.is_error] == []
    assert "PRI+AAA:9,25" in text and ":D:01B:UN'" in text


def test_a_file_is_judged_and_answered_as_its_partner_has_it(house: House, run: Run, tmp_path: Path) -> None:
    add(run, "--set", "answer=999", "--set", "answer_interchanges=always", "--set", "character_set=cp1252")
    run("partner", "agree", "Acme", "850", "in", "--version", "005010", "--set", "strict=true",
        "--set", "rules.edi.code-invalid BEG02=warning")  # fmt: skip
    path = tmp_path / "order.x12"
    specimen = run("edi", "new", "850", "--partner", "Acme").output.encode()
    path.write_bytes(specimen.replace(b"*SA*", b"*ZZZ*").replace(b"Mug", b"M\xfcg"))
    file = ("edi", "validate", str(path))
    assert run(*file).exit_code == 1
    assert run(*file, "--partner", "Acme").exit_code == 1, "a length is still wrong"
    run("partner", "agree", "Acme", "850", "in", "--set", "rules.edi.element-too-long BEG02=ignore")
    assert run(*file, "--partner", "Acme").exit_code == 0
    answered = run("edi", "ack", str(path), "--partner", "Acme").output
    assert "ST*999*0001~" in answered and "IK5*A~" in answered and "~TA1*000000001*" in answered
    path.write_bytes(specimen.replace(b"*EA*", b"*EAX*", 1))
    assert "IK5*R*5~" in run("edi", "ack", str(path), "--partner", "Acme").output, "strict for this set"
    run("partner", "agree", "Acme", "850", "in", "--no-acknowledge")
    assert "agreed that these sets are not acknowledged" in run("edi", "ack", str(path), "--partner", "Acme").output
    assert run(*file, "--partner", "Nobody").output.startswith("partner.missing: ")
    assert run(*file, "--partner", "Acme", "--encoding", "ascii").exit_code == 2
