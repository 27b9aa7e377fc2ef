"""Who may do what: users, their roles and passwords, and one-time login links. Pages and sessions are elsewhere."""

from hub.auth.accounts import (
    add_user,
    authenticate,
    first_link,
    login_address,
    make_link,
    peek_link,
    redeem_link,
    set_password,
    set_role,
)
from hub.auth.passwords import LEAST_CHARACTERS
from hub.auth.roles import Role, may
from hub.auth.throttle import Throttle

__all__ = [
    "LEAST_CHARACTERS",
    "Role",
    "Throttle",
    "add_user",
    "authenticate",
    "first_link",
    "login_address",
    "make_link",
    "may",
    "peek_link",
    "redeem_link",
    "set_password",
    "set_role",
]
