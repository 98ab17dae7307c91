"""Repeated wrong secrets, counted per sender."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from receiver.throttle import ALLOWED, OTHERS, SENDERS, WINDOW_SECONDS, Throttle, network_of, sender_of
from tests.conftest import INTENT_PATH, SECRET, Line, lead, open_line

PEER = "198.51.100.9"


class Clock:
    """Stands still until a test moves it."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("forwarded", "trusted", "sender"),
    [
        ("", 0, PEER),
        ("203.0.113.7", 0, PEER),
        ("203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1, 203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1,203.0.113.7 , 192.0.2.1", 2, "203.0.113.7"),
        ("203.0.113.7", 2, PEER),
        ("", 1, PEER),
        ('"a, 203.0.113.7', 1, "203.0.113.7"),
        ("nonsense", 1, "unknown"),
        ("203.0.113.7, ", 1, "unknown"),
        ("203.0.113.7:4711", 1, "203.0.113.7"),
        ("[2001:db8:1:2::7]:4711", 1, "2001:0db8:0001:0002::/64"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:0db8:0001:0002::/64"),
        ("2001:db8:1:2:ffff::", 1, "2001:0db8:0001:0002::/64"),
        ("fe80::1%eth0", 1, "fe80:0000:0000:0000::/64"),
        ("::ffff:203.0.113.7", 1, "203.0.113.7"),
    ],
)
def test_the_sender_is_the_last_hop_that_is_not_a_trusted_proxy(forwarded: str, trusted: int, sender: str) -> None:
    assert sender_of(PEER, forwarded, trusted) == sender


ADDRESSES = st.ip_addresses().map(str)


@given(claimed=st.text(), address=ADDRESSES, proxies=st.lists(ADDRESSES, max_size=3))
def test_a_sender_cannot_change_its_identity_with_the_header(claimed: str, address: str, proxies: list[str]) -> None:
    plain = sender_of(PEER, ", ".join([address, *proxies]), len(proxies) + 1)
    assert sender_of(PEER, ", ".join([claimed, address, *proxies]), len(proxies) + 1) == plain
    assert plain == sender_of(address, claimed, 0)


@given(remote=st.text(), forwarded=st.text(), trusted=st.integers(0, 10))
def test_any_text_has_a_sender_of_bounded_length(remote: str, forwarded: str, trusted: int) -> None:
    sender = sender_of(remote, forwarded, trusted)
    assert len(sender) <= 24
    assert len(network_of(sender)) <= 24


@pytest.mark.parametrize(
    ("sender", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:0db8:0001:0002::/64", "2001:0db8:0001::/48"),
        ("unknown", "unknown"),
        (OTHERS, OTHERS),
    ],
)
def test_the_log_names_only_the_network_of_a_sender(sender: str, network: str) -> None:
    assert network_of(sender) == network


def test_each_sender_has_its_own_count_per_window() -> None:
    throttle = Throttle(clock := Clock())
    assert [throttle.count("a") for _ in range(2)] == [("a", 1, WINDOW_SECONDS), ("a", 2, WINDOW_SECONDS)]
    clock.now += WINDOW_SECONDS - 1
    assert throttle.count("b") == ("b", 1, 1)
    assert throttle.count("a") == ("a", 3, 1)
    clock.now += 1
    assert throttle.count("a") == ("a", 1, WINDOW_SECONDS)


def test_only_a_sender_of_too_many_waits_until_the_window_ends() -> None:
    throttle = Throttle(clock := Clock())
    for _ in range(ALLOWED):
        throttle.count("a")
    assert throttle.seconds_to_wait("a") == 0
    throttle.count("a")
    clock.now += 20
    assert (throttle.seconds_to_wait("a"), throttle.seconds_to_wait("b")) == (WINDOW_SECONDS - 20, 0)
    clock.now += WINDOW_SECONDS - 20
    assert throttle.seconds_to_wait("a") == 0


def test_memory_is_bounded_for_any_number_of_senders_and_known_ones_keep_their_counts() -> None:
    throttle = Throttle(Clock())
    names = [throttle.count(f"sender-{number}")[:2] for number in range(SENDERS + 5)]
    assert names[:SENDERS] == [(f"sender-{number}", 1) for number in range(SENDERS)]
    assert names[SENDERS:] == [(OTHERS, number) for number in range(1, 6)]
    assert len(throttle._counts) == SENDERS + 1
    assert throttle.count("sender-0")[:2] == ("sender-0", 2)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    """A receiver behind one proxy."""
    folder = tmp_path_factory.mktemp("shop")
    with open_line(folder, next(databases), WEB_CONCURRENCY="1", TRUSTED_PROXIES="1") as line:
        line.start("web")
        line.await_web()
        yield line


def post(line: Line, address: str, secret: str) -> requests.Response:
    headers = {"X-Forwarded-For": address}
    return requests.post(line.url + INTENT_PATH, json=lead(secret=secret), headers=headers, timeout=10)


def count_log_lines(line: Line, text: str) -> int:
    """How many log lines contain the text."""
    return sum(text in row for row in line.logs().splitlines())


def test_a_sender_of_many_wrong_secrets_must_wait_but_its_right_secret_passes(shop: Line) -> None:
    answers = [post(shop, f"10.0.0.{number}, 203.0.113.7", f"guess-{number}") for number in range(ALLOWED + 3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(403, json.dumps({"error": "Forbidden"}))}
    waits = [answer.headers.get("Retry-After") for answer in answers]
    assert waits[:ALLOWED] == [None] * ALLOWED
    assert all(wait and 0 < int(wait) <= WINDOW_SECONDS for wait in waits[ALLOWED:])
    assert "Retry-After" not in post(shop, "203.0.113.8", "guess").headers, "another sender must wait too"
    right = post(shop, "203.0.113.7", SECRET)
    assert (right.status_code, right.json(), "Retry-After" in right.headers) == (200, [], False)
    assert "Retry-After" in post(shop, "203.0.113.7", "guess").headers


def test_right_secrets_are_never_counted(shop: Line) -> None:
    assert {post(shop, "192.0.2.1", SECRET).status_code for _ in range(3 * ALLOWED)} == {200}
    assert "Retry-After" not in post(shop, "192.0.2.1", "guess").headers


def test_wrong_secrets_are_logged_once_without_secret_or_address(shop: Line) -> None:
    for number in range(2 * ALLOWED):
        post(shop, "198.51.100.77", f"guess-of-a-secret-{number}")
    assert count_log_lines(shop, "198.51.100.0/24") == 1
    assert [count_log_lines(shop, text) for text in ("198.51.100.77", "guess-of-a-secret", SECRET)] == [0, 0, 0]


def test_repeated_x_forwarded_for_headers_are_one_list(shop: Line) -> None:
    """A proxy may add a second header instead of an entry."""
    with closing(http.client.HTTPConnection("127.0.0.1", int(shop.environ["PORT"]), timeout=10)) as connection:
        raw = json.dumps(lead(secret="guess")).encode()
        connection.putrequest("POST", INTENT_PATH)
        for name, value in (("X-Forwarded-For", "100.64.1.1"), ("X-Forwarded-For", "100.64.2.1")):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(raw)))
        connection.endheaders(raw)
        assert connection.getresponse().status == 403
    assert (count_log_lines(shop, "100.64.1.0/24"), count_log_lines(shop, "100.64.2.0/24")) == (0, 1)
