"""Link the hub to others: connections with their flows, rules."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Row

from hub.errors import NotFound, Refused
from hub.flows.actions import clear_trouble, release_unrouted
from hub.flows.batch import DEFAULT_BACKEND, Batch
from hub.flows.fulfilment import shortfalls
from hub.installation import Installation
from hub.routing.rules import CONDITIONS
from hub.schedules import next_slot, time_zone
from hub.sdk.connector import Connector, secret_names
from hub.sdk.errors import ConnectorError
from hub.store import connections as store
from hub.store import events as event_store
from hub.store import rules as rule_store
from hub.store import settings as setting_store

SCHEDULE = "every 1m"
"""How often a new inbound flow is pulled; a webhook beside it makes it faster."""

_CODE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


def add_connection(
    inst: Installation,
    type_: str,
    name: str,
    settings: Mapping[str, Any],
    *,
    actor: str,
    mode: str = "live",
    start_at: dt.datetime | None = None,
    schedule: str = SCHEDULE,
    timezone: str = "UTC",
    policy: Mapping[str, Any] | None = None,
    merchant_id: int | None = None,
    check: bool = True,
) -> int:
    """Save a connection with a flow for everything it can pull and push; gives its id.

    `check` calls the other side first. `start_at` defaults to now, so that linking a shop never ships its history.
    Raises the connector's errors when the settings do not fit or the check fails, `Refused` when the name is taken.
    """
    class_ = inst.registry.get(type_)
    connector = inst.make_connector(type_, settings, name=name)
    if check:
        connector.check()
    hidden = secret_names(class_.Settings)
    now = inst.now()
    rate, burst = class_.rate
    with inst.db.write() as tx:
        if store.by_name(tx, name) is not None:
            raise Refused("connection.name-taken", f"There is a connection named {name!r} already.")
        connection_id = store.add(
            tx,
            {
                "merchant_id": merchant_id,
                "name": name,
                "type": type_,
                "mode": mode,
                "settings": {key: value for key, value in settings.items() if key not in hidden},
                "secrets": inst.vault.seal({key: settings[key] for key in settings if key in hidden}),
                "policy": dict(policy or {}),
                "start_at": start_at or now,
                "webhook_token": secrets.token_urlsafe(24),
                "bucket_tokens": float(burst),
                "bucket_at": now,
                "bucket_rate": float(rate),
                "bucket_size": float(burst),
                "created_at": now,
            },
        )
        _add_missing_flows(tx, connection_id, connector, now, schedule, timezone)
        _name_installation(tx)
        added = event_store.event(
            "connection.added", now, connection_id=connection_id, actor=actor, type=type_, name=name
        )
        _routes_changed(tx, now, added)
    return connection_id


def _add_missing_flows(
    tx: Connection,
    connection_id: int,
    connector: Connector,
    now: dt.datetime,
    schedule: str = SCHEDULE,
    timezone: str = "UTC",
) -> None:
    for kind in sorted(connector.pulls):
        if store.flow(tx, connection_id, "in", kind) is None:
            add_flow(tx, connection_id, "in", kind, now, schedule=schedule, timezone=timezone)
    for kind in sorted(connector.pushes):
        if store.flow(tx, connection_id, "out", kind) is None:
            add_flow(tx, connection_id, "out", kind, now)


def change_settings(
    inst: Installation, connection_id: int, changes: Mapping[str, Any], *, actor: str, check: bool = True
) -> None:
    """Change some settings of a connection, secrets among them, in one step; the others stay as they are.

    `check` calls the other side first, and a connection that waited for a new credential goes on.
    """
    with inst.db.read() as tx:
        row = store.get(tx, connection_id)
    if row is None:
        raise NotFound("connection.missing", f"There is no connection {connection_id}.")
    hidden = secret_names(inst.registry.get(row.type).Settings)
    secrets_before = inst.vault.open(row.secrets) if row.secrets else {}
    settings = {**row.settings, **secrets_before, **changes}
    connector = inst.make_connector(row.type, settings, budget=inst.budget(row.id), name=row.name)
    if check:
        connector.check()
    now = inst.now()
    with inst.db.write() as tx:
        store.change(
            tx,
            row.id,
            settings={key: value for key, value in settings.items() if key not in hidden},
            secrets=inst.vault.seal({key: value for key, value in settings.items() if key in hidden}),
        )
        _add_missing_flows(tx, row.id, connector, now)
        event_store.add(
            tx,
            event_store.event("connection.changed", now, connection_id=row.id, actor=actor, settings=sorted(changes)),
        )
    if check and row.trouble:
        clear_trouble(inst, row.id, actor)


def _name_installation(tx: Connection) -> None:
    """Choose, once, the letters that tell our references from another installation's in the same warehouse."""
    if setting_store.get(tx, "installation_code") is None:
        setting_store.put(tx, "installation_code", "".join(secrets.choice(_CODE_LETTERS) for _ in range(4)))


def add_flow(
    tx: Connection,
    connection_id: int,
    direction: str,
    kind: str,
    now: dt.datetime,
    *,
    schedule: str | None = None,
    timezone: str = "UTC",
) -> None:
    """A channel in or out of a connection. An inbound one is pulled for the first time at once."""
    due = None if schedule is None else now if direction == "in" else next_slot(schedule, timezone, now)
    store.add_flow(
        tx,
        {
            "connection_id": connection_id,
            "direction": direction,
            "kind": kind,
            "schedule": schedule,
            "timezone": timezone,
            "next_due": due,
            "settings": {},
        },
    )


WEBHOOKS = "webhooks"
"""The policy that a connection's webhooks are wanted, so that they are watched."""


def subscribe(inst: Installation, connection_id: int, actor: str) -> int:
    """Make the connection's webhooks point at this hub, now and from now on; gives how many there are."""
    with inst.db.read() as tx:
        row = store.get(tx, connection_id)
    if row is None:
        raise Refused("connection.missing", f"There is no connection {connection_id}.")
    count = len(inst.connector(row).subscribe(_webhook_address(inst, row)))
    now = inst.now()
    with inst.db.write() as tx:
        store.change(tx, row.id, policy={**row.policy, WEBHOOKS: True})
        event_store.add(
            tx, event_store.event("connection.subscribed", now, connection_id=row.id, actor=actor, webhooks=count)
        )
    return count


def keep_subscribed(inst: Installation) -> int:
    """Make wanted webhooks anew that the other side has dropped or disabled; gives how many. Polling goes on beside
    them, so a source that cannot be asked now is left for the next time."""
    made = 0
    with inst.db.read() as tx:
        rows = [row for row in store.everything(tx).values() if row.policy.get(WEBHOOKS)]
    for row in rows:
        if row.mode == "off" or row.trouble:
            continue
        address = _webhook_address(inst, row)
        try:
            connector = inst.connector(row)
            before = sum(s.healthy and s.address == address for s in connector.subscriptions())
            gained = len(connector.subscribe(address)) - before
        except ConnectorError:
            continue
        if gained > 0:
            made += gained
            with inst.db.write() as tx:
                event = event_store.event("connection.resubscribed", inst.now(), connection_id=row.id, webhooks=gained)
                event_store.add(tx, event)
    return made


def _webhook_address(inst: Installation, row: Row[Any]) -> str:
    return f"{inst.config.public_url}/hooks/{row.webhook_token}"


def add_rule(
    inst: Installation,
    name: str,
    backend_id: int,
    conditions: Mapping[str, Sequence[str]],
    *,
    actor: str,
    position: int = 100,
    location: str | None = None,
) -> int:
    """Give lines that match every condition to a backend; gives the rule's id."""
    unknown = conditions.keys() - CONDITIONS
    if unknown:
        raise Refused(
            "rule.unknown-condition", f"A rule asks for {', '.join(sorted(CONDITIONS))}, not {min(unknown)!r}."
        )
    now = inst.now()
    with inst.db.write() as tx:
        if any(row.name == name for row in rule_store.everything(tx)):
            raise Refused("rule.name-taken", f"There is a rule named {name!r} already.")
        _need_backend(tx, backend_id)
        rule_id = rule_store.add(
            tx,
            {
                "name": name,
                "position": position,
                "backend_id": backend_id,
                "conditions": {key: list(values) for key, values in conditions.items()},
                "location": location,
                "enabled": True,
            },
        )
        _routes_changed(tx, now, event_store.event("rule.added", now, actor=actor, name=name))
    return rule_id


def remove_rule(inst: Installation, name: str, actor: str) -> None:
    """Take a rule out; what it has routed stays where it is."""
    now = inst.now()
    with inst.db.write() as tx:
        if not rule_store.remove(tx, name):
            raise NotFound("rule.missing", f"There is no rule {name!r}; `hub rule list` shows them all.")
        _routes_changed(tx, now, event_store.event("rule.removed", now, actor=actor, name=name))


POLICY = {
    "payments": "payment states that release an order, separated by commas: paid, authorized, terms ...",
    "locations": "the source's location ids that are ours, separated by commas; empty: all",
    "release_tests": "true: test orders ship too",
    "tolerance": "how far an order's total may differ from the sum of its parts",
    "match_oldest_line": "true: a backend that names only SKUs fills the oldest open lines",
    "shortfall": "what becomes of units that a backend says it does not ship: hold (until a person decides) or cancel",
    "currency": "the currency of documents that name none, such as USD; mappings read it as connection.currency",
    "character_set": "the character set of CSV, JSON and text files, such as cp1252; UTF-8 if not said",
    "zone": "the time zone of times that name none, such as America/Chicago; mappings read it as connection.zone",
}
"""What an admin can decide per connection, and what it means."""

_GATE = ("payments", "locations", "release_tests", "tolerance")


def set_policy(inst: Installation, connection_id: int, given: Mapping[str, str], actor: str) -> None:
    """Change what the hub does with a connection's documents; what is not named stays. Raises `Refused`."""
    unknown = sorted(given.keys() - POLICY.keys())
    if unknown:
        raise Refused("connection.unknown-policy", f"There is no policy {unknown[0]!r}; there are {', '.join(POLICY)}.")
    now = inst.now()
    with inst.db.write() as tx:
        row = store.get(tx, connection_id)
        if row is None:
            raise NotFound("connection.missing", f"There is no connection {connection_id}.")
        policy = {**row.policy, "gate": dict(row.policy.get("gate", {}))}
        for name, text in given.items():
            target = policy["gate"] if name in _GATE else policy
            target[name] = _policy_value(name, text)
        store.change(tx, connection_id, policy=policy)
        event_store.add(
            tx,
            event_store.event(
                "connection.policy", now, connection_id=connection_id, actor=actor, changed=sorted(given)
            ),
        )


def _policy_value(name: str, text: str) -> Any:
    if name in ("payments", "locations"):
        return [word.strip() for word in text.split(",") if word.strip()]
    if name == "tolerance":
        try:
            return str(Decimal(text))
        except InvalidOperation:
            raise Refused("connection.policy-invalid", f"{name} is an amount such as 0.01.") from None
    if name == shortfalls.POLICY:
        if text not in (shortfalls.HOLD, shortfalls.CANCEL):
            raise Refused("connection.policy-invalid", f"{name} is {shortfalls.HOLD} or {shortfalls.CANCEL}.")
        return text
    if name == "currency":
        if len(text) != 3 or not text.isascii() or not text.isalpha() or not text.isupper():
            raise Refused("connection.policy-invalid", f"{name} is a code of three letters, such as USD.")
        return text
    if name == "zone":
        time_zone(text)
        return text
    if name == "character_set":
        return _character_set(text)
    if text.lower() not in ("true", "false"):
        raise Refused("connection.policy-invalid", f"{name} is true or false.")
    return text.lower() == "true"


def _character_set(text: str) -> str:
    try:
        "USD".encode(text).decode(text)
    except (LookupError, UnicodeError):
        raise Refused("connection.policy-invalid", "character_set is one such as utf-8, cp1252, iso8859-1.") from None
    return text


def set_default_backend(inst: Installation, connection_id: int, actor: str) -> None:
    """What no rule claims goes there."""
    now = inst.now()
    with inst.db.write() as tx:
        _need_backend(tx, connection_id)
        setting_store.put(tx, DEFAULT_BACKEND, connection_id)
        _routes_changed(
            tx, now, event_store.event("rule.default-backend", now, connection_id=connection_id, actor=actor)
        )


def _need_backend(tx: Connection, connection_id: int) -> None:
    if store.flow(tx, connection_id, "out", "fulfillment") is None:
        raise Refused("rule.not-a-backend", "Orders can only go to a connection that takes fulfillments.")


def _routes_changed(tx: Connection, now: dt.datetime, event: dict[str, Any]) -> None:
    batch = Batch(tx, now)
    batch.events.append(event)
    release_unrouted(batch)
    batch.flush()
