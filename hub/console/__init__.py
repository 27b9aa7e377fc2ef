"""The web console: server-rendered pages over `hub.views`, and forms that call `hub.flows.actions`."""

from __future__ import annotations

from flask import Flask

from hub.console import access, actions, documentation, formats, login, pages
from hub.console.blueprint import console
from hub.installation import Installation

__all__ = ["console", "register"]

# Importing them adds their routes to the blueprint.
_ROUTES = (actions, documentation, login, pages)


def register(app: Flask, installation: Installation) -> None:
    """Put the console into the app: its session, its guards, its filters and its pages."""
    access.prepare(app, installation)
    formats.prepare(app)
    pages.problem_pages(app)
    app.register_blueprint(console)
