"""What must be true after a trial: the hub's books laid beside what the peers themselves saw."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from hub.ledger.completeness import closes
from tests.acceptance.trial import Trial

Json = dict[str, Any]

SKU_NULL = "malformed:sku-null"
HELD = {
    "unpaid": {"hold.unpaid"},
    "on_hold": {"hold.source"},
    "test": {"hold.test-order"},
    SKU_NULL: {"hold.no-sku"},
    "malformed:total-mismatch": {"hold.total-mismatch"},
}
"""What of an order holds it, and the hold that must say so."""

REFUSED = {
    "malformed:sku-unknown": {"rest_warehouse.invalid"},
    "malformed:address-null": {"mapping.failed"},
    "malformed:country-null": {"mapping.failed"},
}
"""What of an order cannot be delivered, and the reason with which its delivery must be parked."""


class Verdict:
    """The reports of the peers and the books of the hub, read once. Each check yields what is wrong."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.reports = {kind: peer.get("report") for kind, peer in trial.world.peers.items()}
        self.store: list[Json] = self.reports["store"]["orders"]
        self.purchases: list[Json] = self.reports["partner"]["orders"]
        self.warehouse: Json = self.reports["warehouse"]
        self.orders = {(row.connection_id, row.number): row for row in trial.rows("SELECT * FROM orders")}
        self.races = self._races()

    def all(self) -> dict[str, list[Any]]:
        """Every check that found something, with what it found."""
        checks = {
            name.removeprefix("check_"): list(getattr(self, name)()) for name in dir(self) if name.startswith("check_")
        }
        return {name: found for name, found in checks.items() if found}

    def order_of(self, report: Json) -> Any:
        """The hub's order of a peer's."""
        if "po" in report:
            return self.orders.get((self.trial.edi, report["po"]))
        return self.orders.get((self.trial.store, report["name"]))

    # -- no order lost ------------------------------------------------------------------------------------------

    def check_every_store_order_is_here(self) -> Iterator[str]:
        for report in self.store:
            if self.order_of(report) is None:
                yield report["name"]

    def check_every_purchase_order_is_here(self) -> Iterator[Json]:
        parked = self.trial.rows(
            "SELECT * FROM messages WHERE direction = 'in' AND connection_id = :edi AND parent_id IS NOT NULL "
            "AND state = 'parked'",
            edi=self.trial.edi,
        )
        wrong = Counter(bool(row.reason and row.problem) for row in parked)
        malformed = sum(1 for report in self.purchases if report["malformed"])
        if wrong[True] != malformed or wrong[False]:
            yield {"malformed": malformed, "parked": [(row.id, row.reason) for row in parked]}
        for report in self.purchases:
            if (self.order_of(report) is None) != bool(report["malformed"]):
                yield {"po": report["po"], "malformed": report["malformed"]}
            if report["malformed"] and "A" in report["ack997"] or not report["ack997"]:
                yield {"po": report["po"], "ack997": report["ack997"]}
            if not report["malformed"] and (report["ack997"] != ["A"] or len(report["answers855"]) != 1):
                yield {"po": report["po"], "ack997": report["ack997"], "answers855": report["answers855"]}

    def check_every_unit_is_accounted_for(self) -> Iterator[Json]:
        """Line by line what the warehouse has is what the ledger says of it."""
        books: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.trial.rows("SELECT line_id, kind, delta, fulfillment_id FROM ledger"):
            if row.fulfillment_id is not None:
                books[str(row.line_id)][row.kind] += row.delta
        there: dict[str, Counter[str]] = defaultdict(Counter)
        for made in self.warehouse["fulfillments"]:
            for line in made["lines"]:
                counts = {name: line[name] for name in ("shipped", "cancelled")}
                there[line["line_id"]].update(counts, returned=made["returned"].get(line["line_id"], 0))
        for line_id, counts in there.items():
            ours = Counter({name: books[line_id][name] for name in counts})
            if ours != counts or books[line_id]["allocated"]:
                yield {"line": line_id, "warehouse": dict(counts), "hub": dict(books[line_id])}
        for line_id in books.keys() - there.keys():
            if books[line_id]["shipped"] or books[line_id]["returned"]:
                yield {"line": line_id, "warehouse": None, "hub": dict(books[line_id])}

    # -- nothing twice ------------------------------------------------------------------------------------------

    def check_none_was_sent_to_the_warehouse_twice(self) -> Iterator[Any]:
        yield from self.warehouse["double_lines"].items()
        yield from self.warehouse["conflicts"].items()
        for number, references in self.warehouse["order_numbers"].items():
            if len(references) > 1:
                yield number, references

    def check_no_tracking_was_written_twice(self) -> Iterator[Any]:
        yield from self.reports["store"]["double_tracking"]
        yield from self.reports["partner"]["duplicates"]
        yield from self.reports["partner"]["errors"]
        yield from self.reports["store"]["closed_twice"]

    # -- no cancelled order shipped -----------------------------------------------------------------------------

    def _races(self) -> dict[str, Json]:
        """Cancelled orders of which units were shipped nevertheless, with the instants that tell why.

        `known`: when the hub learned of it; `sealed`: when it fixed what it asked of the warehouse; `created`: when the
        warehouse got that; `picked`: when it began to work on it.
        """
        found = {}
        for report in self.store:
            order = self.order_of(report)
            for made in self._at_warehouse(report["name"]) if report["cancelled_at"] and order is not None else ():
                if not any(line["shipped"] for line in made["lines"]):
                    continue
                facts = {
                    "known": "SELECT min(strftime('%s', at) + mod(strftime('%f', at), 1)) FROM events "
                    "WHERE order_id = :id AND kind = 'order.cancelled'",
                    "sealed": "SELECT min(strftime('%s', at) + mod(strftime('%f', at), 1)) FROM messages "
                    "WHERE order_id = :id AND direction = 'out' AND kind = 'fulfillment' AND state = 'done'",
                }
                found[report["name"]] = {
                    "order": order.id,
                    "cancelled": report["cancelled_epoch"],
                    **{name: self.trial.one(statement, id=order.id) for name, statement in facts.items()},
                    "created": made["created_epoch"],
                    "picked": made["picked_epoch"],
                    "refused": self._refused(order.id),
                }
        return found

    def _at_warehouse(self, number: str) -> list[Json]:
        return [made for made in self.warehouse["fulfillments"] if made["order_number"] == number]

    def _refused(self, order_id: int) -> int:
        """Units whose cancellation came too late, as the order's own timeline says."""
        rows = self.trial.rows(
            "SELECT kind, json_extract(data, '$.units') AS units, json_extract(data, '$.asked') AS asked "
            "FROM events WHERE order_id = :id AND kind IN ('cancellation.too-late', 'cancellation.granted')",
            id=order_id,
        )
        return sum(row.units if row.kind == "cancellation.too-late" else row.asked - row.units for row in rows)

    def check_nothing_was_made_for_the_warehouse_once_a_cancel_was_known(self) -> Iterator[Json]:
        """A create that was on its way by then cannot be called back; its cancel follows it in the lane."""
        for name, race in self.races.items():
            if race["known"] is None or race["known"] < race["sealed"]:
                yield {"order": name, **race}

    def check_no_unit_was_shipped_whose_cancel_was_granted(self) -> Iterator[Json]:
        for made in self.warehouse["fulfillments"]:
            for line in made["lines"]:
                if line["shipped"] + line["allocated"] + line["cancelled"] > line["quantity"]:
                    yield {"reference": made["reference"], **line}

    def check_a_lost_race_is_told(self) -> Iterator[Json]:
        for name, race in self.races.items():
            shipped = sum(line["shipped"] for made in self._at_warehouse(name) for line in made["lines"])
            if race["refused"] != shipped:
                yield {"order": name, "shipped": shipped, **race}

    # -- every malformed document has its reason ----------------------------------------------------------------

    def check_what_may_not_ship_is_held_with_its_reason(self) -> Iterator[Json]:
        holds: dict[int, set[str]] = defaultdict(set)
        for row in self.trial.rows("SELECT order_id, code FROM holds WHERE released_at IS NULL"):
            holds[row.order_id].add(row.code)
        reasons: dict[int, set[str]] = defaultdict(set)
        for row in self.trial.rows(
            "SELECT order_id, reason FROM messages WHERE state = 'parked' AND kind = 'fulfillment'"
        ):
            reasons[row.order_id].add(row.reason)
        for report in self.store:
            order = self.order_of(report)
            if order is None or report["cancelled_at"]:
                continue
            held = set().union(*(HELD.get(trait, set()) for trait in report["traits"]))
            tried = not holds[order.id] - HELD[SKU_NULL]  # what is held as a whole is not delivered, well formed or not
            for trait in report["traits"]:
                refused = REFUSED.get(trait, set()) if tried else set()
                if not held <= holds[order.id] or not refused <= reasons[order.id]:
                    yield {"order": report["name"], "traits": report["traits"], "holds": holds[order.id],
                           "parked": reasons[order.id]}  # fmt: skip

    def check_a_malformed_document_of_the_warehouse_is_parked(self) -> Iterator[Json]:
        for wrong in self.warehouse["malformed"]:
            rows = self.trial.rows(
                "SELECT state, reason, problem FROM messages WHERE direction = 'in' AND connection_id = :warehouse "
                "AND kind = 'shipment' AND external_id = :id",
                warehouse=self.trial.warehouse,
                id=wrong["id"],
            )
            if not rows or any(row.state != "parked" or not row.reason or not row.problem for row in rows):
                yield {**wrong, "messages": [(row.state, row.reason) for row in rows]}

    def check_nothing_else_is_parked(self) -> Iterator[Json]:
        """Each parked document is one of those that were sent malformed, or belongs to a lost race."""
        malformed = {wrong["id"] for wrong in self.warehouse["malformed"]}
        for row in self.trial.rows("SELECT * FROM messages WHERE state = 'parked' ORDER BY id"):
            report = self._report_of(row.order_id)
            spoilt = report is not None and any(trait in REFUSED for trait in report.get("traits", ()))
            if row.direction == "in" and (row.external_id in malformed or row.connection_id == self.trial.edi):
                continue
            if row.kind == "fulfillment" and spoilt:
                continue
            if row.kind == "shipment" and row.direction == "out" and report and report.get("name") in self.races:
                continue
            yield {"id": row.id, "direction": row.direction, "kind": row.kind, "reason": row.reason,
                   "problem": row.problem, "order": report and report.get("name")}  # fmt: skip

    def _report_of(self, order_id: int | None) -> Json | None:
        for report in [*self.store, *self.purchases] if order_id is not None else ():
            order = self.order_of(report)
            if order is not None and order.id == order_id:
                return report
        return None

    # -- the books say the same ---------------------------------------------------------------------------------

    def check_no_effect_is_doubtful(self) -> Iterator[Any]:
        yield from self.trial.rows("SELECT id, kind, order_id FROM messages WHERE reason = 'effect.doubtful'")

    def check_the_table_closes(self) -> Iterator[Any]:
        for row in self.trial.completeness():
            if not closes(row.verdict):
                yield row

    def check_the_table_counts_what_the_peers_count(self) -> Iterator[Any]:
        totals = self.warehouse["totals"]
        rows = {(row.noun, row.where): row for row in self.trial.completeness()}
        shipped = sum(count for kind, count in self._units().items() if kind == "shipped")
        for what, ours, theirs in (
            ("store orders", rows["documents", "Web store: order"].expected, len(self.store)),
            ("warehouse shipments", rows["documents", "Warehouse: shipment"].expected, totals["shipments"]),
            ("shipments", rows["shipments", "all backends"].expected, totals["shipments"] - totals["malformed"]),
            ("purchase orders", rows["documents in files", "EDI folder: order"].expected, len(self.purchases)),
            ("units shipped", rows["units", "all orders"].parts["shipped"], totals["shipped"]),
            ("units shipped in the ledger", shipped, totals["shipped"]),
        ):
            if ours != theirs:
                yield {"what": what, "hub": ours, "peer": theirs}

    def _units(self) -> dict[str, int]:
        return dict(self.trial.rows("SELECT kind, sum(delta) FROM ledger GROUP BY kind"))  # type: ignore[arg-type]

    def check_the_peers_agree(self) -> Iterable[Json]:
        """Lost races aside, which other checks judge; and a line without a SKU is held alone, the others ship."""
        for each in self.trial.world.discrepancies():
            held_alone = each["kind"] == "not-to-be-shipped" and set(each["traits"]) & HELD.keys() == {SKU_NULL}
            if each["order"] not in self.races and not held_alone:
                yield each

    # -- figures ------------------------------------------------------------------------------------------------

    def figures(self) -> Json:
        """What the trial went through, for the record."""
        one = self.trial.one
        injected = Counter()
        for peer in ("store", "warehouse"):
            injected.update(self.trial.world.peers[peer].get("faults")["injected"])
        hooks = Counter()
        for peer in ("store", "warehouse"):
            stats = self.trial.world.peers[peer].get("webhooks")["stats"]
            hooks.update({name: stats.get(name, 0) for name in ("events", "dropped", "duplicated", "reordered")})
        return {
            "store orders": len(self.store),
            "purchase orders": len(self.purchases),
            "shipments": self.warehouse["totals"]["shipments"],
            "units shipped": self.warehouse["totals"]["shipped"],
            "cancelled orders": sum(1 for report in self.store if report["cancelled_at"]),
            "units the warehouse gave back": self.warehouse["totals"]["cancelled"],
            "orders of which units shipped before their cancel arrived": len(self.races),
            "of these, creates under way when the cancel became known": sum(
                1 for race in self.races.values() if race["known"] is not None and race["created"] > race["known"]
            ),
            "malformed": {
                "store": sum(1 for r in self.store if any(t.startswith("malformed") for t in r["traits"])),
                "warehouse": len(self.warehouse["malformed"]),
                "partner": sum(1 for report in self.purchases if report["malformed"]),
            },
            "kills": dict(self.trial.kills),
            "faults": dict(injected),
            "webhooks": dict(hooks),
            "repeated creates": len(self.warehouse["repeated_creates"]),
            "tries that were repeated": one("SELECT count(*) FROM attempts WHERE number > 1"),
            "doubtful": one("SELECT count(*) FROM messages WHERE reason = 'effect.doubtful'"),
            "parked": dict(self.trial.rows("SELECT reason, count(*) FROM messages WHERE state = 'parked' GROUP BY 1")),
            "held": dict(self.trial.rows("SELECT code, count(*) FROM holds WHERE released_at IS NULL GROUP BY 1")),
        }
