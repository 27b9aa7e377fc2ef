"""Exact numbers and instants: what goes in comes out, on both stores; what is not exact is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from hub.documents import SCHEMAS
from hub.documents.base import Exact, Instant, errors_of
from hub.sdk.http import loads
from hub.store.db import Database
from hub.store.types import Exact as ExactColumn
from hub.store.types import Instant as InstantColumn

exact = st.decimals(-(10**11), 10**11, places=6, allow_nan=False, allow_infinity=False)
zones = st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns", "Asia/Kathmandu"]).map(ZoneInfo)
instants = st.datetimes(dt.datetime(1971, 1, 2), dt.datetime(2200, 1, 1), timezones=zones)


@given(exact)
def test_an_exact_number_survives_text(number: Decimal) -> None:
    field = Exact()
    assert field.deserialize(field.serialize("x", {"x": number})) == number


@given(exact)
def test_story_29_an_amount_out_of_json_never_was_a_float(number: Decimal) -> None:
    assert Exact().deserialize(loads(format(number, "f").encode())) == number


@pytest.mark.parametrize("value", [0.1, True, "12,50", "", "NaN", "Infinity", "1e20", "0.0000001", [], {}])
def test_what_is_not_exact_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Exact().deserialize(value)


def test_a_sign_is_refused_where_none_makes_sense() -> None:
    with pytest.raises(ValidationError):
        Exact(signed=False).deserialize("-1")


@given(instants)
def test_an_instant_survives_text_as_utc(when: dt.datetime) -> None:
    field = Instant()
    text = field.serialize("x", {"x": when})
    assert text.endswith("Z") and field.deserialize(text) == when.astimezone(dt.UTC)


@pytest.mark.parametrize("value", ["2026-03-02T10:00:00", "yesterday", "2026-03-02", 5])
def test_a_time_without_a_zone_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Instant().deserialize(value)


# -- on the stores --------------------------------------------------------------------------------------------------

VALUES = Table(
    "values_under_test",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("number", ExactColumn),
    Column("at", InstantColumn),
)


def test_numbers_and_instants_survive_the_store(database: Database) -> None:
    with database.write() as tx:
        VALUES.create(tx)

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.none() | exact, st.none() | instants), min_size=1, max_size=20))
    def survive(rows: list[tuple[Decimal | None, dt.datetime | None]]) -> None:
        with database.write() as tx:
            tx.execute(VALUES.delete())
            tx.execute(insert(VALUES), [{"id": n, "number": d, "at": t} for n, (d, t) in enumerate(rows)])
        with database.read() as tx:
            kept = [(row.number, row.at) for row in tx.execute(select(VALUES).order_by(VALUES.c.id))]
        assert kept == [(d, t.astimezone(dt.UTC) if t else None) for d, t in rows]
        assert all(at is None or at.utcoffset() == dt.timedelta(0) for _, at in kept)

    survive()


def test_the_store_refuses_what_it_could_not_keep(database: Database) -> None:
    with database.write() as tx:
        VALUES.create(tx)
    for values in ({"number": Decimal("0.0000001")}, {"at": dt.datetime(2026, 1, 1)}):
        with pytest.raises(Exception, match="decimal places|time zone"), database.write() as tx:
            tx.execute(insert(VALUES).values(id=1, **values))


# -- the order ------------------------------------------------------------------------------------------------------


def test_errors_name_their_place() -> None:
    bad = {"external_id": "1", "colour": "red", "lines": [{"external_id": "a", "quantity": "x"}, {"external_id": "a"}]}
    with pytest.raises(ValidationError) as caught:
        SCHEMAS["order"]().load(bad)
    assert {path for path, _ in errors_of(caught.value)} == {"colour", "lines.0.quantity", "lines.1.quantity"}


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ({"quantity": 2, "cancelled": 3}, "lines.0.cancelled"),
        ({"quantity": 2, "pack_factor": 0}, "lines.0.pack_factor"),
        ({"quantity": -1}, "lines.0.quantity"),
    ],
)
def test_a_line_that_cannot_be_is_refused(line: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SCHEMAS["order"]().load({"external_id": "1", "lines": [{"external_id": "a", **line}]})
    assert path in {found for found, _ in errors_of(caught.value)}


def test_two_lines_never_share_an_id_but_may_share_a_sku() -> None:
    lines = [{"external_id": n, "sku": "MUG", "quantity": 1} for n in ("a", "b")]
    assert len(SCHEMAS["order"]().load({"external_id": "1", "lines": lines})["lines"]) == 2
    with pytest.raises(ValidationError):
        SCHEMAS["order"]().load({"external_id": "1", "lines": [lines[0], lines[0]]})


def test_story_15_an_order_needs_no_person() -> None:
    loaded = SCHEMAS["order"]().load({"external_id": "1", "lines": [{"external_id": "a", "quantity": 1}]})
    assert not {"ship_to", "email", "phone", "note"} & loaded.keys()
