"""Three roles, each of which may do what the one before it may."""

from __future__ import annotations

from enum import StrEnum

from hub.errors import Refused


class Role(StrEnum):
    """viewer: sees. operator: acts on orders, messages and flows. admin: changes connections, users and settings."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


_ORDER = list(Role)


def may(role: str, needed: Role) -> bool:
    """Whether a user of `role` may do what needs `needed`. A role we do not know may nothing."""
    return role in _ORDER and _ORDER.index(Role(role)) >= _ORDER.index(needed)


def parse(role: str) -> Role:
    """The role of that name. Raises `Refused`."""
    try:
        return Role(role)
    except ValueError as error:
        raise Refused("user.unknown-role", f"{role!r} is not a role; roles are {', '.join(_ORDER)}.") from error
