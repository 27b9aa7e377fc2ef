"""Every GraphQL document against the real schemas: valid, nothing deprecated, idempotency keys where required."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import pytest
from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    parse,
    specified_rules,
    type_from_ast,
    validate,
)
from graphql.execution.values import get_variable_values
from graphql.validation.rules.custom.no_deprecated import NoDeprecatedCustomRule

from connectors.shopify import pulling, queries
from connectors.shopify.connector import Shopify
from connectors.shopify.settings import VERSIONS
from hub.sdk.http import Http
from hub.sdk.testing import EPOCH
from tests.connectors.shopify.shop_peer import ShopPeer
from tests.real_schema import real_schema, schema_text

IDEMPOTENT = re.compile(r'"""((?:(?!""").)*?)"""\s*(\w+)\(', re.DOTALL)
"""A described field with arguments: (description, name)."""


@pytest.fixture(scope="session", params=sorted(VERSIONS))
def schema(request: pytest.FixtureRequest) -> GraphQLSchema:
    return real_schema(request.param)


@pytest.fixture(scope="session")
def needs_key() -> frozenset[str]:
    """The mutations whose description says that an idempotency key is required."""
    text = schema_text("admin_2026-07.described")
    mutations = text[text.index("type Mutation {") :]
    mutations = mutations[: mutations.index("\n}\n")]
    found = [(" ".join(description.split()), name) for description, name in IDEMPOTENT.findall(mutations)]
    return frozenset(name for description, name in found if "idempotency key is required" in description)


@pytest.mark.parametrize("name", queries.names())
def test_document_is_valid_and_uses_nothing_deprecated(name: str, schema: GraphQLSchema) -> None:
    document = parse(queries.document(name))
    assert validate(schema, document, [*specified_rules, NoDeprecatedCustomRule]) == []


@pytest.mark.parametrize("name", [name for name in queries.names() if queries.writes(name)])
def test_mutations_that_need_an_idempotency_key_carry_it(name: str, needs_key: frozenset[str]) -> None:
    assert "inventorySetQuantities" in needs_key and len(needs_key) == 16
    operation = parse(queries.document(name)).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    for selected in operation.selection_set.selections:
        assert isinstance(selected, FieldNode)
        keys = [directive for directive in selected.directives if directive.name.value == "idempotent"]
        assert bool(keys) == (selected.name.value in needs_key)
        assert all(isinstance(key, DirectiveNode) and key.arguments[0].value.kind == "variable" for key in keys)


WRITTEN = {
    "fulfillmentCreate",
    "fulfillmentTrackingInfoUpdate",
    "inventorySetQuantities",
    "orderCancel",
    "returnClose",
    "returnProcess",
    "webhookSubscriptionCreate",
}
"""All that the connector can change at a shop: no price, no product, no line of an order is among it."""


def test_story_17_only_what_fulfilment_needs_can_be_written() -> None:
    written = set()
    for name in filter(queries.writes, queries.names()):
        operation = parse(queries.document(name)).definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        written |= {field.name.value for field in operation.selection_set.selections if isinstance(field, FieldNode)}
    assert written == WRITTEN


def test_story_17_looking_at_a_shop_changes_nothing() -> None:
    with closing(ShopPeer()) as peer:
        shop = Shopify(Shopify.Settings().load(peer.settings), Http("http://unset.invalid"))
        shop.check()
        for kind in sorted(shop.pulls):
            (external_id,) = peer.seed(kind, 1)
            assert [document for page in shop.pull(kind, None, EPOCH) for document in page.documents]
            assert shop.fetch(kind, external_id) is not None
        for topic in sorted(shop.topics):
            subject = peer.subject(topic)
            shop.receive(peer.sign(topic, peer.notice(topic, subject[1] if subject else None), "delivery-1"))
        for kind in sorted(shop.pushes):
            shop.find(kind, peer.payload(kind, 1), "key-1")
        shop.subscriptions()
        asked = [request["query"] for request in peer.requests]
    assert len(asked) > 10 and not any("mutation" in query for query in asked)


def test_each_document_is_one_operation_and_no_fragment_is_unused() -> None:
    joined = [queries.document(name) for name in queries.names()]
    for text in joined:
        operations = [node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode)]
        assert len(operations) == 1
    for path in queries.FOLDER.glob("fragment_*.graphql"):
        assert any(path.read_text() in text for text in joined), f"{path.name} is used by no operation"


def test_every_connection_that_a_document_pages_can_be_read_on() -> None:
    """A nested `pageInfo` without a way to go on would lose lines in silence."""
    assert set(pulling.MORE.values()) <= set(queries.names())


def test_what_is_sent_fits_the_real_schema_and_nothing_in_it_is_deprecated(
    schema: GraphQLSchema, peer: ShopPeer, shop: Shopify
) -> None:
    """Variables are not part of a document: those of each push and pull are coerced as the platform would."""
    for kind in sorted(shop.pushes):
        shop.push(kind, peer.payload(kind, 1), "key")
    for kind in sorted(shop.pulls):
        assert list(shop.pull(kind, None, EPOCH))
    shop.subscribe("https://hub.example/hooks")
    for request in peer.requests:
        operation = parse(request["query"]).definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        definitions = operation.variable_definitions or ()
        assert isinstance(get_variable_values(schema, definitions, request["variables"]), dict)
        for definition in definitions:
            type_ = type_from_ast(schema, definition.type)
            assert _deprecated(type_, request["variables"].get(definition.variable.name.value)) == []


def _deprecated(type_: Any, value: Any) -> list[str]:
    """The deprecated input fields and enum values in use."""
    named = get_named_type(type_)
    if isinstance(value, list):
        return [name for item in value for name in _deprecated(named, item)]
    if is_enum_type(named):
        return [str(value)] if value and named.values[value].deprecation_reason else []
    if not is_input_object_type(named) or not value:
        return []
    fields = named.fields
    mine = [name for name in value if fields[name].deprecation_reason]
    return mine + [name for key, item in value.items() for name in _deprecated(fields[key].type, item)]
