"""`hub rule`: which backend gets which lines."""

from __future__ import annotations

import click

from hub.cli.common import actor, console, emit, installation, json_option, show_table


@click.group()
def rule() -> None:
    """Rules that give orders to backends; the first that matches a line wins."""


@rule.command("list")
@json_option
def list_rules(as_json: bool) -> None:
    """List the rules in their order."""
    from hub.store import rules as store

    hub = installation()
    with hub.db.read() as tx:
        rows = [
            {
                "position": row.position,
                "name": row.name,
                "backend": row.backend,
                "location": row.location,
                "conditions": row.conditions,
            }
            for row in store.everything(tx)
        ]
    if as_json:
        emit(rows)
        return
    show_table(
        ["position", "name", "when", "backend", "location"],
        [
            (
                row["position"],
                row["name"],
                "; ".join(f"{name} is {' or '.join(values)}" for name, values in row["conditions"].items()) or "always",
                row["backend"],
                row["location"],
            )
            for row in rows
        ],
        "There are no rules: everything goes to the default backend, or to the only one there is.",
    )


@rule.command()
@click.argument("name")
@click.argument("backend")
@click.option("--channel", multiple=True, help="The connection that the order came by. * matches any run of letters.")
@click.option("--country", multiple=True, help="Where it goes: FR, DE ...")
@click.option("--sku", multiple=True, help="What it is: MUG-* ...")
@click.option("--position", default=100, show_default=True, help="Lower ones are asked first.")
@click.option("--location", help="The backend's own location, where it has several.")
def add(
    name: str,
    backend: str,
    channel: tuple[str, ...],
    country: tuple[str, ...],
    sku: tuple[str, ...],
    position: int,
    location: str | None,
) -> None:
    """Give lines that match to BACKEND. Several values of one option: one of them must match."""
    from hub.cli import find
    from hub.flows import setup

    hub = installation()
    given = {"channel": channel, "country": tuple(c.upper() for c in country), "sku": sku}
    conditions = {key: values for key, values in given.items() if values}
    row = find.connection(hub, backend)
    setup.add_rule(hub, name, row.id, conditions, actor=actor(), position=position, location=location)
    console.print(f"Rule {name} gives what matches to {row.name}.", markup=False)


@rule.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take a rule out; orders that it has routed stay where they are."""
    from hub.flows import setup

    setup.remove_rule(installation(), name, actor())
    console.print(f"Rule {name} is gone.", markup=False)


@rule.command()
@click.argument("backend")
def default(backend: str) -> None:
    """Give what no rule claims to BACKEND."""
    from hub.cli import find
    from hub.flows import setup

    hub = installation()
    row = find.connection(hub, backend)
    setup.set_default_backend(hub, row.id, actor())
    console.print(f"What no rule claims goes to {row.name}.", markup=False)
