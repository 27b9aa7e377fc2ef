"""One transaction set that speaks of several things, divided: a tree for each, with what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from hub.edi.tree import Loop, Segment

Node: TypeAlias = Loop | Segment
Copies: TypeAlias = dict[int, Node]
"""What a node is in the tree of each thing that it belongs to, by the number of the thing; none: of no thing alone."""


def divided(root: Loop, things: Sequence[Sequence[Node]], spend: Callable[[int], None]) -> list[Loop]:
    """A tree for each of `things`, each a list of nodes of the tree `root`.

    A node of a thing stands in the tree of that thing. A loop with such nodes inside stands in the tree of each of
    their things, with what it holds of them; a loop with nothing of any thing, and a segment, wherever the loop around
    it does. So a pack with items of two orders is a pack in both trees, and one with items of another order is in none.
    `spend` is told how many nodes are about to be copied, and may refuse by raising. The trees share what they can.
    """
    number_of = {id(node): number for number, nodes in enumerate(things) for node in nodes}
    open_: list[tuple[Loop, Iterator[Node], list[tuple[Node, Copies]]]] = [(root, iter(root.children), [])]
    while True:
        loop, rest, inside = open_[-1]
        for child in rest:
            if isinstance(child, Loop):
                open_.append((child, iter(child.children), []))
                break
            inside.append((child, {number_of[id(child)]: child} if id(child) in number_of else {}))
        else:
            open_.pop()
            copies = _copied(loop, number_of.get(id(loop)), inside, spend)
            if not open_:
                return [copies[number] for number in sorted(copies)]
            open_[-1][2].append((loop, {**copies}))


def _copied(
    loop: Loop, own: int | None, inside: Sequence[tuple[Node, Copies]], spend: Callable[[int], None]
) -> dict[int, Loop]:
    numbers = {number for _, copies in inside for number in copies}
    if own is not None:
        numbers.add(own)
    spend(sum(len(copies) or len(numbers) for _, copies in inside))
    children: dict[int, list[Node]] = {number: [] for number in numbers}
    for child, copies in inside:
        if copies:
            for number, copy in copies.items():
                children[number].append(copy)
        else:
            for shared in children.values():
                shared.append(child)
    return {number: Loop(loop.id, held) for number, held in children.items()}
