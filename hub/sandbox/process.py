"""Starting one peer: options all of them have, the ready file, and leaving when the parent is gone."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from hub.sandbox.httpd import Handler, Server


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help='written when listening: {"port": ..., "pid": ...}')
    parser.add_argument("--parent-pid", type=int, help="leave when this process is gone")


def run(handler: Handler, options: argparse.Namespace, label: str) -> None:
    """Serve until killed or orphaned."""
    server = Server(handler, options.port)
    if options.parent_pid:
        threading.Thread(target=_watch, args=(options.parent_pid,), daemon=True).start()
    if options.ready_file:
        partial = options.ready_file.with_suffix(".part")
        partial.write_text(json.dumps({"port": server.port, "pid": os.getpid()}))
        partial.rename(options.ready_file)
    sys.stdout.write(f"{label} on http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        server.serve_forever()


def _watch(parent: int) -> None:
    """A dead parent may stay visible as a zombie, so a direct child watches who its parent is instead."""
    direct = os.getppid() == parent
    while os.getppid() == parent if direct else _alive(parent):
        time.sleep(0.5)
    os._exit(0)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
