"""What a link leads to at the click: decided by the order's present state, and by the provider."""

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from leadcore.config import Payment
from leadcore.orders.money import from_units
from leadcore.store.connection import Redis
from leadcore.store.orders import COMPARED, YES, OrderState, Session, find_wait, open_session, read_order
from receiver.pay.errors import StripeAway, StripeRefused
from receiver.pay.links import Link

if TYPE_CHECKING:
    from receiver.pay.stripe_checkout import RemoteSession, StripeCheckout

_TRIES = 4

Notice = Literal["paid", "done", "cancelled", "changed", "prices", "checking", "delayed", "dropped"]


class Due(Struct, frozen=True):
    """What is to be paid now. `changed`: not what the link says."""

    units: int
    currency: str
    changed: bool

    @property
    def amount(self) -> Decimal:
        return from_units(self.units, self.currency)


def find_due(link: Link, state: OrderState, payment: Payment) -> Due | Notice:
    """What is due of the order, or why nothing is."""
    if state.paid:
        return "paid"
    if state.cancelled or state.called_off:
        return "cancelled"
    if state.payable in ("pay_prices", "pay_prices_differ"):
        return "prices"
    if state.payable not in ("", YES, COMPARED):
        return "changed"
    if payment.check_prices and state.payable != COMPARED:
        # Of an order that is known nobody compares them any more, until its customer says a cart again.
        return "checking" if state.customer is None else "prices"
    due = Due(link.units if state.units is None else state.units, link.currency, state.units not in (None, link.units))
    low, high = Decimal(str(payment.min)), Decimal(str(payment.max))
    if state.currency not in ("", link.currency) or link.currency != payment.currency or not low <= due.amount <= high:
        return "changed"
    return due


def find_due_now(redis: Redis, link: Link, payment: Payment, now_ms: int) -> tuple[Due | Notice, OrderState]:
    """What is due of the order, unless a worker has to look first. Raises redis-py's errors."""
    state = read_order(redis, link.reference)
    due = find_due(link, state, payment)
    if not isinstance(due, Due) and due != "checking":
        return due, state
    said_ms = (link.expires - payment.expires_hours * 3600) * 1000
    wait = find_wait(redis, link.reference, now_ms, said_ms, compares=due == "checking")
    return wait or due, state


def open_checkout(
    redis: Redis, stripe: "StripeCheckout", link: Link, payment: Payment, now_ms: int = 0
) -> str | Notice:
    """The URL of the one open session of the order, or why there is none. An order never has two that can be paid: one
    for another amount is expired first, and a new one counts only if the order is still at the revision by which it was
    decided. Raises `StripeAway`, `StripeRefused` and redis-py's errors."""
    for _ in range(_TRIES):
        due, state = find_due_now(redis, link, payment, now_ms)
        if not isinstance(due, Due):
            if state.session is not None and due not in ("checking", "delayed"):
                # Somebody may have it open in another tab.
                with suppress(StripeAway, StripeRefused):
                    stripe.expire(state.session.id)
            return due
        number = 1
        if state.session is not None:
            held = _expire_unless(stripe, stripe.retrieve(state.session.id), state.session.units == due.units)
            if held.status == "complete":
                return _name_complete(held)
            if held.status == "open":
                return held.url
            number = state.session.number + 1
        made, number = _create(stripe, link, due.units, number)
        if made.status == "complete":
            return _name_complete(made)
        if open_session(redis, state.reference, state.revision, Session(number, due.units, made.id)):
            return made.url
        # The order has changed meanwhile, or another click was faster; with the same key it has the same session.
        now = read_order(redis, state.reference).session
        if now is None or now.id != made.id:
            stripe.expire(made.id)
    raise StripeAway("the order keeps changing", 2)


def _expire_unless(stripe: "StripeCheckout", held: "RemoteSession", still_right: bool) -> "RemoteSession":
    return held if still_right or held.status != "open" else stripe.expire(held.id)


def _create(stripe: "StripeCheckout", link: Link, units: int, number: int) -> "tuple[RemoteSession, int]":
    """A session that is not expired, and its number. Where Redis forgot one, Stripe repeats what it once answered."""
    made = stripe.create(link, units, number)
    while made.replayed:
        made = stripe.retrieve(made.id)
        if made.status != "expired":
            return made, number
        number += 1
        made = stripe.create(link, units, number)
    return made, number


def _name_complete(session: "RemoteSession") -> Notice:
    return "paid" if session.paid else "done"
