"""The benchmark of mapping: every way gives the same order, and the tables come out."""

from __future__ import annotations

import pytest

from bench.mapping import page
from bench.mapping_contenders import alike, by_hand, contenders, order


@pytest.mark.parametrize("name", contenders())
def test_every_way_gives_the_same_order(name: str) -> None:
    document = order()
    assert alike(contenders()[name](document)) == alike(by_hand(document))


def test_the_page_tells_the_rate_the_compile_time_and_the_share_of_the_floor() -> None:
    text = page(rounds=1)
    for told in ("| the hub's mapping |", "| the file read, checked and compiled |", "| floor / hub,"):
        assert told in text
