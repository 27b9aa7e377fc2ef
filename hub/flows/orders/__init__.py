"""Orders: taken in, changed, cancelled, released to backends."""
