"""Blocks as source: objects, repetitions, lists; and the whole of it as a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.mapping import runtime
from hub.mapping.calls import Bound
from hub.mapping.direct import helpers
from hub.mapping.direct.expressions import Expressions
from hub.mapping.direct.source import Place, Source, Unwritable
from hub.mapping.expressions import equal
from hub.mapping.forms import Form, Formula, Inside, Kept, Object, Repeated, Repetitions, Test, Text, Together
from hub.mapping.runtime import Context, Group, Run, Scope, Tables, as_text, is_true
from hub.mapping.syntax import Literal

Direct = Callable[[Any, Context, Tables], Any]

_NAMES = {
    **{name: getattr(helpers, name) for name in (
        "Unusual", "among", "common", "element", "element_among", "elements", "elements_at", "envelope_in", "holds",
        "index", "join_group", "loops_in", "many", "one", "pairs", "qualified", "root_of", "scalar", "segments_in",
        "source_of",
    )},
    "Group": Group, "OBJECTS": {dict}, "Run": Run, "Scope": Scope, "as_text": as_text, "equal": equal,
    "is_true": is_true,
}  # fmt: skip


def direct_form(
    form: Form, bound: Mapping[int, Bound], constants: Mapping[str, Any], grouped: bool = False
) -> Direct | None:
    """The function of a mapping's rows; None when they are too many or too deep for one. `grouped`: its documents are
    groups, as `split` makes them of a file.

    It raises `Unusual`, a Fault or what a bad value raises wherever the closures have to say what is the matter.
    """
    source = Source({**_NAMES, "LIMIT": runtime.MAX_STEPS})
    head = source.mark()
    writer = _Blocks(source, constants, head, bound)
    if grouped:
        source.line("if type(root) is not Group: raise Unusual")
    writer.places.append(Place("root", source.mark(), grouped=grouped))
    try:
        result = writer.value(form)
    except Unwritable:
        return None
    if writer.places[0].scope:
        head.line("run = Run(document, context, tables)")
        source.line("if run.errors: raise Unusual")
    lines = ["def direct(document, context, tables):", " root = root_of(document)", " work = 0"]
    text = "\n".join([*lines, source.text(), f" return {result}", ""])
    made: dict[str, Any] = source.names
    exec(compile(text, "<mapping>", "exec"), made)  # noqa: S102  (names of ours only, see `source`)
    direct: Direct = made["direct"]
    return direct


def _sure(form: Form) -> bool:
    """Whether it always gives something."""
    if isinstance(form, Formula):
        return isinstance(form.node, Literal) and form.node.value not in (None, "")
    return isinstance(form, Text) and bool(form.value)


class _Blocks(Expressions):
    def value(self, form: Form) -> str:
        """The variable with what a form gives: None or an empty text, object or list when there is nothing."""
        if isinstance(form, Text):
            return self.source.constant(form.value)
        if isinstance(form, Formula):
            return self.or_closure(lambda: self.expression(form.node), form.run)
        if isinstance(form, Object):
            return self._object_of(form)
        if isinstance(form, Together):
            return self._together(form)
        if isinstance(form, Repetitions):
            value = self.value(form.item)
            self.source.line(f"if type({value}) is dict: {value} = [{value}]")
            return value
        if isinstance(form, Inside):
            return self._inside(form)
        if isinstance(form, Repeated):
            return self._repeated(form)
        if isinstance(form, Kept):
            return self._kept(form)
        return "None"

    def _object_of(self, form: Object) -> str:
        source, result = self.source, self.source.fresh()
        source.line(f"{result} = {{}}")
        for field in form.fields:
            value = self.value(field.form)
            name = source.constant(field.name)
            if _sure(field.form):
                source.line(f"{result}[{name}] = {value}")
                continue
            if isinstance(field.form, (Text, Formula)):
                source.line(f"if {value} is not None and {value} != '': {result}[{name}] = {value}")
            else:
                source.line(f"if {value}: {result}[{name}] = {value}")
            if field.required:
                source.line("else: raise Unusual")
        return result

    def _together(self, form: Together) -> str:
        source, result = self.source, self.source.fresh()
        source.line(f"{result} = []")
        for item in form.items:
            value = self.value(item)
            source.line(f"if isinstance({value}, list): {result} += {value}")
            present = f"{value} is not None and {value} != ''" if isinstance(item, (Text, Formula)) else value
            source.line(f"elif {present}: {result}.append({value})")
        return result

    def _inside(self, form: Inside) -> str:
        source, result = self.source, self.source.fresh()
        item = self.or_closure(lambda: self.one(form.reader.path), form.reader.one)
        source.line(f"{result} = None")
        with source.under(f"if {item} is not None and {item} != '':"):
            self.places.append(Place(item, source.mark(), source.bound(form.reader)))
            source.line(f"{result} = {self.value(form.body)}")
            self.places.pop()
        return result

    def _kept(self, form: Kept) -> str:
        result = self.source.fresh()
        self.source.line(f"{result} = None")
        with self.source.under(f"if {self._condition_of(form.when)}:"):
            self.source.line(f"{result} = {self.value(form.body)}")
        return result

    def _condition_of(self, when: Test) -> str:
        return self.or_closure(lambda: self.condition(when.node), when.run)

    def _repeated(self, form: Repeated) -> str:
        source, result = self.source, self.source.fresh()
        found = self.or_closure(lambda: self.items(form.reader.path), form.reader.many)
        source.line(f"{result} = []")
        source.line(f"work += len({found})")
        if form.group_by is not None:
            found = self._groups(form, form.group_by, found)
        number, item = source.fresh(), source.fresh()
        position = f"({number} + 1)"
        counted = form.when is not None and form.group_by is None
        if counted:
            position = source.fresh()
            source.line(f"{position} = 0")
        with source.under(f"for {number}, {item} in enumerate({found}):"):
            place = Place(item, source.mark(), source.bound(form.reader), number)
            if form.group_by is not None:
                place.grouped, place.number = True, f"{item}.origins[0]"
            self.places.append(place)
            source.line("if work > LIMIT: raise Unusual")
            if counted and form.when is not None:
                source.line(f"if not {self._condition_of(form.when)}: continue")
                source.line(f"{position} += 1")
            place.position = position
            kept = source.mark()
            value = self.value(form.body)
            if place.scope:
                kept.line(f"{place.scope}.position = {position}")
            present = f"{value} is not None and {value} != ''" if isinstance(form.body, (Text, Formula)) else value
            source.line(f"if {present}: {result}.append({value})")
            self.places.pop()
        return result

    def _groups(self, form: Repeated, group_by: Form, found: str) -> str:
        """The items put together by their key, in the order in which the keys first come."""
        source = self.source
        groups, number, item = source.fresh(), source.fresh(), source.fresh()
        source.line(f"{groups} = {{}}")
        with source.under(f"for {number}, {item} in enumerate({found}):"):
            self.places.append(Place(item, source.mark(), source.bound(form.reader), number))
            if form.when is not None:
                source.line(f"if not {self._condition_of(form.when)}: continue")
            source.line(f"join_group({groups}, {self.value(group_by)}, {item}, {number})")
            self.places.pop()
        return f"{groups}.values()"
