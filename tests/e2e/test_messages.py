"""A message of the shop's own system reaches the customer."""

from collections.abc import Callable
from typing import Any

import requests

from tests.conftest import PATIENT, Line, eventually, lead

TOKEN = "messages-7f3a91-of-the-shop"


def test_a_message_is_sent_after_the_customers_last_word_and_its_record_says_so(
    spare_line: Callable[..., Line],
) -> None:
    line = spare_line(MESSAGES_TOKEN=TOKEN, WEB_CONCURRENCY="1")
    line.start("worker")
    line.start("web", **PATIENT)
    line.await_web()
    line.sync(lead("c-1", name="Somchai Jaidee", phone="0812345678", language="en"))
    url, authorization = f"{line.url}/api/v1/messages", f"Bearer {TOKEN}"

    def post(customer: str, *texts: str, key: str) -> str:
        body = {"customer_id": customer, "messages": texts}
        headers = {"Authorization": authorization, "Idempotency-Key": key}
        answer = requests.post(url, json=body, headers=headers, timeout=10)
        assert answer.status_code == 202
        return str(answer.json()["id"])

    def show(message_id: str) -> dict[str, Any]:
        answer = requests.get(f"{url}/{message_id}", headers={"Authorization": authorization}, timeout=10)
        assert answer.status_code == 200
        return dict(answer.json())

    ids = [post("c-1", "It is on its way.", "Thank you!", key=f"key {number % 2}") for number in range(4)]
    assert len({*ids}) == 2
    eventually(lambda: {show(one)["state"] for one in ids} == {"sent"}, 30)
    assert line.chat.told("c-1")[1:] == ["It is on its way.", "Thank you!"] * 2
    stranger = post("nobody", "Hello", key="another")
    eventually(lambda: show(stranger)["state"] == "failed", 30)
    assert show(stranger)["reason"] == "it is not known when the customer was last heard, and window_hours is set"
    assert line.chat.told("nobody") == []
