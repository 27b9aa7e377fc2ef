"""Read models: what a person or a program sees of the hub, as frozen dataclasses with one schema per noun.

The console's pages, `--json` on the command line and the API all show these; nobody shows table rows.
"""
