"""`hub connection`: storefronts, partners and warehouses."""

from __future__ import annotations

import click

from hub.cli.common import actor, console, emit, installation, json_option, show_table


@click.group()
def connection() -> None:
    """Connect storefronts, partners and warehouses."""


@connection.command()
@json_option
def types(as_json: bool) -> None:
    """List what can be connected, with the settings each needs."""
    from hub.sdk.connector import secret_names

    hub = installation()
    working, broken = hub.registry.all()
    rows = []
    for name, class_ in working.items():
        known = class_.Settings().fields
        rows.append(
            {
                "type": name,
                "label": class_.label,
                "required": [field for field in known if known[field].required],
                "optional": [field for field in known if not known[field].required],
                "secret": sorted(secret_names(class_.Settings)),
            }
        )
    if as_json:
        emit({"types": rows, "broken": {name: error.sentence for name, error in broken.items()}})
        return
    show_table(
        ["type", "what it is", "needs", "may have"],
        [(row["type"], row["label"], ", ".join(row["required"]), ", ".join(row["optional"])) for row in rows],
        f"No connector was found in {', '.join(map(str, hub.config.connectors))}.",
    )
    for error in broken.values():
        console.print(f"{error.code}: {error.sentence}", style="red", markup=False)


@connection.command("list")
@json_option
def list_connections(as_json: bool) -> None:
    """List the connections."""
    from hub.views.base import schema_of
    from hub.views.connections import ConnectionView
    from hub.views.connections import connection_list as views

    hub = installation()
    with hub.db.read() as tx:
        rows = views(tx, None)
    if as_json:
        emit(schema_of(ConnectionView)(many=True).dump(rows))
        return
    show_table(
        ["id", "name", "type", "mode", "status", "trouble"],
        [
            (row.id, row.name, row.type, row.mode, row.status.detail or row.status.word, row.trouble_detail)
            for row in rows
        ],
        "There are no connections yet: `hub connection types` lists what can be connected.",
    )


@connection.command()
@click.argument("type_", metavar="TYPE")
@click.argument("name")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A setting; @FILE, env:VARIABLE are read.")
@click.option("--mode", type=click.Choice(["off", "shadow", "live"]), default="shadow", show_default=True)
@click.option("--from", "start_at", type=click.DateTime(), help="Take documents since then (UTC). Default: now.")
@click.option("--every", "schedule", default="every 1m", show_default=True, help="How often to pull, or a cron line.")
@click.option("--zone", default="UTC", show_default=True, help="The time zone of a cron line.")
@click.option("--no-check", is_flag=True, help="Save without calling the other side first.")
def add(
    type_: str,
    name: str,
    given: tuple[str, ...],
    mode: str,
    start_at: object,
    schedule: str,
    zone: str,
    no_check: bool,
) -> None:
    """Connect a TYPE under NAME. The settings are tested before they are saved; missing ones are asked for.

    A new connection is in shadow mode: everything happens but the push. `hub connection mode NAME live` lets it go.
    """
    import datetime as dt

    from hub.cli.given import read
    from hub.flows.setup import add_connection
    from hub.schedules import next_slot

    hub = installation()
    next_slot(schedule, zone, hub.now())
    settings = read(hub.registry.get(type_).Settings, given, ask=True)
    since = start_at.replace(tzinfo=dt.UTC) if isinstance(start_at, dt.datetime) else None
    add_connection(
        hub,
        type_,
        name,
        settings,
        actor=actor(),
        mode=mode,
        start_at=since,
        schedule=schedule,
        timezone=zone,
        check=not no_check,
    )
    console.print(f"{name} is connected ({mode}). `hub flow list` shows what comes and goes.", markup=False)


@connection.command("set")
@click.argument("name")
@click.argument("given", nargs=-1, required=True, metavar="NAME=VALUE…")
@click.option("--no-check", is_flag=True, help="Save without calling the other side first.")
def set_settings(name: str, given: tuple[str, ...], no_check: bool) -> None:
    """Change settings or secrets of a connection; what is not named stays. Tested before it is saved."""
    from hub.cli import find
    from hub.cli.given import read
    from hub.flows.setup import change_settings

    hub = installation()
    row = find.connection(hub, name)
    changes = read(hub.registry.get(row.type).Settings, given, ask=False, before=row.settings)
    change_settings(hub, row.id, changes, actor=actor(), check=not no_check)
    console.print(f"{row.name} has its new settings.", markup=False)


@connection.command()
@click.argument("name")
def test(name: str) -> None:
    """Call the other side and prove that the settings work. A connection that waited for this goes on."""
    from hub.cli import find
    from hub.flows.actions import clear_trouble

    hub = installation()
    row = find.connection(hub, name)
    connector = hub.connector(row)
    connector.check()
    console.print(f"{row.name} works.", markup=False)
    for warning in connector.warnings():
        console.print(f"Warning: {warning}", style="yellow", markup=False)
    if row.trouble:
        console.print(clear_trouble(hub, row.id, actor()), markup=False)


@connection.command()
@click.argument("name")
@click.argument("mode", type=click.Choice(["off", "shadow", "live"]))
def mode(name: str, mode: str) -> None:
    """off: nothing is pulled or sent. shadow: everything but the push. live."""
    from hub.cli import find
    from hub.flows.actions import set_mode

    hub = installation()
    console.print(set_mode(hub, find.connection(hub, name).id, mode, actor()), markup=False)


@connection.command()
@click.argument("name")
def subscribe(name: str) -> None:
    """Have the other side send webhooks to this hub's public address, so that changes come at once."""
    from hub.cli import find
    from hub.flows.setup import subscribe

    hub = installation()
    count = subscribe(hub, find.connection(hub, name).id, actor())
    console.print(f"{count} webhooks come to {hub.config.public_url}.", markup=False)


@connection.command()
@click.argument("name")
@click.argument("given", nargs=-1, metavar="KEY=VALUE...")
def policy(name: str, given: tuple[str, ...]) -> None:
    """Decide what the hub does with a connection's orders and answers; without KEY=VALUE, show it."""
    from hub.cli import find
    from hub.flows.setup import POLICY, set_policy

    hub = installation()
    row = find.connection(hub, name)
    if given:
        words = [word.partition("=") for word in given]
        bad = next((word for word, equals, _ in words if not equals), None)
        if bad:
            raise click.UsageError(f"{bad}: write KEY=VALUE.")
        set_policy(hub, row.id, {key: value for key, _, value in words}, actor())
        row = find.connection(hub, name)
    now = {**row.policy.get("gate", {}), **{k: v for k, v in row.policy.items() if k != "gate"}}
    show_table(["policy", "value", "meaning"], [(key, now.get(key, "default"), POLICY[key]) for key in POLICY], "")
