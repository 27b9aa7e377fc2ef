"""The mapping language: declarative reshaping of documents. A mapping is compiled to closures, which can say what is
wrong with a document, and to one generated function, which is fast. See docs/mapping-language.md.

library = Library([Path("mappings")])
mapping = library.get("shopify/order.in")
order = mapping.run(decode(body, "json"), Context(connection={"zone": "Europe/Paris"}))
"""

from hub.mapping.check import check, field_tree, schema_fields
from hub.mapping.decode import decode
from hub.mapping.errors import DecodeError, Finding, LookupMissing, MappingError, Position
from hub.mapping.library import Library, read_table
from hub.mapping.mapping import Mapping, value_at
from hub.mapping.parts import parts
from hub.mapping.runtime import Context, Group

__all__ = [
    "Context",
    "DecodeError",
    "Finding",
    "Group",
    "Library",
    "LookupMissing",
    "Mapping",
    "MappingError",
    "Position",
    "check",
    "decode",
    "field_tree",
    "parts",
    "read_table",
    "schema_fields",
    "value_at",
]
