"""How values are written on pages: ages, amounts, counts, and the addresses of files that browsers may keep."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, request, url_for
from markupsafe import Markup

from hub.console.blueprint import installation

STATIC = Path(__file__).with_name("static")

_STEPS = ((60, 1, "s"), (3600, 60, "min"), (48 * 3600, 3600, "h"))


def span(seconds: float) -> str:
    """A length of time in one unit: 40 s, 4 min, 3 h, 12 d."""
    for below, unit, name in _STEPS:
        if seconds < below:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // 86400)} d"


def age(value: dt.datetime | None, empty: str = "never") -> Markup:
    """How long ago, or how soon, as a <time> whose title is the exact instant (the script puts the viewer's zone)."""
    if value is None:
        return Markup('<span class="quiet">{}</span>').format(empty)
    seconds = (installation().now() - value).total_seconds()
    return _time(value, "now" if abs(seconds) < 1 else span(seconds) if seconds > 0 else f"in {span(-seconds)}")


def ago(value: dt.datetime) -> Markup:
    """The same of what has been, as it stands in a sentence."""
    seconds = (installation().now() - value).total_seconds()
    return _time(value, f"{span(seconds)} ago" if seconds >= 1 else "just now")


def _time(value: dt.datetime, text: str) -> Markup:
    exact = value.astimezone(dt.UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(timespec="seconds"), exact.strftime("%Y-%m-%d %H:%M:%S UTC"), text
    )


def clock(value: dt.datetime) -> Markup:
    """The exact instant."""
    exact = value.astimezone(dt.UTC)
    return Markup('<time datetime="{}" data-exact>{}</time>').format(
        exact.isoformat(timespec="seconds"), exact.strftime("%Y-%m-%d %H:%M:%S UTC")
    )


def money(value: Decimal | None) -> str:
    """An amount with its thousands apart and at least two places, none of its own lost."""
    if value is None:
        return "–"
    exponent = value.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{value:,.{places}f}"


def number(value: int | None) -> str:
    """A count with its thousands apart."""
    return "unknown" if value is None else f"{value:,}"


def count(value: int, noun: str, plural: str | None = None) -> str:
    """ "1 line", "2 lines"."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def plain(value: Decimal) -> str:
    """A quantity without an exponent or needless zeros."""
    return f"{value:f}"


def size(value: int) -> str:
    """Bytes as a person counts them."""
    return f"{value:,} bytes" if value < 10_000 else f"{value / 1000:,.0f} kB"


def kind(value: str) -> str:
    """A kind of document as a word: functional_acknowledgement is a functional acknowledgement."""
    return "EDI file" if value == "edi" else value.replace("_", " ")


def title(value: str) -> str:
    """With a capital at its beginning, the rest as it is."""
    return value[:1].upper() + value[1:]


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file of ours, which changes when the file does."""
    return url_for("console.static", filename=name, v=_fingerprint(name))


def here(**changes: Any) -> str:
    """This page's address with some of its query changed; None and "" take a name out. It starts at page one."""
    query = {name: value for name, value in request.args.items() if name not in ("before", "after")}
    query.update({name: str(value) for name, value in changes.items() if value not in (None, "")})
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
    return url_for(request.endpoint or "console.home", **{**(request.view_args or {}), **query})


def prepare(app: Flask) -> None:
    """Give the templates these."""
    for function in (age, ago, clock, money, number, count, plain, size, kind):
        app.template_filter(function.__name__)(function)
    app.template_filter("first_upper")(title)
    app.jinja_env.globals.update(asset=asset, here=here, count=count)
