"""The store's schema is a true subset of the platform's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_required_argument,
    is_required_input_field,
)

from tests.real_schema import real_schema

ROOT = Path(__file__).resolve().parents[3]
OURS = ROOT / "hub" / "sandbox" / "store" / "schema.graphql"


def argument_faults(where: str, ours: dict, theirs: dict) -> list[str]:
    faults = []
    for name, argument in ours.items():
        if name not in theirs:
            faults.append(f"{where}({name}:) does not exist")
            continue
        real = theirs[name]
        if str(argument.type) != str(real.type):
            faults.append(f"{where}({name}:) is {argument.type}, really {real.type}")
        if argument.default_value != real.default_value:
            faults.append(f"{where}({name}:) defaults to {argument.default_value}, really {real.default_value}")
        if getattr(real, "deprecation_reason", None):
            faults.append(f"{where}({name}:) is deprecated")
    required = [n for n, a in theirs.items() if n not in ours and is_required_argument(a)]
    return faults + [f"{where}({name}:) is required but missing" for name in required]


def field_faults(type_: GraphQLObjectType | GraphQLInterfaceType, real: GraphQLObjectType) -> list[str]:
    faults = [f"{type_}: implements {i}" for i in type_.interfaces if i.name not in {r.name for r in real.interfaces}]
    for name, field in type_.fields.items():
        where = f"{type_}.{name}"
        if name not in real.fields:
            faults.append(f"{where} does not exist")
            continue
        theirs = real.fields[name]
        if str(field.type) != str(theirs.type):
            faults.append(f"{where} is {field.type}, really {theirs.type}")
        if theirs.deprecation_reason:
            faults.append(f"{where} is deprecated")
        faults += argument_faults(where, field.args, theirs.args)
    return faults


def input_faults(type_: GraphQLInputObjectType, real: GraphQLInputObjectType) -> list[str]:
    faults = argument_faults(str(type_), type_.fields, real.fields)
    required = [n for n, f in real.fields.items() if n not in type_.fields and is_required_input_field(f)]
    return faults + [f"{type_}.{name} is required but missing" for name in required]


def schema_faults(ours: GraphQLSchema, theirs: GraphQLSchema) -> list[str]:
    faults: list[str] = []
    for name, type_ in ours.type_map.items():
        if name.startswith("__"):
            continue
        real = theirs.type_map.get(name)
        if type(real) is not type(type_):
            faults.append(f"{name} is {type(type_).__name__}, really {type(real).__name__}")
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            faults += field_faults(type_, real)
        elif isinstance(type_, GraphQLInputObjectType):
            faults += input_faults(type_, real)
        elif isinstance(type_, GraphQLEnumType):
            faults += [f"{name}.{value} does not exist" for value in type_.values if value not in real.values]
    return faults


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_the_schema_is_a_subset_of_the_real_one(version: str) -> None:
    ours = build_schema(OURS.read_text(), assume_valid_sdl=True)
    assert schema_faults(ours, real_schema(version)) == []
    assert len(ours.query_type.fields) > 10
