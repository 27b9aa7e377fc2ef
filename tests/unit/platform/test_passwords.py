"""Passwords as they are kept."""

from hub.auth.passwords import hash_password, is_outdated, matches

PASSWORD = "correct horse battery"


def test_a_hash_costs_what_the_standard_recommends() -> None:
    """RFC 9106, 4: 64 MiB, three passes, four lanes."""
    kept = hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert matches(kept, PASSWORD) and not matches(kept, PASSWORD + "!") and not is_outdated(kept)
