"""Wires one worker process: everything that a job needs, made once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from receiver.connection import AWAY, connect
from receiver.counts import Tally
from workers.budget import Budget, NoBudget
from workers.confirmation import Confirmations
from workers.dealdroid import DealDroid
from workers.hubspot.client import HubSpot
from workers.lease import Leases
from workers.messages import Texts
from workers.outbox import IN_FLIGHT, Outbox
from workers.records import Records
from workers.settings import WorkerSettings
from workers.sync import Sync
from workers.told import Told

# Hosted Redis allows few connections (20 in Heroku's smallest plan), and a drain has 20 calls in flight that need one
# for a moment each.
CONNECTIONS = 6


@dataclass(frozen=True, slots=True)
class Runtime:
    """`stop` is set when the process shall end."""

    settings: WorkerSettings
    sync: Sync
    outbox: Outbox
    leases: Leases
    told: Told
    tally: Tally
    stop: threading.Event


def build(settings: WorkerSettings) -> Runtime:
    """Make the runtime; connects to nothing yet. Raises `receiver.config.ConfigError` for a template that fails."""
    shared = settings.shared
    config = shared.config
    stop, leases, told = threading.Event(), Leases(), Told()
    tally = Tally()
    redis = connect(shared, at_most=CONNECTIONS)
    budget = Budget(redis, settings.requests_per_10s, stop)
    hubspot = HubSpot(settings.token, settings.hubspot_url, budget, dry_run=settings.dry_run, tally=tally)
    confirmations = Confirmations(config, Texts.compile(config), shared.timezone)
    records = Records(redis, shared.key.encode())
    dealdroid = DealDroid(settings.dealdroid_url, IN_FLIGHT)
    outbox = Outbox(redis, dealdroid, config, shared.timezone, leases, stop, told, budget, dry_run=settings.dry_run)
    return Runtime(
        settings=settings,
        sync=Sync(redis, hubspot, config, records, confirmations, leases, outbox.send_for, stop),
        outbox=outbox,
        leases=leases,
        told=told,
        tally=tally,
        stop=stop,
    )


@contextmanager
def hubspot_client(settings: WorkerSettings) -> Iterator[HubSpot]:
    """HubSpot for one command; where Redis is away its calls are made without the shared budget."""
    stop = threading.Event()
    redis = connect(settings.shared)
    budget: Budget | NoBudget = Budget(redis, settings.requests_per_10s, stop)
    try:
        redis.ping()
    except AWAY:
        budget = NoBudget()
    yield HubSpot(settings.token, settings.hubspot_url, budget)
