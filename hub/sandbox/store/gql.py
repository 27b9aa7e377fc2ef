"""Executes GraphQL documents: parsed, validated and compiled once, then run as plain closures.

graphql-core parses, validates and coerces. Its executor costs several microseconds a field, too much beside a
benchmark on the same cores, so the selection is compiled here: a document becomes nested lists of (response key,
source key or function). Objects are dicts in the schema's own field names; `__typename` tells an interface's type.
A test compares the answers with graphql-core's own executor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

Source = dict[str, Any]
Resolver = Callable[[Source, "Context", dict[str, Any]], Any]
Run = Callable[[Source, "Context"], Any]


class NullViolation(Exception):
    """A non-null field resolved to null; the nearest nullable parent becomes null."""


@dataclass
class Context:
    """One request. `state` is what resolvers work on; `cost` counts the objects that were answered."""

    state: Any
    variables: dict[str, Any]
    errors: list[dict[str, Any]] = field(default_factory=list)
    arguments: dict[int, dict[str, Any]] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    cost: int = 0


@dataclass
class Selection:
    """The merged selection on one object type, in response order."""

    type_name: str
    fields: list[tuple[str, str, Run | None]]
    children: list[Child]


@dataclass
class Child:
    """What a composite field adds to the requested cost: its size argument and the selections under it."""

    node: FieldNode
    definition: GraphQLField
    is_connection: bool
    selections: list[Selection]


@dataclass
class Operation:
    """A compiled operation. `labels` are its root field names."""

    kind: str
    labels: list[str]
    root: Selection
    definition: OperationDefinitionNode
    costs: dict[tuple[Any, ...], int] = field(default_factory=dict)


@dataclass
class Document:
    """A parsed and validated document; `errors` is filled when it is not valid."""

    errors: list[dict[str, Any]]
    operations: dict[str, OperationDefinitionNode] = field(default_factory=dict)
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    compiled: dict[tuple[Any, ...], Operation] = field(default_factory=dict)


def error(message: str, code: str, **extensions: Any) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code, **extensions}}


class Engine:
    """Holds the schema, the resolvers ({(type, field): function}) and the documents seen so far."""

    def __init__(self, sdl: str, resolvers: dict[tuple[str, str], Resolver]) -> None:
        self.schema: GraphQLSchema = build_schema(sdl, assume_valid_sdl=True)
        self.resolvers = resolvers
        self._documents: dict[str, Document] = {}

    def document(self, text: str) -> Document:
        known = self._documents.get(text)
        if known is None:
            if len(self._documents) > 500:  # a client that inlines values would fill the memory
                self._documents.clear()
            known = self._documents[text] = self._read(text)
        return known

    def _read(self, text: str) -> Document:
        try:
            tree = parse(text)
        except GraphQLError as problem:
            return Document([error(problem.message, "parseError")])
        if problems := validate(self.schema, tree):
            return Document([error(problem.message, "graphqlValidationError") for problem in problems])
        document = Document([])
        for node in tree.definitions:
            if isinstance(node, FragmentDefinitionNode):
                document.fragments[node.name.value] = node
            elif isinstance(node, OperationDefinitionNode):
                document.operations[node.name.value if node.name else ""] = node
        document.flags = _flag_variables(tree)
        return document

    def prepare(
        self, document: Document, name: str | None, given: dict[str, Any]
    ) -> tuple[Operation, dict[str, Any]] | list[dict[str, Any]]:
        """The operation to run with its coerced variables, or a list of errors."""
        operations = document.operations
        if name is None and len(operations) == 1:
            name = next(iter(operations))
        definition = operations.get(name or "")
        if definition is None:
            return [error("An operation name is required", "BAD_REQUEST")]
        variables = get_variable_values(self.schema, definition.variable_definitions or (), given)
        if not isinstance(variables, dict):
            return [error(problem.message, "INVALID_VARIABLE") for problem in variables]
        key = (name, *(variables.get(flag) for flag in document.flags))  # what @skip and @include see
        compiled = document.compiled.get(key)
        if compiled is None:
            compiled = document.compiled[key] = _Compiler(self, document, variables).operation(definition)
        return compiled, variables

    def requested_cost(self, operation: Operation, variables: dict[str, Any]) -> int:
        """Objects the document may ask for: an object 1, a connection its `first`, a mutation 10."""
        key = tuple((name, value) for name, value in variables.items() if isinstance(value, int))
        cost = operation.costs.get(key)
        if cost is None:
            cost = 10 if operation.kind == "mutation" else 0
            cost += sum(_child_cost(child, variables) for child in operation.root.children)
            operation.costs[key] = cost
        return cost

    def run(self, operation: Operation, context: Context) -> dict[str, Any]:
        """The answer's `data` and `errors`."""
        context.cost = 10 if operation.kind == "mutation" else -1  # the root object itself is free
        try:
            data: Any = _run_selection(operation.root, {}, context)
        except NullViolation:
            data = None
        answer = {"data": data}
        if context.errors:
            answer["errors"] = context.errors
        return answer


def _flag_variables(tree: Any) -> tuple[str, ...]:
    """Names of the variables that @skip and @include read anywhere in the document."""
    found: set[str] = set()

    def walk(node: Any) -> None:
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value in ("skip", "include"):
                value = directive.arguments[0].value
                if value.kind == "variable":
                    found.add(value.name.value)
        selections = getattr(node, "selection_set", None)
        for child in selections.selections if selections else ():
            walk(child)

    for definition in tree.definitions:
        walk(definition)
    return tuple(sorted(found))


def _child_cost(child: Child, variables: dict[str, Any]) -> int:
    under = max((sum(_child_cost(c, variables) for c in s.children) for s in child.selections), default=0)
    if not child.is_connection:
        return 1 + under
    arguments = get_argument_values(child.definition, child.node, variables)
    size = arguments.get("first") or arguments.get("last") or 1
    return 1 + int(size) * max(under, 1)


def _run_selection(selection: Selection, source: Source, context: Context) -> dict[str, Any]:
    context.cost += 1
    answer: dict[str, Any] = {}
    for key, name, run in selection.fields:
        answer[key] = source.get(name) if run is None else run(source, context)
    return answer


class _Compiler:
    """Turns one operation's selection sets into `Selection`s."""

    def __init__(self, engine: Engine, document: Document, variables: dict[str, Any]) -> None:
        self._schema = engine.schema
        self._resolvers = engine.resolvers
        self._fragments = document.fragments
        self._variables = variables

    def operation(self, definition: OperationDefinitionNode) -> Operation:
        mutation = definition.operation is OperationType.MUTATION
        root = self._schema.mutation_type if mutation else self._schema.query_type
        assert root is not None  # both stand in schema.graphql
        selection = self._selection(root, [definition.selection_set])
        labels = [name for _, name, _ in selection.fields]
        return Operation(definition.operation.value, labels, selection, definition)

    def _selection(self, type_: GraphQLObjectType, sets: list[SelectionSetNode]) -> Selection:
        grouped: dict[str, list[FieldNode]] = {}
        for selection_set in sets:
            self._collect(type_, selection_set, grouped)
        selection = Selection(type_.name, [], [])
        for key, nodes in grouped.items():
            selection.fields.append(self._field(type_, key, nodes, selection.children))
        return selection

    def _collect(
        self, type_: GraphQLObjectType, selection_set: SelectionSetNode, grouped: dict[str, list[FieldNode]]
    ) -> None:
        for node in selection_set.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                grouped.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else type_.name
                if self._applies(type_, condition):
                    self._collect(type_, node.selection_set, grouped)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                if self._applies(type_, fragment.type_condition.name.value):
                    self._collect(type_, fragment.selection_set, grouped)

    def _included(self, node: Any) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _applies(self, type_: GraphQLObjectType, condition: str) -> bool:
        if condition == type_.name:
            return True
        abstract = self._schema.type_map[condition]
        return is_abstract_type(abstract) and self._schema.is_sub_type(abstract, type_)  # type: ignore[arg-type]

    def _field(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode], children: list[Child]
    ) -> tuple[str, str, Run | None]:
        node = nodes[0]
        name = node.name.value
        if name == "__typename":
            return key, name, lambda source, context: type_.name
        definition = type_.fields[name]
        resolver = self._resolvers.get((type_.name, name))
        if is_leaf_type(get_named_type(definition.type)):
            fetch = None if resolver is None else self._fetcher(definition, node, resolver, name)
            return key, name, fetch
        selections = self._selections(definition, nodes)
        connection = get_named_type(definition.type).name.endswith("Connection")
        children.append(Child(node, definition, connection, list(selections.values())))
        fetch = self._fetcher(definition, node, resolver, name)
        return key, name, _completer(definition.type, fetch, selections, key)

    def _selections(self, definition: GraphQLField, nodes: list[FieldNode]) -> dict[str, Selection]:
        """The selection per concrete type the field may hold."""
        named = get_named_type(definition.type)
        possible: list[Any] = self._schema.get_possible_types(named) if is_abstract_type(named) else [named]  # type: ignore[arg-type]
        sets = [node.selection_set for node in nodes if node.selection_set]
        return {type_.name: self._selection(type_, sets) for type_ in possible}

    def _fetcher(self, definition: GraphQLField, node: FieldNode, resolver: Resolver | None, name: str) -> Run:
        if resolver is None:
            return lambda source, context: source.get(name)
        read = resolver
        keys: list[Any] = [d.arguments[0].value for d in node.directives if d.name.value == "idempotent"]
        key = keys[0] if keys else None
        if not definition.args and key is None:
            return lambda source, context: read(source, context, {})
        identity = id(node)

        def fetch(source: Source, context: Context) -> Any:
            arguments = context.arguments.get(identity)
            if arguments is None:
                arguments = get_argument_values(definition, node, context.variables)
                context.arguments[identity] = arguments
                if key is not None:  # handed to the resolver beside the field's own arguments
                    variable = key.kind == "variable"
                    arguments["@idempotent"] = context.variables[key.name.value] if variable else key.value
            return read(source, context, arguments)

        return fetch


def _completer(type_: Any, fetch: Run, selections: dict[str, Selection], key: str) -> Run:
    """Wraps `fetch` so that its value is answered as `type_` with the right selection."""
    nullable = not isinstance(type_, GraphQLNonNull)
    inner = type_ if nullable else type_.of_type
    only = next(iter(selections.values())) if len(selections) == 1 else None

    def one(value: Source, context: Context) -> dict[str, Any]:
        return _run_selection(only or selections[value["__typename"]], value, context)

    if isinstance(inner, GraphQLList):
        element_nullable = not isinstance(inner.of_type, GraphQLNonNull)

        def complete(value: Any, context: Context) -> Any:
            return [_absent(key, element_nullable, context) if v is None else one(v, context) for v in value]
    else:
        complete = one

    def run(source: Source, context: Context) -> Any:
        value = fetch(source, context)
        if value is None:
            return _absent(key, nullable, context)
        return complete(value, context)

    def run_nullable(source: Source, context: Context) -> Any:
        try:
            return run(source, context)
        except NullViolation:
            return None

    return run_nullable if nullable else run


def _absent(key: str, nullable: bool, context: Context) -> Any:
    if nullable:
        return None
    if not context.errors:
        context.errors.append(error(f"Cannot return null for non-nullable field {key}", "INTERNAL_SERVER_ERROR"))
    raise NullViolation
