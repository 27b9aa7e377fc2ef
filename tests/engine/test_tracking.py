"""A tracking number that cannot be its carrier's is flagged, and no shop is told to link it to that carrier."""

from __future__ import annotations

from sqlalchemy import select

from hub.flows.mappings import tables
from hub.flows.steering import set_mapping
from hub.store.connections import all_flows
from hub.store.tables import packages
from tests.engine.scripted.house import ACTOR, House, Side

UPS, FEDEX = "1Z999AA10123456784", "123456789012345"


def use(house: House, side: Side, direction: str, mapping: str) -> None:
    with house.inst.db.read() as tx:
        flow = all_flows(tx)[side.id, direction, "shipment"]
    set_mapping(house.inst, flow.id, mapping, ACTOR)


def shipped(house: House, *numbers: tuple[str, str]) -> Side:
    """A warehouse has shipped packages with these (carrier, tracking number)."""
    shop, depot = house.shop(), house.depot()
    use(house, shop, "out", "shopify/shipment.out")
    use(house, depot, "in", "rest_warehouse/shipment.in")
    house.order(shop, lines=[{"id": "a", "sku": "MUG", "quantity": len(numbers)}])
    sent = depot.peer.of("fulfillment")[0].json
    boxes = [
        {"carrier": carrier, "tracking_number": number,
         "lines": [{"line_id": sent["lines"][0]["line"], "quantity": 1}]}
        for carrier, number in numbers
    ]  # fmt: skip
    house.tell(depot, "shipment", "S1", reference=sent["reference"], packages=boxes)
    house.run()
    return shop


def test_story_25_a_number_that_is_not_the_carriers_is_flagged_and_not_linked_to_it(house: House) -> None:
    shop = shipped(house, ("UPS", UPS), ("UPS", FEDEX), ("fedex", FEDEX), ("Bike Post", "X2"))
    fits = house.rows(select(packages.c.tracking_fits).order_by(packages.c.id))
    assert [row.tracking_fits for row in fits] == [True, False, True, None]
    (event,) = house.events("shipment.tracking-doubtful")
    assert event.data == {"shipment": "S1", "packages": 1}
    (told,) = shop.peer.of("shipment")
    assert [(box["tracking_number"], box.get("carrier")) for box in told.json["packages"]] == [
        (UPS, "UPS"),
        (FEDEX, None),
        (FEDEX, "FedEx"),
        ("X2", "Bike Post"),
    ]


def test_story_25_a_carrier_of_ones_own_has_its_numbers_in_the_table(house: House) -> None:
    tables.set_row(house.inst, "carrier_numbers", "BIKE POST", "BP#{6}", ACTOR)
    shipped(house, ("Bike Post", "BP-123456"), ("Bike Post", "X2"))
    fits = house.rows(select(packages.c.tracking_fits).order_by(packages.c.id))
    assert [row.tracking_fits for row in fits] == [True, False]
