"""Paths as source: names one by one through objects, everything else as loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub.mapping.direct.source import Mark, Place, Source
from hub.mapping.syntax import Path, Step, Test

Sink = Callable[[str], None]  # writes what is done with the value in a variable

_ROOTS = {
    "source": "source_of(context)",
    "partner": "context.partner",
    "connection": "context.connection",
    "message": "context.message",
    "envelope": "envelope_in(document)",
}


def _spelled(step: Step) -> Step:
    """A step without where it stands in its text, so that alike ones are equal."""
    tests = tuple(replace(test, path=tuple(map(_spelled, test.path))) for test in step.tests)
    return replace(step, offset=0, tests=tests)


class Unsupported(Exception):
    """The closure of this expression runs it."""


class Paths:
    """Writes paths; `places` are what relative ones start from, the innermost last."""

    def __init__(self, source: Source, constants: Mapping[str, Any], head: Mark) -> None:
        self.source, self.constants, self._head = source, constants, head
        self.places: list[Place] = []
        self._roots: dict[str, Place] = {}
        self._indexes: dict[str, str] = {}  # of joins, by what they look at

    # --- where a path starts

    def start(self, path: Path) -> Place | None:
        """The place of the path's root, None when there is none."""
        if path.root == "":
            return self.places[-1]
        if path.root == "$":
            return self.places[0]
        if path.root == "^":
            return self.places[-1 - path.outer] if path.outer < len(self.places) else None
        if path.root not in self._roots:
            self._roots[path.root] = self._root(path.root)
        return self._roots[path.root]

    def _root(self, name: str) -> Place:
        if name == "const":
            return Place(self.source.bound(self.constants), self._head)
        self._head.line(f"{name} = {_ROOTS[name]}")
        return Place(name, self._head)

    def _object(self, place: Place) -> str:
        """The item of a place, which must be an object."""
        if place.grouped:
            raise Unsupported
        if not place.checked:
            place.mark.line(f"if type({place.item}) is not dict: raise Unusual")
            place.checked = True
        return place.item

    def _index(self, place: Place, loops: bool) -> str:
        if place.grouped:
            raise Unsupported
        if not place.index:
            place.index = self.source.fresh()
            place.mark.line(f"{place.index}, {place.index}l = index({place.item})")
        return f"{place.index}l" if loops else place.index

    # --- one value

    def one(self, path: Path) -> str:
        """A variable with the one value of a path: None or empty text when it is missing."""
        place, result = self.start(path), self.source.fresh()
        if place is None:
            self.source.line(f"{result} = None")
        elif path.named and place.grouped:
            keys = self.source.constant(tuple(step.name for step in path.steps))
            self.source.line(f"{result} = common({place.item}, {keys})")
        elif path.named:
            self._walk(place, path.steps, result, "one")
            self.source.line(f"if type({result}) is list: {result} = one({result}, ())")
        elif len(path.steps) == 1 and path.steps[0].kind == "element" and len(path.steps[0].places) < 2:
            step = path.steps[0]
            chosen = f"{self._index(place, False)}.get({self.source.constant(step.name)}, ())"
            self.source.line(f"{result} = element({chosen}, {step.number}, {step.component})")
        else:
            self.source.line(f"{result} = None")

            def only(value: str) -> None:
                other = f" and {result} != {value}" if place.grouped else ""
                self.source.line(f"if {result} is not None{other}: raise Unusual")
                self.source.line(f"{result} = {value}")

            self.each(path, only)
        return result

    def _walk(self, place: Place, steps: Sequence[Step], result: str, rest: str) -> None:
        """Names through objects; where one leads to something else, the helper named `rest` goes on."""
        if place.grouped:
            keys = self.source.constant(tuple(step.name for step in steps))
            self.source.line(f"{result} = {rest}({place.item}, {keys})")
            return
        first = self.source.constant(steps[0].name)
        self.source.line(f"{result} = {self._object(place)}.get({first})")
        self._walk_on(steps[1:], result, rest)

    def _walk_on(self, steps: Sequence[Step], result: str, rest: str) -> None:
        if steps:
            with self.source.under(f"if type({result}) is dict:"):
                self.source.line(f"{result} = {result}.get({self.source.constant(steps[0].name)})")
                self._walk_on(steps[1:], result, rest)
            keys = self.source.constant(tuple(step.name for step in steps))
            self.source.line(f"elif {result} is not None: {result} = {rest}({result}, {keys})")

    # --- all values

    def items(self, path: Path) -> str:
        """A variable with the list of all matches."""
        place, result, source = self.start(path), self.source.fresh(), self.source
        if place is not None and path.named:
            self._walk(place, path.steps, result, "many")
            source.line(f"if type({result}) is not list or set(map(type, {result})) != OBJECTS:")
            source.line(f" {result} = many({result}, ())")
            return result
        source.line(f"{result} = []")
        self.each(path, lambda value: source.line(f"{result}.append({value})"))
        return result

    def gather(self, path: Path, values: str) -> None:
        """Adds all matches to a list."""
        place = self.start(path)
        if place is None or not path.named:
            self.each(path, lambda value: self.source.line(f"{values}.append({value})"))
            return
        value = self.source.fresh()
        self._walk(place, path.steps, value, "many")
        self.source.line(f"if type({value}) is list: {values} += many({value}, ())")
        self.source.line(f"elif {value} is not None and {value} != '': {values}.append({value})")

    def each(self, path: Path, sink: Sink, empty: bool = False) -> None:
        """Loops over all matches; with `empty`, over empty texts too, and objects are left out."""
        place = self.start(path)
        if place is None:
            return
        if self._join_by_index(path, sink, empty):
            return
        edi = bool(path.steps) and path.steps[0].kind in ("segment", "element")
        wanted = {id(test): self._joined(test.other) for step in path.steps for test in step.tests if test.other}
        if place.grouped:
            if edi:
                raise Unsupported
            values = self.source.fresh()
            self.source.line(f"{values} = list({place.item})")
            self._steps(values, path.steps, sink, wanted, empty)
        elif edi:
            self._segments(place.item, path.steps, sink, place)
        elif path.steps and path.steps[0].kind == "name":
            inner, rest = self._run_of_names(self._object(place), path.steps)
            self._steps(inner, rest, sink, wanted, empty)
        else:
            self._steps(place.item, path.steps, sink, wanted, empty)

    def _join_by_index(self, path: Path, sink: Sink, empty: bool) -> bool:
        """Whether a path from the root with one filter that compares with the item has been written as a lookup: what
        the filter looks at is the same for every item, so it is put in order once."""
        joins = [(i, test) for i, step in enumerate(path.steps) for test in step.tests if test.other]
        if path.root != "$" or len(self.places) < 2 or len(joins) != 1 or joins[0][1].negated:
            return False
        at, test = joins[0]
        by_text = self._indexed(path.steps, at, test)
        assert test.other is not None
        texts = self._joined(test.other)
        self.source.line(f"if len({texts}) > 1: raise Unusual")
        found = f"{by_text}.get(next(iter({texts}), None), ())"
        self._over(found, lambda item: self._steps(item, path.steps[at + 1 :], sink, {}, empty))
        return True

    def _indexed(self, steps: Sequence[Step], at: int, join: Test) -> str:
        """A variable with the items up to the filter, by the texts that its test looks at."""
        others = tuple(test for test in steps[at].tests if test is not join)
        before = (*steps[:at], *((replace(steps[at], tests=others),) if others else ()))
        key = repr([_spelled(step) for step in (*before, *join.path)])
        if key not in self._indexes:
            source, root = self.source, self.places[0]
            by_text = source.fresh()

            def put(item: str) -> None:
                texts = source.fresh()
                source.line(f"{texts} = set()")
                self._steps(item, join.path, lambda v: source.line(f"{texts}.add(as_text({v}))"), {}, empty=True)
                source.line(f"for t in {texts}: {by_text}.setdefault(t, []).append({item})")

            self._object(root)
            with source.at(root.mark):
                source.line(f"{by_text} = {{}}")
                self._steps(root.item, before, put, {}, empty=False)
            self._indexes[key] = by_text
        return self._indexes[key]

    def _joined(self, path: Path) -> str:
        """The texts that a filter compares with, read once before its loops."""
        texts = self.source.fresh()
        self.source.line(f"{texts} = set()")
        self.each(path, lambda value: self.source.line(f"{texts}.add(as_text({value}))"))
        return texts

    def _loop(self, value: str) -> tuple[Source, str]:
        """Over a list's items, or over the value itself."""
        item = self.source.fresh()
        block = self.source.under(f"for {item} in {value} if type({value}) is list else ({value},):")
        if len(self.places) > 1:
            self.source.line("work += 1")
        return block, item

    def _steps(self, value: str, steps: Sequence[Step], sink: Sink, wanted: dict[int, str], empty: bool) -> None:
        source = self.source
        if steps and steps[0].kind == "index":
            self._place_in_list(value, steps[0].number, lambda item: self._steps(item, steps[1:], sink, wanted, empty))
            return
        block, item = self._loop(value)
        with block:
            if not steps:
                source.line(f"if isinstance({item}, list): raise Unusual")
                kept = f"type({item}) is not dict" if empty else f"{item} != ''"
                with source.under(f"if {item} is not None and {kept}:"):
                    sink(item)
            elif steps[0].kind == "name":
                with source.under(f"if type({item}) is dict:"):
                    inner, rest = self._run_of_names(item, steps)
                    self._steps(inner, rest, sink, wanted, empty)
                source.line(f"elif {item} is not None: scalar({item})")
            elif steps[0].kind == "filter":
                source.line(f"if {item} is None: continue")
                source.line(f"if isinstance({item}, list): raise Unusual")
                holds = [self._test(item, test, wanted.get(id(test))) for test in steps[0].tests]
                with source.under(f"if {' and '.join(holds)}:"):
                    self._steps(item, steps[1:], sink, wanted, empty)
            else:
                raise Unsupported

    def _run_of_names(self, item: str, steps: Sequence[Step]) -> tuple[str, Sequence[Step]]:
        """Goes through the names up to where a list is likely, as loops cost time: a name in the plural. Gives where
        that leads and the steps from there."""
        end = next((i for i, step in enumerate(steps) if step.kind != "name"), len(steps))
        end = next((i for i, step in enumerate(steps[:end], 1) if step.name.endswith("s")), end)
        inner = self.source.fresh()
        self.source.line(f"{inner} = {item}.get({self.source.constant(steps[0].name)})")
        self._walk_on(steps[1:end], inner, "many")
        return inner, steps[end:]

    def _place_in_list(self, value: str, number: int, then: Sink) -> None:
        source, items, item = self.source, self.source.fresh(), self.source.fresh()
        source.line(f"{items} = {value} if type({value}) is list else ({value},)")
        low = -number if number < 0 else number + 1
        with source.under(f"if len({items}) >= {low} and {value} is not None:"):
            source.line(f"{item} = {items}[{number}]")
            then(item)

    def _test(self, item: str, test: Test, joined: str | None) -> str:
        """The source of whether a filter's test holds for an item."""
        source, found = self.source, self.source.fresh()
        wanted = joined or source.constant(frozenset(test.values))
        source.line(f"{found} = False")

        def compare(value: str) -> None:
            source.line(f"if {value} in {wanted} if type({value}) is str else among({value}, {wanted}): {found} = True")

        if any(inner.other for step in test.path for inner in step.tests):
            raise Unsupported
        if test.path and test.path[0].kind == "name":
            with source.under(f"if type({item}) is dict:"):
                inner, rest = self._run_of_names(item, test.path)
                self._steps(inner, rest, compare, {}, empty=True)
            source.line(f"elif {item} is not None: scalar({item})")
        else:
            self._steps(item, test.path, compare, {}, empty=True)
        return f"not {found}" if test.negated else found

    # --- EDI

    def _segments(self, node: str, steps: Sequence[Step], sink: Sink, place: Place | None = None) -> None:
        """The steps of designators, from a node; from a place its index is at hand."""
        source = self.source
        if not steps:
            sink(node)
            return
        step, rest = steps[0], steps[1:]
        name = source.constant(step.name)
        if step.kind == "pair":
            self._over(f"pairs({node}, {name})", sink)
        elif step.kind == "element":
            inside = f"{self._index(place, False)}.get({name}, ())" if place else f"segments_in({node}, {name})"
            self._over(inside, lambda inner: self._over(self._values(inner, step), sink))
        elif step.kind == "segment":
            inside = f"{self._index(place, True)}.get({name}, ())" if place else f"loops_in({node}, {name})"
            if step.number:
                inside += f"[{step.number - 1}:{step.number}]"

            def matched(inner: str) -> None:
                if not step.tests:
                    self._segments(inner, rest, sink)
                    return
                with source.under(f"if {' and '.join(self._edi_test(inner, test) for test in step.tests)}:"):
                    self._segments(inner, rest, sink)

            self._over(inside, matched)
        else:
            raise Unsupported

    def _values(self, segment: str, step: Step) -> str:
        if len(step.places) > 1:
            return f"elements_at({segment}, {self.source.constant(step.places)})"
        return f"elements({segment}, {step.number}, {step.component})"

    def _over(self, items: str, sink: Sink) -> None:
        item = self.source.fresh()
        with self.source.under(f"for {item} in {items}:"):
            if len(self.places) > 1:
                self.source.line("work += 1")
            sink(item)

    def _edi_test(self, node: str, test: Test) -> str:
        wanted = self.source.constant(frozenset(test.values))
        if not test.path:
            holds = f"qualified({node}, {wanted})"
        else:
            step = test.path[0]
            if len(step.places) > 1:
                raise Unsupported
            name = self.source.constant(step.name)
            holds = f"element_among({node}, {name}, {step.number}, {step.component}, {wanted})"
        return f"not {holds}" if test.negated else holds
