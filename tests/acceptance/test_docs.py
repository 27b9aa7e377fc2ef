"""The commands that the docs show are run as they stand, against the sandbox; and every page is reachable."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sandbox.world import STORE_SECRET, STORE_TOKEN, WAREHOUSE_TOKEN, World
from tests.acceptance.commands import hub

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ["getting-started.md", "edi-partner.md", "edi-warehouse.md", "routing-and-holds.md", "mapping-versions.md"]
FINDS_PROBLEMS = {"hub doctor", "hub ledger --json", "hub edi validate order.x12"}
"""Commands whose exit code says that something waits or is wrong: 1 is a good answer too."""

PURCHASE_ORDER = (
    "ISA*00*          *00*          *ZZ*ACME           *ZZ*US             *261120*1200*U*00401*000000001*0*P*>~"
    "GS*PO*ACME*US*20261120*1200*1*X*004010~ST*850*0001~BEG*00*SA*4711**20261120~PO1*1*2*EA*9.95**VN*MUG~"
    "CTT*1~SE*5*0001~GE*1*1~IEA*1*000000001~"
)


def commands(page: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ hub ")]


def files(page: str) -> list[tuple[str, str]]:
    """The files that a page shows with their names, as (name, text)."""
    return re.findall(r"```yaml (\S+)\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "order.x12").write_text(PURCHASE_ORDER)
    for name in ("in", "out"):
        (folder / "warehouse" / name).mkdir(parents=True)
    with World(folder / "world") as world:
        yield (
            folder,
            {
                **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
                "HUB_DATA_DIR": str(folder / "hub"),
                "HUB_ALLOWED_HOSTS": "127.0.0.1",
                "WAREHOUSE_ADDRESS": world.warehouse.url,
                "WAREHOUSE_TOKEN": WAREHOUSE_TOKEN,
                "SHOP_ADDRESS": world.store.url,
                "SHOP_TOKEN": STORE_TOKEN,
                "SHOP_SECRET": STORE_SECRET,
                "EDI_FOLDER": str(world.folder / "edi"),
                "WAREHOUSE_FOLDER": str(folder / "warehouse"),
            },
        )


def test_the_commands_of_the_pages_run_in_the_order_in_which_they_are_read(place: tuple[Path, dict[str, str]]) -> None:
    folder, environment = place
    for page in PAGES:
        assert commands(page), f"{page} shows no command"
        for name, text in files(page):
            (folder / name).write_text(text)
        for command in commands(page):
            words = shlex.split(command)[1:]
            done = hub(words, folder, environment)
            good = (0, 1) if command in FINDS_PROBLEMS else (0,)
            assert done.returncode in good, f"{page}: {command}\n{done.stdout}{done.stderr}"
            assert "internal.unexpected" not in done.stderr, f"{page}: {command}\n{done.stderr}"


def test_every_page_is_linked_and_every_link_leads_somewhere() -> None:
    pages = {path.name for path in DOCS.glob("*.md")}
    linked: set[str] = set()
    for path in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text("utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"
                linked.add(Path(target).name)
    assert pages - linked == set(), "pages that no other page links to"
