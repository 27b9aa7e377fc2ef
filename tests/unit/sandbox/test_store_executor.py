"""The compiled executor answers what graphql-core's own executor answers."""

from __future__ import annotations

import argparse
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLResolveInfo, execute, parse

from hub.sandbox.store.app import TOKEN, add_options, make_engine
from hub.sandbox.store.changes import fulfil
from hub.sandbox.store.gql import Context, Engine
from hub.sandbox.store.returns import request_return
from hub.sandbox.store.seeding import MALFORMED, seed_orders
from hub.sandbox.store.shop import Shop
from hub.sandbox.world import STORE_TOKEN

MONEY = "{shopMoney{amount currencyCode} presentmentMoney{amount currencyCode}}"
EVERYTHING = """
query Everything($first: Int!, $deep: Boolean = true, $query: String) {
  shop { name myshopifyDomain plan { publicDisplayName } }
  again: ordersCount(query: $query) { count precision }
  orders(first: $first, query: $query, sortKey: UPDATED_AT, reverse: true) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { name ...Totals } }
    nodes {
      __typename id name updatedAt note test tags customAttributes { key value } risk { recommendation }
      ...Totals
      customer { displayName defaultEmailAddress { emailAddress } }
      shippingAddress { name countryCodeV2 zip } billingAddress { city }
      shippingLine { title originalPriceSet MONEY taxLines { title } }
      lineItems(first: 2) @include(if: $deep) {
        nodes { id sku quantity currentQuantity discountedTotalSet(withCodeDiscounts: true) MONEY
                taxLines(first: 1) { rate priceSet MONEY } weight { unit value }
                discountAllocations { allocatedAmountSet MONEY
                  discountApplication { index ... on DiscountCodeApplication { code }
                                        ... on ManualDiscountApplication { title } } } }
        pageInfo { hasNextPage }
      }
      lineItems(first: 2) { edges { cursor node { title variant { inventoryItem { sku } } } } }
      fulfillmentOrders(first: 5, query: "status:open") {
        nodes { status supportedActions { action } assignedLocation { location { name } }
                destination { city } lineItems(first: 9) { nodes { remainingQuantity sku lineItem { id } } } } }
      fulfillments(first: 3) { status trackingInfo { number }
        fulfillmentLineItems(first: 5) { nodes { quantity lineItem { sku } } } }
      returns(first: 3) { nodes { status returnLineItems(first: 5) { nodes { quantity processableQuantity
          ... on ReturnLineItem { fulfillmentLineItem { lineItem { sku } } } } }
        reverseFulfillmentOrders(first: 2) { nodes { status lineItems(first: 5) { nodes { totalQuantity } } } } } }
      refunds { id }
    }
  }
}
fragment Totals on Order {
  totalPriceSet MONEY subtotalPriceSet MONEY totalTaxSet MONEY
  ... on LegacyInteroperability { legacyResourceId }
  ... on Node { id }
}
""".replace("MONEY", MONEY)


def ask(engine: Engine, shop: Shop, text: str, variables: dict[str, Any]) -> dict[str, Any]:
    document = engine.document(text)
    assert document.errors == []
    prepared = engine.prepare(document, None, variables)
    assert not isinstance(prepared, list), prepared
    operation, coerced = prepared
    return engine.run(operation, Context(shop, coerced))


def reference(engine: Engine, shop: Shop, text: str, variables: dict[str, Any]) -> dict[str, Any]:
    """graphql-core's executor over the same resolvers."""

    def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        resolver = engine.resolvers.get((info.parent_type.name, info.field_name))
        if resolver is None:
            return source.get(info.field_name)
        return resolver(source, info.context, arguments)

    result = execute(
        engine.schema, parse(text), {}, Context(shop, variables), variables, field_resolver=resolve,
        type_resolver=lambda value, info, kind: value["__typename"],
    )  # fmt: skip
    return result.formatted


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop("test.example")
    body = {"seed": 3, "malformed_every": 10, "malformed_kinds": list(MALFORMED)}
    orders = seed_orders(made, body, [f"2026-01-01T00:00:{i % 7:02d}Z" for i in range(80)])
    for order in orders[:10]:
        group = next(entry for entry in order["_fulfillment_orders"] if entry["status"] in ("OPEN", "ON_HOLD"))
        group["status"] = "OPEN"
        fulfilment = fulfil(made, [{"fulfillmentOrderId": group["id"]}], [{"company": "X", "number": "1", "url": None}])
        request_return(made, order, [(fulfilment["_lines"][0], 1)])
    return made


@pytest.mark.parametrize("variables", [{"first": 100}, {"first": 3, "deep": False},
                                       {"first": 50, "query": "updated_at:>='2026-01-01T00:00:03Z'"}])  # fmt: skip
def test_it_answers_what_graphql_core_answers(shop: Shop, variables: dict[str, Any]) -> None:
    engine = make_engine()
    ours, theirs = ask(engine, shop, EVERYTHING, variables), reference(engine, shop, EVERYTHING, variables)
    assert len(ours["data"]["orders"]["nodes"]) > 2
    assert ours == theirs


def test_a_null_in_a_required_field_nulls_the_nearest_nullable_parent(shop: Shop) -> None:
    engine = make_engine()
    order = next(iter(shop.orders.values()))
    order["_lines"][0]["originalTotalSet"], kept = None, order["_lines"][0]["originalTotalSet"]
    text = """query($id: ID!) { order(id: $id) { lineItems(first: 5) { nodes {
        originalTotalSet { shopMoney { amount } } } } } }"""
    try:
        answer = ask(engine, shop, text, {"id": order["id"]})
    finally:
        order["_lines"][0]["originalTotalSet"] = kept
    assert answer["data"] == {"order": None}
    assert len(answer["errors"]) == 1


def test_a_document_that_is_not_valid_is_refused() -> None:
    assert "Cannot query field 'nope'" in make_engine().document("{ shop { nope } }").errors[0]["message"]
    assert make_engine().document("{ shop {").errors


def test_totals_add_up_in_both_currencies_unless_spoilt(shop: Shop) -> None:
    """total = subtotal + shipping + tax unless it is included; the lines after discounts make the subtotal."""
    for order in shop.orders.values():
        for side in ("shopMoney", "presentmentMoney"):

            def amount(bag: dict[str, Any], side: str = side) -> Decimal:
                return Decimal(bag[side]["amount"])

            tax = Decimal(0) if order["taxesIncluded"] else amount(order["totalTaxSet"])
            whole = amount(order["subtotalPriceSet"]) + amount(order["totalShippingPriceSet"]) + tax
            same = whole == amount(order["totalPriceSet"])
            assert same is ("malformed:total-mismatch" not in order["_traits"])
            assert sum(amount(line["_with_code"]) for line in order["_lines"]) == amount(order["subtotalPriceSet"])


def test_options_have_the_documented_defaults() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    assert parser.parse_args([]).token == TOKEN == STORE_TOKEN
