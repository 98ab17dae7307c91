"""What else an event would lead to, for `leadsync preview`: the order of its cart, the message, notices and hooks.
Nothing is written; orders are read as their drain reads them."""

from dataclasses import dataclass, field
from typing import Any

from leadcore.config import Orders
from leadcore.event import Head, read
from leadcore.events import Command, Events
from leadcore.fields import EVENT, LEAD
from leadcore.machine import Machine
from leadcore.reasons import NO_REASON, Reason, english
from leadcore.receipts import CREATED, UNCHANGED, UPDATED
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.orders import YES, find_cancelled
from leadcore.store.portal_links import read_portal_links
from workers.flow.errors import LineDown
from workers.hubspot.client import HubSpot
from workers.hubspot.order_portal import OrderPortalCache
from workers.hubspot.products import ProductPrices
from workers.hubspot.records import Records
from workers.orders.order_store import OrderStore
from workers.orders.reader import OrderReader
from workers.orders.work import OrderWork
from workers.rules import settlement as leads
from workers.rules.batch import StreamEntry
from workers.rules.confirmation import ConfirmationWriter
from workers.rules.lead import CustomerBatch, Result
from workers.rules.notice import NoticeTemplate, read_data
from workers.rules.orders import settlement as orders_settlement
from workers.rules.orders.plan import Facts, plan
from workers.rules.orders.portal import OrderPortal
from workers.rules.orders.said import Kind, Said, read_said
from workers.rules.texts import MessageTemplates
from workers.settings import WorkerSettings
from workers.sync.customer_store import CustomerStore


@dataclass(frozen=True, slots=True)
class PreviewedOrder:
    """`state`: the receipt's; `reference`: of the order that the event is about, "" if there is none; `total`: a plain
    number, "" if nothing says it; `lines`: the cart, as people read it; `no_link`: why nothing could be paid by a link,
    once a worker has looked."""

    state: str
    why: Reason = NO_REASON
    reference: str = ""
    total: str = ""
    currency: str = ""
    lines: list[str] = field(default_factory=list)
    no_link: Reason = NO_REASON

    def as_dict(self) -> dict[str, Any]:
        names = ("state", "reference", "total", "currency", "lines")
        more = {"why": english(self.why), "no_link": english(self.no_link)}
        return {name: getattr(self, name) for name in names} | more


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`order`: None if the event makes, changes and cancels none. `message`: to the customer, "" if there is none;
    `silent`: why. `notices`: the text for each event that the team is told of; `hooks`: type and data of each that is
    posted. `addresses`: how many get notices, and hooks."""

    order: PreviewedOrder | None = None
    message: str = ""
    silent: Reason = NO_REASON
    notices: list[str] = field(default_factory=list)
    hooks: list[dict[str, Any]] = field(default_factory=list)
    addresses: tuple[int, int] = (0, 0)

    def as_dict(self) -> dict[str, Any]:
        return {
            "order": self.order.as_dict() if self.order else None,
            "message": self.message,
            "silent": english(self.silent),
            "notices": self.notices,
            "notice_addresses": self.addresses[0],
            "hooks": self.hooks,
            "hook_addresses": self.addresses[1],
        }


def preview_outgoing(
    head: Head,
    row: StreamEntry,
    group: CustomerBatch,
    result: Result,
    redis: Redis,
    hubspot: HubSpot,
    settings: WorkerSettings,
    customers: CustomerStore,
    now_ms: int,
) -> Outgoing:
    """What the event would lead to. Raises redis-py's errors."""
    config = settings.shared.config
    events = Events(config, hooks=bool(settings.hook_urls), notices=bool(settings.notify_urls))
    shard = keys.shard_of(head.customer_id, config.inbox.shards)
    context = leads.SettlementContext("", shard, now_ms, events=events)
    [lead] = group.leads
    told = list(leads.tell(lead, result, result.state, context))
    is_written = result.state in (CREATED, UPDATED, UNCHANGED)
    order, message, silent = None, "", NO_REASON
    if is_written:
        confirmation = ConfirmationWriter(config, MessageTemplates.compile(config), settings.shared.timezone)
        said = confirmation.decide(group, now_ms)
        message, silent = said.text, said.silence_reason
        order, more = _preview_order(head, row, redis, hubspot, settings, customers, result.contact_id, now_ms)
        told += more(events, shard) if more else []
    template, links = NoticeTemplate(config.notify), read_portal_links(redis)
    notices, hooks = list[str](), list[dict[str, Any]]()
    for command in told:
        pairs = [part if isinstance(part, bytes) else str(part).encode() for part in command[3:]]
        fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
        data = read_data(fields)
        if command[1] == keys.entries(keys.NOTICES, shard):
            notices.append(template.compose(fields, links.contact(str(data.get("contact_id", ""))), 0).body)
        else:
            hooks.append({"type": fields[EVENT].decode(), "data": data})
    return Outgoing(order, message, silent, notices, hooks, (len(settings.notify_urls), len(settings.hook_urls)))


def _preview_order(
    head: Head,
    row: StreamEntry,
    redis: Redis,
    hubspot: HubSpot,
    settings: WorkerSettings,
    customers: CustomerStore,
    contact_id: str,
    now_ms: int,
) -> tuple[PreviewedOrder | None, Any]:
    """The order, and what makes the commands that tell of it."""
    config = settings.shared.config
    orders = config.orders
    if orders is None:
        return None, None
    key = customers.use_key()
    # The reference is the one that the reply shows.
    fields = {**row[1], LEAD: keys.digest(key, head.body).encode()}
    said = read_said(read(head.body), row[0], fields, config, key)
    store, records = OrderStore(redis, customers), Records(hubspot)
    work = OrderWork([said], store.load([head.customer_id])[head.customer_id])
    try:
        portal = OrderPortalCache(hubspot, orders).current()
        if said.payable == YES and config.payment and config.payment.check_prices and said.cart:
            codes = [item.code for item in said.cart.items]
            work.compare_prices(ProductPrices(records, Machine()).find(codes, orders.currency, portal.own_currency))
        facts = _look_up(work, store, orders, portal, now_ms, shows_references=config.shows_references)
        _plan(work, OrderReader(records, store, orders.kind), store, facts)
    except LineDown as down:
        return PreviewedOrder("waiting", down.why), None
    planned, [judged] = work.plan, work.said
    if planned is None or not planned.reference:
        return None, None
    shown = PreviewedOrder(
        "cancelled" if planned.cancels else planned.state,
        planned.why,
        planned.reference,
        judged.cart.total if judged.cart else "",
        orders.currency,
        _list_lines(judged),
        judged.unpayable,
    )

    def tell(events: Events, shard: int) -> list[Command]:
        ids = {"order_id": work.order_id, "contact_id": contact_id, "currency": orders.currency}
        return orders_settlement.tell(work.said, planned, events, shard=shard, **ids)

    return shown, tell


def _look_up(
    work: OrderWork, store: OrderStore, orders: Orders, portal: OrderPortal, now_ms: int, *, shows_references: bool
) -> Facts:
    newest = work.known.orders.newest
    references = [one.reference for one in work.said if one.kind is Kind.MAKES]
    states = store.read_states([*references, newest.reference] if newest else references)
    paid = {reference for reference, state in states.items() if state.paid}
    under_way = paid | {reference for reference, state in states.items() if state.is_being_paid(now_ms)}
    return Facts(orders, portal, now_ms, under_way, paid, shows_references, find_cancelled(states.values()))


def _plan(work: OrderWork, reader: OrderReader, store: OrderStore, facts: Facts) -> None:
    for _ in range(3):
        work.plan = plan(work.said, work.known.orders, work.seen, facts, "", store.customers.digest())
        has_order = bool(work.plan.needs_order) and reader.read_orders([work])
        has_lines = bool(work.plan.needs_lines) and reader.read_lines([work])
        if not has_order and not has_lines:
            return


def _list_lines(said: Said) -> list[str]:
    if said.cart is None:
        return []
    items = [f"{item.count} x {item.name or item.code} ({item.price or '?'})" for item in said.cart.items]
    return [*items, *said.cart.left_out]
