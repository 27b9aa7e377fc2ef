"""`hub user`: people and their login links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.common import actor, age, console, emit, installation, json_option, show_table

if TYPE_CHECKING:
    from sqlalchemy import Row

    from hub.installation import Installation


@click.group()
def user() -> None:
    """Add people and make login links."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "operator", "admin"]), default="operator", show_default=True)
@json_option
def add(name: str, role: str, as_json: bool) -> None:
    """Add a person and print their one-time login link; they choose a password when they use it."""
    from hub import auth

    hub = installation()
    row = auth.add_user(hub.db, name, role, hub.now(), actor=actor())
    _show_link(hub, row, as_json)


@user.command()
@click.argument("name")
@json_option
def link(name: str, as_json: bool) -> None:
    """Make a new one-time login link for a person. Older links of theirs stop working."""
    from hub.errors import NotFound
    from hub.store import users

    hub = installation()
    with hub.db.read() as tx:
        row = users.by_name(tx, name)
    if row is None:
        raise NotFound("user.unknown", f"There is no user {name!r}; `hub user list` shows them all.")
    _show_link(hub, row, as_json)


@user.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """List the people."""
    from hub.store import users

    hub = installation()
    with hub.db.read() as tx:
        rows = users.everyone(tx)
    if as_json:
        emit(
            [
                {
                    "name": row.name,
                    "role": row.role,
                    "password": row.password_hash is not None,
                    "disabled_at": row.disabled_at,
                    "created_at": row.created_at,
                }
                for row in rows
            ]
        )
        return
    show_table(
        ["name", "role", "password", "added"],
        [
            (
                row.name,
                row.role,
                "disabled" if row.disabled_at else "set" if row.password_hash else "not set",
                age(row.created_at, hub.now()),
            )
            for row in rows
        ],
        "There are no users yet: `hub user add NAME --role admin`.",
    )


def _show_link(hub: Installation, row: Row[Any], as_json: bool) -> None:
    from hub import auth

    token = auth.make_link(hub.db, row.id, hub.now(), actor=actor())
    address = auth.login_address(hub.config.public_url, token)
    if as_json:
        emit({"name": row.name, "role": row.role, "link": address, "valid_hours": 24})
    else:
        console.print(f"{row.name} ({row.role}) can log in once within 24 hours at:", markup=False)
        console.print(address, soft_wrap=True, markup=False)
