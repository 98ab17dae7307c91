"""The `leadsync` command. Exit codes: 0 done, 1 something is wrong and was reported, 2 wrong use or settings."""

import importlib
import sys
from typing import Any

import click

MODULES = {
    "processes": ("all", "run", "setup", "web", "worker"),
    "leads": ("discard", "lead", "leads", "parked", "retry", "status"),
    "customers": ("export", "forget", "reconcile", "trust"),
    "messages": ("say",),
    "outgoing": ("hooks", "notify"),
    "spool": ("spool",),
    "stages": ("stages",),
    "trial": ("config", "doctor", "preview", "send"),
}
"""Which module of `leadsync.commands` defines which commands."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is asked for (click's documentation: "Lazily Loading Subcommands").

    `commands` starts with a blank for each, so that click still lists all names and suggests one for a misspelt one."""

    def __init__(self, **settings: Any) -> None:
        blanks = {name: click.Command(name) for names in MODULES.values() for name in names}
        super().__init__(commands=blanks, **settings)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for module, names in MODULES.items():
            if cmd_name in names:
                loaded = importlib.import_module(f"leadsync.commands.{module}")
                self.commands[cmd_name] = getattr(loaded, "all_" if cmd_name == "all" else cmd_name)
        return super().get_command(ctx, cmd_name)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Leads from DealDroid chats into HubSpot: none lost, none doubled, each confirmed at most once."""


def main() -> None:
    """Run the command; a mistake in the settings is reported in one line."""
    try:
        cli()
    except ValueError as error:
        # Imported here: `--help` and `run` do without the rest.
        from leadcore.errors import ConfigError, SettingsError

        if not isinstance(error, SettingsError | ConfigError):
            raise
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(2)
