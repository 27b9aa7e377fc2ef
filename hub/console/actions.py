"""The forms that change something: each calls one use case, and says on the next page what it did."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from hub.auth import Role
from hub.console import access
from hub.console.blueprint import console, installation
from hub.console.notes import note
from hub.errors import HubError
from hub.flows import actions
from hub.views import connections as connection_views
from hub.views import messages as message_views
from hub.views import orders as order_views

Back = tuple[str, dict[str, Any], str]


def _do(action: Callable[..., str], *arguments: Any, tone: str = "done", back: Back | None = None) -> bool:
    """Call a use case in the person's name and keep its sentence, or the reason why not, for the next page."""
    try:
        sentence = action(installation(), *arguments, actor=access.person().name)
    except HubError as error:
        note(error.sentence, "failed", error.code)
        return False
    note(sentence, tone, back=back)
    return True


def _reason(name: str = "reason") -> str:
    reason = request.form.get(name, "").strip()[:255]
    if not reason:
        abort(422, "A reason is needed.")
    return reason


def _order(order_id: int) -> order_views.OrderDetail:
    access.need(Role.OPERATOR)
    with installation().db.read() as tx:
        found = order_views.order_detail(tx, order_id, access.person().merchant_id)
    if found is None:
        abort(404, "There is no such order.")
    return found


def _seen_message(message_id: int) -> None:
    access.need(Role.OPERATOR)
    with installation().db.read() as tx:
        if message_views.message_detail(tx, message_id, access.person().merchant_id) is None:
            abort(404, "There is no such document.")


@console.post("/orders/<int:order_id>/retry")
def order_retry(order_id: int) -> Response:
    """Work again on everything of the order that is not done."""
    _order(order_id)
    _do(actions.retry_order, order_id, tone="flowing")
    if request.form.get("back") == "attention":
        return redirect(url_for("console.attention"), 303)
    return redirect(url_for("console.order", order_id=order_id), 303)


@console.post("/orders/<int:order_id>/cancel")
def order_cancel(order_id: int) -> Response:
    """Cancel what can still be cancelled."""
    _order(order_id)
    _do(actions.cancel_order, order_id, _reason(), tone="paused")
    return redirect(url_for("console.order", order_id=order_id), 303)


@console.post("/orders/<int:order_id>/hold")
def order_hold(order_id: int) -> Response:
    """Keep back what is open of the order."""
    _order(order_id)
    _do(actions.place_hold, order_id, _reason(), tone="waiting")
    return redirect(url_for("console.order", order_id=order_id), 303)


@console.post("/orders/<int:order_id>/ship-outside")
def order_ship_outside(order_id: int) -> Response:
    """Say that what is open was shipped by other means."""
    _order(order_id)
    _do(actions.mark_shipped_outside, order_id)
    return redirect(url_for("console.order", order_id=order_id), 303)


@console.post("/orders/<int:order_id>/close-short")
def order_close_short(order_id: int) -> Response:
    """Say that what is open will not be fulfilled."""
    _order(order_id)
    _do(actions.close_short, order_id, tone="paused")
    return redirect(url_for("console.order", order_id=order_id), 303)


@console.post("/orders/<int:order_id>/holds/<int:hold_id>/release")
def hold_release(order_id: int, hold_id: int) -> Response:
    """Let a held order go on."""
    if hold_id not in {hold.id for hold in _order(order_id).holds}:
        abort(404, "There is no such hold.")
    _do(actions.release_hold, hold_id, tone="flowing")
    if request.form.get("back") == "attention":
        return redirect(url_for("console.attention"), 303)
    return redirect(url_for("console.order", order_id=order_id), 303)


@console.post("/messages/<int:message_id>/replay")
def message_replay(message_id: int) -> Response:
    """Work on a document again, from its stored bytes."""
    _seen_message(message_id)
    _do(actions.replay_message, message_id, tone="flowing")
    if request.form.get("back", "").isdecimal():
        return redirect(url_for("console.order", order_id=int(request.form["back"])), 303)
    return redirect(url_for("console.message", message_id=message_id), 303)


@console.post("/messages/<int:message_id>/resend")
def message_resend(message_id: int) -> Response:
    """Send a document, with all that went in its interchange, once more as it was."""
    _seen_message(message_id)
    _do(partial(actions.resend_message, whole=True), message_id, tone="flowing")
    return redirect(url_for("console.message", message_id=message_id), 303)


@console.post("/messages/<int:message_id>/ignore")
def message_ignore(message_id: int) -> Response:
    """Let a document be."""
    _seen_message(message_id)
    back = ("console.message_replay", {"message_id": message_id}, "Replay it after all")
    _do(actions.ignore_message, message_id, _reason(), tone="paused", back=back)
    return redirect(url_for("console.message", message_id=message_id), 303)


@console.post("/messages/<int:message_id>/refuse")
def message_refuse(message_id: int) -> Response:
    """Let a partner's document be, and tell the partner why."""
    _seen_message(message_id)
    _do(actions.refuse_message, message_id, _reason(), tone="paused")
    return redirect(url_for("console.message", message_id=message_id), 303)


@console.post("/attention/act")
def messages_act() -> Response:
    """Replay or ignore several documents of one cause."""
    me = access.need(Role.OPERATOR)
    what = request.form.get("do", "")
    if what == "replay-all":
        with installation().db.read() as tx:
            ids = message_views.parked_ids(tx, request.form.get("group", ""), me.merchant_id)
    else:
        ids = [int(value) for value in request.form.getlist("id") if value.isdecimal()]
        with installation().db.read() as tx:
            ids = message_views.visible_ids(tx, ids, me.merchant_id)
    if not ids:
        note("No document was selected.", "waiting")
    elif what == "ignore":
        _each(actions.ignore_message, ids, "ignored", _reason("why"))
    elif what in ("replay", "replay-all"):
        _each(actions.replay_message, ids, "replayed")
    return redirect(url_for("console.attention", reason=request.form.get("reason") or None), 303)


def _each(action: Callable[..., Any], ids: list[int], verb: str, *arguments: Any) -> None:
    done, refused = 0, ""
    for message_id in ids:
        try:
            action(installation(), message_id, *arguments, actor=access.person().name)
            done += 1
        except HubError as error:
            refused = f" {len(ids) - done} not: {error.sentence}"
    documents = "document is" if done == 1 else "documents are"
    note(f"{done} {documents} {verb}.{refused}", "failed" if refused else "flowing")


def _seen_flow(flow_id: int) -> None:
    access.need(Role.OPERATOR)
    with installation().db.read() as tx:
        if flow_id not in {flow.id for flow in connection_views.flow_list(tx, access.person().merchant_id)}:
            abort(404, "There is no such flow.")


@console.post("/flows/<int:flow_id>/run")
def flow_run(flow_id: int) -> Response:
    """Run a flow now."""
    _seen_flow(flow_id)
    _do(actions.run_flow, flow_id, tone="flowing")
    return redirect(url_for("console.flows"), 303)


@console.post("/flows/<int:flow_id>/pause")
def flow_pause(flow_id: int) -> Response:
    """Let a flow rest."""
    _seen_flow(flow_id)
    _do(actions.pause_flow, flow_id, tone="paused", back=("console.flow_resume", {"flow_id": flow_id}, "Resume"))
    return redirect(url_for("console.flows"), 303)


@console.post("/flows/<int:flow_id>/resume")
def flow_resume(flow_id: int) -> Response:
    """Let a flow go on."""
    _seen_flow(flow_id)
    _do(actions.resume_flow, flow_id, tone="flowing", back=("console.flow_pause", {"flow_id": flow_id}, "Pause again"))
    return redirect(url_for("console.flows"), 303)


@console.post("/connections/<int:connection_id>/mode/<mode>")
def connection_mode(connection_id: int, mode: str) -> Response:
    """Set a connection off, shadow or live."""
    access.need_admin()
    if mode not in ("off", "shadow", "live"):
        abort(404)
    with installation().db.read() as tx:
        before = {each.id: each.mode for each in connection_views.connection_list(tx, None)}.get(connection_id)
    if before is None:
        abort(404, "There is no such connection.")
    values = {"connection_id": connection_id, "mode": before}
    _do(actions.set_mode, connection_id, mode, back=("console.connection_mode", values, f"Back to {before}"))
    return redirect(url_for("console.connections"), 303)


@console.post("/connections/<int:connection_id>/mended")
def connection_mended(connection_id: int) -> Response:
    """The connection's owner has mended it: call it again."""
    access.need_admin()
    _do(actions.clear_trouble, connection_id, tone="flowing")
    return redirect(url_for("console.connections"), 303)


@console.post("/outbound/<any(stop, start):what>")
def outbound(what: str) -> Response:
    """Stop or start all outbound, or one connection's (`connection_id` in the address)."""
    access.need_admin()
    connection_id = request.args.get("connection_id", type=int)
    other = {"stop": "start", "start": "stop"}[what]
    values: dict[str, Any] = {"what": other}
    if connection_id is not None:
        values["connection_id"] = connection_id
    action = actions.stop_outbound if what == "stop" else actions.start_outbound
    tone = "paused" if what == "stop" else "flowing"
    _do(action, connection_id, tone=tone, back=("console.outbound", values, f"{other.capitalize()} again"))
    return redirect(url_for("console.connections"), 303)
