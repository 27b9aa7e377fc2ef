"""The use cases: pull, translate, route, deliver, and what a person can do. Load, call pure code, store."""
