"""Connector settings as given on the command line: NAME=VALUE, secrets from files, variables or a prompt."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from marshmallow import Schema, fields

from hub.sdk.connector import secret_names

_COMPOSED = (fields.Dict, fields.List, fields.Nested)


def read(
    schema: type[Schema], given: Sequence[str], *, ask: bool, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Settings out of `--set` words; with `ask`, required ones that are missing are asked for on a terminal.

    `name=@file` takes a file's text and `name=env:VARIABLE` a variable's, so that a secret needs not stand in the
    shell's history. `name.key=value` sets one key of a table and keeps those it had in `before`; lists are JSON or
    separated by commas.
    """
    known = schema().fields
    settings: dict[str, Any] = {}
    for word in given:
        name, equals, text = word.partition("=")
        name, _, key = name.partition(".")
        if not equals or not name:
            raise click.UsageError(f"{word.partition('=')[0]}: write NAME=VALUE.")
        if name not in known:
            raise click.UsageError(f"there is no setting {name!r}; there are {', '.join(sorted(known))}.")
        value = _text(name, text)
        if key:
            settings.setdefault(name, dict((before or {}).get(name, {})))[key] = value
        else:
            settings[name] = _composed(name, known[name], value)
    if ask:
        _ask(schema, settings)
    return settings


def _text(name: str, text: str) -> str:
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{name}: cannot read {text[1:]}: {error}") from error
    if text.startswith("env:"):
        if text[4:] not in os.environ:
            raise click.UsageError(f"{name}: there is no variable {text[4:]}.")
        return os.environ[text[4:]]
    return text


def _composed(name: str, field: fields.Field[Any], value: str) -> Any:
    if not isinstance(field, _COMPOSED):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        if isinstance(field, fields.List):
            return [item.strip() for item in value.split(",") if item.strip()]
        raise click.UsageError(f"{name}: write JSON, or {name}.KEY=VALUE.") from error


def _ask(schema: type[Schema], settings: dict[str, Any]) -> None:
    hidden = secret_names(schema)
    missing = [name for name, field in schema().fields.items() if field.required and name not in settings]
    if missing and not sys.stdin.isatty():
        raise click.UsageError(f"these settings are missing: {', '.join(missing)}; give each with --set NAME=VALUE.")
    for name in missing:
        label = schema().fields[name].metadata.get("label", name)
        settings[name] = click.prompt(str(label), hide_input=name in hidden)
