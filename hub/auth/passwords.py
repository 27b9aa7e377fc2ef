"""Passwords, kept as argon2id hashes (RFC 9106)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import Refused

LEAST_CHARACTERS = 12
MOST_BYTES = 1024
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash to keep. Raises `Refused` for a password that is too short, or long enough to be a burden."""
    if len(password) < LEAST_CHARACTERS or len(password.encode()) > MOST_BYTES:
        raise Refused("user.password-length", f"A password needs at least {LEAST_CHARACTERS} characters.")
    return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the password. Takes as long when there is no password to compare with."""
    try:
        return _hasher.verify(kept or _nobody(), password[:MOST_BYTES]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobody() -> str:
    return _hasher.hash("the password of nobody")
