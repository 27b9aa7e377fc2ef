"""Release gate, rules and splits: pure functions."""
