"""A customer has several links, and never two that can be paid before a worker has made one order of their carts."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from leadcore.config import Payment
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.orders import PATIENCE_MS, CartNote
from leadcore.store.streams import Stream
from sandbox.stripe import API_KEY, WEBHOOK_SECRET
from tests.conftest import lead
from tests.receiver.pay.conftest import Desk, Stripe, _empty

CART = {
    "products": [{"name": "Dog food", "price": 600, "count": 2, "total": 1200, "available": True}],
    "shippingFee": "50",
    "grandTotal": "1250",
}
BIGGER = {
    "products": [{"name": "Dog food", "price": 600, "count": 4, "total": 2400, "available": True}],
    "shippingFee": "50",
    "grandTotal": "2450",
}


@pytest.fixture(scope="session")
def running_shop(start_desk: Callable[..., Desk], running_stripe: Stripe) -> Desk:
    environ = {
        "STRIPE_API_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_BASE_URL": running_stripe.url,
    }
    return start_desk(Payment("stripe"), environ, "[orders]")


@pytest.fixture
def shop(running_shop: Desk, stripe: Stripe) -> Desk:
    """A receiver whose carts become orders; no worker runs."""
    return _empty(running_shop)


def say(shop: Desk, cart: dict[str, Any] = CART, **more: Any) -> str:
    """The token of the link in the reply."""
    [text] = shop.line.post(lead("c", "Purchase", shopping_cart=cart, **more)).json()
    return str(text.rpartition("/pay/")[2])


def reference(token: str) -> str:
    return token.partition("-")[0]


def settle(shop: Desk, token: str, main: str = "", **fields: str) -> None:
    """What a worker notes once it has made the order, or found that it is that of `main`."""
    if main:
        shop.set_order(reference(token), main=reference(main))
    else:
        shop.set_order(reference(token), customer='"c"', currency="THB", amount="125000", **fields)


def test_the_same_cart_said_twice_opens_one_session_before_any_worker_has_seen_it(shop: Desk, stripe: Stripe) -> None:
    first, second = say(shop), say(shop)
    assert reference(first) != reference(second)
    assert [shop.open(second).status_code, shop.open(first).status_code] == [503, 503]
    assert stripe.open_sessions() == []
    settle(shop, first)
    settle(shop, second, main=first)
    assert [shop.open(second).status_code, shop.open(first).status_code] == [303, 303]
    assert stripe.open_sessions() == [125000]


def test_a_link_that_was_opened_keeps_the_one_of_the_next_cart_closed(shop: Desk, stripe: Stripe) -> None:
    first = say(shop)
    assert shop.open(first).status_code == 303
    second = say(shop, BIGGER)
    answer = shop.open(second)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert stripe.open_sessions() == [125000]
    assert shop.open(first).status_code == 503
    assert stripe.open_sessions() == [125000], "whoever is paying goes on"


def test_an_order_asks_for_nothing_while_its_next_cart_is_on_its_way(shop: Desk, stripe: Stripe) -> None:
    first = say(shop)
    settle(shop, first)
    second = say(shop, BIGGER)
    assert shop.open(first).status_code == 503
    settle(shop, second, main=first)
    shop.set_order(reference(first), amount="245000")
    assert shop.open(first).status_code == 303
    assert stripe.open_sessions() == [245000]


def test_an_order_does_not_wait_for_ever_for_a_cart_that_nobody_makes_an_order_of(shop: Desk, stripe: Stripe) -> None:
    first = say(shop)
    settle(shop, first)
    second = say(shop, BIGGER)
    [name] = shop.redis.keys(keys.newest_cart("*"))
    version, rest = shop.redis.get(name).split(b" ", 1)
    shop.redis.set(name, b"%d %s" % (int(version) - PATIENCE_MS, rest))
    assert shop.open(first).status_code == 303
    assert shop.open(second).status_code == 503
    assert stripe.open_sessions() == [125000]


def test_the_put_notes_reference_amount_and_version_of_the_newest_cart(shop: Desk) -> None:
    first, second = say(shop), say(shop, BIGGER)
    [name] = shop.redis.keys(keys.newest_cart("*"))
    assert re.fullmatch(rf"\d{{13}} {reference(second)} 245000 {reference(first)}", shop.redis.get(name).decode())
    assert shop.redis.ttl(name) > 0
    assert b'"c"' not in b"".join(shop.redis.keys("*"))


def test_what_cannot_be_paid_by_a_link_is_the_newest_cart_all_the_same(shop: Desk) -> None:
    say(shop)
    say(shop, CART, payment_method="cash_on_delivery")
    [name] = shop.redis.keys(keys.newest_cart("*"))
    assert shop.redis.get(name).split()[2] == b"0"


def test_an_event_without_a_cart_notes_nothing(shop: Desk) -> None:
    say(shop, {"products": []})
    assert not shop.redis.keys(keys.newest_cart("*"))


def test_an_older_spooled_cart_never_supersedes(shop: Desk) -> None:
    newest = say(shop)
    [name] = shop.redis.keys(keys.newest_cart("*"))
    before = shop.redis.get(name)
    note = CartNote("0LD3RREF", 245000, name.decode().rpartition(":")[2])
    version_ms = int(before.split()[0]) - 5000
    put = Stream(shop.redis).put(0, "older", b"{}", pack(customer_id="c"), key=b"", version_ms=version_ms, cart=note)
    assert put.outcome in ("put", "rang")
    assert shop.redis.get(name) == before
    assert shop.open(shop.link(245000, "0LD3RREF")).status_code == 503
    assert shop.open(newest).status_code == 303


def test_carts_of_other_customers_do_not_count(shop: Desk, stripe: Stripe) -> None:
    tokens = []
    for customer in ("c", "d"):
        [text] = shop.line.post(lead(customer, "Purchase", shopping_cart=CART)).json()
        tokens.append(text.rpartition("/pay/")[2])
    assert [shop.open(token).status_code for token in tokens] == [303, 303]
