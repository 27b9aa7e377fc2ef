"""A recursive-descent parser for expressions, conditions and paths."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from hub.mapping.edifact_paths import REFERENCE, places
from hub.mapping.syntax import (
    KEYWORDS,
    MAX_DEPTH,
    Alternatives,
    Argument,
    Call,
    Choice,
    Comparison,
    Condition,
    Expression,
    Junction,
    ListOf,
    Literal,
    Membership,
    Negation,
    Path,
    Pipeline,
    PositionOf,
    Step,
    SyntaxFault,
    Test,
    Token,
    Truth,
    tokens,
)

T = TypeVar("T")

CONTEXT_ROOTS = frozenset({"source", "partner", "connection", "message", "const"})

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_ELEMENT = re.compile(r"([A-Z][A-Z0-9]{1,2})(\d\d)(?:-(\d{1,2}))?")
_COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Dialects:
    """How paths are read: `json` for JSON, CSV and canonical documents, `x12` for EDI designators.

    `scopes` are the dialects of the items around an expression, the innermost last, and `places` the names that lead
    to them from the document's root, None where they stand elsewhere.
    """

    document: str = "json"
    source: str = "json"
    scopes: tuple[str, ...] = ()
    places: tuple[tuple[str, ...] | None, ...] = ((),)

    @property
    def here(self) -> str:
        return self.scopes[-1] if self.scopes else self.document

    def outer(self, levels: int) -> str:
        return self.scopes[-1 - levels] if levels < len(self.scopes) else self.document

    def of(self, path: Path) -> str:
        """The dialect of what a path leads to."""
        if path.root == "source":
            return self.source
        if path.root == "$":
            return self.document
        if path.root in ("", "^"):
            return self.outer(path.outer)
        return "json"

    def inside(self, path: Path) -> Dialects:
        return replace(self, scopes=(*self.scopes, self.of(path)), places=(*self.places, self.place_of(path)))

    def place_of(self, path: Path) -> tuple[str, ...] | None:
        """The field names from the document's root that a path goes through."""
        if path.root not in ("", "$", "^"):
            return None
        levels = min(path.outer, len(self.places) - 1)
        start = () if path.root == "$" else self.places[-1 - levels]
        return None if start is None else start + tuple(step.name for step in path.steps if step.kind == "name")


def parse_expression(text: str, dialects: Dialects) -> Expression:
    """Raises SyntaxFault, as the other two do."""
    parser = _Parser(text, dialects)
    return parser.whole(parser.expression())


def parse_condition(text: str, dialects: Dialects) -> Condition:
    parser = _Parser(text, dialects)
    return parser.whole(parser.condition())


def parse_path(text: str, dialects: Dialects) -> Path:
    parser = _Parser(text, dialects)
    return parser.whole(parser.path())


class _Parser:
    def __init__(self, text: str, dialects: Dialects) -> None:
        self.text, self.dialects = text, dialects
        self.tokens = tokens(text)
        self.i = 0
        self.depth = 0

    # --- helpers

    def peek(self, ahead: int = 0) -> Token:
        at = self.i + ahead
        return self.tokens[at] if at < len(self.tokens) else self.tokens[-1]

    def next(self) -> Token:
        token = self.peek()
        self.i += 1
        return token

    def take(self, *kinds: str) -> Token | None:
        token = self.peek()
        if token.kind not in kinds:
            return None
        self.i += 1
        return token

    def keyword(self, *words: str) -> bool:
        token = self.peek()
        if token.kind == "word" and token.text in words:
            self.i += 1
            return True
        return False

    def expect(self, kind: str, why: str) -> Token:
        if self.peek().kind != kind:
            raise self.fault(f"expected {why}")
        return self.next()

    def fault(self, message: str, token: Token | None = None) -> SyntaxFault:
        token = token or self.peek()
        found = "the end" if token.kind == "end" else f"`{token.text}`"
        return SyntaxFault(token.offset, f"{message}, found {found}" if "expected" in message else message)

    def whole(self, result: T) -> T:
        if self.peek().kind != "end":
            raise self.fault("expected the end of the expression")
        return result

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault(f"nested more than {MAX_DEPTH} deep")

    # --- expressions

    def expression(self) -> Expression:
        self.enter()
        if self.keyword("when"):
            result: Expression = self.choice()
        else:
            items = [self.pipeline()]
            while self.take("??"):
                items.append(self.expression() if self.peek().text == "when" else self.pipeline())
            result = items[0] if len(items) == 1 else Alternatives(tuple(items))
        self.depth -= 1
        return result

    def choice(self) -> Choice:
        condition = self.condition()
        if not self.keyword("then"):
            raise self.fault("expected `then`")
        then = self.expression()
        return Choice(condition, then, self.expression() if self.keyword("else") else None)

    def pipeline(self) -> Expression:
        operand = self.operand()
        calls: list[Call] = []
        while self.take("|"):
            calls.append(self.call())
        return Pipeline(operand, tuple(calls)) if calls else operand

    def operand(self) -> Expression:
        token = self.peek()
        if token.kind in ("text", "number"):
            return self.literal()
        if token.kind == "(":
            return self.list_of()
        if token.kind == "word" and token.text in KEYWORDS:
            if token.text in ("true", "false", "null"):
                return self.literal()
            raise self.fault(f"`{token.text}` cannot start a value; a field of that name is `.{token.text}`")
        if token.kind == "word" and token.text == "position" and self.peek(1).kind == "(":
            self.i += 2
            self.expect(")", "`)`")
            return PositionOf(token.offset)
        return self.path()

    def list_of(self) -> Expression:
        start = self.next()
        items = [self.expression()]
        while self.take(","):
            items.append(self.expression())
        self.expect(")", "`,` or `)`")
        return items[0] if len(items) == 1 else ListOf(tuple(items), start.offset)

    def literal(self) -> Literal:
        token = self.next()
        if token.kind == "text":
            return Literal(token.text, token.offset)
        if token.kind == "number":
            if re.match(r"-?0\d", token.text) or len(token.text) > 30:
                raise SyntaxFault(token.offset, f"`{token.text}` is not a number; quote it if it is text")
            number = Decimal(token.text) if "." in token.text else int(token.text)
            return Literal(number, token.offset)
        words = {"true": True, "false": False, "null": None}
        if token.kind == "word" and token.text in words:
            return Literal(words[token.text], token.offset)
        raise self.fault("expected a text in quotes or a number", token)

    def call(self) -> Call:
        name = self.expect("word", "a function's name")
        arguments: list[Argument] = []
        if self.take("("):
            while not self.take(")"):
                arguments.append(self.argument())
                if self.peek().kind != ")":
                    self.expect(",", "`,` or `)`")
        return Call(name.text, tuple(arguments), name.offset)

    def argument(self) -> Argument:
        token, name = self.peek(), ""
        if token.kind in ("word", "number", "text") and self.peek(1).kind == "=":
            name = token.text
            self.i += 2
        first, after = self.peek(), self.peek(1).kind
        if first.kind in ("word", "number") and after in (",", ")") and first.text not in ("true", "false", "null"):
            return Argument(name, self.word_value(), first.text, token.offset)
        return Argument(name, self.expression(), None, token.offset)

    def word_value(self) -> Expression | None:
        """A single word as an expression, where it is one: a choice such as `left` is none among EDI designators."""
        start = self.i
        try:
            return self.expression()
        except SyntaxFault:
            self.i = start + 1
            return None

    # --- conditions

    def condition(self) -> Condition:
        self.enter()
        items = [self.conjunction()]
        while self.keyword("or"):
            items.append(self.conjunction())
        self.depth -= 1
        return items[0] if len(items) == 1 else Junction("or", tuple(items))

    def conjunction(self) -> Condition:
        items = [self.negation()]
        while self.keyword("and"):
            items.append(self.negation())
        return items[0] if len(items) == 1 else Junction("and", tuple(items))

    def negation(self) -> Condition:
        if self.keyword("not"):
            self.enter()
            item = self.negation()
            self.depth -= 1
            return Negation(item)
        if self.take("("):
            inner = self.condition()
            self.expect(")", "`)`")
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        left = self.pipeline()
        token = self.take(*_COMPARISONS)
        if token:
            return Comparison(left, token.kind, self.pipeline())
        negated = self.keyword("not")
        if self.keyword("in"):
            self.expect("(", "`(` and the values")
            values = [self.literal()]
            while self.take(","):
                values.append(self.literal())
            self.expect(")", "`,` or `)`")
            return Membership(left, tuple(values), negated)
        if negated:
            raise self.fault("expected `in` after `not`")
        return Truth(left)

    # --- paths

    def path(self) -> Path:
        start = self.peek()
        root, outer, dotted = "", 0, False
        dialect = self.dialects.here
        steps: list[Step] = []
        if self.take("$"):
            root, dialect = "$", self.dialects.document
        elif start.kind == "^" and not (dialect == "x12" and self.peek(1).kind == "word"):
            while self.take("^"):
                outer += 1
            root, dialect = "^", self.dialects.outer(outer)
        elif start.kind == "word" and self.is_context_root(start):
            self.next()
            root = start.text
            dialect = self.dialects.source if root == "source" else "json"
        elif start.kind == ".":
            dotted = True
        if dialect == "x12":
            self.edi_steps(steps, relative=not root)
        else:
            self.json_steps(steps, relative=not root)
        if not (steps or root or dotted):
            raise self.fault("expected a path, a text in quotes or a number")
        text = self.text[start.offset : self.tokens[self.i - 1].offset + len(self.tokens[self.i - 1].text)]
        return Path(root, outer, tuple(steps), start.offset, text, dotted)

    def is_context_root(self, token: Token) -> bool:
        names = CONTEXT_ROOTS | {"envelope"} if self.dialects.document == "x12" else CONTEXT_ROOTS
        return token.text in names and self.peek(1).kind in (".", "/", "//", "[")

    def json_steps(self, steps: list[Step], relative: bool) -> None:
        bare = relative and self.peek().kind != "."
        if bare and self.peek().kind != "[":
            steps.append(self.json_name())
        while True:
            if self.peek().kind == "[":
                steps.append(self.json_bracket())
            elif dot := self.take("."):
                name = self.peek()
                if name.kind in ("word", "number", "text") and name.offset == dot.offset + 1:
                    steps.append(self.json_name(anything=True))
                elif steps or not relative:
                    raise self.fault("expected a field's name after `.`")
            else:
                return

    def json_name(self, anything: bool = False) -> Step:
        token = self.next()
        if token.kind == "word" or (anything and token.kind in ("number", "text")):
            return Step("name", token.text, offset=token.offset)
        raise self.fault("expected a path, a text in quotes or a number", token)

    def json_bracket(self) -> Step:
        start = self.expect("[", "`[`")
        number = self.peek()
        if number.kind == "number":
            if not re.fullmatch(r"-?\d{1,6}", number.text):
                raise self.fault("an index is a whole number", number)
            self.next()
            self.expect("]", "`]`")
            return Step("index", number=int(number.text), offset=start.offset)
        tests = [self.json_test()]
        while self.take(","):
            tests.append(self.json_test())
        self.expect("]", "`]`")
        return Step("filter", tests=tuple(tests), offset=start.offset)

    def json_test(self) -> Test:
        self.enter()
        steps: list[Step] = []
        if self.take("."):  # `[.=x]` tests the item itself
            if self.peek().kind in ("word", "number", "text"):
                steps.append(self.json_name(anything=True))
                self.json_steps(steps, relative=False)
        else:
            self.json_steps(steps, relative=True)
        self.depth -= 1
        operator = self.take("=", "!=")
        if operator is None:
            raise self.fault("expected `=` or `!=` in the filter, as in `[kind=gift]`")
        if any(test.other for step in steps for test in step.tests):
            raise self.fault("a filter inside a filter compares with plain values only", operator)
        if self.peek().kind in (".", "$", "^"):
            return Test(tuple(steps), (), operator.kind == "!=", self.path())
        return Test(tuple(steps), self.texts(), operator.kind == "!=")

    def texts(self) -> tuple[str, ...]:
        values = [self.bare_text()]
        while self.take("|"):
            values.append(self.bare_text())
        return tuple(values)

    def bare_text(self) -> str:
        token = self.take("word", "number", "text")
        if token is None:
            raise self.fault("expected a value")
        return token.text

    # --- EDI designators

    def edi_steps(self, steps: list[Step], relative: bool) -> None:
        if relative and self.take("."):
            if self.peek().kind not in ("/", "//"):
                return
        elif relative and self.peek().kind not in ("^", "//"):
            steps.append(self.designator())
            self.pair(steps)
        while True:
            if self.take("/"):
                steps.append(self.designator())
            elif token := self.take("//"):
                steps.append(Step("any", offset=token.offset))
                steps.append(self.designator())
            elif token := self.take("^"):
                up = self.designator()
                if up.kind != "segment":
                    raise self.fault("`^` ascends to a loop, as in `^HL[O]/PRF01`", token)
                steps.append(Step("up", up.name, up.number, tests=up.tests, offset=up.offset))
            else:
                return
            self.pair(steps)

    def pair(self, steps: list[Step]) -> None:
        """`.pair(UP)` after a segment."""
        if not (steps and steps[-1].kind == "segment" and self.take(".")):
            return
        word = self.expect("word", "`pair(...)`")
        if word.text != "pair":
            raise self.fault("only `.pair(QUALIFIER)` follows a segment; its elements are written like `PO104`", word)
        self.expect("(", "`(`")
        steps.append(Step("pair", self.bare_text(), offset=word.offset))
        self.expect(")", "`)`")

    def designator(self) -> Step:
        token = self.next()
        if token.kind == "word":
            if match := _ELEMENT.fullmatch(token.text):
                segment, number, component = match.groups()
                if int(number):
                    return Step("element", segment, int(number), int(component or 0), offset=token.offset)
            elif _SEGMENT.fullmatch(token.text):
                if self.peek().kind == "." and REFERENCE.fullmatch(self.peek(1).text):
                    return self.data_element(token)
                number, tests = self.edi_bracket() if self.peek().kind == "[" else (0, ())
                return Step("segment", token.text, number, tests=tests, offset=token.offset)
        what = "the end" if token.kind == "end" else f"`{token.text}`"
        raise SyntaxFault(
            token.offset, f"{what} is no designator; write an element like BEG03, a loop like N1[ST], text in quotes"
        )

    def data_element(self, segment: Token) -> Step:
        """`.C106.1004` after a segment of EDIFACT."""
        references: list[str] = []
        while len(references) < 2 and REFERENCE.fullmatch(self.peek(1).text) and self.take("."):
            references.append(self.next().text)
        found = places(segment.text, tuple(references))
        if not found:
            named = ".".join([segment.text, *references])
            raise SyntaxFault(segment.offset, f"`{named}` is no data element of EDIFACT; the segment does not have it")
        return Step("element", segment.text, *found[0], places=found, offset=segment.offset)

    def edi_bracket(self) -> tuple[int, tuple[Test, ...]]:
        self.expect("[", "`[`")
        if self.take("#"):
            number = self.expect("number", "a number, from 1")
            if not re.fullmatch(r"[1-9]\d{0,5}", number.text):
                raise self.fault("a place is a whole number, from 1", number)
            self.expect("]", "`]`")
            return int(number.text), ()
        tests = [self.edi_test()]
        while self.take(","):
            tests.append(self.edi_test())
        self.expect("]", "`]`")
        return 0, tuple(tests)

    def edi_test(self) -> Test:
        if self.peek(1).kind in ("=", "!="):
            element = self.designator()
            if element.kind != "element":
                raise SyntaxFault(element.offset, "a test names an element, as in `SAC[SAC01=C]`")
            negated = self.next().kind == "!="
            return Test((element,), self.texts(), negated)
        return Test((), self.texts())
