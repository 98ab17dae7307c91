"""What a put notes of an event's cart, so that a customer's payment links know of each other before any worker does."""

from collections.abc import Callable

from leadcore.config import Config
from leadcore.event import Head
from leadcore.orders.money import to_units
from leadcore.orders.reference import order_ref
from leadcore.payable import find_payable
from leadcore.store import keys
from leadcore.store.orders import CartNote
from receiver.intake.posted import read_posted


def make_carts(config: Config, key: bytes) -> Callable[[Head, str], CartNote | None] | None:
    """What finds the note of an event (its head, and its lead's id), which is None if it makes no order. None where
    carts become no orders or links lead nowhere. `key`: that of LEADSYNC_KEY."""
    orders, payment = config.orders, config.payment
    if orders is None or payment is None:
        return None

    def find(head: Head, lead: str) -> CartNote | None:
        if not orders.makes(head.intent):
            return None
        try:
            said = read_posted(head.body)
            total, _ = find_payable(said, payment, orders)
        except Exception:  # a worker parks what cannot be read; the lead is stored all the same
            return None
        if not said.products:
            return None
        units = 0 if total is None else to_units(total, payment.currency)
        return CartNote(order_ref(key, head.customer_id, lead), units, keys.digest(key, head.customer_id))

    return find
