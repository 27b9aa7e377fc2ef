"""When a flow runs and what reads or writes its documents, as a person sets it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row

from hub.errors import NotFound, Refused
from hub.flows.inbound.mended import read_mended
from hub.installation import Installation
from hub.mapping import MappingError
from hub.schedules import next_slot, time_zone
from hub.store import connections, events


def set_schedule(inst: Installation, flow_id: int, schedule: str | None, zone: str | None, actor: str) -> str:
    """Give a flow another schedule (None: as things happen) and, if named, another zone. Raises `ScheduleError`."""
    now = inst.now()
    with inst.db.write() as tx:
        flow = _flow(tx, flow_id)
        zone = zone or flow.timezone
        time_zone(zone)
        due = None if schedule is None else next_slot(schedule, zone, now)
        connections.change_flow(tx, flow.id, schedule=schedule, timezone=zone, next_due=due)
        _note(tx, "flow.scheduled", now, flow, actor, schedule=schedule, before=flow.schedule, zone=zone)
    if due is None:
        return "The flow has no schedule now."
    return f"The flow runs {schedule} ({zone}), next at {due.astimezone(time_zone(zone)):%Y-%m-%d %H:%M:%S}."


def set_mapping(inst: Installation, flow_id: int, name: str | None, actor: str) -> str:
    """Give a flow another mapping (None: the one of its connector's type), and read what waits that the one before
    could not read. Raises `Refused` for a mapping that is wrong or makes another kind of document."""
    now = inst.now()
    with inst.db.write() as tx:
        flow = _flow(tx, flow_id)
        if name is not None:
            _need_mapping(inst, name, flow.direction, flow.kind)
        connections.change_flow(tx, flow.id, mapping=name)
        _note(tx, "flow.mapping-chosen", now, flow, actor, mapping=name, before=flow.mapping)
    again = read_mended(inst)
    chosen = f"{name} from now on" if name else "the mapping of its connector's type"
    return f"The flow uses {chosen}" + (f"; {again} documents that waited are read again." if again else ".")


def _flow(tx: Connection, flow_id: int) -> Row[Any]:
    flow = connections.flow_by_id(tx, flow_id)
    if flow is None:
        raise NotFound("flow.missing", f"There is no flow {flow_id}.")
    return flow


def _note(tx: Connection, kind: str, now: dt.datetime, flow: Row[Any], actor: str, **data: Any) -> None:
    about = {"connection_id": flow.connection_id, "document": flow.kind, "direction": flow.direction}
    events.add(tx, events.event(kind, now, actor=actor, **about, **data))


def _need_mapping(inst: Installation, name: str, direction: str, kind: str) -> None:
    try:
        mapping = inst.mappings.get(name)
    except MappingError as error:
        raise Refused("flow.mapping-broken", f"Mapping {name} cannot be used: {error}") from error
    end, given = ("to", mapping.target) if direction == "in" else ("from", mapping.source)
    if given.name != kind:
        raise Refused(
            "flow.mapping-other-kind", f"Mapping {name} is `{end}: {given}`; this flow needs `{end}: {kind}`."
        )
