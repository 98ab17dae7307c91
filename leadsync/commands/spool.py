"""The commands about the leads on this machine's disk."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json
from leadsync.wording import count

if TYPE_CHECKING:
    from leadcore.settings import Settings
    from receiver.intake.spool import Spool

yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def spool() -> None:
    """Show, adopt or discard leads that wait on this machine's disk (SPOOL_DIR)."""


@spool.command(name="list")
@as_json
def list_(as_json: bool) -> None:
    """Show whose leads wait on this machine's disk."""
    from leadcore.settings import read
    from leadsync.terminal import print_shares

    settings = read()
    with _open_spool(settings) as own:
        print_shares(own.shares(), own.folder, settings.timezone, as_json=as_json)


@spool.command()
@click.argument("owner")
@yes
def adopt(owner: str, yes: bool) -> None:
    """Make leads that were stored for another Redis this deployment's own, after its Redis was emptied, replaced or
    moved. OWNER: as `leadsync spool list` shows it."""
    number = _change(owner, "Write {} to this deployment's HubSpot?", yes, lambda own: own.adopt(owner))
    click.echo(f"{count(number, 'lead')} adopted. The receiver puts what was adopted into Redis by itself.")


@spool.command()
@click.argument("owner")
@yes
def discard(owner: str, yes: bool) -> None:
    """Delete leads that were stored for another Redis, for good. OWNER: as `leadsync spool list` shows it."""
    number = _change(owner, "Delete {} for good?", yes, lambda own: own.discard(owner))
    click.echo(f"{count(number, 'lead')} deleted.")


def _change(owner: str, question: str, yes: bool, change: Callable[["Spool"], int]) -> int:
    """Ask `question`, unless `yes`, with the number of the owner's leads, then carry out `change`. Returns how many it
    changed: those that came meanwhile too."""
    from leadcore.settings import read

    with _open_spool(read()) as own:
        number = _count_leads(own, owner)
        if not yes:
            click.confirm(question.format(count(number, "lead")), abort=True, err=True)
        return change(own)


def _count_leads(own: "Spool", owner: str) -> int:
    """How many leads of another owner there are; ends the command if there are none."""
    shares = [share for share in own.shares() if share.owner == owner]
    number = sum(share.leads for share in shares if not share.is_ours)
    if not number:
        why = "The leads of this owner are this deployment's own." if shares else "This owner has no leads here."
        click.echo(f"leadsync: {why} See: leadsync spool list", err=True)
        sys.exit(1)
    return number


@contextmanager
def _open_spool(settings: "Settings") -> Iterator["Spool"]:
    """The spool of this deployment; while Redis is away, of the dataset last seen at its address."""
    from leadcore.machine import Machine
    from leadcore.store.connection import AWAY, RECEIVER_TIMEOUT, connect, find_dataset
    from receiver.intake.errors import SpoolError
    from receiver.intake.spool import open_spool

    redis = connect(settings, RECEIVER_TIMEOUT)
    with closing(open_spool(settings, redis, Machine())) as own:
        with suppress(*AWAY):
            own.use_dataset(find_dataset(redis))
        try:
            yield own
        except SpoolError as error:
            click.echo(f"leadsync: {own.folder} cannot be used: {error}. Check SPOOL_DIR.", err=True)
            sys.exit(1)
