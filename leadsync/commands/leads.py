"""The commands about leads: look, retry, discard."""

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json, told, user

if TYPE_CHECKING:
    from leadcore.store.parked import Parked


@click.command()
@as_json
def status(as_json: bool) -> None:
    """Is the line working, and what is waiting?"""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.status import read_status
    from leadsync.terminal import print_status

    settings = read()
    with told():
        print_status(read_status(connect(settings), settings.config.inbox.shards), settings.timezone, as_json=as_json)


@click.command()
@click.argument("lead_id")
@as_json
def lead(lead_id: str, as_json: bool) -> None:
    """One lead's receipt."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.leads import read_receipts
    from leadsync.terminal import print_receipt

    settings = read()
    with told():
        [receipt] = read_receipts(connect(settings), [lead_id])
    if not receipt:
        click.echo("leadsync: there is no such lead, or its receipt has ended.", err=True)
        sys.exit(1)
    print_receipt(receipt, settings.timezone, as_json=as_json)


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def leads(limit: int, as_json: bool) -> None:
    """The newest leads and what became of them."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadsync.terminal import newest, print_leads

    settings = read()
    with told():
        print_leads(newest(connect(settings), limit), settings.timezone, as_json=as_json)


@click.command()
@as_json
def parked(as_json: bool) -> None:
    """The leads and messages that wait for a person, by cause, and what mends it."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.parked import Parked, causes
    from leadsync.terminal import print_causes

    settings = read()
    with told():
        print_causes(causes(Parked(connect(settings), settings.config.inbox).receipts()), as_json=as_json)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--reason", help="All parked leads whose reason holds this text.")
@click.option("--all", "every", is_flag=True, help="All parked leads.")
@as_json
def retry(ids: tuple[str, ...], reason: str | None, every: bool, as_json: bool) -> None:
    """Try parked leads again. Each fills only what its customer has not said anew since, and sends no message.
    A written lead whose message was not sent has its message sent; with --all only where the customer surely has none.
    """
    store, chosen = _choose(ids, reason, every, but="interrupted: ")
    _act(store.retry, chosen, "retried", as_json)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--reason", help="All parked leads whose reason holds this text.")
@click.option("--all", "every", is_flag=True, help="All parked leads.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def discard(ids: tuple[str, ...], reason: str | None, every: bool, yes: bool, as_json: bool) -> None:
    """Give parked leads up: what they said is removed for good, their receipts stay."""
    store, chosen = _choose(ids, reason, every)
    if chosen and not yes:
        click.confirm(f"Remove what {len(chosen)} parked lead(s) said, for good?", abort=True, err=True)
    _act(store.discard, chosen, "discarded", as_json)


def _choose(
    ids: tuple[str, ...], reason: str | None, every: bool, but: str | None = None
) -> tuple["Parked", list[str]]:
    """The parked leads' store, and the ids that are meant; `every` spares reasons that begin with `but`. Raises
    `click.UsageError`."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.parked import Parked

    if bool(ids) + bool(reason) + every != 1:
        raise click.UsageError("Say which: either ids, or --reason TEXT, or --all.")
    settings = read()
    store = Parked(connect(settings), settings.config.inbox)
    if ids:
        return store, list(dict.fromkeys(ids))
    with told():
        found = store.receipts()
    if every:
        return store, [one.lead for one in found if not but or not one.reason.startswith(but)]
    return store, [one.lead for one in found if (reason or "").lower() in one.reason.lower()]


def _act(act: Callable[[str, str], str], chosen: list[str], done: str, as_json: bool) -> None:
    """Do `act` to each lead and say what was done; exit code 1 if it could not be done to one of them."""
    from leadsync.terminal import track

    refused: dict[str, str] = {}
    who = user()
    with told():
        for one in track(chosen, done.capitalize()):
            why = act(one, who)
            if why:
                refused[one] = why
    if as_json:
        click.echo(json.dumps({done: [one for one in chosen if one not in refused], "refused": refused}))
    else:
        click.echo(f"{len(chosen) - len(refused)} {done}." if chosen else "No parked lead fits.")
        for one, why in refused.items():
            click.echo(f"{one}: {why}", err=True)
    sys.exit(1 if refused else 0)
