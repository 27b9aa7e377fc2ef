"""Data files: YAML mappings in which every scalar is a string, so that `NO` and `00` are codes and no values of ours.

Reading YAML takes most of the time that a short command needs. So what the engine's own files say is kept as JSON in
`__pycache__` beside them, as Python keeps its modules: for one content, and only where that folder can be written.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any
from zlib import crc32

_OWN = Path(__file__).parent
_FORM = 1
"""Of what is kept: another one for each change of what is made of a file."""


def load(path: Path) -> dict[str, Any]:
    """What a file says. Raises ValueError for one that is no YAML mapping, OSError for one that cannot be read."""
    text = path.read_bytes()
    if not path.is_relative_to(_OWN):
        return _parsed(text)
    folder = Path(importlib.util.cache_from_source(str(path))).parent
    kept, state = folder / f"{path.name}.json", [_FORM, crc32(text), len(text)]
    with contextlib.suppress(OSError, ValueError, TypeError, RecursionError):
        *known, content = json.loads(kept.read_bytes())
        if known == state and isinstance(content, dict):
            return content
    content = _parsed(text)
    if not sys.dont_write_bytecode:
        with contextlib.suppress(OSError):
            _keep(kept, json.dumps([*state, content]))
    return content


def _keep(path: Path, text: str) -> None:
    """Written beside, then renamed: whoever reads meanwhile finds the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        beside.write_text(text)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _parsed(text: bytes) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise ValueError(f"not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError("a mapping was expected")
    return content
