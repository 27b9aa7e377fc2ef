"""How an error looks on the command line: a code, a sentence, and where to read."""

from __future__ import annotations

import sys

import click

from hub.errors import ConfigError, HubError


def show(error: Exception) -> int:
    """Print the error to standard error and give the exit code."""
    known = _known(error)
    click.echo(f"{click.style(known.code, fg='red', bold=True)}: {known.sentence}", err=True)
    for problem in known.problems if isinstance(known, ConfigError) else ():
        click.echo(f"  {click.style(problem.code, fg='red')}: {problem.sentence}", err=True)
    click.echo(f"Read {known.where_to_read}", err=True)
    return known.exit_code


def _known(error: Exception) -> HubError:
    if isinstance(error, HubError):
        return error
    # Only what is already imported can have been raised: a command without a database must not load one here.
    connector_errors = sys.modules.get("hub.sdk.errors")
    if connector_errors and isinstance(error, connector_errors.ConnectorError):
        return HubError(error.code, error.detail.rstrip(".") + ".")
    database_errors = sys.modules.get("sqlalchemy.exc")
    if database_errors and isinstance(error, database_errors.OperationalError):
        return HubError("database.unreachable", f"The database did not answer: {error.orig}")
    return HubError(
        "internal.unexpected",
        f"{type(error).__name__}: {error}. This is a fault of the hub; `hub --debug …` shows where.",
    )
