"""`leadsync paid`: a person says what nobody else says."""

import json
from collections.abc import Callable

import pytest

from leadcore.fields import BODY, LEAD
from leadcore.reasons import reason
from leadcore.store import keys
from leadcore.store.payments import PaymentNews, read_news
from tests.conftest import SHARDS, Line
from tests.leadsync.conftest import call
from workers.rules.orders.payment import park

REF = "K73FX219"


@pytest.fixture
def idle(spare_line: Callable[..., Line]) -> Line:
    return spare_line()


def recorded(line: Line) -> list[PaymentNews]:
    stream = keys.entries(keys.PAYMENTS, keys.shard_of(REF, SHARDS))
    return [read_news(fields[BODY]) for _, fields in line.redis.xrange(stream)]


def test_paid_takes_the_amount_from_the_order_and_says_it_once(idle: Line) -> None:
    idle.redis.hset(keys.order(REF), mapping={"amount": "125050", "currency": "THB"})
    idle.redis.hset(keys.order("P2Q9GDKE"), mapping={"main": REF})
    done = call(idle, "paid", "k73f-x2l9")
    assert (done.exit_code, "1,250.50 THB" in done.stdout) == (0, True)
    [news] = recorded(idle)
    assert (news.reference, news.amount, news.currency, news.kind) == (REF, 125050, "THB", "paid")
    again = call(idle, "paid", REF, "--json")
    assert json.loads(again.stdout) == {"reference": REF, "outcome": "repeated"}
    assert len(recorded(idle)) == 1


def test_paid_says_that_nothing_follows_where_carts_become_no_orders(idle: Line) -> None:
    done = call(idle, "paid", REF, "--amount", "1250")
    assert (done.exit_code, "no table [orders]" in done.stdout) == (0, True)


def test_paid_needs_the_amount_where_nothing_is_known_of_the_order(idle: Line) -> None:
    done = call(idle, "paid", REF)
    assert (done.exit_code, "--amount" in done.output) == (1, True)
    assert recorded(idle) == []
    done = call(idle, "paid", REF, "--amount", "1,250.50", "--json")
    assert json.loads(done.stdout) == {
        "reference": REF,
        "outcome": "recorded",
        "amount": "1,250.50",
        "currency": recorded(idle)[0].currency,
    }
    assert [news.amount for news in recorded(idle)] == [125050]


@pytest.mark.parametrize(("field", "code"), [("paid", 0), ("cancelled", 1)])
def test_paid_says_that_an_order_is_paid_or_cancelled_already(idle: Line, field: str, code: int) -> None:
    idle.redis.hset(keys.order(REF), mapping={"amount": "125050", "currency": "THB", field: "1"})
    done = call(idle, "paid", REF)
    assert (done.exit_code, field in done.output) == (code, True)
    assert recorded(idle) == []


def test_paid_says_that_a_payment_waits_whose_order_was_cancelled_in_hubspot(idle: Line) -> None:
    idle.redis.hset(keys.order(REF), mapping={"amount": "125050", "currency": "THB", "called_off": "1"})
    done = call(idle, "paid", REF)
    assert (done.exit_code, "cancelled in HubSpot" in done.output, "leadsync parked" in done.output) == (0, True, True)
    assert "told within seconds" not in done.output
    assert [news.amount for news in recorded(idle)] == [125050]


@pytest.mark.parametrize(
    ("amount", "paid", "told", "parked"),
    [("125050", "1250.50", True, False), ("125050", "1250", False, True), ("", "1250", True, True)],
)
def test_paid_promises_nothing_at_once_unless_the_amount_is_the_orders(
    idle: Line, amount: str, paid: str, told: bool, parked: bool
) -> None:
    (idle.folder / "leadsync.toml").write_text("[orders]")
    if amount:
        idle.redis.hset(keys.order(REF), mapping={"amount": amount, "currency": "THB"})
    more = {"LEADSYNC_CONFIG": str(idle.folder / "leadsync.toml"), "LEADSYNC_KEY": "key-of-the-test"}
    done = call(idle, "paid", REF, "--amount", paid, **more)
    assert done.exit_code == 0
    assert ("told within seconds" in done.stdout, "leadsync parked" in done.stdout) == (told, parked)


@pytest.mark.parametrize(
    "words",
    [
        ("K7",),
        (REF, "--amount", "soon"),
        (REF, "--amount", "0"),
        (REF, "--amount", ""),
        (REF, "--amount", "-1"),
        (REF, "--amount", "9" * 24),
        (REF, "--amount", "1.005"),
        (REF, "--amount", "\udce0"),
        ("\udce0" * 8,),
    ],
)
def test_paid_refuses_what_is_no_reference_and_no_sum(idle: Line, words: tuple[str, ...]) -> None:
    assert call(idle, "paid", *words).exit_code == 2
    assert recorded(idle) == []


def test_paid_says_the_same_sum_in_another_currency(idle: Line) -> None:
    idle.redis.hset(keys.order(REF), mapping={"amount": "125050", "currency": "THB"})
    assert call(idle, "paid", REF).exit_code == 0
    idle.redis.hset(keys.order(REF), "currency", "JPY")
    assert call(idle, "paid", REF).exit_code == 0
    assert [(news.amount, news.currency) for news in recorded(idle)] == [(125050, "THB"), (125050, "JPY")]


def test_paid_can_be_said_again_of_what_was_discarded(idle: Line) -> None:
    assert call(idle, "paid", REF, "--amount", "1250").exit_code == 0
    [(_, fields)] = idle.redis.xrange(keys.entries(keys.PAYMENTS, keys.shard_of(REF, SHARDS)))
    news_id = fields[LEAD].decode()
    for command in park(news_id, fields, "no_order", reason("payment_unknown"), 1):
        idle.redis.execute_command(*command)
    assert call(idle, "discard", news_id, "--yes").exit_code == 0
    assert json.loads(call(idle, "paid", REF, "--amount", "1250", "--json").stdout)["outcome"] == "recorded"
    assert len(recorded(idle)) == 2
