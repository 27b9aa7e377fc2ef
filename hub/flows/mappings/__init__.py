"""Mappings and lookup tables as a person changes them: versions, tests, samples."""
