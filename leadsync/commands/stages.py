"""The commands about stages of orders of which customers are told once a person decides."""

import json
import sys
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json, current_user, exit_on_outage

if TYPE_CHECKING:
    from leadcore.store.stages import HeldStages

MOST = 10_000
every = click.option("--all", "every", is_flag=True, help="All that are held.")


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def stages(ctx: click.Context, as_json: bool) -> None:
    """Show the orders whose customers are told of their stage once you decide, and decide: release or drop."""
    from leadcore.settings import read
    from leadsync.terminal import print_held_stages

    if ctx.invoked_subcommand:
        return
    with exit_on_outage():
        found = _open().read(MOST)
    print_held_stages(found, read().timezone, as_json=as_json)


@stages.command()
@click.argument("orders", nargs=-1, metavar="[ORDER]...")
@every
@as_json
def release(orders: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Tell the customers of these orders (by HubSpot's id), unless they have moved on."""
    _decide("release", orders, every, as_json)


@stages.command()
@click.argument("orders", nargs=-1, metavar="[ORDER]...")
@every
@as_json
def drop(orders: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Never tell the customers of these orders (by HubSpot's id) of the stage in which they are."""
    _decide("drop", orders, every, as_json)


def _open() -> "HeldStages":
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.keys import ACTIONS_KEPT
    from leadcore.store.stages import HeldStages

    return HeldStages(connect(read()), ACTIONS_KEPT)


def _decide(command: str, orders: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Release or drop each order and report; exit code 1 if one was refused."""
    from leadcore.reasons import english

    if bool(orders) == every:
        raise click.UsageError("Select orders by id, or --all.")
    store, user = _open(), current_user()
    decide = store.release if command == "release" else store.drop
    with exit_on_outage():
        chosen = [one.order for one in store.read(MOST)] if every else list(dict.fromkeys(orders))
        refused = {one: english(why) for one in chosen if (why := decide(one, user))}
    done = "released" if command == "release" else "dropped"
    if as_json:
        click.echo(json.dumps({done: [one for one in chosen if one not in refused], "refused": refused}))
    else:
        click.echo(f"{len(chosen) - len(refused)} {done}." if chosen else "Nothing is held.")
        for one, text in refused.items():
            click.echo(f"{one}: {text}", err=True)
    sys.exit(1 if refused else 0)
