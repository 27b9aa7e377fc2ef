"""`hub stop` and `hub start`: the switch for everything that goes out, or for one connection's."""

from __future__ import annotations

import click

from hub.cli.common import actor, console, installation


@click.command()
@click.argument("connection", required=False)
def stop(connection: str | None) -> None:
    """Send nothing more, to CONNECTION or at all, until `hub start`. What is due waits."""
    _switch(connection, stopped=True)


@click.command()
@click.argument("connection", required=False)
def start(connection: str | None) -> None:
    """Send again, to CONNECTION or wherever it is not stopped by itself."""
    _switch(connection, stopped=False)


def _switch(name: str | None, *, stopped: bool) -> None:
    from hub.cli import find
    from hub.flows import actions

    hub = installation()
    connection_id = find.connection(hub, name).id if name else None
    act = actions.stop_outbound if stopped else actions.start_outbound
    console.print(act(hub, connection_id, actor()), markup=False)
