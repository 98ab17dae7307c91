"""Repeated wrong secrets, counted per sender."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from email.message import Message

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from receiver.throttle import ALLOWED, ALLOWED_IN_ALL, KNOWN, WINDOW_SECONDS, Throttle, network_of, sender_of
from tests.conftest import INTENT_PATH, PATIENT, SECRET, Line, lead, open_line

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
    ],
)
def test_the_log_names_only_the_network_of_a_sender(sender: str, network: str) -> None:
    assert network_of(sender) == network


def test_each_sender_has_its_own_count_per_window() -> None:
    throttle = Throttle(clock := Clock())
    assert [throttle.count("a").first for _ in range(2)] == [True, False]
    clock.now += WINDOW_SECONDS - 1
    assert throttle.count("b").first
    assert not throttle.count("a").first
    clock.now += 1
    assert throttle.count("a").first


def test_only_a_sender_of_too_many_waits_until_the_window_ends() -> None:
    throttle = Throttle(clock := Clock())
    assert [throttle.count("a").wait for _ in range(ALLOWED)] == [0] * ALLOWED
    assert throttle.seconds_to_wait("a") == 0
    assert throttle.count("a").wait == WINDOW_SECONDS
    clock.now += 20
    assert (throttle.seconds_to_wait("a"), throttle.seconds_to_wait("b")) == (WINDOW_SECONDS - 20, 0)
    clock.now += WINDOW_SECONDS - 20
    assert throttle.seconds_to_wait("a") == 0


def test_many_senders_of_one_wrong_secret_each_wait_together_until_the_window_ends() -> None:
    throttle = Throttle(clock := Clock())
    counted = [throttle.count(f"sender-{number}") for number in range(ALLOWED_IN_ALL + 5)]
    assert {one.wait for one in counted[:ALLOWED_IN_ALL]} == {0}
    assert {one.wait for one in counted[ALLOWED_IN_ALL:]} == {WINDOW_SECONDS}
    assert [one.spread for one in counted].count(True) == 1
    assert throttle.seconds_to_wait("somebody new") == WINDOW_SECONDS
    clock.now += WINDOW_SECONDS
    assert (throttle.seconds_to_wait("somebody new"), throttle.count("somebody new").wait) == (0, 0)


def test_who_had_a_right_one_waits_for_its_own_wrong_ones_alone() -> None:
    throttle = Throttle(Clock())
    throttle.remember("known")
    for number in range(ALLOWED_IN_ALL + 1):
        throttle.count(f"sender-{number}")
    assert (throttle.seconds_to_wait("known"), throttle.seconds_to_wait("new")) == (0, WINDOW_SECONDS)
    throttle.count("sender-0")
    throttle = Throttle(Clock())
    throttle.remember("known")
    for _ in range(ALLOWED + 1):
        throttle.count("known")
    assert throttle.seconds_to_wait("known") == WINDOW_SECONDS


def test_memory_and_log_are_bounded_for_any_number_of_senders() -> None:
    throttle = Throttle(Clock())
    counted = [throttle.count(f"sender-{number}") for number in range(10 * ALLOWED_IN_ALL)]
    assert sum(one.first for one in counted) == len(throttle._counts) == ALLOWED_IN_ALL
    for number in range(3 * KNOWN):
        throttle.remember(f"sender-{number}")
    assert len(throttle._known) == KNOWN


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    """A receiver behind one proxy."""
    folder = tmp_path_factory.mktemp("shop")
    with open_line(folder, next(databases), WEB_CONCURRENCY="1", TRUSTED_PROXIES="1") as line:
        line.start("web", **PATIENT)
        line.await_web()
        yield line


@pytest.fixture
def busy_shop(spare_line: Callable[..., Line]) -> Line:
    """A receiver behind one proxy, of this test alone."""
    line = spare_line(WEB_CONCURRENCY="1", TRUSTED_PROXIES="1")
    line.start("web", **PATIENT)
    line.await_web()
    return line


def post(line: Line, address: str, secret: str, **forged: str) -> requests.Response:
    headers = {**forged, "X-Forwarded-For": address}
    return requests.post(line.url + INTENT_PATH, json=lead(secret=secret), headers=headers, timeout=10)


def post_with(port: int, headers: list[tuple[str, str]]) -> tuple[int, Message]:
    """A wrong secret with these headers, in this order; status and headers of the answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        raw = json.dumps(lead(secret="guess")).encode()
        connection.putrequest("POST", INTENT_PATH)
        for name, value in [*headers, ("Content-Length", str(len(raw)))]:
            connection.putheader(name, value)
        connection.endheaders(raw)
        answer = connection.getresponse()
        return answer.status, answer.headers


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


def test_a_spread_attack_must_wait_and_every_right_secret_passes_meanwhile(busy_shop: Line) -> None:
    """From senders that had wrong ones too, from known ones and from new ones."""
    addresses = [f"198.51.{number // 250}.{number % 250}" for number in range(ALLOWED_IN_ALL + 50)]
    answers = [post(busy_shop, address, "guess") for address in addresses]
    waits = [answer.headers.get("Retry-After") for answer in answers]
    assert {answer.status_code for answer in answers} == {403}
    assert (set(waits[:ALLOWED_IN_ALL]), None in waits[ALLOWED_IN_ALL:]) == ({None}, False)
    for address in (addresses[0], addresses[-1], "203.0.113.99"):
        right = post(busy_shop, address, SECRET)
        assert (right.status_code, right.json(), "Retry-After" in right.headers) == (200, [], False)
    assert count_log_lines(busy_shop, "secret.many_wrong") == 1
    assert count_log_lines(busy_shop, "secret.wrong") <= ALLOWED_IN_ALL


FORGED: list[dict[str, str]] = [
    *({name: "10.9.8.7"} for name in ("X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP", "X-Forwarded")),
    {"Forwarded": "for=10.9.8.7"},
    # WSGI cannot tell it from the router's own, which comes later.
    {"X_Forwarded_For": "10.9.8.7"},
]
# To the left of what the router appends.
CLAIMED = ("10.9.8.7", "10.9.8.7, 10.9.8.6", '"', ",,,", "unknown", "10.0.0.1" * 100)


def test_nothing_that_a_client_sends_makes_another_sender_of_it(shop: Line) -> None:
    answers = [post(shop, "192.0.2.40", "guess", **forged) for forged in FORGED]
    answers += [post(shop, f"{claimed}, 192.0.2.40", "guess") for claimed in CLAIMED]
    assert len(answers) > ALLOWED
    assert "Retry-After" in answers[-1].headers


def test_what_a_proxy_lets_through_that_it_must_drop_is_slowed_all_the_same(busy_shop: Line) -> None:
    """SECURITY.md names it: X_Forwarded_For after the router's own header takes its place in WSGI."""
    port = int(busy_shop.environ["PORT"])
    for number in range(ALLOWED_IN_ALL + 1):
        own = [("X-Forwarded-For", "192.0.2.41"), ("X_Forwarded_For", f"10.0.{number}.1")]
        status, headers = post_with(port, own)
        assert (status, "Retry-After" in headers) == (403, number == ALLOWED_IN_ALL)


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
    headers = [("X-Forwarded-For", "100.64.1.1"), ("X-Forwarded-For", "100.64.2.1")]
    assert post_with(int(shop.environ["PORT"]), headers)[0] == 403
    assert (count_log_lines(shop, "100.64.1.0/24"), count_log_lines(shop, "100.64.2.0/24")) == (0, 1)
