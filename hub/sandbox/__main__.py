"""`python -m hub.sandbox store|warehouse|partner [options]`."""

from __future__ import annotations

import argparse
from importlib import import_module

from hub.sandbox import process

PEERS = {"store": "Store", "warehouse": "Warehouse", "partner": "Partner"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m hub.sandbox", description="A peer for the hub to talk to.")
    peers = parser.add_subparsers(dest="peer", required=True)
    for name in PEERS:
        one = peers.add_parser(name, help=f"run the {name}")
        process.add_options(one)
        import_module(f"hub.sandbox.{name}.app").add_options(one)
    options = parser.parse_args()
    app = import_module(f"hub.sandbox.{options.peer}.app")
    process.run(getattr(app, PEERS[options.peer])(options), options, options.peer)


if __name__ == "__main__":
    main()
