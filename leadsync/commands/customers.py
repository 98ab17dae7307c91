"""The commands about customers: is each in HubSpot, what is held about one, and forget them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from leadsync.commands import as_json, told, user

if TYPE_CHECKING:
    from leadcore.settings import Settings
    from leadcore.store.connection import Redis
    from leadsync.privacy.customer_data import CustomerData
    from leadsync.privacy.hubspot_erasure import HubSpotErasure
    from receiver.intake.spool import Spool


@click.command()
@click.option(
    "--mend", is_flag=True, help="Let the next event of a customer without a contact write all that it holds."
)
@as_json
def reconcile(mend: bool, as_json: bool) -> None:
    """Prove that every written lead is in HubSpot. Writes nothing there."""
    from leadcore.store.connection import connect
    from leadsync.reconcile import Reconciliation
    from leadsync.terminal import print_missing, track
    from workers.bootstrap import hubspot_client
    from workers.flow.errors import LineDown
    from workers.hubspot.portal_cache import PortalCache
    from workers.rules.mapping.property_names import OTHER_IDS
    from workers.settings import read_worker
    from workers.sync.customer_store import CustomerStore

    settings = read_worker()
    redis = connect(settings.shared)
    with told(), hubspot_client(settings) as hubspot:
        redis.ping()
        try:
            marks_guests = PortalCache(hubspot, settings.shared.config.mapping).current().has(OTHER_IDS)
            key = CustomerStore(redis, settings.shared.key.encode()).use_key()
            check = Reconciliation(redis, hubspot, key, marks_guests=marks_guests)
            found = check.run(track)
        except LineDown as down:
            click.echo(f"leadsync: {down} The check was not finished, and nothing was changed.", err=True)
            sys.exit(1)
        found.mended = check.mend() if mend else 0
    print_missing(found, mend=mend, as_json=as_json)
    sys.exit(1 if found.missing else 0)


@click.command()
@click.argument("customer")
@as_json
def export(customer: str, as_json: bool) -> None:
    """All that is held about a customer, as JSON: in Redis and in this machine's spool, not in HubSpot."""
    from leadcore.settings import read

    with told(), _dossier(customer, read()) as (dossier, spool):
        print(json.dumps(dossier.as_dict(spool), ensure_ascii=as_json, indent=None if as_json else 2))


@click.command()
@click.argument("customer")
@click.option("--hubspot", is_flag=True, help="Delete the customer's contact in HubSpot too, for good.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def forget(customer: str, hubspot: bool, yes: bool, as_json: bool) -> None:
    """Remove what is held about a customer, for good; what they say from now on is a new lead."""
    from leadcore.settings import read
    from leadcore.store.connection import connect
    from leadsync.privacy.forget import Forgetting
    from leadsync.terminal import print_forgotten

    settings = read()
    _check(customer)
    if not yes:
        where = "here and in HubSpot" if hubspot else "here, not in HubSpot"
        click.confirm(f"Forget this customer, {where}, for good?", abort=True, err=True)
    with told(), _withdrawal(wanted=hubspot) as withdrawal, _dossier(customer, settings) as (dossier, spool):
        done = Forgetting(dossier, connect(settings), settings.config.inbox, spool, user()).run(withdrawal)
    print_forgotten(done, asked=hubspot, as_json=as_json)
    sys.exit(1 if done.remains else 0)


def _check(customer: str) -> None:
    """Raise `click.UsageError` for what cannot be a customer's id; an id is taken exactly as the receiver takes it."""
    from leadcore import event

    if "customer_id" in event.unusable({"customer_id": customer}):
        raise click.UsageError("This cannot be a customer's id.")


@contextmanager
def _dossier(customer: str, settings: "Settings") -> Iterator[tuple["CustomerData", "Spool"]]:
    from leadcore.store.connection import connect
    from leadsync.privacy.customer_data import CustomerData
    from receiver.intake.spool import Spool, SpoolError, default_folder
    from workers.sync.customer_store import CustomerStore

    _check(customer)
    redis: Redis = connect(settings)
    key = CustomerStore(redis, settings.key.encode()).use_key()
    try:
        yield (
            CustomerData(redis, settings.config.inbox, key, customer),
            Spool(settings.spool_dir or default_folder()),
        )
    except SpoolError:
        click.echo("leadsync: this machine's spool cannot be read. Check SPOOL_DIR.", err=True)
        sys.exit(1)


@contextmanager
def _withdrawal(*, wanted: bool) -> Iterator["HubSpotErasure | None"]:
    from leadsync.privacy.hubspot_erasure import HubSpotErasure
    from workers.bootstrap import hubspot_client
    from workers.hubspot.portal_cache import PortalCache
    from workers.settings import read_worker

    if not wanted:
        yield None
        return
    settings = read_worker()
    if settings.dry_run:
        raise click.UsageError("DRY_RUN=1 writes nothing to HubSpot, so --hubspot can do nothing.")
    with hubspot_client(settings) as hubspot:
        yield HubSpotErasure(hubspot, PortalCache(hubspot, settings.shared.config.mapping))
