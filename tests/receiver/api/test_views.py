"""POST and GET /api/v1/messages."""

import json
from typing import Any

import pytest
import requests

from leadcore.store import keys
from receiver.throttle import ALLOWED
from tests.conftest import Line
from tests.receiver.api.conftest import TOKEN, Shop

BODY = {"customer_id": "U-1", "messages": ["Thank you"]}


def test_a_message_is_taken_once_whatever_is_repeated(shop: Shop) -> None:
    first, second = shop.post(BODY), shop.post({"messages": ["Thank you"], "urgent": False, "customer_id": "U-1"})
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert first.headers["Location"] == f"/api/v1/messages/{first.json()['id']}"
    [entry] = shop.entries()
    assert json.loads(entry[b"t"]) == "Thank you"
    assert json.loads(entry[b"c"]) == {"id": "U-1"}


def test_another_body_under_the_same_key_is_refused(shop: Shop) -> None:
    shop.post(BODY)
    for other in ({**BODY, "messages": ["Thanks"]}, {**BODY, "customer_id": "U-2"}, {**BODY, "urgent": True}):
        answer = shop.post(other)
        assert (answer.status_code, "Idempotency-Key" in answer.json()["error"]) == (422, True)
    assert len(shop.entries()) == 1


def test_the_same_text_under_another_key_is_another_message(shop: Shop) -> None:
    ids = {shop.post(BODY, key).json()["id"] for key in ("first", "second")}
    assert len(ids) == len(shop.entries()) == 2


def test_what_became_of_it_is_told_without_its_text(shop: Shop) -> None:
    message_id = shop.post({**BODY, "messages": ["one", "two"], "urgent": True}).json()["id"]
    shown = shop.get(message_id)
    assert shown.status_code == 200
    found = shown.json()
    assert found.pop("queued_ms") == found.pop("changed_ms") > 1_700_000_000_000
    assert found == {
        "id": message_id,
        "customer_id": "U-1",
        "state": "waiting",
        "reason": "",
        "held_until_ms": None,
        "messages": 2,
        "urgent": True,
    }
    assert shop.get("api:nobody").status_code == 404


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"customer_id": None}, "customer_id"),
        ({"customer_id": True}, "customer_id"),
        ({"customer_id": "  "}, "customer_id"),
        ({"messages": []}, "messages"),
        ({"messages": "Thank you"}, "messages"),
        ({"messages": ["x"] * 6}, "messages"),
        ({"messages": ["x", " \n"]}, "messages[1]"),
        ({"messages": ["x", 5]}, "messages[1]"),
        ({"messages": ["x", "y", "ก" * 2001]}, "messages[2]"),
        ({"messages": ["x", "Thanks \ud83d"]}, "messages[1]"),
        ({"messages": ["\ude4f\ud83d"]}, "messages[0]"),
        ({"customer_id": "U-\ud83d"}, "customer_id"),
        ({"urgent": "yes"}, "urgent"),
        ({"urgnet": True}, "urgent"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_stored(shop: Shop, changes: dict[str, Any], named: str) -> None:
    answer = shop.post({**BODY, **changes})
    assert answer.status_code == 422
    assert named in answer.json()["error"]
    assert not shop.entries()
    assert not shop.redis.exists(keys.MESSAGES)


def test_both_halves_of_a_letter_in_json_are_one_letter(shop: Shop) -> None:
    assert shop.post(rb'{"customer_id": "U-1", "messages": ["Thanks \ud83d\ude4f"]}').status_code == 202
    [entry] = shop.entries()
    assert json.loads(entry[b"t"]) == "Thanks 🙏"


@pytest.mark.parametrize("key", [None, "", "ก".encode().decode("latin-1"), "x" * 256])
def test_a_message_needs_a_key(shop: Shop, key: str | None) -> None:
    answer = shop.post(BODY, key)
    assert (answer.status_code, "Idempotency-Key" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b'"text"', b"\xff"])
def test_what_is_no_json_object_is_refused(shop: Shop, body: bytes) -> None:
    answer = shop.post(body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_the_longest_texts_are_taken_with_a_warning(shop: Shop) -> None:
    answer = shop.post({**BODY, "messages": ["ก" * 1000, "ก" * 1001, *["ก" * 2000] * 3]})
    assert answer.status_code == 202
    assert [warning.partition(" ")[0] for warning in answer.json()["warnings"]] == [
        f"messages[{index}]" for index in range(1, 5)
    ]


def test_a_body_over_the_limit_is_refused(shop: Shop) -> None:
    assert shop.post(b" " * 262_145).status_code == 413


@pytest.mark.parametrize("authorization", [None, "", "Bearer", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer กข"])
def test_without_the_token_nothing_is_told_or_stored(shop: Shop, authorization: str | None) -> None:
    # Each from a sender of its own: somebody who is wrong too often has to wait.
    sender = f"198.51.100.{hash(authorization) % 200}"
    headers = {"X-Forwarded-For": sender, "Idempotency-Key": "key"}
    if authorization is not None:
        headers["Authorization"] = authorization.encode().decode("latin-1")
    for answer in (
        requests.post(shop.url, json=BODY, headers=headers, timeout=10),
        requests.get(f"{shop.url}/api:1", headers=headers, timeout=10),
    ):
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not shop.entries()


def test_a_sender_of_many_wrong_tokens_has_to_wait(shop: Shop) -> None:
    headers = {"X-Forwarded-For": "203.0.113.77", "Authorization": "Bearer wrong"}
    for _ in range(ALLOWED + 1):
        assert requests.get(f"{shop.url}/api:1", headers=headers, timeout=10).status_code == 401
    answer = requests.get(f"{shop.url}/api:1", headers={**headers, "Authorization": f"Bearer {TOKEN}"}, timeout=10)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_without_a_token_set_there_is_no_such_call(receiver: Line) -> None:
    url = f"{receiver.url}/api/v1/messages"
    headers = {"Authorization": "Bearer ", "Idempotency-Key": "key"}
    for answer in (
        requests.post(url, json=BODY, headers=headers, timeout=10),
        requests.get(f"{url}/api:1", headers=headers, timeout=10),
    ):
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


def test_while_redis_refuses_the_message_is_not_taken_and_may_be_repeated(shop: Shop) -> None:
    """A Redis that is full takes nothing; one that is away is the same to the caller."""
    used = shop.redis.info("memory")["used_memory"]
    shop.redis.config_set("maxmemory", max(used // 2, 1))
    try:
        answer = shop.post(BODY)
        assert answer.status_code == 503
        assert "Repeat" in answer.json()["error"]
        assert answer.headers["Retry-After"]
    finally:
        shop.redis.config_set("maxmemory", 0)
    assert shop.post(BODY).status_code == 202
    assert len(shop.entries()) == 1
