"""`hub flow`: what comes in and goes out, and when."""

from __future__ import annotations

import click

from hub.cli.common import actor, age, console, emit, installation, json_option, show_table


@click.group()
def flow() -> None:
    """See and steer what comes in and goes out.

    FLOW is its id, CONNECTION/KIND, or CONNECTION/in/KIND where both directions exist.
    """


@flow.command("list")
@json_option
def list_flows(as_json: bool) -> None:
    """List the flows with their schedules and when they last ran."""
    from hub.views.base import schema_of
    from hub.views.connections import FlowView
    from hub.views.connections import flow_list as views

    hub = installation()
    with hub.db.read() as tx:
        rows = views(tx, None)
    if as_json:
        emit(schema_of(FlowView)(many=True).dump(rows))
        return
    now = hub.now()
    show_table(
        ["id", "connection", "direction", "document", "schedule", "next", "last good run", "status"],
        [
            (
                row.id,
                row.connection,
                row.direction,
                row.kind,
                f"{row.schedule} ({row.timezone})" if row.schedule else "as it happens",
                age(row.next_due, now) if row.next_due and not row.paused else "",
                age(row.last_ok, now) if row.direction == "in" else "",
                row.status.detail or row.status.word,
            )
            for row in rows
        ],
        "There are no flows yet: `hub connection add` makes them.",
    )


@flow.command()
@click.argument("name", metavar="FLOW")
def run(name: str) -> None:
    """Pull FLOW now, whatever its schedule says."""
    _act("run_flow", name)


@flow.command()
@click.argument("name", metavar="FLOW")
def pause(name: str) -> None:
    """Leave FLOW's schedule aside."""
    _act("pause_flow", name)


@flow.command()
@click.argument("name", metavar="FLOW")
def resume(name: str) -> None:
    """Follow FLOW's schedule again; slots that were missed become one."""
    _act("resume_flow", name)


@flow.command()
@click.argument("name", metavar="FLOW")
@click.argument("schedule", required=False)
@click.option("--zone", help="The time zone of a cron schedule, such as Europe/Paris.")
@click.option("--none", "nothing", is_flag=True, help="No schedule: as things happen.")
def schedule(name: str, schedule: str | None, zone: str | None, nothing: bool) -> None:
    """Run FLOW on SCHEDULE: an interval (`every 5m`) or cron (`15 6 * * mon-fri`)."""
    from hub.cli import find
    from hub.flows.steering import set_schedule

    if (schedule is None) != nothing:
        raise click.UsageError("say either a SCHEDULE or --none.")
    hub = installation()
    console.print(set_schedule(hub, find.flow(hub, name).id, schedule, zone, actor()), markup=False)


@flow.command("set")
@click.argument("name", metavar="FLOW")
@click.option("--mapping", metavar="MAPPING", help="What reads or writes its documents, such as generic/csv_order.in.")
@click.option("--shipped-mapping", is_flag=True, help="The mapping of its connector's type again.")
def set_flow(name: str, mapping: str | None, shipped_mapping: bool) -> None:
    """Choose what reads or writes the documents of FLOW. What waits that could not be read is read again."""
    from hub.cli import find
    from hub.flows.steering import set_mapping

    if (mapping is None) != shipped_mapping:
        raise click.UsageError("say either --mapping MAPPING or --shipped-mapping.")
    hub = installation()
    console.print(set_mapping(hub, find.flow(hub, name).id, mapping, actor()), markup=False)


def _act(action: str, name: str) -> None:
    from hub.cli import find
    from hub.flows import actions

    hub = installation()
    console.print(getattr(actions, action)(hub, find.flow(hub, name).id, actor()), markup=False)
