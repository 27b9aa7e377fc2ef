"""What a run of a mapping carries: the document, its context, the scopes of `each`, and the bound on its work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.edi.tree import Loop, TransactionSet
from hub.mapping.errors import Fault, Finding

MAX_STEPS = 1_000_000  # values a run may look at, whatever the document; a 5,000-line order needs some 200,000
MAX_STEPS_A_VALUE = 30  # for each value of a larger document: work that grows faster than the document is refused
TOO_MUCH_WORK = "mapping.too-much-work"
MAX_FINDINGS = 100  # that a document is told about
MAX_TEXT = 1_000_000  # characters in one text
MAX_DIGITS = 60  # digits in one number, before and after the point together


Tables = Mapping[str, Mapping[str, Any]]


def no_tables(table: str, key: str) -> Any:
    """The lookup of a context without tables: every row is missing."""
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What a mapping may read besides its document.

    source: the original inbound message for an outbound mapping (parsed JSON or a TransactionSet).
    partner, connection: their settings. message: facts of this message, such as `received_at` or `file_name`.
    lookup: `(table, key) -> value`, a row as a dict, or None when the row is missing; asked before the mapping's
    own table files.
    """

    source: Any = None
    partner: Mapping[str, Any] = field(default_factory=dict)
    connection: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=dict)
    lookup: Callable[[str, str], Any] = no_tables


EMPTY = Context()


class Group(list[Any]):
    """The items that `group_by` put together. Where one value is wanted, equal values of the items count as one.

    `key` is what they have in common, `origins` where each stood in the list before."""

    __slots__ = ("key", "origins")

    def __init__(self, items: Sequence[Any] = (), origins: Sequence[int] = (), key: tuple[str, ...] = ()) -> None:
        super().__init__(items)
        self.origins = list(origins)
        self.key = key


def envelope_of(document: TransactionSet) -> dict[str, str]:
    """What `envelope.*` reads: the envelope's keys and set_id, version, set_control_number."""
    return {
        **document.envelope,
        "set_id": document.set_id,
        "version": document.version,
        "set_control_number": document.control_number,
    }


def _values_in(document: Any) -> int:
    """How many values a document has, its elements or fields."""
    count, open_ = 0, [document]
    while open_:
        node = open_.pop()
        inside = node.children if isinstance(node, Loop) else node.values() if isinstance(node, Mapping) else node
        if isinstance(inside, str) or not isinstance(inside, Iterable):
            count += 1
        else:
            open_ += inside
    return count


class Run:
    """One run: not shared, not reused."""

    __slots__ = (
        "_parents", "below", "by_name", "context", "crumbs", "envelope", "errors", "limit", "origins", "reads", "root",
        "spent", "tables",
    )  # fmt: skip

    def __init__(self, document: Any, context: Context, tables: Tables) -> None:
        self.root, self.envelope = document, {}
        if type(document) is TransactionSet:
            self.root, self.envelope = document.root, envelope_of(document)
        self.context = context
        self.tables = tables
        self.spent, self.limit = 0, 0
        self.errors: list[tuple[Finding, Fault]] = []
        self.reads: list[tuple[Any, Any, Scope]] = []  # the paths read, where a mapping explains itself
        self.origins: list[Any] = []
        self.by_name: dict[int, dict[str, list[Any]]] = {}  # of large loops, by their identity: what they hold
        self.below: dict[tuple[int, int, int], list[Any]] = {}  # what a step found anywhere below a loop
        self.crumbs: dict[int, Any] = {}  # where loops stand, by their identity
        self._parents: dict[int, Loop] | None = None

    def spend(self, steps: int) -> None:
        self.spent += steps
        if self.spent > MAX_STEPS:
            self.limit = self.limit or max(MAX_STEPS, MAX_STEPS_A_VALUE * _values_in(self.root))
            if self.spent > self.limit:
                raise Fault(TOO_MUCH_WORK, f"looked at more than {self.limit:,} values; nest fewer `each`")

    def parent(self, node: Any) -> Loop | None:
        """The loop around an EDI node, of the document or of the source."""
        if self._parents is None:
            self._parents = {}
            source = self.context.source
            trees = [self.root, source.root if type(source) is TransactionSet else source]
            open_ = [tree for tree in trees if isinstance(tree, Loop)]
            while open_:
                loop = open_.pop()
                for child in loop.children:
                    self._parents[id(child)] = loop
                    if isinstance(child, Loop):
                        open_.append(child)
        return self._parents.get(id(node))


class Scope:
    """What relative paths are relative to: the document, an item of `each`, or the one match of `with`."""

    __slots__ = ("here", "index", "outer", "position", "reader", "run")

    def __init__(self, here: Any, run: Run, outer: Scope | None = None, reader: Any = None, index: int = 0,
                 position: int = 0) -> None:  # fmt: skip
        self.here = here
        self.run = run
        self.outer = outer
        self.reader = reader  # the path that led here from the outer scope, and which of its matches this is
        self.index = index
        self.position = position


def as_text(value: Any) -> str:
    """A scalar as text: exact numbers without exponent, true and false, ISO dates."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return decimal_text(Decimal(value))
    if kind is Decimal:
        return decimal_text(value)
    if isinstance(value, float):
        return decimal_text(Decimal(repr(value)))
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise Fault("mapping.not-a-value", "a single value is wanted here, this is an object or a list")


def decimal_text(value: Decimal) -> str:
    check_size(value)
    return format(value, "f")


def check_size(value: Decimal) -> Decimal:
    """Refuses infinities and numbers whose digits would fill memory (1e999999)."""
    # The text is never shorter than the digits, and by far the cheaper one to ask.
    if (
        value.is_finite()
        and abs(value.adjusted()) <= MAX_DIGITS
        and (len(str(value)) <= MAX_DIGITS or len(value.as_tuple().digits) <= MAX_DIGITS)
    ):
        return value
    raise Fault("mapping.number-size", f"not a finite number of at most {MAX_DIGITS} digits")


def is_true(value: Any) -> bool:
    """Whether a condition that is a plain value holds: present, not empty, not false."""
    return value is not None and value is not False and value != "" and value != [] and value != {}
