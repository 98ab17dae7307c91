"""What the overview says of today's leads."""

from decimal import Decimal

import pytest

from leadcore.receipts import Receipt
from leadcore.store import keys
from leadcore.store.orders import OrderState
from receiver.console.today import add_up, sum_up
from tests.receiver.console.conftest import ConsoleUser

DAY = 1_772_000_000_000


def lead(seconds: float, **more: object) -> Receipt:
    said = {"state": "created", "received_ms": DAY, "written_ms": DAY + int(seconds * 1000), "intent": "Ask", **more}
    return Receipt("lead", **said)  # type: ignore[arg-type]  # of a test


def test_the_median_is_of_todays_written_leads_that_nobody_retried() -> None:
    leads = [
        lead(1),
        lead(2),
        lead(9),
        lead(50, retried_ms=DAY),
        lead(70, state="parked"),
        lead(0, received_ms=DAY - 1),
    ]
    assert sum_up(leads, DAY, is_all=False).speed_ms == 2000
    assert sum_up([], DAY, is_all=True).speed_ms is None


@pytest.mark.parametrize(("older", "is_all"), [(True, True), (False, False)])
def test_it_says_whether_all_of_today_was_read(older: bool, is_all: bool) -> None:
    leads = [lead(1), *([lead(1, received_ms=DAY - 1)] if older else [])]
    assert sum_up(leads, DAY, is_all=False).is_all == is_all


def test_an_order_counts_once_and_not_when_it_is_cancelled_or_has_no_total() -> None:
    today = sum_up([lead(1, order_ref="A"), lead(1, order_ref="A"), lead(1, order_ref="B")], DAY, is_all=True)
    assert today.references == ["A", "B"]
    orders = [OrderState(59_000, "THB"), OrderState(100, "THB", cancelled=True), OrderState(), OrderState(500, "JPY")]
    assert add_up(orders) == {"THB": Decimal(590), "JPY": Decimal(500)}


def test_the_overview_counts_todays_intents_and_says_what_is_not_known(user: ConsoleUser) -> None:
    now = int(user.redis.time()[0]) * 1000
    user.add_lead("lead-1", now, intent="Ask & buy", state="created", written_ms=now + 1500)
    page = user.read()
    for shown in ("1.5 s", "Ask &amp; buy", "leads?intent=Ask+%26+buy&amp;from=", "not known without [orders]"):
        assert shown in page, shown
    assert "เวลาจนถึง HubSpot" in user.read(**{"Accept-Language": "th"})


def test_orders_that_became_one_count_once(user: ConsoleUser) -> None:
    now = int(user.redis.time()[0]) * 1000
    for number, reference in enumerate(("A", "B", "C")):
        user.add_lead(f"lead-{number}", now, intent="Purchase", state="created", order_ref=reference)
    user.redis.hset(keys.order("A"), mapping={"main": "B"})
    user.redis.hset(keys.order("B"), mapping={"amount": 59_000, "currency": "THB"})
    assert "590.00 THB" in user.read()
