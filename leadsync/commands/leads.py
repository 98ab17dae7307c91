"""The commands about leads: show, retry, discard."""

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json, current_user, exit_on_outage

if TYPE_CHECKING:
    from leadcore.store.parked import Parked


@click.command()
@as_json
def status(as_json: bool) -> None:
    """Show whether the line works and what is waiting."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.status import read_status
    from leadsync.terminal import print_status

    settings = read()
    with exit_on_outage():
        print_status(read_status(connect(settings), settings.config.inbox.shards), settings.timezone, as_json=as_json)


@click.command()
@click.argument("lead_id")
@as_json
def lead(lead_id: str, as_json: bool) -> None:
    """Show one lead's receipt."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.leads import read_receipts
    from leadsync.terminal import print_receipt

    settings = read()
    with exit_on_outage():
        [receipt] = read_receipts(connect(settings), [lead_id])
    if not receipt:
        click.echo("leadsync: there is no such lead, or its receipt has expired.", err=True)
        sys.exit(1)
    print_receipt(receipt, settings.timezone, as_json=as_json)


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def leads(limit: int, as_json: bool) -> None:
    """Show the newest leads and their results."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadsync.terminal import newest, print_leads

    settings = read()
    with exit_on_outage():
        print_leads(newest(connect(settings), limit), settings.timezone, as_json=as_json)


@click.command()
@as_json
def parked(as_json: bool) -> None:
    """Show the leads and messages that need a person, by cause, with the fix."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.parked import Parked, causes
    from leadsync.terminal import print_causes

    settings = read()
    with exit_on_outage():
        print_causes(causes(Parked(connect(settings), settings.config.inbox).receipts()), as_json=as_json)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--reason", help="All parked leads whose reason contains this text.")
@click.option("--all", "every", is_flag=True, help="All parked leads.")
@as_json
def retry(ids: tuple[str, ...], reason: str | None, every: bool, as_json: bool) -> None:
    """Try parked leads again. Newer values of the customer are kept, and no message is sent to them.
    If a lead is written and only its message failed, the message is sent; with --all not where sending was
    interrupted, because the customer may have the message.
    """
    store, chosen = _select(ids, reason, every, but="interrupted: ")
    _apply_to_each(store.retry, chosen, "retried", as_json)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--reason", help="All parked leads whose reason contains this text.")
@click.option("--all", "every", is_flag=True, help="All parked leads.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def discard(ids: tuple[str, ...], reason: str | None, every: bool, yes: bool, as_json: bool) -> None:
    """Give up parked leads: their data is deleted for good, their receipts stay."""
    store, chosen = _select(ids, reason, every)
    if chosen and not yes:
        click.confirm(f"Delete the data of {len(chosen)} parked lead(s) for good?", abort=True, err=True)
    _apply_to_each(store.discard, chosen, "discarded", as_json)


def _select(
    ids: tuple[str, ...], reason: str | None, every: bool, but: str | None = None
) -> tuple["Parked", list[str]]:
    """The store of parked leads, and the selected ids; `every` skips reasons that begin with `but`. Raises
    `click.UsageError`."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.parked import Parked

    if bool(ids) + bool(reason) + every != 1:
        raise click.UsageError("Select leads by id, by --reason TEXT or by --all.")
    settings = read()
    store = Parked(connect(settings), settings.config.inbox)
    if ids:
        return store, list(dict.fromkeys(ids))
    with exit_on_outage():
        found = store.receipts()
    if every:
        return store, [one.lead for one in found if not but or not one.reason.startswith(but)]
    return store, [one.lead for one in found if (reason or "").lower() in one.reason.lower()]


def _apply_to_each(action: Callable[[str, str], str], chosen: list[str], done: str, as_json: bool) -> None:
    """Apply `action` to each lead and report; exit code 1 if one was refused. `done`: its past participle."""
    from leadsync.terminal import track

    refused: dict[str, str] = {}
    user = current_user()
    with exit_on_outage():
        for one in track(chosen, done.capitalize()):
            why = action(one, user)
            if why:
                refused[one] = why
    if as_json:
        click.echo(json.dumps({done: [one for one in chosen if one not in refused], "refused": refused}))
    else:
        click.echo(f"{len(chosen) - len(refused)} {done}." if chosen else "No parked lead fits.")
        for one, why in refused.items():
            click.echo(f"{one}: {why}", err=True)
    sys.exit(1 if refused else 0)
