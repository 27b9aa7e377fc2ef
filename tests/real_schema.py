"""A platform's own GraphQL schema, which takes a second to build and is built once."""

from __future__ import annotations

import gzip
from functools import cache

import pytest
from graphql import GraphQLSchema, build_schema

from tests.conftest import SHARED

CONTRACTS = SHARED / "contracts" / "shopify"


def schema_text(name: str) -> str:
    """A schema as text. Skips the test where it is not beside the checkout."""
    path = CONTRACTS / f"{name}.graphql.gz"
    if not path.exists():
        pytest.skip(f"needs the platform's own schema at {path}")
    return gzip.decompress(path.read_bytes()).decode()


@cache
def real_schema(version: str) -> GraphQLSchema:
    """The schema of a version of the API."""
    return build_schema(schema_text(f"admin_{version}"), assume_valid=True, assume_valid_sdl=True, no_location=True)
