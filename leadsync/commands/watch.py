"""The commands that show leads: the newest, one, those that change, and a lead's contact in HubSpot."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from leadcore.receipts import STATES
from leadsync.commands import as_json, exit_on_outage

if TYPE_CHECKING:
    from leadcore.receipts import Receipt
    from leadcore.settings import Settings
    from leadcore.store.connection import Redis
    from leadsync.lead_search import LeadFilter

POLL_SECONDS = 1.0
_LOCAL = ("127.0.0.1", "localhost", "::1")


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--intent", default="", metavar="NAME", help="Only with this intent; * stands for anything."),
        click.option("--since", metavar="WHEN", help="Only since then: 2h, 3d, 2026-11-28 or '2026-11-28 14:30'."),
        click.option("--customer", default="", metavar="ID", help="Only of this customer."),
        click.option("--state", type=click.Choice(STATES), help="Only leads in this state."),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@_filters
@as_json
def leads(limit: int, as_json: bool, **wanted: Any) -> None:
    """Show the newest leads and what became of them."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadsync.lead_search import find_newest
    from leadsync.terminal import print_leads

    settings = read()
    lead_filter = _make_filter(settings, **wanted)
    with exit_on_outage():
        print_leads(find_newest(connect(settings), limit, lead_filter), settings.timezone, as_json=as_json)


@click.command()
@click.argument("lead_id", metavar="LEAD")
@as_json
def lead(lead_id: str, as_json: bool) -> None:
    """Show what became of one lead. LEAD: its id, the beginning of it, or the customer's id."""
    from leadcore.receipts import WAITING
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.portal_links import read_portal_links
    from leadcore.store.status import read_status
    from leadsync.lead_search import MOST
    from leadsync.terminal import print_leads, print_receipt

    settings = read()
    connection = connect(settings)
    found = _find(connection, lead_id)
    if len(found) > 1:
        click.echo(
            f"leadsync: {'at least ' * (len(found) == MOST)}{len(found)} leads fit; name one by its id:", err=True
        )
        print_leads(found, settings.timezone, as_json=as_json)
        sys.exit(1)
    with exit_on_outage():
        links = read_portal_links(connection).of(
            found[0], settings.config.orders.kind if settings.config.orders else ""
        )
        waits = found[0].state == WAITING
        pause = read_status(connection, settings.config.inbox.shards, settings.timezone).pause if waits else {}
    print_receipt(found[0], settings.timezone, links, pause, as_json=as_json)


@click.command()
@_filters
@as_json
def tail(as_json: bool, **wanted: Any) -> None:
    """Show new leads, and what becomes of them, as it happens. Ctrl-C ends it."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadsync.lead_search import LeadWatch
    from leadsync.terminal import as_dict, describe_lead

    settings = read()
    lead_filter = _make_filter(settings, **wanted)
    try:
        with exit_on_outage():
            watch = LeadWatch(connect(settings))
            click.echo("Waiting for leads. Ctrl-C ends it.", err=True)
            while True:
                for receipt in filter(lead_filter.matches, watch.poll()):
                    said = json.dumps(as_dict(receipt)) if as_json else describe_lead(receipt, settings.timezone)
                    click.echo(said)
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        sys.exit(0)


@click.command(name="open")
@click.argument("lead_id", metavar="LEAD")
def open_(lead_id: str) -> None:
    """Print the address of a lead's contact in HubSpot, and open it where there is a browser. LEAD: as for `lead`."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadcore.store.portal_links import read_portal_links

    connection = connect(read())
    found = _find(connection, lead_id)
    contacts = {receipt.contact_id for receipt in found if receipt.contact_id}
    if len(contacts) != 1:
        _fail("these leads have several contacts; name one lead." if contacts else "this lead has no contact yet.")
    [contact_id] = contacts
    if urlsplit(os.environ.get("HUBSPOT_BASE_URL", "")).hostname in _LOCAL:
        _fail(f"contact {contact_id} is in a stand-in for HubSpot, which has no pages; the sandbox page shows it.")
    with exit_on_outage():
        url = read_portal_links(connection).contact(contact_id)
    if not url:
        _fail(
            f"the address of contact {contact_id} is not known before a worker has asked HubSpot for the portal's id."
        )
    click.echo(url)
    if _has_browser():
        click.launch(url)


def _has_browser() -> bool:
    """Whether a window can open. Without one, a browser for the terminal would take the terminal."""
    is_remote = bool(os.environ.get("SSH_CONNECTION"))
    has_screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(has_screen) and not is_remote


def _make_filter(
    settings: "Settings", state: str | None, customer: str, since: str | None, intent: str
) -> "LeadFilter":
    """Raises `click.BadParameter`."""
    from leadcore.text import clean
    from leadsync.lead_search import LeadFilter, parse_since

    try:
        since_ms = parse_since(since, datetime.now(settings.timezone), settings.timezone) if since else 0
    except (ValueError, OverflowError):
        said = "not a time such as 90m, 2h, 3d, 2026-11-28 or '2026-11-28 14:30'."
        raise click.BadParameter(said, param_hint="--since") from None
    return LeadFilter(state or "", customer, clean(intent), since_ms)


def _find(connection: "Redis", name: str) -> "list[Receipt]":
    """The leads of this name; exits with code 1 if there is none."""
    from leadsync.lead_search import find_named
    from leadsync.terminal import track

    def show(receipts: "Iterable[Receipt]") -> "Iterable[Receipt]":
        return track(receipts, "Searching")

    with exit_on_outage():
        found = find_named(connection, name, show)
    if not found:
        _fail("there is no such lead or customer, or its receipt has expired.")
    return found


def _fail(text: str) -> None:
    click.echo(f"leadsync: {text}", err=True)
    sys.exit(1)
