"""`python -m hub.sandbox store|warehouse|partner [options]`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from hub.sandbox import process

PEERS = {"store": "Store", "warehouse": "Warehouse", "partner": "Partner"}


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] not in PEERS:
        sys.exit(f"usage: python -m hub.sandbox {'|'.join(PEERS)} [--help]")
    name, *rest = arguments
    app = import_module(f"hub.sandbox.{name}.app")  # only the one: the others' libraries would slow the start
    parser = argparse.ArgumentParser(prog=f"python -m hub.sandbox {name}", description=app.__doc__)
    process.add_options(parser)
    app.add_options(parser)
    options = parser.parse_args(rest)
    process.run(getattr(app, PEERS[name])(options), options, name)


if __name__ == "__main__":
    main(sys.argv[1:])
