"""Wires one worker process: everything that a job needs, made once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from leadcore.store.connection import AWAY, connect
from leadcore.store.counters import Tally
from workers.flow.lease import LeaseRegistry
from workers.hubspot.budget import Budget, NoBudget
from workers.hubspot.client import HubSpot
from workers.outbox.dealdroid import DealDroid
from workers.outbox.sender import IN_FLIGHT, OutboxSender
from workers.outbox.sent_log import SentLog
from workers.rules.confirmation import Confirmations
from workers.rules.texts import Texts
from workers.settings import WorkerSettings
from workers.sync.customer_store import CustomerStore
from workers.sync.shard import ShardSync

# Hosted Redis allows few connections (20 in Heroku's smallest plan), and a drain has 20 calls in flight that need one
# for a moment each.
CONNECTIONS = 6


@dataclass(frozen=True, slots=True)
class Runtime:
    """`stop` is set when the process shall end."""

    settings: WorkerSettings
    sync: ShardSync
    outbox: OutboxSender
    leases: LeaseRegistry
    told: SentLog
    tally: Tally
    stop: threading.Event


def build(settings: WorkerSettings) -> Runtime:
    """Make the runtime; connects to nothing yet. Raises `leadcore.config.ConfigError` for a template that fails."""
    shared = settings.shared
    config = shared.config
    stop, leases, told = threading.Event(), LeaseRegistry(), SentLog()
    tally = Tally()
    redis = connect(shared, at_most=CONNECTIONS)
    budget = Budget(redis, settings.requests_per_10s, stop)
    hubspot = HubSpot(settings.token, settings.hubspot_url, budget, dry_run=settings.dry_run, tally=tally)
    confirmations = Confirmations(config, Texts.compile(config), shared.timezone)
    customers = CustomerStore(redis, shared.key.encode())
    dealdroid = DealDroid(settings.dealdroid_url, IN_FLIGHT)
    outbox = OutboxSender(
        redis, dealdroid, config, shared.timezone, leases, stop, told, budget, dry_run=settings.dry_run
    )
    return Runtime(
        settings=settings,
        sync=ShardSync(redis, hubspot, config, customers, confirmations, leases, outbox.send_for, stop),
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
