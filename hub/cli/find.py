"""How people name things on the command line."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from hub.errors import NotFound, Refused
from hub.installation import Installation
from hub.store import connections, overview


def connection(hub: Installation, name: str) -> Row[Any]:
    """The connection of that name, or with that id. Raises `NotFound`."""
    with hub.db.read() as tx:
        row = connections.by_name(tx, name)
        if row is None and name.isdecimal():
            row = connections.get(tx, int(name))
    if row is None:
        raise NotFound("connection.missing", f"There is no connection {name!r}; `hub connection list` shows them all.")
    return row


def flow(hub: Installation, name: str) -> Row[Any]:
    """The flow with that id, or named CONNECTION/KIND or CONNECTION/in/KIND. Raises `NotFound` or `Refused`."""
    with hub.db.read() as tx:
        rows = overview.flow_rows(tx, None)
    found = [
        row
        for row in rows
        if name in (str(row.id), f"{row.connection}/{row.kind}", f"{row.connection}/{row.direction}/{row.kind}")
    ]
    if not found:
        raise NotFound("flow.missing", f"There is no flow {name!r}; `hub flow list` shows them all.")
    if len(found) > 1:
        names = " or ".join(f"{row.connection}/{row.direction}/{row.kind}" for row in found)
        raise Refused("flow.ambiguous", f"{name!r} is two flows; say {names}.")
    only: Row[Any] = found[0]
    return only
