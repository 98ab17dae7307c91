"""The `leadsync` command. Exit codes: 0 done, 1 something is wrong and was said, 2 wrong use or settings."""

import sys

import click

from leadcore.config import ConfigError
from leadcore.settings import SettingsError
from leadsync.commands import customers, leads, processes, trial


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Leads from DealDroid chats into HubSpot: none lost, none doubled, each confirmed once."""


def main() -> None:
    """Run the command; a mistake in the settings is told in one line."""
    try:
        cli()
    except (SettingsError, ConfigError) as error:
        click.echo(f"leadsync: {error}", err=True)
        sys.exit(2)


for command in (
    *(processes.run, processes.all_, processes.web, processes.worker, processes.setup),
    *(leads.status, leads.leads, leads.lead, leads.parked, leads.retry, leads.discard),
    *(customers.reconcile, customers.export, customers.forget),
    *(trial.doctor, trial.send, trial.preview, trial.config),
):
    cli.add_command(command)
