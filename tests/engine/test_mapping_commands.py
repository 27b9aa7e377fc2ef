"""`hub mapping` on an installation: from a draft to a version that is live, as a person types it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import cli
from hub.errors import Refused
from hub.mapping.samples import Sample
from tests.engine.scripted.house import House

ORDER = "shop/order.in"
Call = Callable[..., Result]


@pytest.fixture
def call(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command line on the house, with a mappings folder of one's own before the others."""
    config = house.inst.config
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("HUB_DATABASE", config.database)
    monkeypatch.setenv("HUB_DATA_DIR", str(config.data_dir))
    monkeypatch.setenv("HUB_CONNECTORS", ",".join(map(str, config.connectors)))
    monkeypatch.setenv("HUB_MAPPINGS", ",".join(map(str, (tmp_path / "own", *config.mappings))))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(cli, ["mapping", *arguments], standalone_mode=False)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_a_change_from_its_draft_to_its_end(call: Call, house: House, tmp_path: Path) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop, "o1", note="fragile")
    house.order(shop, "o2")
    file = tmp_path / "noted.yaml"
    file.write_text("extends: shop/order.in\nrows:\n  note!: note | upper\n")
    assert "hub mapping diff" in call("draft", ORDER, "noted.yaml").output
    told = call("diff", ORDER, "--last", "5")
    assert told.return_value == 1, told.output
    assert 'note: "fragile" became "FRAGILE"' in told.output and "2 documents, 2 change, 1 would fail" in told.output
    tested = call("test", ORDER, "--draft", "--json")
    assert tested.return_value == 1
    assert json.loads(tested.output)["fields"] == {"note": 1}
    with pytest.raises(Refused, match="would fail"):
        call("publish", ORDER, "--reason", "louder")

    file.write_text("extends: shop/order.in\nrows:\n  note: note | upper\n")
    assert "1 would fail" not in call("diff", ORDER, "--draft", "noted.yaml").output
    call("draft", ORDER, "noted.yaml")
    published = call("publish", ORDER, "--reason", "louder", "--json")
    assert json.loads(published.output)["versions"] == {ORDER: 1}
    assert call("show", ORDER).output == file.read_text()
    assert "number: number" in call("show", ORDER, "--version", "0").output
    assert "extends" not in call("show", ORDER, "--resolved").output

    assert call("export", "kept").output == f"1 mapping written: {ORDER}\n"
    assert f"{ORDER} version 2 is live." in call("rollback", ORDER, "--reason", "too loud").output
    assert f"Drafted: {ORDER}." in call("import", "kept").output
    listed = json.loads(call("versions", ORDER, "--json").output)
    assert [(one["version"], one["reason"], one["restores"]) for one in listed] == [
        (None, None, None),
        (2, "too loud", 0),
        (1, "louder", None),
    ]
    assert "gone" in call("draft", ORDER, "--discard").output
    assert "as they are" in call("updates").output


def test_a_draft_that_cannot_be_used_is_told_with_its_place(call: Call, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("extends: shop/order.in\nrows:\n  note: note | shout\n")
    told = call("draft", ORDER, "wrong.yaml")
    assert told.return_value == 2 and f"{ORDER}.yaml@draft:3:16: note:" in told.output


def test_a_stored_message_is_explained_by_what_is_live(call: Call, house: House, tmp_path: Path) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop)
    (tmp_path / "noted.yaml").write_text("extends: shop/order.in\nrows:\n  note: number | upper\n")
    call("draft", ORDER, "noted.yaml")
    call("publish", ORDER, "--reason", "louder")
    (order,) = house.messages(kind="order")
    (told,) = json.loads(call("explain", ORDER, str(order.id), "--json").output)
    note = {origin["target"]: origin for origin in told["origins"]}["note"]
    assert (note["value"], note["sources"], note["row"]) == ("#O1", ["$.number"], f"{ORDER}.yaml@1:3:9")
    (sent,) = house.messages(kind="fulfillment")
    assert '"Ada King" from $.ship_to.name' in call("explain", "depot/fulfillment.out", str(sent.id)).output
    with pytest.raises(Refused, match="no message 999999"):
        call("explain", ORDER, "999999")


def test_what_is_tried_on_files_is_what_is_live(call: Call, tmp_path: Path) -> None:
    (tmp_path / "noted.yaml").write_text("extends: shop/order.in\nrows:\n  note: name\n")
    call("draft", ORDER, "noted.yaml")
    call("publish", ORDER, "--reason", "named")
    (tmp_path / "order.json").write_text(
        '{"id": "1", "number": "#1", "name": "Ada", "currency": "USD", '
        '"placed_at": "2026-11-01T10:00:00Z", "lines": [{"id": "1", "sku": "MUG", "quantity": 2}]}'
    )
    (ran,) = json.loads(call("run", ORDER, "order.json", "--json").output)
    assert ran["result"]["note"] == "Ada"
    call("sample", ORDER, "order.json", "--name", "live", "--as-it-is")
    assert f"as expected  {ORDER} version 1  live" in call("test", ORDER).output
    assert f"{ORDER} version 1  json to order" in call("check", ORDER).output
    assert json.loads(call("test", ORDER, "--json").output)[0]["version"] == 1

    folders = [argument for folder in os.environ["HUB_MAPPINGS"].split(",") for argument in ("--mappings", folder)]
    (ran,) = json.loads(call(*folders, "run", ORDER, "order.json", "--json").output)
    assert "note" not in ran["result"], "with --mappings only the files count"

    (tmp_path / "next.yaml").write_text("extends: shop/order.in\nrows:\n  email: email\n")
    told = call("diff", ORDER, "next.yaml", "order.json").output
    assert 'note: "Ada" became nothing' in told, "a version that extends its own name extends the file"


def test_mappings_are_tried_without_a_hub_and_none_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.yaml").write_text("from: json\nto: json\nrows:\n  a: b\n")
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub.toml").write_text('mappings = ["files"]\n')
    told = CliRunner().invoke(cli, ["mapping", "check"])
    assert "a  json to json" in told.output and not (tmp_path / "var").exists()


@pytest.mark.parametrize("as_it_is", [False, True])
def test_a_stored_message_becomes_a_sample_with_nobody_in_it(
    call: Call, house: House, tmp_path: Path, as_it_is: bool
) -> None:
    shop = house.shop()
    house.depot()
    house.order(shop, email="ada@shop.test")
    (order,) = house.messages(kind="order")
    (sent,) = house.messages(kind="fulfillment")
    for name, message in ((ORDER, order), ("depot/fulfillment.out", sent)):
        call("sample", name, str(message.id), "--name", "real", *(["--as-it-is"] if as_it_is else []))
        sample = Sample("real", tmp_path / "own" / "samples" / name / "real")
        kept = "".join(file.read_text() for file in sample.folder.iterdir())
        assert ("Ada King" in kept) is as_it_is and "MUG" in kept
        assert sample.differences(house.inst.mappings.get(name)) == []
