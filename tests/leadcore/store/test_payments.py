from typing import Any

from msgspec.structs import asdict

from leadcore.fields import BODY
from leadcore.store import keys
from leadcore.store.payments import PaymentNews, Payments, read_news, say_paid

SHARDS = 4
PAID = PaymentNews("K73FX219", 125050, "THB", "stripe evt_1", "paid", "pi_1", 1_800_000_000_000)


def entries(client: Any) -> list[PaymentNews]:
    rows = [row for shard in range(SHARDS) for row in client.xrange(keys.entries(keys.PAYMENTS, shard))]
    return [read_news(fields[BODY]) for _, fields in rows]


def test_news_of_a_payment_wait_in_the_line(client: Any) -> None:
    assert Payments(client, SHARDS).record(**asdict(PAID))
    assert entries(client) == [PAID]


def test_the_same_news_are_recorded_once(client: Any) -> None:
    payments = Payments(client, SHARDS)
    assert [payments.record(**asdict(PAID)), payments.record(**asdict(PAID))] == [True, False]
    assert entries(client) == [PAID]


def test_the_news_of_an_order_are_in_one_shard_in_the_order_in_which_they_came(client: Any) -> None:
    payments = Payments(client, SHARDS)
    news = [PaymentNews("K73FX219", 1, "THB", f"e-{number}") for number in range(5)]
    for one in news:
        payments.record(**asdict(one))
    assert entries(client) == news


def test_a_person_may_say_the_same_sum_in_another_currency(client: Any) -> None:
    """The shop has changed its currency since; a worker parks what is not that of the order."""
    for currency in ("THB", "USD"):
        said = [say_paid(client, SHARDS, "K73FX219", "ann", units=125050, currency=currency) for _ in range(2)]
        assert said == ["recorded", "repeated"]
    assert [one.currency for one in entries(client)] == ["THB", "USD"]
