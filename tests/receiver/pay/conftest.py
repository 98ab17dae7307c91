"""Stripe's stand-in, served; and receivers with payment links, as processes, one for each provider."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests

from leadcore.config import Payment
from leadcore.machine import Machine
from leadcore.settings import PaymentSettings
from leadcore.store import keys
from receiver.pay.links import Link, PayLinks
from receiver.pay.stripe_checkout import StripeCheckout
from sandbox.http_server import running
from sandbox.stripe import API_KEY, WEBHOOK_SECRET, Account, create_app
from tests.conftest import PATIENT, Line, open_line

KEY = "a key of thirty-two characters.."
TOKEN = "messages-token-7f3a91"
PUBLIC = "https://shop.example.com"
PAYEE = "0812345678"
REPLY = """
[intents."Purchase"]
reply = ["Thank you! {{ order_ref }}{% if pay_url %}\\nPay: {{ pay_url }}{% endif %}"]
"""


@dataclass
class Stripe:
    """The stand-in, and a client for it as the receiver has one."""

    account: Account
    url: str
    checkout: StripeCheckout

    def fault(self, kind: str, **more: Any) -> None:
        requests.post(f"{self.url}/_sandbox/faults", json={"kind": kind, **more}, timeout=5).raise_for_status()

    def mend(self) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", timeout=5).raise_for_status()

    def open_sessions(self) -> list[int]:
        """What the sessions ask for that can be paid."""
        return [one["amount_total"] for one in self.account.sessions.values() if one["status"] == "open"]


@pytest.fixture(scope="session")
def running_stripe() -> Iterator[Stripe]:
    account = Account()
    with running(create_app(account)) as served:
        yield Stripe(account, served.url, StripeCheckout(_settings(served.url)))


@pytest.fixture
def stripe(running_stripe: Stripe) -> Stripe:
    """The stand-in, empty."""
    running_stripe.mend()
    account = running_stripe.account
    with account.lock:
        account.__init__()  # type: ignore[misc]  # as new
    return running_stripe


def _settings(url: str) -> PaymentSettings:
    return PaymentSettings(PUBLIC, "", API_KEY, WEBHOOK_SECRET, url)


@dataclass
class Desk:
    """A receiver with payment links."""

    line: Line
    payment: Payment

    @property
    def redis(self) -> Any:
        return self.line.redis

    def link(self, units: int = 125050, reference: str = "K73FX219", **more: Any) -> str:
        """The token of a link."""
        made = PayLinks(KEY.encode(), PUBLIC, self.payment, Machine().time)
        expires = int(Machine().time()) + 3600
        return made.sign(Link(reference, units, "THB", expires)._replace(**more))

    def open(self, token: str, lang: str = "en", method: str = "GET", **headers: str) -> requests.Response:
        url = f"{self.line.url}/pay/{token}"
        query = {"lang": lang} if lang else {}
        return requests.request(method, url, params=query, headers=headers, timeout=10, allow_redirects=False)

    def set_order(self, reference: str = "K73FX219", **fields: str) -> None:
        self.redis.hset(keys.order(reference), mapping=fields)


@pytest.fixture(scope="session")
def start_desk(
    tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None
) -> Iterator[Callable[..., Desk]]:
    """Starts the receiver with this table [payment]."""
    started = []

    def start(payment: Payment, environ: Mapping[str, str], tables: str = "") -> Desk:
        folder = tmp_path_factory.mktemp("desk")
        config = folder / "leadsync.toml"
        fields = {name: getattr(payment, name) for name in ("provider", "link", "payee", "min", "max", "check_prices")}
        table = "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())
        config.write_text(f"{REPLY}\n{tables}\n[payment]\n{table}", encoding="utf-8")
        own = {
            "LEADSYNC_CONFIG": str(config),
            "LEADSYNC_KEY": KEY,
            "PUBLIC_URL": PUBLIC + "/",
            "MESSAGES_TOKEN": TOKEN,
            "WEB_CONCURRENCY": "1",
            "TRUSTED_PROXIES": "1",
        }
        opened = open_line(folder, next(databases), **own, **environ)
        line = opened.__enter__()
        started.append(opened)
        line.start("web", **PATIENT)
        line.await_web()
        return Desk(line, payment)

    yield start
    for opened in started:
        opened.__exit__(None, None, None)


@pytest.fixture(scope="session")
def running_promptpay(start_desk: Callable[..., Desk]) -> Desk:
    return start_desk(Payment(payee="ร้านของแอน"), {"PROMPTPAY_ID": "081-234 5678"})


@pytest.fixture(scope="session")
def running_checking(start_desk: Callable[..., Desk]) -> Desk:
    return start_desk(Payment(payee="ร้านของแอน", check_prices=True), {"PROMPTPAY_ID": "081-234 5678"}, "[orders]")


@pytest.fixture(scope="session")
def running_link(start_desk: Callable[..., Desk]) -> Desk:
    link = "https://pay.example.com/o/{reference}?amount={amount}&currency={currency}&signature={signature}"
    return start_desk(Payment("link", link), {})


@pytest.fixture(scope="session")
def running_desk(start_desk: Callable[..., Desk], running_stripe: Stripe) -> Desk:
    environ = {
        "STRIPE_API_KEY": API_KEY,
        # As it is when it was pasted with the line's end.
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET + "\n",
        "STRIPE_BASE_URL": running_stripe.url,
    }
    return start_desk(Payment("stripe"), environ)


def _empty(desk: Desk) -> Desk:
    desk.redis.flushdb()
    return replace(desk)


@pytest.fixture
def promptpay(running_promptpay: Desk) -> Desk:
    return _empty(running_promptpay)


@pytest.fixture
def checking(running_checking: Desk) -> Desk:
    """A shop that compares prices."""
    return _empty(running_checking)


@pytest.fixture
def shop_page(running_link: Desk) -> Desk:
    return _empty(running_link)


@pytest.fixture
def desk(running_desk: Desk, stripe: Stripe) -> Desk:
    """The receiver whose provider is Stripe's stand-in."""
    return _empty(running_desk)
