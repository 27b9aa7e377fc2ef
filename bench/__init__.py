"""The benchmark: the hub's main job beside a plain script that makes the same calls. `python -m bench --help`."""
