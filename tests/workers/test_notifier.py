"""Alerts over a real Redis and real HTTP."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis as client
import requests
import urllib3

from leadcore.machine import Machine
from leadcore.reasons import reason
from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.posts import local_date
from leadcore.store.streams import Stream, pack_fields
from tests.conftest import ROOT, SECRET_PATH, Channel, own_port
from tests.libraries import exceptions_of, make
from workers.notifier import Notifier, post
from workers.rules import alerts
from workers.settings import read_worker

ZONE = ZoneInfo("Asia/Bangkok")


@pytest.fixture(scope="module")
def database(databases: Iterator[str]) -> Iterator[Any]:
    with closing(client.Redis.from_url(next(databases))) as made:
        yield made


@pytest.fixture
def redis(database: Any) -> Any:
    database.flushdb()
    return database


def pause(redis: Any, code: str = "unauthorized", ago_ms: int = 0) -> None:
    now = redis.time()[0] * 1000
    mapping = {
        "code": code,
        "reason": "HubSpot refuses the access token.",
        "since": now - ago_ms,
        "until": now + 60_000,
    }
    redis.hset(keys.PAUSE, mapping=mapping)


def lose_lock(redis: Any) -> None:
    """The worker that held the lock is gone, and its lock with it."""
    redis.delete(keys.ALERTS_LOCK)


def test_many_workers_report_a_pause_once_even_after_a_restart(redis: Any, channel: Channel) -> None:
    pause(redis)
    for _ in range(2):
        notifiers = [Notifier(redis, channel.url, 4, ZONE, Machine()) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            for _ in range(3):
                list(pool.map(Notifier.check, notifiers))
                lose_lock(redis)
    [(path, body)] = channel.taken
    assert path == SECRET_PATH
    assert list(body) == ["text"]
    assert "access token" in body["text"]


def test_only_the_worker_with_the_lock_sends(redis: Any, channel: Channel) -> None:
    first, second = (Notifier(redis, channel.url, 4, ZONE, Machine()) for _ in range(2))
    first.check()
    pause(redis)
    second.check()
    assert channel.taken == []
    first.check()
    assert len(channel.taken) == 1


def test_a_worker_that_lost_the_lock_during_its_check_sends_nothing(
    redis: Any, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause(redis)
    slow, quick = (Notifier(redis, channel.url, 4, ZONE, Machine()) for _ in range(2))
    save, frozen = slow._save, iter([True])

    def freeze(*given: Any) -> Any:
        if next(frozen, False):
            lose_lock(redis)
            quick.check()
        return save(*given)

    monkeypatch.setattr(slow, "_save", freeze)
    slow.check()
    assert len(channel.taken) == 1


def test_an_address_that_fails_is_tried_again(redis: Any, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "FIRST_WAIT_MS", 0)
    pause(redis)
    channel.status = 500
    Notifier(redis, channel.url, 4, ZONE, Machine()).check()
    lose_lock(redis)
    assert len(channel.taken) == alerts.TRIES, "once it was given up nothing is left"
    channel.status, channel.taken = 500, []
    redis.delete(keys.ALERTS)
    monkeypatch.setattr(alerts, "FIRST_WAIT_MS", 60_000)
    notifier = Notifier(redis, channel.url, 4, ZONE, Machine())
    notifier.check()
    channel.status = 200
    notifier.check()
    assert len(channel.taken) == 1, "not before its time"


def test_fifty_parked_leads_make_one_text_with_the_newest_reason(
    redis: Any, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "COLLECT_MS", 0)
    inbox = Stream(redis)
    for number in range(50):
        name = f"lead-{number}"
        inbox.park(
            name, pack_fields({b"b": b"{}"}), pack(state="parked", reason="unusable: mid is missing or unusable")
        )
    notifier = Notifier(redis, channel.url, 4, ZONE, Machine())
    for _ in range(3):
        notifier.check()
    [text] = channel.texts()
    assert text.startswith("leadsync: 50 leads were parked: mid is missing or unusable.")


def test_what_follows_from_leads_and_is_parked_is_reported_with_why(
    redis: Any, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "COLLECT_MS", 0)
    parked = {
        (keys.PARKED_ORDERS, "parked_orders:no_contact"): {"order": f"no_contact: {reason('order_without_contact')}"},
        (keys.PARKED_PAYMENTS, "parked_payments:paid_twice"): {"order": f"paid_twice: {reason('payment_twice')}"},
        (keys.PARKED_NOTES, "parked_notes:no_contact"): {"note": f"no_contact: {reason('note_without_contact')}"},
    }
    for lead, ((index, figure), said) in enumerate(parked.items()):
        redis.zadd(index, {f"lead-{lead}": redis.time()[0] * 1000})
        redis.hincrby(keys.FIGURES, figure, 1)
        flat = pack(**{name: f"parked: {why}" for name, why in said.items()})
        redis.hset(keys.receipt(f"lead-{lead}"), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))
    notifier = Notifier(redis, channel.url, 4, ZONE, Machine())
    for _ in range(4):
        notifier.check()
    assert sorted(text.partition(". ")[0] for text in channel.texts()) == [
        "leadsync: A note was parked: the contact of the note is not in HubSpot",
        "leadsync: A payment was parked: the order was paid before",
        "leadsync: An order was parked: the order's contact is not in HubSpot",
    ]


def test_alerts_are_sent_while_redis_is_full(redis: Any, channel: Channel) -> None:
    pause(redis)
    redis.config_set("maxmemory", 1)
    try:
        Notifier(redis, channel.url, 4, ZONE, Machine()).check()
    finally:
        redis.config_set("maxmemory", 0)
    assert len(channel.taken) == 1


@pytest.mark.parametrize("status", [200, 204])
def test_any_success_is_one(channel: Channel, status: int) -> None:
    channel.status = status
    assert post(channel.url, "well")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(channel: Channel, status: int) -> None:
    channel.status, channel.headers = status, {"Location": f"http://127.0.0.1:{channel.port}/elsewhere"}
    assert not post(channel.url, "text")
    assert [path for path, _ in channel.taken] == [SECRET_PATH]


ODD = b"HTTP/1.1 200 OK\r\n: odd\r\nno colon here\r\n\r\n"
POST = "import sys; from leadcore.logs import configure; from workers.notifier import post; configure('DEBUG');"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n", b"what?\r\n\r\n", ODD])
@pytest.mark.processes
def test_the_address_appears_in_no_log(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        addresses = [f"127.0.0.1:{listener.getsockname()[1]}", f"127.0.0.1:{own_port()}", "["]
        urls = [f"http://{address}{SECRET_PATH}" for address in addresses]
        command = [sys.executable, "-c", POST + "[post(url, 'text') for url in sys.argv[1:]]", *urls]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    assert done.stderr.count("alert.failed") == (2 if answer == ODD else 3)
    assert "secret-of-the-channel" not in done.stdout + done.stderr


def test_the_address_is_shown_nowhere() -> None:
    settings = read_worker({"HUBSPOT_ACCESS_TOKEN": "t", "ALERT_WEBHOOK_URL": f"https://hooks.test{SECRET_PATH}"})
    assert settings.alert_url
    assert "secret-of" not in repr(settings)


def test_unsent_messages_and_refused_posts_are_reported_with_why(redis: Any, channel: Channel) -> None:
    """The counts are those that the console and the commands show."""
    now = redis.time()[0] * 1000
    flat = pack(state="created", contact_id="501", message="failed: DealDroid answered 502")
    redis.hset(keys.receipt("lead-1"), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))
    redis.zadd(keys.UNSENT, {"lead-1": now})
    redis.hset(keys.COUNTS, "message_failed", 7)
    redis.hset(keys.REFUSED, local_date(now, ZONE).isoformat(), 15)
    notifier = Notifier(redis, channel.url, 4, ZONE, Machine())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alerts, "COLLECT_MS", 0)
        notifier.check()
        notifier.check()
    assert sorted(text.partition(". ")[0] for text in channel.texts()) == [
        "leadsync: 15 posts refused today: the secret of an intent is not the one set here",
        "leadsync: A message was not sent: DealDroid answered 502",
    ]


@pytest.mark.parametrize(
    "kind",
    [*exceptions_of(requests.exceptions), *exceptions_of(urllib3.exceptions), OSError],
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_each_error_of_the_libraries_means_that_the_text_was_not_sent(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise make(kind)

    monkeypatch.setattr(requests.Session, "post", fail)
    assert post("https://alerts.example.com/", "text") is False
