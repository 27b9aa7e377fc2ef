"""`hub vault`: the keys that seal credentials."""

from __future__ import annotations

import click

from hub.cli.common import console, installation


@click.group()
def vault() -> None:
    """Make and rotate the keys that seal credentials."""


@vault.command("new-key")
def new_key() -> None:
    """Print a fresh key for the setting `secret_keys`."""
    from hub.vault import new_key

    click.echo(new_key())


@vault.command()
def rotate() -> None:
    """Seal every credential with the first key; without configured keys, make a new one for the key file first.

    Restart the hub after the key file got a new key.
    """
    from hub import vault as vaults

    hub = installation()
    keys = vaults.vault_keys(hub.config)
    if not hub.config.secret_keys:
        keys = (vaults.new_key(), *keys)
        vaults.write_keys(vaults.key_file(hub.config), keys, replace=True)
    current = vaults.Vault(keys)
    count = vaults.reseal(current, hub.db)
    console.print(f"{count} sealed credentials now use key {current.key_ids[0]}.")
    if not hub.config.secret_keys:
        console.print(f"{vaults.key_file(hub.config)} has changed: back it up, and restart the hub.")
