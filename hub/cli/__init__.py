"""The command line. Each command's module is imported only when it is called, so that commands that need no database
(`hub edi …`, `hub mapping …`) start fast.

Exit codes: 0 done and clean; 1 refused, or problems were found; 2 wrong usage, or input that cannot be read.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("hub.cli.serve:serve", "Run the hub: the web process and the worker process."),
    "demo": ("hub.cli.demo:demo", "Run the hub against a sandbox of a store, a warehouse and a partner."),
    "doctor": ("hub.cli.doctor:doctor", "Check the installation and say what needs a person."),
    "connection": ("hub.cli.connection:connection", "Connect storefronts, partners and warehouses."),
    "partner": ("hub.cli.partner:partner", "Add trading partners that send EDI."),
    "rule": ("hub.cli.rule:rule", "Say which backend gets which orders."),
    "table": ("hub.cli.table:table", "Keep lookup tables that mappings read."),
    "flow": ("hub.cli.flow:flow", "See and steer what comes in and goes out."),
    "orders": ("hub.cli.orders:orders", "Find orders and act on them."),
    "messages": ("hub.cli.messages:messages", "See what came and what went, and replay it."),
    "ledger": ("hub.cli.ledger:ledger", "Show the completeness table."),
    "stop": ("hub.cli.outbound:stop", "Stop everything that goes out, or one connection's."),
    "start": ("hub.cli.outbound:start", "Let it go out again."),
    "edi": ("hub.cli.edi:edi", "Parse, validate and acknowledge EDI files."),
    "mapping": ("hub.cli.mapping:mapping", "Check mappings and try them on a file."),
    "user": ("hub.cli.user:user", "Add people and make login links."),
    "vault": ("hub.cli.vault:vault", "Make and rotate the keys that seal credentials."),
}
"""Name -> (where the command is, what it is for): the help needs no module to be imported."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, context: click.Context) -> list[str]:
        """All names, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import the command."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        """Say which command was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}.{hint}", context)
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--config", type=click.Path(dir_okay=False), help="The TOML file to read instead of ./hub.toml.")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(package_name=None, version="0.1.0", prog_name="hub")
@click.pass_context
def cli(context: click.Context, config: str | None, debug: bool) -> None:
    """Integration hub for order fulfilment: orders in, every answer back."""
    context.obj = {"config": config, "debug": debug}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit. Errors are a code, a sentence and a place to read, never a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        result = cli.main(args=arguments, prog_name="hub", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        from hub.cli.failure import show

        if "--debug" in arguments:
            raise
        sys.exit(show(error))
