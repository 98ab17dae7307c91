"""DealDroid's webhook, as its page describes it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.dealdroid import Chats, create_app
from sandbox.http_server import running

TIMEOUT = 5


@pytest.fixture
def url() -> Iterator[str]:
    with running(create_app(Chats())) as server:
        yield server.url


def deliver(url: str, body: Any) -> requests.Response:
    return requests.post(url + "/api/provider/webhook/", json=body, timeout=TIMEOUT, allow_redirects=False)


def chats(url: str) -> Any:
    return requests.get(url + "/_sandbox/state", timeout=TIMEOUT).json()["chats"]


def test_messages_reach_the_customers_chat(url: str) -> None:
    answers = [deliver(url, {"customer_id": customer, "messages": ["ขอบคุณค่ะ", "b"]}) for customer in ("c1", 42)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "[OK]")] * 2
    assert chats(url) == {"c1": ["ขอบคุณค่ะ", "b"], "42": ["ขอบคุณค่ะ", "b"]}
    told = requests.get(url + "/_sandbox/messages?customer_id=42", timeout=TIMEOUT).json()
    assert [(each["customer_id"], each["text"]) for each in told] == [(42, "ขอบคุณค่ะ"), (42, "b")]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"customer_id": "c1"},
        {"messages": ["a"]},
        {"customer_id": "", "messages": ["a"]},
        {"customer_id": None, "messages": ["a"]},
        {"customer_id": "c1", "messages": []},
        {"customer_id": "c1", "messages": "a"},
        {"customer_id": "c1", "messages": [" "]},
        {"customer_id": "c1", "messages": [1]},
        {"customer_id": "c1", "messages": ["a"], "extra": 1},
    ],
)
def test_a_body_that_is_not_on_the_page_is_refused(url: str, body: Any) -> None:
    assert deliver(url, body).status_code == 400
    assert chats(url) == {}


@pytest.mark.parametrize(
    ("kind", "status"), [("429", 429), ("500", 500), ("502", 502), ("redirect", 302), ("hang", 0), ("reset", 0)]
)
def test_a_fault_takes_no_message(url: str, kind: str, status: int) -> None:
    fault = {"kind": kind, "count": 1, "seconds": 0.05}
    requests.post(url + "/_sandbox/faults", json=fault, timeout=TIMEOUT).raise_for_status()
    if status:
        assert deliver(url, {"customer_id": "c1", "messages": ["a"]}).status_code == status
    else:
        with pytest.raises(requests.ConnectionError):
            deliver(url, {"customer_id": "c1", "messages": ["a"]})
    assert chats(url) == {}
    assert deliver(url, {"customer_id": "c1", "messages": ["b"]}).ok


def test_a_lost_answer_has_delivered(url: str) -> None:
    requests.post(url + "/_sandbox/faults", json={"kind": "lost_answer"}, timeout=TIMEOUT).raise_for_status()
    with pytest.raises(requests.ConnectionError):
        deliver(url, {"customer_id": "c1", "messages": ["a"]})
    assert chats(url) == {"c1": ["a"]}


def test_a_brownout_fails_its_share_in_mixed_ways_and_delivers_the_rest(url: str) -> None:
    fault = {"kind": "brownout", "probability": 0.5, "seed": 3}
    requests.post(url + "/_sandbox/faults", json=fault, timeout=TIMEOUT).raise_for_status()
    met = []
    for number in range(60):
        try:
            met.append(deliver(url, {"customer_id": f"c{number}", "messages": ["a"]}).status_code)
        except requests.ConnectionError:
            met.append(0)
    assert {0, 200, 500, 502} == set(met)
    assert 15 <= met.count(200) <= 45
    told = {f"c{number}" for number, status in enumerate(met) if status == 200}
    lost = {f"c{number}" for number, status in enumerate(met) if status == 0}
    assert told < set(chats(url)) < told | lost


def test_the_answers_words_can_be_changed(url: str) -> None:
    requests.post(url + "/_sandbox/settings", json={"body": "OK"}, timeout=TIMEOUT).raise_for_status()
    assert deliver(url, {"customer_id": "c1", "messages": ["a"]}).text == "OK"


def test_a_mistaken_control_request_is_refused(url: str) -> None:
    for path in ("faults", "settings"):
        answer = requests.post(f"{url}/_sandbox/{path}", json={"kind": "404", "nope": 1}, timeout=TIMEOUT)
        assert answer.status_code == 400
