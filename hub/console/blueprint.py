"""The blueprint that the console's pages are routed on."""

from __future__ import annotations

from flask import Blueprint, current_app

from hub.installation import Installation

console = Blueprint("console", __name__, static_folder="static", static_url_path="/static", template_folder="templates")


def installation() -> Installation:
    """The installation whose console this is."""
    opened: Installation = current_app.config["INSTALLATION"]
    return opened
