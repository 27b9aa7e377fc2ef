"""Scripted peers and the house they stand around."""

import pytest

both = pytest.mark.parametrize("house", ["sqlite", "postgresql"], indirect=True)
"""Run a test of the house on both databases."""
