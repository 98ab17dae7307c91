"""A customer has several links, and never two that can be paid before a worker has made one order of their carts."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from leadcore.config import Payment
from leadcore.receipts import DISCARDED, HELD, PARKED, SKIPPED, WAITING, pack
from leadcore.store import keys
from leadcore.store.orders import CHECKING_MS, PATIENCE_MS, CartNote
from leadcore.store.streams import Stream
from receiver.pay.texts import TEXTS
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


def age(shop: Desk, by_ms: int) -> None:
    """Let the newest cart be older."""
    [name] = shop.redis.keys(keys.newest_cart("*"))
    version, rest = shop.redis.get(name).split(b" ", 1)
    shop.redis.set(name, b"%d %s" % (int(version) - by_ms, rest))


def set_receipt(shop: Desk, token: str, **fields: str) -> None:
    """What a worker notes of the lead whose link this is."""
    lead_id = shop.redis.hget(keys.order(reference(token)), "lead").decode()
    shop.redis.execute_command("HSET", keys.receipt(lead_id), *pack(**fields))


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
    age(shop, PATIENCE_MS)
    assert shop.open(first).status_code == 303
    assert shop.open(second).status_code == 503
    assert stripe.open_sessions() == [125000]


@pytest.mark.parametrize("lang", ["en", "th"])
def test_a_page_promises_nothing_once_nobody_has_looked_for_a_minute(shop: Desk, lang: str) -> None:
    """It says that nothing can be paid yet, and works as soon as the order is made."""
    first, second = say(shop), say(shop, BIGGER)
    age(shop, CHECKING_MS)
    answer = shop.open(second, lang)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert TEXTS[lang]["delayed"] in answer.text
    assert reference(second) in answer.text
    assert TEXTS[lang]["checking"] not in answer.text
    settle(shop, first)
    settle(shop, second, main=first)
    assert shop.open(second).status_code == 303


@pytest.mark.parametrize(
    "receipt",
    [
        {"state": PARKED, "reason": "refused: no"},
        {"state": HELD},
        {"state": SKIPPED},
        {"state": "created", "order": f"{PARKED}: row: no"},
    ],
)
def test_who_waits_for_a_person_is_told_so_at_once_and_can_pay_after_a_retry(
    shop: Desk, receipt: dict[str, str]
) -> None:
    say(shop)
    second = say(shop, BIGGER)
    set_receipt(shop, second, **receipt)
    answer = shop.open(second)
    assert (answer.status_code, TEXTS["en"]["delayed"] in answer.text) == (503, True)
    set_receipt(shop, second, state="created", order=f"{WAITING}: a retry")
    assert TEXTS["en"]["checking"] in shop.open(second).text
    settle(shop, second)
    assert shop.open(second).status_code == 303


@pytest.mark.parametrize("receipt", [{"state": DISCARDED}, {"state": "created", "order": f"{DISCARDED}: row: no"}])
@pytest.mark.parametrize("lang", ["en", "th"])
def test_nothing_is_paid_for_a_cart_that_a_person_gave_up(
    shop: Desk, stripe: Stripe, receipt: dict[str, str], lang: str
) -> None:
    """Its page is closed too if somebody has it open, and its customer's other order waits no longer."""
    first = say(shop)
    assert shop.open(first).status_code == 303
    second = say(shop, BIGGER)
    for token in (first, second):
        set_receipt(shop, token, **receipt)
        answer = shop.open(token, lang)
        assert (answer.status_code, "Retry-After" in answer.headers) == (410, False)
        assert TEXTS[lang]["dropped"] in answer.text
    assert stripe.open_sessions() == []
    settle(shop, first)
    assert shop.open(first).status_code == 303


def test_an_order_that_waits_for_a_parked_cart_says_so(shop: Desk) -> None:
    first = say(shop)
    settle(shop, first)
    set_receipt(shop, say(shop, BIGGER), state=PARKED)
    answer = shop.open(first)
    assert (answer.status_code, TEXTS["en"]["delayed"] in answer.text) == (503, True)
    age(shop, PATIENCE_MS)
    assert shop.open(first).status_code == 303


def test_a_first_cart_can_be_paid_whatever_becomes_of_its_lead(shop: Desk) -> None:
    """But for a cart that a person gave up; a worker may be late."""
    only = say(shop)
    age(shop, PATIENCE_MS)
    set_receipt(shop, only, state=PARKED)
    assert shop.open(only).status_code == 303


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
