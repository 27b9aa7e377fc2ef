"""`hub partner`: who sends and receives EDI, and what was agreed with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import click

from hub.cli.common import actor, console, emit, installation, json_option, show_table


class EdiId(click.ParamType[tuple[str, str]]):
    """QUALIFIER:ID, as in ZZ:ACME or 14:4012345000009; EDIFACT also knows ids without a qualifier, as in :ACME."""

    name = "qualifier:id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split at the first colon."""
        qualifier, colon, text = str(value).partition(":")
        if not colon or len(qualifier) > 4 or not 1 <= len(text) <= 35 or text != text.strip():
            self.fail("write QUALIFIER:ID, such as ZZ:ACME or 14:4012345000009", param, ctx)
        return qualifier.upper(), text


class Pair(click.ParamType[tuple[str, str]]):
    """KEY=VALUE."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split at the first equals sign; an empty value takes the setting out."""
        key, equals, text = str(value).partition("=")
        if not equals or not key:
            self.fail("write KEY=VALUE; an empty value takes the setting out", param, ctx)
        return key, text


HOURS = click.FloatRange(0, 24 * 365, min_open=True)
DIRECTION = click.Choice(["in", "out"])
settings_option = click.option(
    "--set", "given", type=Pair(), multiple=True, help="A setting; docs/edi-partner.md lists them. May be repeated."
)


@click.group()
def partner() -> None:
    """Trading partners that send and receive EDI."""


@partner.command("list")
@json_option
def list_partners(as_json: bool) -> None:
    """List the partners with their ids and agreements."""
    rows = _everyone()
    if as_json:
        emit(rows)
        return
    show_table(
        ["name", "connection", "theirs", "ours", "agreements"],
        [
            (
                row["name"],
                row["connection"],
                ", ".join(i["theirs"] + (" (test)" if i["test"] else "") for i in row["ids"]),
                ", ".join(dict.fromkeys(i["ours"] for i in row["ids"])),
                ", ".join(f"{a['set']} {a['direction']}" for a in row["agreements"]),
            )
            for row in rows
        ],
        "There are no partners yet: `hub partner add NAME --connection FOLDER --theirs ZZ:THEM --ours ZZ:US`.",
    )


@partner.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a partner: ids, settings, and what was agreed per set and direction."""
    found = next((row for row in _everyone() if row["name"] == name), None)
    if found is None:
        raise _missing(name)
    if as_json:
        emit(found)
        return
    console.print(f"{name}, by {found['connection']}", markup=False, style="bold")
    show_table(
        ["theirs", "ours", "test", "location"],
        [(i["theirs"], i["ours"], "test" if i["test"] else "", i["location"]) for i in found["ids"]],
        f'It has no ids, so nothing comes from it: `hub partner ids "{name}" --theirs ZZ:THEM --ours ZZ:US`.',
    )
    console.print()
    show_table(
        ["set", "kind", "mapping", "version", "acknowledged", "settings"],
        [
            (f"{a['set']} {a['direction']}", a["kind"], a["mapping"], a["version"], _acknowledged(a), _said(a))
            for a in found["agreements"]
        ],
        f'Nothing is agreed on: `hub partner agree "{name}" 850 in`.',
    )
    console.print()
    show_table(
        ["setting", "value"],
        sorted(_flat(found["settings"])),
        f'No settings of its own: `hub partner set "{name}" timezone=America/Chicago`.',
    )


@partner.command()
@click.argument("name")
@click.option("--connection", "connection_name", required=True, help="The connection that their files come and go by.")
@click.option("--theirs", type=EdiId(), required=True, help="The id they write under.")
@click.option("--ours", type=EdiId(), required=True, help="Our id, as they write it.")
@click.option("--test-theirs", type=EdiId(), help="Their id in test interchanges, if test data is taken at all.")
@click.option("--syntax", type=click.Choice(["x12", "edifact"]), default="x12", show_default=True)
@click.option(
    "--as",
    "role",
    type=click.Choice(["customer", "warehouse", "supplier", "carrier"]),
    default="customer",
    show_default=True,
    help="What they are to you; it decides the usual sets.",
)
@click.option("--sets", help="Only these: 850,855, or with their direction 846:in. All usual ones if not said.")
@click.option(
    "--mapping", "mappings", multiple=True, metavar="SET=MAPPING", help="Another mapping than the shipped one."
)
@click.option("--acknowledge-within", type=HOURS, metavar="HOURS", help="How long they may take to acknowledge ours.")
@settings_option
def add(
    name: str,
    connection_name: str,
    theirs: tuple[str, str],
    ours: tuple[str, str],
    test_theirs: tuple[str, str] | None,
    syntax: str,
    role: str,
    sets: str | None,
    mappings: tuple[str, ...],
    acknowledge_within: float | None,
    given: tuple[tuple[str, str], ...],
) -> None:
    """Add a partner: a customer who sends orders and gets acknowledgements, ship notices and invoices, or another."""
    from hub.cli import find
    from hub.edi.partner.settings import changed
    from hub.flows.partners import partners

    hub = installation()
    chosen = dict(word.partition("=")[::2] for word in mappings)
    agreements = []
    for usual in partners.wanted(sets, role, "edifact" if syntax == "edifact" else "x12"):
        mapping = chosen.pop(usual["set_id"], usual.get("mapping"))
        row = partners.agreement(hub, usual["set_id"], usual["direction"], kind=usual.get("kind"), mapping=mapping)
        hours = acknowledge_within if row["direction"] == "out" else None
        agreements.append({**row, "acknowledge_hours": hours})
    if chosen:
        raise click.UsageError(f"--mapping: no agreement on set {min(chosen)!r}; add it with --sets.")
    ids = [_ids(theirs, ours, test=False)]
    if test_theirs:
        ids.append(_ids(test_theirs, ours, test=True))
    connection = find.connection(hub, connection_name)
    partners.add_partner(
        hub, connection.id, name, ids=ids, agreements=agreements, settings=changed({}, dict(given)), actor=actor()
    )
    said = ", ".join(f"{row['set_id']} {row['direction']}" for row in agreements)
    console.print(f"Added {name}: {said}.", markup=False)


@partner.command()
@click.argument("name")
@click.argument("set_id", metavar="SET")
@click.argument("direction", type=DIRECTION)
@click.option("--mapping", help="The mapping that reads or writes it; the shipped one if not said.")
@click.option("--version", help="The version that is written: 004010, D96A.")
@click.option("--kind", help="What the document is, where its mapping does not tell.")
@click.option("--acknowledge/--no-acknowledge", default=None, help="Whether who gets it is to acknowledge it.")
@click.option("--acknowledge-within", type=HOURS, metavar="HOURS", help="How long they may take to acknowledge it.")
@settings_option
@click.option("--remove", is_flag=True, help="End the agreement.")
def agree(
    name: str,
    set_id: str,
    direction: str,
    mapping: str | None,
    version: str | None,
    kind: str | None,
    acknowledge: bool | None,
    acknowledge_within: float | None,
    given: tuple[tuple[str, str], ...],
    remove: bool,
) -> None:
    """Agree on a set with a partner, change what was agreed, or end it. What is not named stays."""
    from hub.flows.partners import partners

    if remove:
        said = partners.end_agreement(installation(), name, set_id, direction, actor())
    else:
        said = partners.agree(
            installation(),
            name,
            set_id,
            direction,
            given=dict(given),
            actor=actor(),
            acknowledge=acknowledge,
            acknowledge_hours=acknowledge_within,
            mapping=mapping,
            version=version,
            kind=kind,
        )
    console.print(said, markup=False)


@partner.command("set")
@click.argument("name")
@click.argument("given", metavar="KEY=VALUE...", type=Pair(), nargs=-1, required=True)
def set_settings(name: str, given: tuple[tuple[str, str], ...]) -> None:
    """Change settings of a partner; an empty value takes one out. docs/edi-partner.md lists them."""
    from hub.flows.partners import partners

    partners.set_settings(installation(), name, dict(given), actor())
    console.print(f"Set for {name}: {', '.join(sorted(key for key, _ in given))}.", markup=False)


@partner.command()
@click.argument("name")
@click.option("--theirs", type=EdiId(), required=True, help="An id they write under.")
@click.option("--ours", type=EdiId(), required=True, help="Our id, as they write it.")
@click.option("--test", is_flag=True, help="In test interchanges.")
@click.option("--location", help="Where we have several ids with them: the location of ours that these stand for.")
@click.option("--remove", is_flag=True, help="They write under it no more.")
def ids(
    name: str, theirs: tuple[str, str], ours: tuple[str, str], test: bool, location: str | None, remove: bool
) -> None:
    """Add ids that a partner writes under, or remove them."""
    from hub.flows.partners import partners

    row = _ids(theirs, ours, test=test, location=location)
    change = partners.remove_ids if remove else partners.add_ids
    change(installation(), name, row, actor())
    done = "no longer writes" if remove else "now writes"
    console.print(f"{name} {done} as {':'.join(theirs)} to {':'.join(ours)}.", markup=False)


@partner.command("acknowledge-within")
@click.argument("name")
@click.argument("hours", type=HOURS, required=False)
def acknowledge_within(name: str, hours: float | None) -> None:
    """Set how many HOURS they may take to acknowledge a document of ours; without HOURS nobody waits for it."""
    from hub.flows.partners import partners

    partners.set_acknowledge_hours(installation(), name, hours, actor())
    said = f"{name} is to acknowledge within {hours:g} hours" if hours else f"Nobody waits for what {name} acknowledges"
    console.print(f"{said}, from the next document on.", markup=False)


def _everyone() -> list[dict[str, Any]]:
    from hub.store import partners as store

    with installation().db.read() as tx:
        everyone, all_ids, agreed = store.everyone(tx), store.ids(tx), store.agreed(tx)
    return [
        {
            "id": row.id,
            "name": row.name,
            "connection": row.connection,
            "settings": row.settings,
            "ids": [
                {
                    "theirs": f"{i.qualifier}:{i.value}",
                    "ours": f"{i.own_qualifier}:{i.own_value}",
                    "test": i.test,
                    "location": i.location,
                }
                for i in all_ids
                if i.partner_id == row.id
            ],
            "agreements": [
                {
                    "direction": a.direction,
                    "set": a.set_id,
                    "kind": a.kind,
                    "mapping": a.mapping,
                    "version": a.version,
                    "acknowledge": a.acknowledge,
                    "acknowledge_hours": a.acknowledge_hours,
                    "settings": a.settings,
                }
                for a in agreed
                if a.partner_id == row.id
            ],
        }
        for row in everyone
    ]


def _acknowledged(agreement: dict[str, Any]) -> str:
    if not agreement["acknowledge"]:
        return "no"
    by = "by us" if agreement["direction"] == "in" else "by them"
    hours = agreement["acknowledge_hours"]
    return f"{by} within {hours:g} h" if hours else by


def _said(agreement: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(_flat(agreement["settings"])))


def _flat(settings: dict[str, Any], path: str = "") -> Sequence[tuple[str, str]]:
    """Settings as they are typed: `duplicates.days`, one text each."""
    found: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, dict):
            found += _flat(cast(dict[str, Any], value), f"{path}{name}.")
        else:
            found.append((f"{path}{name}", _typed(value)))
    return found


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value)
    return repr(value)[1:-1] if isinstance(value, str) and not value.isprintable() else str(value)


def _ids(theirs: tuple[str, str], ours: tuple[str, str], *, test: bool, location: str | None = None) -> dict[str, Any]:
    return {
        "qualifier": theirs[0],
        "value": theirs[1],
        "own_qualifier": ours[0],
        "own_value": ours[1],
        "test": test,
        "location": location,
    }


def _missing(name: str) -> Exception:
    from hub.errors import NotFound

    return NotFound("partner.missing", f"There is no partner {name!r}; `hub partner list` shows them all.")
