"""Hooks reach each address in each customer's order, with the same id at each attempt."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import pytest
from standardwebhooks import Webhook

from leadcore.config import Config
from leadcore.config import Hooks as HooksConfig
from leadcore.endpoint import KEEP_MS, OPEN, PAUSED, STOPPED
from leadcore.fields import ENDPOINT
from leadcore.machine import Machine
from leadcore.store import endpoints, keys
from leadsync.privacy.customer_data import CustomerData
from leadsync.privacy.forget import Forgetting
from receiver.intake.spool import Spool
from tests.conftest import SHARDS, eventually, same_shard
from tests.workers.hooks.conftest import HOOK_SECRET, Hooks, Receiver
from tests.workers.hooks.test_signatures import standard_headers
from workers.hooks import client, delivery
from workers.rules import endpoint


def test_a_customer_is_the_same_as_a_number_and_as_a_text(hooks: Hooks, receiver: Receiver) -> None:
    """DealDroid says one, a system of the shop's perhaps the other: the later event waits for the earlier one."""
    receiver.answer = lambda body: ("500 Internal Server Error" if body["data"]["lead"] == "lead-1" else "200 OK", {})
    hooks.put("lead-1", customer=42)
    hooks.put("lead-2", customer="42")
    hooks.put("lead-3", customer="43")
    hooks.serve(receiver)
    eventually(lambda: receiver.leads().count("lead-1") > 1 and "lead-3" in receiver.leads())
    assert "lead-2" not in receiver.leads()
    receiver.recover()
    eventually(lambda: "lead-2" in receiver.leads())


def test_each_customer_keeps_their_order_while_several_are_in_flight(hooks: Hooks, receiver: Receiver) -> None:
    receiver.seconds = 0.02
    customers = [f"customer-{number}" for number in range(30)]
    for step in range(10):
        for customer in customers:
            hooks.put(f"{customer}/{step}", customer)
    hooks.serve(receiver)
    eventually(lambda: len(receiver.taken) >= 300)
    assert sorted(receiver.leads()) == sorted(set(receiver.leads()))
    for customer in customers:
        own = [lead for lead in receiver.leads() if lead.startswith(f"{customer}/")]
        assert own == [f"{customer}/{step}" for step in range(10)]
    assert receiver.most_busy > 4
    eventually(lambda: not hooks.waiting())


def test_connections_are_kept_alive(hooks: Hooks, receiver: Receiver) -> None:
    for number in range(60):
        hooks.put(f"lead-{number}", f"customer-{number}")
    hooks.serve(receiver)
    eventually(lambda: len(receiver.taken) >= 60)
    assert len({headers["REQUEST_METHOD"] for headers, _ in receiver.taken}) == 1
    assert receiver.most_busy <= delivery.IN_FLIGHT


@pytest.mark.parametrize("status", ["500 Internal Server Error", "404 Not Found", "429 Too Many Requests"])
def test_an_address_that_fails_pauses_alone_and_gets_all_under_the_same_ids(
    hooks: Hooks, receivers: Callable[..., Receiver], status: str
) -> None:
    bad, good = receivers(), receivers()
    bad.fail(status)
    ids = [hooks.put(f"lead-{number}", f"customer-{number % 3}") for number in range(9)]
    hooks.serve(bad, good)
    eventually(lambda: len(good.taken) == 9)
    eventually(lambda: hooks.states() == [PAUSED, OPEN])
    record = hooks.endpoints.read_all()[0]
    assert record.why == f"status {status[:3]}"
    assert record.failures >= 1
    tried = len(bad.taken)
    bad.recover()
    eventually(lambda: not hooks.waiting())
    assert {*bad.ids()} == {*ids}
    delivered = bad.ids()[tried:]
    assert sorted(delivered) == sorted(set(delivered)) or len(delivered) <= len(ids) + 1
    eventually(lambda: hooks.states() == [OPEN, OPEN])
    assert len(good.taken) == 9


@pytest.mark.parametrize(("ahead", "low", "high"), [(90, 85, 91), (-90, 0, 0), (99_999, 7200, 7200)])
def test_an_address_may_say_by_a_date_how_long_it_wants_to_be_left_alone(
    receiver: Receiver, ahead: int, low: float, high: float
) -> None:
    date = formatdate(time.time() + ahead, usegmt=True)
    receiver.answer = lambda body: ("503 Service Unavailable", {"Retry-After": date})
    sender = client.HookClient(receiver.url, 1, Machine())
    outcome = sender.send({}, b"{}")
    assert outcome.why == "status 503"
    assert outcome.asked_seconds is not None
    assert low <= outcome.asked_seconds <= high
    sender.close()


def test_an_address_that_is_away_gets_all_when_it_comes_back(
    hooks: Hooks, receivers: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.http_server import running
    from tests.conftest import own_port

    back = Receiver()
    port = own_port()
    back.url = f"http://127.0.0.1:{port}/hook"
    hooks.put("lead-1")
    hooks.serve(back)
    eventually(lambda: hooks.states() == [PAUSED])
    assert hooks.endpoints.read_all()[0].why == "unreachable"
    with running(back, port):
        eventually(lambda: not hooks.waiting())
    assert back.leads() == ["lead-1"]


def test_a_redirect_is_not_followed(hooks: Hooks, receivers: Callable[..., Receiver]) -> None:
    other, first = receivers(), receivers()
    first.answer = lambda body: ("307 Temporary Redirect", {"Location": other.url})
    hooks.put("lead-1")
    hooks.serve(first)
    eventually(lambda: hooks.states() == [PAUSED])
    assert hooks.endpoints.read_all()[0].why == "redirect"
    assert other.taken == []


def test_an_address_that_hangs_holds_nobody_back(
    hooks: Hooks, receivers: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("READ_SECONDS", "DEADLINE_SECONDS"):
        monkeypatch.setattr(client, name, 60.0)
    hanging, good, ends = receivers(), receivers(), threading.Event()

    def hang(body: dict[str, Any]) -> tuple[str, dict[str, str]]:
        ends.wait(60)
        return "200 OK", {}

    hanging.answer = hang
    for number in range(50):
        hooks.put(f"lead-{number}", f"customer-{number}")
    hooks.serve(hanging, good)
    try:
        eventually(lambda: hanging.taken and len(good.taken) == 50)
        assert hooks.waiting() == 50, "the other one has got nothing yet"
    finally:
        ends.set()


def test_an_address_that_does_not_answer_in_time_pauses(
    hooks: Hooks, receivers: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.5)
    hooks.put("lead-1")
    hooks.serve(receivers(seconds=3.0))
    eventually(lambda: hooks.states() == [PAUSED])
    assert hooks.endpoints.read_all()[0].why == "timeout"


def test_a_dripping_answer_meets_the_deadline(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends a byte now and then in its headers."""
    import socket

    monkeypatch.setattr(client, "DEADLINE_SECONDS", 1.0)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = Receiver(url=f"http://127.0.0.1:{server.getsockname()[1]}/hook")

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not ended.wait(0.1):
                    connection.sendall(b"x")

        threading.Thread(target=drip, daemon=True).start()
        hooks.put("lead-1")
        hooks.serve(dripping)
        try:
            eventually(lambda: hooks.states() == [PAUSED])
        finally:
            ended.set()


def test_gone_stops_the_address_until_a_person_replays(hooks: Hooks, receivers: Callable[..., Receiver]) -> None:
    gone, good = receivers(), receivers()
    gone.fail("410 Gone")
    hooks.put("lead-1")
    hooks.serve(gone, good)
    eventually(lambda: hooks.states() == [STOPPED, OPEN])
    tried = len(gone.taken)
    hooks.put("lead-2")
    eventually(lambda: len(good.taken) == 2)
    assert len(gone.taken) == tried
    gone.recover()
    assert hooks.endpoints.reopen(hooks.endpoints.read_all()[0].digest)
    eventually(lambda: gone.leads()[tried:] == ["lead-1", "lead-2"])


def test_one_event_that_is_never_taken_holds_back_no_other_customer(hooks: Hooks, receiver: Receiver) -> None:
    receiver.answer = lambda body: ("400 Bad Request" if body["data"]["customer_id"] == "odd" else "200 OK", {})
    hooks.put("odd-1", "odd")
    hooks.put("odd-2", "odd")
    hooks.serve(receiver)
    eventually(lambda: hooks.states() == [PAUSED])
    for number in range(150):
        hooks.put(f"lead-{number}", f"customer-{number}")
    eventually(lambda: len({*receiver.leads()} - {"odd-1"}) == 150)
    assert "odd-2" not in receiver.leads()
    others = [lead for lead in receiver.leads() if not lead.startswith("odd")]
    assert len(others) == len({*others}), "an event was posted twice because another one failed"


def test_those_who_wait_behind_what_is_never_taken_hold_back_no_other_customer(
    hooks: Hooks, receiver: Receiver
) -> None:
    """However many they are."""
    receiver.answer = lambda body: ("400 Bad Request" if body["data"]["lead"] == "odd-0" else "200 OK", {})
    odd, other = same_shard("same", 2)
    for number in range(3 * delivery.READ_AHEAD):
        hooks.put(f"odd-{number}", odd)
    hooks.serve(receiver)
    eventually(lambda: hooks.states() == [PAUSED])
    hooks.put("lead-1", other)
    eventually(lambda: "lead-1" in receiver.leads())
    assert {*receiver.leads()} == {"odd-0", "lead-1"}


def test_what_is_never_taken_is_given_up_at_last(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_OVERTAKING", 20)
    receiver.answer = lambda body: ("400 Bad Request" if body["data"]["lead"] == "odd-1" else "200 OK", {})
    odd, *others = same_shard("same", 40)
    hooks.put("odd-1", odd)
    hooks.put("odd-2", odd)
    for number, customer in enumerate(others):
        hooks.put(f"lead-{number}", customer)
    hooks.serve(receiver)
    eventually(lambda: "odd-2" in receiver.leads())
    eventually(lambda: hooks.endpoints.read_all()[0].given_up == 1)
    eventually(lambda: not hooks.waiting())


def test_an_address_that_refuses_every_second_event_gets_all_others(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many it refuses: they do not fill what is held in memory."""
    monkeypatch.setattr(endpoint, "WAITS", (0.01,))
    for name, size in {"MOST_HELD": 16, "HELD_UP": 8, "READ_AHEAD": 4, "PAGE": 2}.items():
        monkeypatch.setattr(delivery, name, size)
    receiver.answer = lambda body: ("200 OK" if body["type"] == "lead.created" else "422 Unprocessable Entity", {})
    for number in range(30):
        hooks.put(f"lead-{number}", f"customer-{number}")
        hooks.put(f"odd-{number}", f"other-{number}", type="lead.updated")
    hooks.serve(receiver)
    eventually(lambda: {f"lead-{number}" for number in range(30)} <= {*receiver.leads()})


def test_three_days_without_an_answer_stop_the_address(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "KEEP_MS", 1_000)
    receiver.fail()
    hooks.put("lead-1")
    hooks.serve(receiver)
    eventually(lambda: hooks.states() == [STOPPED])
    assert hooks.endpoints.read_all()[0].why == "given_up"


def test_an_entry_waits_for_three_days_at_most(hooks: Hooks) -> None:
    now_ms = hooks.redis.time()[0] * 1000
    hooks.endpoints.register("digest", 1, "shop.example.com")
    hooks.redis.hset(keys.endpoint(keys.HOOKS, "digest"), 0, "0-1")
    stream = keys.entries(keys.HOOKS, 0)
    hooks.redis.xadd(stream, {"g": "lead.created"}, f"{now_ms - KEEP_MS - 5_000}-0")
    hooks.redis.xadd(stream, {"g": "lead.created"}, f"{now_ms - KEEP_MS + 60_000}-0")
    assert hooks.endpoints.trim(now_ms) == 1
    assert hooks.redis.xlen(stream) == 1


def test_what_waits_cannot_fill_redis(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes first."""
    monkeypatch.setattr(endpoints, "MOST_BYTES", 400_000)
    hooks.config = Config(hooks=HooksConfig(full=True))
    hooks.endpoints.register("digest", 1, "shop.example.com")
    for number in range(200):
        hooks.put(f"lead-{number}", "ann", body=json.dumps({"said": "x" * 4_000}).encode())
    stream = keys.entries(keys.HOOKS, keys.shard_of("ann", SHARDS))
    lost = hooks.endpoints.trim(hooks.redis.time()[0] * 1000)
    rows = hooks.redis.xrange(stream)
    assert lost == 200 - len(rows) > 100
    assert len(rows) > 5
    assert rows[-1][1][b"e"] == b"lead-199"


def test_nothing_stays_for_an_address_that_is_served_no_more(hooks: Hooks, receiver: Receiver) -> None:
    hooks.serve(receiver).stop()
    hooks.put("lead-1")
    now_ms = hooks.redis.time()[0] * 1000
    hooks.endpoints.trim(now_ms)
    assert hooks.waiting() == 1
    worker = hooks.endpoints
    worker.trim(now_ms + 2 * 3_600_000)
    assert hooks.waiting() == 1
    worker.trim(now_ms + 2 * 3_600_000 + endpoints.RETURN_MS)
    assert hooks.endpoints.read_all() == []
    assert hooks.waiting() == 0


def test_an_address_that_is_served_again_while_it_is_being_forgotten_keeps_what_waits(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever forgets it stood still between its look and that."""
    hooks.serve(receiver).stop()
    hooks.put("lead-1")
    now_ms, worker = hooks.redis.time()[0] * 1000, hooks.endpoints
    worker.trim(now_ms + 2 * 3_600_000)
    known = worker.read_all()
    monkeypatch.setattr(worker, "read_all", lambda: known)
    hooks.redis.hset(keys.endpoint(keys.HOOKS, known[0].digest), ENDPOINT["seen_ms"], now_ms + 2 * 3_600_000)
    worker.trim(now_ms + 2 * 3_600_000 + endpoints.RETURN_MS)
    assert [one.cursors for one in hooks.endpoints.read_all()] == [known[0].cursors]
    hooks.serve(receiver)
    eventually(lambda: receiver.leads() == ["lead-1"])


def test_what_happens_before_the_first_address_is_registered_waits_for_it(hooks: Hooks, receiver: Receiver) -> None:
    """Redis came back, and whoever trims or writes leads was faster than who serves the address."""
    hooks.put("lead-1")
    assert hooks.waiting() == 1
    hooks.serve(receiver)
    eventually(lambda: receiver.leads() == ["lead-1"])


def test_what_waits_outlives_hours_without_workers_or_redis(hooks: Hooks, receiver: Receiver) -> None:
    """They come back, and whoever trims may be faster than who serves the address."""
    hooks.serve(receiver).stop()
    hooks.put("lead-1")
    [one] = hooks.endpoints.read_all()
    stored = keys.endpoint(keys.HOOKS, one.digest)
    seconds, _ = hooks.redis.time()
    hooks.redis.hset(stored, ENDPOINT["seen_ms"], (seconds - 8 * 3_600) * 1000)
    hooks.endpoints.trim(seconds * 1000)
    hooks.serve(receiver)
    eventually(lambda: receiver.leads() == ["lead-1"])


def test_a_new_address_gets_nothing_from_before(hooks: Hooks, receiver: Receiver) -> None:
    shard = keys.shard_of("ann", SHARDS)
    hour_ago = hooks.redis.time()[0] * 1000 - 3_600_000
    fields = {"g": "lead.created", "x": "msg_old", "d": "{}", "e": "old"}
    hooks.redis.xadd(keys.entries(keys.HOOKS, shard), fields, f"{hour_ago}-0")
    hooks.serve(receiver)
    hooks.put("lead-1")
    eventually(lambda: receiver.leads() == ["lead-1"])


def test_half_a_letter_is_delivered_and_holds_nobody_back(hooks: Hooks, receiver: Receiver) -> None:
    """Chat texts may be cut within an emoji, which no encoding of Unicode can say."""
    hooks.config = Config(hooks=HooksConfig(full=True))
    hooks.put("a", body=r'{"text": "\ud83d ก"}'.encode())
    hooks.put("b")
    hooks.serve(receiver)
    eventually(lambda: receiver.leads() == ["a", "b"])
    headers, raw = receiver.taken[0]
    assert Webhook(HOOK_SECRET).verify(raw, standard_headers(headers))["data"]["event"] == {"text": "\ud83d ก"}


@pytest.mark.parametrize("full", [False, True])
def test_the_whole_event_is_sent_only_if_the_shop_wants_that(hooks: Hooks, receiver: Receiver, full: bool) -> None:
    hooks.config = Config(hooks=HooksConfig(full=full))
    hooks.put("lead-1", body=b'{"customer_id": "ann", "contact_info": {"name": "Ann"}}')
    hooks.put("lead-1", type="message.sent", body=b'"Thank you"')
    hooks.serve(receiver)
    eventually(lambda: len(receiver.taken) == 2)
    first, second = (body["data"] for body in receiver.bodies())
    assert first.get("event", {}).get("contact_info") == ({"name": "Ann"} if full else None)
    assert second.get("text") == ("Thank you" if full else None)


def test_what_waits_is_exported_and_forgotten(hooks: Hooks, tmp_path: Any) -> None:
    hooks.config = Config(hooks=HooksConfig(full=True))
    hooks.put("lead-1", "ann", body=b'{"customer_id": "ann", "contact_info": {"name": "Ann"}}')
    hooks.put("lead-2", "bob", body=b'{"customer_id": "bob"}')
    data, spool = CustomerData(hooks.redis, Config().inbox, b"key", "ann"), Spool(tmp_path, Machine())
    assert [one["body"]["contact_info"] for one in data.as_dict(spool)["hooks"]] == [{"name": "Ann"}]
    done = Forgetting(data, hooks.redis, Config().inbox, spool, "somebody").run(None)
    assert done.removed["hooks"] == 1
    left = [hooks.redis.xrange(keys.entries(keys.HOOKS, shard)) for shard in range(SHARDS)]
    assert [fields[b"e"] for rows in left for _, fields in rows] == [b"lead-2"]
    spool.close()


def test_no_address_or_secret_is_logged_or_stored(
    hooks: Hooks, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.url = receiver.url.replace("/hook", "/hook/token-4711")
    receiver.fail()
    hooks.put("lead-1")
    hooks.serve(receiver)
    eventually(lambda: hooks.states() == [PAUSED])
    said = capsys.readouterr()
    assert "token-4711" not in said.out + said.err
    for name in hooks.redis.keys("*"):
        stored = hooks.redis.dump(name)
        assert b"4711" not in stored
        assert HOOK_SECRET.encode() not in stored
