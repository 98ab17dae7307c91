"""Wires one worker process: builds once what jobs need."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from leadcore.events import Events
from leadcore.machine import Event, Machine
from leadcore.reasons import reason
from leadcore.settings import Settings
from leadcore.store import keys, lines
from leadcore.store.connection import AWAY, Redis, connect
from leadcore.store.counters import Tally
from workers.flow.breaker import Breaker
from workers.flow.errors import LineDown
from workers.flow.lease import LeaseRegistry
from workers.flow.pause import Pause
from workers.hubspot.budget import Budget, NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.order_portal import OrderPortalCache
from workers.hubspot.portal_store import PortalStore
from workers.hubspot.records import Records
from workers.hubspot.search_quota import SearchQuota
from workers.hubspot.survey import Surveyor
from workers.notes.drain import NoteDrain
from workers.orders.drain import OrderDrain
from workers.orders.payments import PaymentDrain
from workers.orders.stages import StagePoller
from workers.outbox.dealdroid import DealDroid
from workers.outbox.last_words import LastWords
from workers.outbox.sender import IN_FLIGHT, OutboxSender
from workers.outbox.sent_log import SentLog
from workers.rules import configuration
from workers.rules.confirmation import ConfirmationWriter
from workers.rules.orders.texts import OrderTexts
from workers.rules.retry import SWITCHED_OFF
from workers.rules.texts import MessageTemplates
from workers.settings import WorkerSettings
from workers.sync.background_restore import BackgroundRestore
from workers.sync.customer_store import CustomerStore
from workers.sync.shard import ShardSync

# Hosted Redis allows few connections (20 in Heroku's smallest plan), and the 20 calls that a drain has in flight need
# one only for a moment each.
CONNECTIONS = 6


@dataclass(frozen=True, slots=True)
class Runtime:
    """`stages`: None where no stage has a text or says that an order is paid or cancelled, and in a dry run. `stop` is
    set when the process is to end."""

    settings: WorkerSettings
    sync: ShardSync
    outbox: OutboxSender
    orders: OrderDrain | None
    notes: NoteDrain | None
    payments: PaymentDrain | None
    leases: LeaseRegistry
    sent_log: SentLog
    tally: Tally
    restore: BackgroundRestore
    stages: StagePoller | None
    surveyor: Surveyor
    stop: Event
    machine: Machine

    @property
    def drains(self) -> Mapping[str, Callable[[int], None]]:
        """The name of a line -> what drains a shard of it."""
        off = {line: partial(self._leave, line) for line in (keys.ORDERS, keys.PAYMENTS, keys.NOTES)}
        on = {one.line: one.drain for one in (self.orders, self.payments, self.notes) if one}
        return {keys.INBOX: self.sync.drain, keys.OUTBOX: self.outbox.drain, **off, **on}

    def _leave(self, line: str, shard: int) -> None:
        """What waits from a time when orders or notes were made stays for when they are made again, and `status` says
        so; retention ends it."""
        redis = self.outbox.redis
        if not self.settings.shared.dry_run and redis.xlen(keys.entries(line, shard)):
            days = lines.find(line).seconds // 86_400
            Pause(redis, self.machine, line).start(LineDown(SWITCHED_OFF, reason("switched_off", days=days)))


def build(settings: WorkerSettings, machine: Machine) -> Runtime:
    """Build the runtime; opens no connection yet. Raises `leadcore.config.ConfigError` for a template that fails."""
    shared = settings.shared
    config = shared.config
    stop, leases, sent_log = machine.event(), LeaseRegistry(machine), SentLog(machine)
    tally = Tally()
    redis = connect(shared, at_most=CONNECTIONS)
    budget = Budget(
        redis, settings.requests_per_10s, stop, machine, settings.requests_per_day, settings.shared.timezone
    )
    breaker = Breaker(redis, machine, stop)
    hubspot = HubSpot(
        settings.token,
        settings.hubspot_url,
        budget,
        version=shared.hubspot_version,
        dry_run=shared.dry_run,
        tally=tally,
        breaker=breaker,
    )
    configuration.check_outgoing(config)
    events = Events(
        config,
        hooks=bool(settings.hook_urls) and not shared.dry_run,
        notices=bool(settings.notify_urls) and not shared.dry_run,
    )
    notes = None
    if config.notes.intents:
        notes = NoteDrain(
            redis,
            Records(hubspot, Breaker(redis, machine, stop, keys.NOTES)),
            config,
            CustomerStore(redis, shared.key.encode()),
            leases,
            stop,
            budget,
            machine,
            timezone=shared.timezone,
            hidden=sent_log.hidden_epoch,
            dry_run=shared.dry_run,
            events=events,
        )
    confirmations = ConfirmationWriter(config, MessageTemplates.compile(config), shared.timezone)
    customers = CustomerStore(redis, shared.key.encode())
    orders, payments = None, None
    if config.orders:
        portal_cache = OrderPortalCache(hubspot, config.orders, redis, stop)

        def make_records(line: str) -> Records:
            return Records(hubspot, Breaker(redis, machine, stop, line), SearchQuota(redis, stop))

        rest = (portal_cache, config, customers, leases, stop, budget, machine)
        orders = OrderDrain(
            redis,
            make_records(keys.ORDERS),
            *rest,
            hidden=sent_log.hidden_epoch,
            dry_run=shared.dry_run,
            events=events,
        )
        payments = PaymentDrain(redis, make_records(keys.PAYMENTS), *rest, dry_run=shared.dry_run, events=events)
    dealdroid = DealDroid(settings.dealdroid_url, IN_FLIGHT, machine)
    outbox = OutboxSender(
        redis,
        dealdroid,
        config,
        shared.timezone,
        leases,
        stop,
        sent_log,
        budget,
        LastWords(redis, shared.key.encode()),
        machine,
        dry_run=shared.dry_run,
        events=events,
    )
    return Runtime(
        settings=settings,
        sync=ShardSync(
            redis, hubspot, config, customers, confirmations, leases, outbox.send_for, stop, machine, breaker, events
        ),
        outbox=outbox,
        orders=orders,
        notes=notes,
        payments=payments,
        leases=leases,
        sent_log=sent_log,
        tally=tally,
        restore=BackgroundRestore(redis, hubspot, config, shared.key.encode(), stop, settings.requests_per_day),
        stages=_build_stages(shared, redis, hubspot, stop, machine, events),
        # A client of its own: what it asks changes nothing, so a dry run asks it too, and no answer slows the line.
        surveyor=Surveyor(
            redis,
            HubSpot(settings.token, settings.hubspot_url, budget, version=shared.hubspot_version),
            settings.token,
            config,
            stop,
            machine,
        ),
        stop=stop,
        machine=machine,
    )


def _build_stages(
    shared: Settings, redis: Redis, hubspot: HubSpot, stop: Event, machine: Machine, events: Events
) -> StagePoller | None:
    config, texts = shared.config, OrderTexts.compile(shared.config)
    # HubSpot's carts have no stages.
    if config.orders is None or config.orders.kind == "carts" or texts is None or shared.dry_run:
        return None
    if not (texts.stages or config.payment or events.wants("order.cancelled")):
        return None
    return StagePoller(
        redis,
        Records(hubspot, searches=SearchQuota(redis, stop)),
        OrderPortalCache(hubspot, config.orders, redis, stop),
        config.orders.kind,
        config,
        texts,
        CustomerStore(redis, shared.key.encode()),
        shared.timezone,
        stop,
        machine,
        events,
    )


@contextmanager
def hubspot_client(settings: WorkerSettings) -> Iterator[HubSpot]:
    """HubSpot for one command; if Redis is unreachable or refuses what the shared budget needs, without that."""
    machine = Machine()
    redis = connect(settings.shared)
    shared = Budget(
        redis, settings.requests_per_10s, machine.event(), machine, settings.requests_per_day, settings.shared.timezone
    )
    budget: Budget | NoBudget = shared
    try:
        slot, _ = shared.reserve()
        shared.release([slot] if slot else [])
    except AWAY:
        budget = NoBudget(machine)
    yield HubSpot(settings.token, settings.hubspot_url, budget, version=settings.shared.hubspot_version)


def forget_properties(settings: WorkerSettings, hubspot: HubSpot) -> None:
    """Let workers that start from now on see properties that were just created. Best effort: the others see them within
    the hour too."""
    config = settings.shared.config
    with suppress(*AWAY), closing(connect(settings.shared)) as redis:
        PortalStore(redis, hubspot, config.mapping, tuple(config.properties.values())).forget()
        if config.orders and (store := OrderPortalCache(hubspot, config.orders, redis).store):
            store.forget()
