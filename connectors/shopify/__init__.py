"""Shopify: orders, returns, fulfilment and stock over the Admin GraphQL API."""

from connectors.shopify.connector import Shopify

CONNECTOR = Shopify
