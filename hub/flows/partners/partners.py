"""Trading partners as a person sets them up: their ids, their settings, and what was agreed with them per set and
direction. Each function is one transaction that leaves an audit row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row

from hub.edi.grammars.check import check_folder
from hub.edi.grammars.library import SYNTAXES, GrammarError, standard_of
from hub.edi.partner.profile import Profile
from hub.edi.partner.settings import ProfileError, changed, check, profile
from hub.edi.partner.settings_schema import Scope
from hub.edi.tree import Standard
from hub.errors import NotFound, Refused
from hub.flows.inbound.translate import APPLY
from hub.flows.outbound import writing
from hub.flows.outbound.render import RENDER
from hub.flows.partners.roles import ROLES, usual_kind
from hub.installation import Installation
from hub.mapping import Mapping as CompiledMapping
from hub.mapping import MappingError
from hub.store import events as event_store
from hub.store import partners as store

VERSIONS: Mapping[Standard, str] = {"x12": "004010", "edifact": "D96A"}
"""The version of an agreement that names none."""


def add_partner(
    inst: Installation,
    connection_id: int,
    name: str,
    *,
    ids: Sequence[Mapping[str, Any]],
    agreements: Sequence[Mapping[str, Any]],
    actor: str,
    settings: Mapping[str, Any] | None = None,
) -> int:
    """Save a trading partner with the ids it writes under and what was agreed per set and direction; gives its id.

    Each of `ids`: qualifier, value, own_qualifier, own_value, test, location. Each of `agreements`: direction, set_id,
    kind, mapping, version, acknowledge, acknowledge_hours, settings. Raises `Refused`, and `ProfileError` for settings
    that cannot be used.
    """
    now = inst.now()
    settings = _checked(inst, settings or {}, agreements)
    rows = [_complete(row, settings) for row in agreements]
    _check_ids(ids, rows)
    with inst.db.write() as tx:
        if store.named(tx, name) is not None:
            raise Refused("partner.name-taken", f"There is a partner named {name!r} already.")
        _need_free(tx, ids)
        partner_id = store.add(
            tx, {"connection_id": connection_id, "name": name, "settings": settings, "created_at": now}
        )
        store.add_ids(tx, [{"partner_id": partner_id, "test": False, "location": None, **row} for row in ids])
        store.add_agreements(tx, [{"partner_id": partner_id, **row} for row in rows])
        event_store.add(
            tx, event_store.event("partner.added", now, connection_id=connection_id, actor=actor, name=name)
        )
    return partner_id


def _complete(row: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """An agreement with every column, its settings checked under the partner's."""
    standard = standard_of(row["set_id"])
    scope: Scope = "in" if row["direction"] == "in" else "out"
    own = check(row.get("settings", {}), scope, [standard] if scope == "out" else [], settings)
    defaults = {"version": VERSIONS[standard], "acknowledge": True, "acknowledge_hours": None}
    return {**defaults, **row, "settings": own}


def _checked(inst: Installation, given: Mapping[str, Any], agreements: Sequence[Any]) -> dict[str, Any]:
    """A partner's settings as they are stored; grammars that they name are there and have no mistake."""
    settings = check(given, "partner", _written(agreements))
    try:
        folders = inst.grammar_folders(profile(settings))
    except GrammarError as error:
        raise ProfileError({"grammars": f"{error}."}) from error
    problems = [f"{folder.name}: {problem}" for folder in folders for problem in check_folder(folder)]
    if problems:
        more = f" (and {len(problems) - 1} more; `hub edi grammar check` lists them)" if problems[1:] else ""
        raise ProfileError({"grammars": f"{problems[0]}{more}."})
    return settings


def _written(agreements: Sequence[Any]) -> set[Standard]:
    """The syntaxes that a partner is written to in."""
    rows = [row if isinstance(row, Mapping) else row._asdict() for row in agreements]
    return {standard_of(row["set_id"]) for row in rows if row["direction"] == "out"}


# -- agreements -----------------------------------------------------------------------------------------------------


def standard_agreements(
    acknowledge_hours: float | None = None, standard: Standard = "x12", role: str = "customer"
) -> list[dict[str, Any]]:
    """What is agreed with a partner of that role, by the shipped mappings. `acknowledge_hours`: how long after it was
    sent the partner is to acknowledge a document of ours; None: nobody watches that."""
    agreed = []
    for direction, set_id, kind in ROLES[role][standard]:
        mapping = f"{standard}/{set_id.lower()}.{direction}"
        hours = {"acknowledge_hours": acknowledge_hours} if direction == "out" else {}
        agreed.append({"direction": direction, "set_id": set_id, "kind": kind, "mapping": mapping, **hours})
    return agreed


def wanted(said: str | None, role: str, standard: Standard) -> list[dict[str, Any]]:
    """The sets to agree on with a partner in one of `ROLES`, as a person names them: `850,855`, or with their direction
    where it is not the role's, `846:in`. All usual ones of the role where nobody says. Raises `Refused`.

    Each has set_id and direction, a usual one its kind and mapping too.
    """
    usual = standard_agreements(standard=standard, role=role)
    if said is None:
        return usual
    found = []
    for word in (word.strip() for word in said.split(",") if word.strip()):
        set_id, colon, direction = word.upper().partition(":")
        known = [
            row for row in usual if row["set_id"] == set_id and (not colon or row["direction"].upper() == direction)
        ]
        if not known and direction not in ("IN", "OUT"):
            raise Refused("partner.unknown-set", f"{word!r}: write which way it goes, {set_id}:in or {set_id}:out.")
        found.append(known[0] if known else {"set_id": set_id, "direction": direction.lower()})
    return found


def agreement(
    inst: Installation,
    set_id: str,
    direction: str,
    *,
    kind: str | None = None,
    mapping: str | None = None,
    version: str | None = None,
) -> dict[str, Any]:
    """What can be agreed on a set in a direction: its kind, mapping and version, the shipped ones where not named.

    Raises `Refused` for a set without a grammar, and for a mapping that is missing or that is for something else.
    """
    set_id, standard = set_id.upper(), standard_of(set_id.upper())
    if not SYNTAXES[standard].set_ids.fullmatch(set_id):
        raise Refused("partner.unknown-set", f"{set_id!r} is no set; write one such as 850 or ORDERS.")
    name = mapping or f"{standard}/{set_id.lower()}.{direction}"
    compiled = _usable(inst, name, set_id, direction)
    document = compiled.target if direction == "in" else compiled.source
    found = kind or usual_kind(direction, set_id) or document.name
    known: Collection[str] = APPLY if direction == "in" else (*RENDER, *writing.WITHOUT_ORDER)
    if found not in known:
        raise Refused(
            "partner.unknown-kind",
            f"Nothing is known to do with a document of kind {found!r}; there are {', '.join(known)}.",
        )
    return {
        "set_id": set_id,
        "direction": direction,
        "kind": found,
        "mapping": name,
        "version": _version(version, standard) if version else VERSIONS[standard],
    }


def _usable(inst: Installation, name: str, set_id: str, direction: str) -> CompiledMapping:
    try:
        with inst.db.read() as tx:
            compiled = inst.mappings_at(tx).get(name)
    except MappingError as error:
        raise Refused(
            "partner.mapping-unusable",
            f"Mapping {name} cannot be used: {error}. Name another one with --mapping; `hub mapping check` names all.",
        ) from error
    form = compiled.source if direction == "in" else compiled.target
    if (form.name, form.set_id) != (standard_of(set_id), set_id):
        does = "reads" if direction == "in" else "writes"
        raise Refused("partner.mapping-unusable", f"Mapping {name} {does} {form}, not {standard_of(set_id)} {set_id}.")
    return compiled


def _version(text: str, standard: Standard) -> str:
    version = SYNTAXES[standard].version(text)
    if not version:
        example = "D96A" if standard == "edifact" else "004010, or with a suffix 004010VICS"
        raise Refused("partner.version-invalid", f"{text!r} is no version; write one such as {example}.")
    return version


def agree(
    inst: Installation,
    name: str,
    set_id: str,
    direction: str,
    *,
    given: Mapping[str, str],
    actor: str,
    acknowledge: bool | None = None,
    acknowledge_hours: float | None = None,
    **chosen: str | None,
) -> str:
    """Agree on a set with a partner, or change what was agreed: what is not named stays. Answers with one sentence.

    `given`: settings as a person types them. `chosen`: kind, mapping, version.
    """
    with _partner(inst, name, actor) as (tx, partner, facts):
        before = store.agreement(tx, partner.id, direction, set_id=set_id.upper())
        kept = {key: getattr(before, key) for key in ("kind", "mapping", "version")} if before else {}
        row = agreement(inst, set_id, direction, **{**kept, **{k: v for k, v in chosen.items() if v is not None}})
        said = {"acknowledge": acknowledge, "acknowledge_hours": acknowledge_hours}
        row |= {key: value for key, value in said.items() if value is not None}
        if acknowledge is False:
            row["acknowledge_hours"] = None
        row["settings"] = changed(before.settings if before else {}, given)
        if before is None:
            row = _complete(row, partner.settings)
            _check_ids([one._asdict() for one in store.ids_of(tx, partner.id)], [row])
            store.add_agreements(tx, [{"partner_id": partner.id, **row}])
        else:
            row["settings"] = _complete(row, partner.settings)["settings"]
            store.change_agreement(tx, before.id, **row)
        _need_grammar(inst, profile(partner.settings, row["settings"]), row)
        facts |= {"agreement": f"{row['set_id']} {direction}", "changed": sorted([*given, *_named(chosen)])}
    verb = "Agreed" if before is None else "Changed"
    return f"{verb}: {row['set_id']} {direction} is {row['kind'].replace('_', ' ')}, by {row['mapping']}."


def _named(chosen: Mapping[str, object]) -> list[str]:
    return [key for key, value in chosen.items() if value is not None]


def _need_grammar(inst: Installation, counts: Profile, row: Mapping[str, Any]) -> None:
    standard = standard_of(row["set_id"])
    try:
        known = inst.grammars(counts, standard).grammar(row["set_id"], row["version"])
    except GrammarError as error:
        raise Refused(
            "edi.grammar-invalid",
            f"The partner's own grammar cannot be used: {error}. `hub edi grammar check` says more.",
        ) from error
    if known is None:
        raise Refused(
            "partner.unknown-set",
            f"There is no grammar for {row['set_id']}. Put one into grammars/NAME/{standard} of the mappings' folder,"
            " and set grammars=NAME.",
        )


def end_agreement(inst: Installation, name: str, set_id: str, direction: str, actor: str) -> str:
    """Take an agreement out. What comes of this set is then parked, and what waits to go out as well."""
    with _partner(inst, name, actor) as (tx, partner, facts):
        found = store.agreement(tx, partner.id, direction, set_id=set_id.upper())
        if found is None:
            raise NotFound(
                "partner.no-agreement",
                f"There is no agreement with {name} on {set_id.upper()} {direction}; `hub partner show` lists them.",
            )
        store.remove_agreement(tx, found.id)
        facts |= {"ended": f"{found.set_id} {direction}"}
    return f"Ended: {found.set_id} {direction}."


def set_acknowledge_hours(inst: Installation, name: str, hours: float | None, actor: str) -> None:
    """Change how long a partner may take to acknowledge what is sent from now on; None: nobody watches that."""
    with _partner(inst, name, actor) as (tx, partner, facts):
        store.set_acknowledge_hours(tx, partner.id, hours)
        facts |= {"acknowledge_hours": hours}


# -- settings and ids -----------------------------------------------------------------------------------------------


def set_settings(inst: Installation, name: str, given: Mapping[str, str], actor: str) -> None:
    """Change settings of a partner, as a person types them; an empty value takes one out. Raises `ProfileError`."""
    with _partner(inst, name, actor) as (tx, partner, facts):
        agreed = store.agreed_with(tx, partner.id)
        settings = _checked(inst, changed(partner.settings, given), agreed)
        for row in agreed:  # what an agreement says may rest on what the partner's settings said
            _complete(row._asdict(), settings)
        store.change(tx, partner.id, settings=settings)
        facts |= {"settings": sorted(given)}


def add_ids(inst: Installation, name: str, ids: Mapping[str, Any], actor: str) -> None:
    """Add ids that a partner writes under: qualifier, value, own_qualifier, own_value, test, location."""
    with _partner(inst, name, actor) as (tx, partner, facts):
        _check_ids([ids], [row._asdict() for row in store.agreed_with(tx, partner.id)])
        _need_free(tx, [ids])
        store.add_ids(tx, [{"partner_id": partner.id, **ids}])
        facts |= {"ids": f"{_both(ids)} added"}


def remove_ids(inst: Installation, name: str, ids: Mapping[str, Any], actor: str) -> None:
    """Take ids of a partner out. What comes under them is then nobody's, and parked."""
    with _partner(inst, name, actor) as (tx, partner, facts):
        same = [one for one in store.ids_of(tx, partner.id) if all(getattr(one, k) == ids[k] for k in _IDS)]
        if not same:
            raise NotFound(
                "partner.ids-missing", f"{name} has no ids {_both(ids)}; `hub partner show` lists those it has."
            )
        store.remove_ids(tx, [one.id for one in same])
        facts |= {"ids": f"{_both(ids)} removed"}


_IDS = ("qualifier", "value", "own_qualifier", "own_value", "test")


def _both(ids: Mapping[str, Any]) -> str:
    test = " in test" if ids.get("test") else ""
    return f"{ids['qualifier']}:{ids['value']} with {ids['own_qualifier']}:{ids['own_value']}{test}"


def _check_ids(ids: Sequence[Mapping[str, Any]], agreements: Sequence[Mapping[str, Any]]) -> None:
    """An interchange of X12 holds a qualifier of two characters and an id of up to 15."""
    if not any(standard_of(row["set_id"]) == "x12" for row in agreements):
        return
    for one in ids:
        for qualifier, value in (one["qualifier"], one["value"]), (one["own_qualifier"], one["own_value"]):
            if len(qualifier) != 2 or len(value) > 15:
                raise Refused(
                    "partner.ids-invalid",
                    f"{qualifier}:{value} does not fit X12: a qualifier has two characters, an id up to 15."
                    " An EDIFACT partner is added with --syntax edifact.",
                )


def _need_free(tx: Connection, ids: Sequence[Mapping[str, Any]]) -> None:
    """Who writes to us must be one partner."""
    named = {row.id: row.name for row in store.everyone(tx)}
    taken = {tuple(getattr(one, key) for key in _IDS): one.partner_id for one in store.ids(tx)}
    for one in ids:
        owner = taken.get(tuple({"test": False, **one}[key] for key in _IDS))
        if owner is not None:
            raise Refused("partner.ids-taken", f"{_both(one)} are the ids of {named[owner]} already.")


@contextmanager
def _partner(inst: Installation, name: str, actor: str) -> Iterator[tuple[Connection, Row[Any], dict[str, Any]]]:
    """A partner in a transaction of its own; what is put into the facts stands in the audit log."""
    facts: dict[str, Any] = {}
    with inst.db.write() as tx:
        partner = store.named(tx, name)
        if partner is None:
            raise NotFound("partner.missing", f"There is no partner {name!r}; `hub partner list` shows them all.")
        yield tx, partner, facts
        event_store.add(
            tx,
            event_store.event(
                "partner.changed", inst.now(), connection_id=partner.connection_id, actor=actor, name=name, **facts
            ),
        )
