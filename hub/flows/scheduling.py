"""When a flow runs, as a person sets it."""

from __future__ import annotations

from hub.errors import NotFound
from hub.installation import Installation
from hub.schedules import next_slot, time_zone
from hub.store import connections, events


def set_schedule(inst: Installation, flow_id: int, schedule: str | None, zone: str | None, actor: str) -> str:
    """Give a flow another schedule (None: as things happen) and, if named, another zone. Raises `ScheduleError`."""
    now = inst.now()
    with inst.db.write() as tx:
        flow = connections.flow_by_id(tx, flow_id)
        if flow is None:
            raise NotFound("flow.missing", f"There is no flow {flow_id}.")
        zone = zone or flow.timezone
        time_zone(zone)
        due = None if schedule is None else next_slot(schedule, zone, now)
        connections.change_flow(tx, flow.id, schedule=schedule, timezone=zone, next_due=due)
        events.add(
            tx,
            events.event(
                "flow.scheduled",
                now,
                connection_id=flow.connection_id,
                actor=actor,
                document=flow.kind,
                direction=flow.direction,
                schedule=schedule,
                before=flow.schedule,
                zone=zone,
            ),
        )
    if due is None:
        return "The flow has no schedule now."
    return f"The flow runs {schedule} ({zone}), next at {due.astimezone(time_zone(zone)):%Y-%m-%d %H:%M:%S}."
