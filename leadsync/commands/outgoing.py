"""The commands about those outside who are told of leads: hooks, and notices to the team."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json, exit_on_outage

if TYPE_CHECKING:
    from leadcore.settings import Settings
    from leadcore.store.endpoints import Endpoints


@click.group()
def hooks() -> None:
    """Signed outgoing webhooks: where they go (HOOK_URLS), and the secret that signs them (HOOK_SECRET)."""


@hooks.command(name="list")
@as_json
def list_hooks(as_json: bool) -> None:
    """Show the addresses, and how each is. They are named by number and host: the rest is a secret."""
    from leadcore.store import keys

    _list(keys.HOOKS, as_json=as_json)


@hooks.command(name="replay")
@click.argument("number", type=int)
def replay_hooks(number: int) -> None:
    """Let address NUMBER have all that waits for it, at once: also after it was stopped, up to three days back."""
    from leadcore.store import keys

    _replay(keys.HOOKS, number)


@hooks.command()
def secret() -> None:
    """Make a new secret for HOOK_SECRET. Put it behind the old one and a blank until all receivers know it."""
    import base64
    import secrets

    click.echo("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())


@click.group()
def notify() -> None:
    """Notices to the team (NOTIFY_URLS)."""


@notify.command(name="list")
@as_json
def list_notify(as_json: bool) -> None:
    """Show the addresses, and how each is. They are named by number and scheme: the rest is a secret."""
    from leadcore.store import keys

    _list(keys.NOTICES, as_json=as_json)


@notify.command()
def test() -> None:
    """Send a test message to every address of NOTIFY_URLS, now and from here."""
    from workers.notices import service
    from workers.rules.notice import TEST
    from workers.settings import read_notify_urls

    addresses = read_notify_urls(os.environ)
    if not addresses:
        click.echo("leadsync: NOTIFY_URLS is not set.", err=True)
        sys.exit(2)
    failed = False
    for number, address in enumerate(addresses, 1):
        why = service.find_fault(address) or service.send(address, TEST).why
        failed = failed or bool(why)
        click.echo(f"{number}. {service.scheme_of(address)}: {f'failed: {why}' if why else 'sent'}")
    sys.exit(1 if failed else 0)


@notify.command(name="replay")
@click.argument("number", type=int)
def replay_notify(number: int) -> None:
    """Let address NUMBER have what waits for it, at once: also after it was stopped, up to three days back."""
    from leadcore.store import keys

    _replay(keys.NOTICES, number)


def _list(line: str, *, as_json: bool) -> None:
    from leadcore.store.endpoints import count_waiting
    from leadsync.terminal import print_endpoints

    with _open_endpoints(line) as (endpoints, settings):
        found = endpoints.read_all()
        waiting = count_waiting(endpoints.redis, line, found, endpoints.shards)
    shown = [replace(one, waiting=count) for one, count in zip(found, waiting, strict=True)]
    print_endpoints(shown, settings.timezone, as_json=as_json)


def _replay(line: str, number: int) -> None:
    with _open_endpoints(line) as (endpoints, _):
        found = [one for one in endpoints.read_all() if one.number == number]
        done = [one for one in found if endpoints.reopen(one.digest)]
    if not done:
        click.echo(f"leadsync: no worker serves an address {number}.", err=True)
        sys.exit(1)
    click.echo(f"Address {number} is tried at once, with what waits for it.")


@contextmanager
def _open_endpoints(line: str) -> Iterator[tuple["Endpoints", "Settings"]]:
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.endpoints import Endpoints

    settings = read()
    with exit_on_outage():
        yield Endpoints(connect(settings), line, settings.config.inbox.shards), settings
