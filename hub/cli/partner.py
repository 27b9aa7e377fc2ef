"""`hub partner`: who sends and receives EDI, and what was agreed with them."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.common import actor, console, emit, installation, json_option, show_table


class EdiId(click.ParamType[tuple[str, str]]):
    """QUALIFIER:ID, as in ZZ:ACME or 01:123456789."""

    name = "qualifier:id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split at the first colon."""
        qualifier, colon, text = str(value).partition(":")
        if not colon or len(qualifier) != 2 or not 1 <= len(text) <= 15:
            self.fail(
                "write QUALIFIER:ID, such as ZZ:ACME (a qualifier of 2, an id of up to 15 characters)", param, ctx
            )
        return qualifier.upper(), text


HOURS = click.FloatRange(0, 24 * 365, min_open=True)


@click.group()
def partner() -> None:
    """Trading partners that send and receive EDI."""


@partner.command("list")
@json_option
def list_partners(as_json: bool) -> None:
    """List the partners with their ids and agreements."""
    from hub.store import partners as store

    hub = installation()
    with hub.db.read() as tx:
        everyone, ids, agreed = store.everyone(tx), store.ids(tx), store.agreed(tx)
    rows = [
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
                }
                for i in ids
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
                }
                for a in agreed
                if a.partner_id == row.id
            ],
        }
        for row in everyone
    ]
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
@click.option("--connection", "connection_name", required=True, help="The connection that their files come and go by.")
@click.option("--theirs", type=EdiId(), required=True, help="The id they write under.")
@click.option("--ours", type=EdiId(), required=True, help="Our id, as they write it.")
@click.option("--test-theirs", type=EdiId(), help="Their id in test interchanges, if test data is taken at all.")
@click.option(
    "--mapping", "mappings", multiple=True, metavar="SET=MAPPING", help="Another mapping than the shipped one."
)
@click.option("--sscc-prefix", help="The GS1 company prefix for package labels (7 to 10 digits).")
@click.option("--currency", help="The currency of orders that name none.")
@click.option("--zone", default="UTC", show_default=True, help="The time zone of the times we write.")
@click.option("--acknowledge-within", type=HOURS, metavar="HOURS", help="How long they may take to acknowledge ours.")
@click.option("--answer", type=click.Choice(["997", "999"]), help="What acknowledges their documents; 997 if not said.")
@click.option(
    "--answer-interchanges",
    type=click.Choice(["requested", "always", "errors", "never"]),
    help="When a TA1 acknowledges an interchange; when they request it (ISA14) if not said.",
)
@click.option("--strict", is_flag=True, help="Reject a document with any fault; else lesser ones are noted.")
def add(
    name: str,
    connection_name: str,
    theirs: tuple[str, str],
    ours: tuple[str, str],
    test_theirs: tuple[str, str] | None,
    mappings: tuple[str, ...],
    sscc_prefix: str | None,
    currency: str | None,
    zone: str,
    acknowledge_within: float | None,
    answer: str | None,
    answer_interchanges: str | None,
    strict: bool,
) -> None:
    """Add a partner who sends purchase orders (850) and gets acknowledgements (997, 855) and ship notices (856)."""
    from hub.cli import find
    from hub.flows import partners

    hub = installation()
    chosen = dict(word.partition("=")[::2] for word in mappings)
    agreements = [
        {**row, "mapping": chosen.pop(str(row["set_id"]), row["mapping"])}
        for row in partners.standard_agreements(acknowledge_within)
    ]
    if chosen:
        raise click.UsageError(f"--mapping: no agreement on set {min(chosen)!r}; there are 850, 855 and 856.")
    ids = [_id_row(theirs, ours, test=False)]
    if test_theirs:
        ids.append(_id_row(test_theirs, ours, test=True))
    settings = {
        "sscc_prefix": sscc_prefix,
        "currency": currency,
        "timezone": zone,
        "answer": answer,
        "answer_interchanges": answer_interchanges,
        "strict": strict,
    }
    partners.add_partner(
        hub,
        find.connection(hub, connection_name).id,
        name,
        ids=ids,
        agreements=agreements,
        settings={key: value for key, value in settings.items() if value},
        actor=actor(),
    )
    console.print(f"{name} can send purchase orders now.", markup=False)


@partner.command("acknowledge-within")
@click.argument("name")
@click.argument("hours", type=HOURS, required=False)
def acknowledge_within(name: str, hours: float | None) -> None:
    """Set how many HOURS they may take to acknowledge a document of ours; without HOURS nobody waits for it."""
    from hub.flows import partners

    partners.set_acknowledge_hours(installation(), name, hours, actor())
    said = f"{name} is to acknowledge within {hours:g} hours" if hours else f"Nobody waits for what {name} acknowledges"
    console.print(f"{said}, from the next document on.", markup=False)


def _id_row(theirs: tuple[str, str], ours: tuple[str, str], *, test: bool) -> dict[str, Any]:
    return {
        "qualifier": theirs[0],
        "value": theirs[1],
        "own_qualifier": ours[0],
        "own_value": ours[1],
        "test": test,
    }
