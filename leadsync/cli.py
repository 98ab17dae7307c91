"""The `leadsync` command. Exit codes: 0 done, 1 something is wrong and was reported, 2 wrong use or settings."""

import builtins
import importlib
import io
import os
import sys
from typing import Any

import click

from leadsync import __version__

GROUPS = {
    "Watch": {
        "status": "leads",
        "leads": "watch",
        "lead": "watch",
        "tail": "watch",
        "open": "watch",
        "parked": "leads",
    },
    "Act": {
        "retry": "leads",
        "discard": "leads",
        "say": "messages",
        "paid": "payments",
        "stages": "stages",
        "hooks": "outgoing",
        "reconcile": "customers",
        "trust": "customers",
        "spool": "spool",
    },
    "Set up": {
        "setup": "processes",
        "doctor": "trial",
        "config": "trial",
        "console": "logins",
        "notify": "outgoing",
        "all": "processes",
        "web": "processes",
        "worker": "processes",
    },
    "Try": {"run": "processes", "preview": "trial", "send": "trial"},
    "Privacy": {"export": "customers", "forget": "customers"},
}
"""Heading of the help -> command -> the module of `leadsync.commands` that defines it."""
OWN_ENVIRONMENT = frozenset({"all", "console", "run", "web", "worker"})
"""Commands that never mean the `leadsync run` of the folder."""
MODULES = {name: module for commands in GROUPS.values() for name, module in commands.items()}


class LazyGroup(click.Group):
    """Imports a command's module when the command is asked for (click's documentation: "Lazily Loading Subcommands").

    `commands` starts with a blank for each, so that click still lists all names and suggests one for a misspelt one."""

    def __init__(self, **settings: Any) -> None:
        blanks = {name: click.Command(name) for name in MODULES}
        super().__init__(commands=blanks, **settings)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in MODULES:
            loaded = importlib.import_module(f"leadsync.commands.{MODULES[cmd_name]}")
            # A command whose name is Python's has an underscore behind it there.
            self.commands[cmd_name] = getattr(loaded, f"{cmd_name}_" if hasattr(builtins, cmd_name) else cmd_name)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands under their headings; click would sort them by name."""
        for heading, names in GROUPS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(heading):
                formatter.write_dl(
                    [(name, command.get_short_help_str(formatter.width * 2)) for name, command in commands if command]
                )


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leadsync", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Leads from DealDroid chats into HubSpot: none lost, none doubled, each confirmed at most once."""
    if ctx.invoked_subcommand in OWN_ENVIRONMENT or set(ctx.help_option_names) & set(sys.argv):
        return
    # Imported here: the commands that start processes do without it.
    from leadsync.sandbox_choice import use_local_run

    said = use_local_run(os.environ)
    if said:
        click.echo(f"leadsync: {said}", err=True)


def main() -> None:
    """Run the command; a mistake in the settings is reported in one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What the terminal cannot show, or is half a letter of UTF-16, is escaped: in JSON it is then the same text.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        cli()
    except ValueError as error:
        # Imported here: `--help` and `run` do without the rest.
        from leadcore.config import tell
        from leadcore.errors import ConfigError, SettingsError

        if not isinstance(error, SettingsError | ConfigError):
            raise
        click.echo(f"leadsync: {tell(error, os.environ.get('LEADSYNC_CONFIG'))}", err=True)
        sys.exit(2)
