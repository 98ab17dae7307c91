"""The commands about customers: check them against HubSpot, export, forget and trust one."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json, current_user, exit_on_outage

if TYPE_CHECKING:
    from leadcore.settings import Settings
    from leadcore.store.connection import Redis
    from leadsync.privacy.customer_data import CustomerData
    from leadsync.privacy.hubspot_erasure import HubSpotErasure
    from leadsync.privacy.order_erasure import OrderErasure
    from receiver.intake.spool import Spool


@click.command()
@click.option(
    "--repair", is_flag=True, help="Let the next event of a customer without a contact write all its values again."
)
@click.option("--mend", "repair", is_flag=True, hidden=True)  # its former name
@click.option(
    "--orders",
    is_flag=True,
    help="Check orders and their lines too; with --repair, put the events of missing ones back into their line where "
    "their carts are still there.",
)
@as_json
def reconcile(repair: bool, orders: bool, as_json: bool) -> None:
    """Check that every written lead is in HubSpot. Writes nothing there."""
    from leadcore.store.connection import connect
    from leadcore.store.keys import ACTIONS_KEPT
    from leadcore.store.parked_orders import ParkedOrders
    from leadsync.digest_key import use_digest_key
    from leadsync.patience import Patience
    from leadsync.reconcile import Reconciliation
    from leadsync.reconcile_orders import OrderReconciliation
    from leadsync.terminal import print_missing, track
    from workers.bootstrap import hubspot_client
    from workers.flow.errors import LineDown
    from workers.hubspot.portal_cache import PortalCache
    from workers.hubspot.records import Records
    from workers.rules.mapping.property_names import OTHER_IDS
    from workers.settings import read_worker

    settings = read_worker()
    config = settings.shared.config
    if orders and config.orders is None:
        raise click.UsageError("No orders are made: [orders] is not in the configuration.")
    redis = connect(settings.shared)
    with exit_on_outage(), hubspot_client(settings) as hubspot:
        redis.ping()
        try:
            marks_linked = PortalCache(hubspot, settings.shared.config.mapping).current().has(OTHER_IDS)
            key = use_digest_key(redis, settings.shared)
            patience = Patience()
            check = Reconciliation(redis, hubspot, key, marks_linked=marks_linked, patience=patience)
            found = check.run(track)
            if orders and config.orders:
                order_check = OrderReconciliation(redis, Records(hubspot), config.orders.kind, key, patience)
                found.orders = order_check.run(track)
        except LineDown as down:
            click.echo(f"leadsync: {down} The check was not finished, and nothing was changed.", err=True)
            sys.exit(1)
        found.repaired = check.repair() if repair else 0
        if repair and found.orders:
            order_check.repair(found.orders, ParkedOrders(redis, config.inbox.shards, ACTIONS_KEPT), current_user())
    print_missing(found, repaired=repair, as_json=as_json)
    sys.exit(1 if found.missing or (found.orders and found.orders.missing) else 0)


@click.command()
@click.argument("customer")
@as_json
def export(customer: str, as_json: bool) -> None:
    """Print all data about a customer as JSON: from Redis and this machine's disk, not from HubSpot."""
    from leadcore.settings import read

    with exit_on_outage(), _open_customer_data(customer, read()) as (data, spool):
        print(json.dumps(data.as_dict(spool), ensure_ascii=as_json, indent=None if as_json else 2))


@click.command()
@click.argument("customer")
@click.option(
    "--hubspot",
    is_flag=True,
    help="Delete the customer's contact in HubSpot too, for good, with notes and unpaid orders; paid ones stay for the "
    "accounts, without the person.",
)
@click.option("--orders", is_flag=True, help="With --hubspot: delete paid orders too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def forget(customer: str, hubspot: bool, orders: bool, yes: bool, as_json: bool) -> None:
    """Delete all data about a customer for good. Their next event is a new lead."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadsync.privacy.forget import Forgetting
    from leadsync.terminal import print_forgotten

    settings = read()
    _check_id(customer)
    if orders and not hubspot:
        raise click.UsageError("--orders is about orders in HubSpot: give --hubspot too.")
    if not yes:
        where = "here and in HubSpot" if hubspot else "here, not in HubSpot"
        click.confirm(f"Forget this customer, {where}, for good?", abort=True, err=True)
    with (
        exit_on_outage(),
        _open_erasure(wanted=hubspot, paid_too=orders) as erasures,
        _open_customer_data(customer, settings) as (data, spool),
    ):
        done = Forgetting(data, connect(settings), settings.config.inbox, spool, current_user()).run(*erasures)
    print_forgotten(done, asked=hubspot, as_json=as_json)
    sys.exit(1 if done.remains else 0)


@click.command()
@click.argument("customer")
@click.option("--undo", is_flag=True, help="No longer trust the customer.")
@as_json
def trust(customer: str, undo: bool, as_json: bool) -> None:
    """Join a customer who was matched by email only with that contact: they are one person. The console lists them."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadsync.digest_key import use_digest_key
    from leadsync.errors import NoMatch
    from leadsync.terminal import print_trust
    from leadsync.trust import decide_trust

    settings = read()
    _check_id(customer)
    with exit_on_outage():
        redis = connect(settings)
        key = use_digest_key(redis, settings)
        try:
            done = decide_trust(redis, key, settings.config.crm, customer, current_user(), trusted=not undo)
        except NoMatch as error:
            click.echo(f"leadsync: {error}", err=True)
            sys.exit(1)
    print_trust(done, as_json=as_json)


def _check_id(customer: str) -> None:
    """Raise `click.UsageError` for an id that the receiver would not accept."""
    from leadcore import event

    if "customer_id" in event.unusable({"customer_id": customer}):
        raise click.UsageError("This is not a valid customer id.")


@contextmanager
def _open_customer_data(customer: str, settings: "Settings") -> Iterator[tuple["CustomerData", "Spool"]]:
    from leadcore.machine import Machine
    from leadcore.store.connection import connect, find_dataset
    from leadsync.digest_key import use_digest_key
    from leadsync.privacy.customer_data import CustomerData
    from receiver.intake.errors import SpoolError
    from receiver.intake.spool import open_spool

    _check_id(customer)
    redis: Redis = connect(settings)
    key = use_digest_key(redis, settings)
    with closing(open_spool(settings, redis, Machine())) as spool:
        spool.use_dataset(find_dataset(redis))
        try:
            yield CustomerData(redis, settings.config.inbox, key, customer), spool
        except SpoolError as error:
            click.echo(
                f"leadsync: the leads on disk, in {spool.folder}, cannot be read: {error}. Check SPOOL_DIR.",
                err=True,
            )
            sys.exit(1)


@contextmanager
def _open_erasure(*, wanted: bool, paid_too: bool) -> Iterator[tuple["HubSpotErasure | None", "OrderErasure | None"]]:
    from leadsync.privacy.hubspot_erasure import HubSpotErasure
    from leadsync.privacy.order_erasure import OrderErasure
    from workers.bootstrap import hubspot_client
    from workers.hubspot.portal_cache import PortalCache
    from workers.settings import read_worker

    if not wanted:
        yield None, None
        return
    settings = read_worker()
    if settings.shared.dry_run:
        raise click.UsageError("DRY_RUN=1 writes nothing to HubSpot, so --hubspot can do nothing.")
    with hubspot_client(settings) as hubspot:
        configured = settings.shared.config.orders
        orders = OrderErasure(hubspot, configured.kind if configured else "", paid_too=paid_too)
        yield HubSpotErasure(hubspot, PortalCache(hubspot, settings.shared.config.mapping)), orders
