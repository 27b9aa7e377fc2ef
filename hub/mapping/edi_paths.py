"""The steps of EDI designators over a transaction set's tree: BEG03, N1[ST]/N104, PO1.pair(UP), HL[I]^HL[O].

A loop goes by the id of its first segment, which in EDIFACT is not the name of its segment group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hub.edi.tree import Loop, Repeats
from hub.mapping.runtime import Run
from hub.mapping.syntax import Step, Test

_GROUP = re.compile(r"SG\d+")

Match = tuple[Any, Any]
StepFunction = Callable[[list[Match], Run], list[Match]]

# Where a segment's qualifier/value pairs begin; a segment that is not here is searched from its first element.
FIRST_PAIR = {
    "PO1": 6, "POC": 8, "IT1": 6, "ACK": 7, "LIN": 2, "SLN": 9, "CTP": 0, "IT3": 0, "PO3": 0,
    "W01": 4, "W04": 4, "W07": 4, "W12": 7, "W19": 5, "W20": 0, "PRI": 0, "ZA": 0, "SDQ": 3, "PID": 0,
}  # fmt: skip

MANY = 30
"""What a loop may hold and still be looked through each time."""

# The element that says which one a loop or segment is, where it is not the first.
QUALIFIER = {"HL": 3}


def edi_step(step: Step) -> StepFunction:
    if step.kind == "segment":
        return _segment_step(step)
    if step.kind == "element":
        return _element_step(step)
    if step.kind == "pair":
        return _pair_step(step.name)
    if step.kind == "up":
        return _up_step(step)
    return _any_step


def trigger(node: Any) -> tuple[Any, ...]:
    """The segment a loop starts with, or the segment itself."""
    if isinstance(node, Loop):
        return node.trigger
    return node if isinstance(node, tuple) else ("",)


def _inside(node: Any, crumb: Any, name: str, loops_first: bool, run: Run | None = None) -> list[Match]:
    """The loops or the segments of that id in a loop. A loop's own trigger and the loops nested in it can share an
    id (HL): a step to a loop prefers the loops, an element prefers the segment."""
    if isinstance(node, tuple):
        return [(node, crumb)] if node[0] == name else []
    if not isinstance(node, Loop):
        return []
    children: Sequence[Any] = node.children
    if run is not None and len(children) > MANY:
        children = _by_name(node, run).get(name, ())
    segments: list[Any] = []
    loops: list[Any] = []
    for child in children:
        if isinstance(child, Loop):
            if name in (child.id, child.trigger[0]):
                loops.append(child)
        elif child[0] == name:
            segments.append(child)
    if not loops_first and len(segments) == 1:
        return [(segments[0], crumb)]
    chosen: list[Any] = (loops or segments) if loops_first else (segments or loops)
    if len(chosen) == 1 and chosen[0] is node.children[0]:
        return [(chosen[0], crumb)]
    return [(child, (crumb, f"/{name}[#{i}]")) for i, child in enumerate(chosen, 1)]


def _by_name(loop: Loop, run: Run) -> dict[str, list[Any]]:
    """What a loop holds, by its ids. Each of many items may ask the loop around it, so it is put in order once."""
    found = run.by_name.get(id(loop))
    if found is None:
        found = run.by_name[id(loop)] = {}
        for child in loop.children:
            for name in {child.id, child.trigger[0]} if isinstance(child, Loop) else (child[0],):
                found.setdefault(str(name), []).append(child)
    return found


def _segment_step(step: Step) -> StepFunction:
    name, number, holds = step.name, step.number, _tests(step.tests)

    def walk(found: list[Match], run: Run) -> list[Match]:
        result: list[Match] = []
        for node, crumb in found:
            if not isinstance(node, _Anywhere):
                inside = _inside(node, crumb, name, loops_first=True, run=run)
                run.spend(len(inside))
                result += chosen(inside)
                continue
            # Each of many items may ask the same loop around it, so what is below it is looked for once.
            key = id(step), id(node.node), id(crumb)
            below = run.below.get(key)
            if below is None:
                below = run.below[key] = chosen(list(node.find(name, run)))
            run.spend(len(below))
            result += below
        return result

    def chosen(inside: list[Match]) -> list[Match]:
        if number:
            inside = inside[number - 1 : number]
        return [match for match in inside if holds(match[0])]

    return walk


def _element_step(step: Step) -> StepFunction:
    name = step.name
    places = [
        (number, component, f"/{name}{number:02d}" + (f"-{component}" if component else ""))
        for number, component in step.places or ((step.number, step.component),)
    ]

    def walk(found: list[Match], run: Run) -> list[Match]:
        result: list[Match] = []
        for node, crumb in found:
            if isinstance(node, _Anywhere):
                segments = list(node.find(name, run))
            else:
                segments = _inside(node, crumb, name, loops_first=False, run=run)
            run.spend(len(segments))
            for segment, at in segments:
                for number, component, text in places:
                    values = element_values(trigger(segment), number, component)
                    result += [(value, (at, text)) for value in values]
        return result

    return walk


def element_values(segment: tuple[Any, ...], number: int, component: int) -> list[str]:
    """An element's values: one per repetition; without a component, a composite counts as all its components."""
    if number >= len(segment):
        return []
    value = segment[number]
    if type(value) is str:
        return [value] if value and component < 2 else []
    found: list[str] = []
    for repetition in value if isinstance(value, Repeats) else (value,):
        parts = (repetition,) if isinstance(repetition, str) else repetition
        wanted = parts[component - 1 : component] if component else parts
        found += [part for part in wanted if part]
    return found


def _pair_step(qualifier: str) -> StepFunction:
    def walk(found: list[Match], run: Run) -> list[Match]:
        result: list[Match] = []
        for node, crumb in found:
            segment = trigger(node)
            for value, number in pair_values(segment, qualifier):
                result.append((value, (crumb, f"/{segment[0]}{number:02d}")))
        return result

    return walk


def pair_values(segment: tuple[Any, ...], qualifier: str) -> list[tuple[str, int]]:
    """The values that follow a qualifier, each with the number of its element. In EDIFACT a qualifier follows its value
    inside of one composite (`LIN+1++4012345000122:EN`)."""
    first = FIRST_PAIR.get(segment[0], 0)
    composed = [
        (value[0], i)
        for i, value in enumerate(segment)
        if type(value) is tuple and i and len(value) > 1 and value[1] == qualifier
    ]
    return composed or [
        (value, i + 1)
        for i in range(first or 1, len(segment) - 1, 2 if first else 1)
        if segment[i] == qualifier
        for value in element_values(segment, i + 1, 0)
    ]


def _up_step(step: Step) -> StepFunction:
    name, holds = step.name, _tests(step.tests)

    def walk(found: list[Match], run: Run) -> list[Match]:
        result: list[Match] = []
        for node, _ in found:
            loop = run.parent(node)
            while loop is not None:
                run.spend(1)
                if name in (loop.id, loop.trigger[0]) and holds(loop):
                    result.append((loop, _crumbs_to(loop, run)))
                    break
                loop = run.parent(loop)
        return result

    return walk


def _crumbs_to(loop: Loop, run: Run) -> Any:
    """The loop's place from the root of its tree, whatever scope it was reached from."""
    if id(loop) not in run.crumbs:
        above = run.parent(loop)
        if above is None:
            run.crumbs[id(loop)] = (None, "$" if loop is run.root else "source")
        else:
            around = _crumbs_to(above, run)
            for child, (_, text), _ in _numbered(above, None):
                if isinstance(child, Loop):
                    run.crumbs[id(child)] = (around, text)
    return run.crumbs[id(loop)]


class _Anywhere:
    """What `//` leaves for the next step: the same node, searched at every depth."""

    __slots__ = ("crumb", "node")

    def __init__(self, node: Any, crumb: Any) -> None:
        self.node, self.crumb = node, crumb

    def find(self, name: str, run: Run) -> Iterator[Match]:
        """Every loop of that id below, in document order; segments of that id that are no loop's trigger."""
        open_ = [_numbered(self.node, self.crumb, is_start=True)]
        while open_:
            for child, crumb, is_trigger in open_[-1]:
                run.spend(1)
                if isinstance(child, Loop):
                    if name in (child.id, child.trigger[0]):
                        yield child, crumb
                    open_.append(_numbered(child, crumb))
                    break
                if child[0] == name and not is_trigger:
                    yield child, crumb
            else:
                open_.pop()


def _numbered(node: Any, crumb: Any, is_start: bool = False) -> Iterator[tuple[Any, Any, bool]]:
    """A loop's children with their place among those of the same id and kind."""
    counts: dict[tuple[bool, str], int] = {}
    for i, child in enumerate(node.children if isinstance(node, Loop) else ()):
        is_loop = isinstance(child, Loop)
        name = str(trigger(child)[0])
        counts[is_loop, name] = number = counts.get((is_loop, name), 0) + 1
        yield child, (crumb, f"/{name}[#{number}]"), i == 0 and not is_loop and _opens(name, node.id) and not is_start


def _opens(segment_id: str, loop_id: str) -> bool:
    """Whether the first segment of a loop is what opens it; at the root of a set it is not."""
    return segment_id == loop_id or _GROUP.fullmatch(loop_id) is not None


def _any_step(found: list[Match], run: Run) -> list[Match]:
    return [(_Anywhere(node, crumb), crumb) for node, crumb in found]


def _tests(tests: tuple[Test, ...]) -> Callable[[Any], bool]:
    if not tests:
        return lambda node: True
    compiled = [_test(test) for test in tests]
    return lambda node: all(test(node) for test in compiled)


def _test(test: Test) -> Callable[[Any], bool]:
    wanted, negated = frozenset(test.values), test.negated

    def holds(node: Any) -> bool:
        if not test.path:
            segment = trigger(node)
            values = element_values(segment, QUALIFIER.get(segment[0], 1), 1)
        else:
            element = test.path[0]
            inside = _inside(node, None, element.name, loops_first=False)
            values = [v for s, _ in inside for v in element_values(trigger(s), element.number, element.component)]
        return any(value in wanted for value in values) is not negated

    return holds
