"""Redis fails over to a replica that lags behind while the shop's own system asks for messages."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import requests

from sandbox.failover import Pair
from tests.conftest import Line, eventually, lead

TOKEN = "messages-token-7f3a91"
CUSTOMERS, MESSAGES = 5, 40


def ask(line: Line, number: int) -> bool:
    """Ask for one message; whether it was taken."""
    body = {"customer_id": f"c-{number % CUSTOMERS}", "messages": [f"NOTE {number}"], "urgent": True}
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"note {number}"}
    return requests.post(f"{line.url}/api/v1/messages", json=body, headers=headers, timeout=10).status_code == 202


def test_each_message_that_was_taken_is_sent_once(tmp_path: Path, spare_line: Callable[..., Line]) -> None:
    with Pair(tmp_path / "redis") as pair:
        line = spare_line(pair.url, WEB_CONCURRENCY="2", MESSAGES_TOKEN=TOKEN)
        line.start("worker", "--count", "3")
        line.start("web")
        line.await_web()
        line.await_workers(3)
        line.send(*(lead(f"c-{number}", name="Nok Jaidee") for number in range(CUSTOMERS)))
        line.settle()

        def notes() -> list[str]:
            return [text for text in line.chat.told() if text.startswith("NOTE")]

        def ask_all() -> None:
            for number in range(MESSAGES):
                eventually(partial(ask, line, number))

        pair.fall_behind()
        asking = threading.Thread(target=ask_all)
        asking.start()
        eventually(notes, 60)
        pair.fail_over()
        asking.join()
        eventually(lambda: len({*notes()}) == MESSAGES, 60)
        line.settle(90)
        assert Counter(notes()) == Counter(f"NOTE {number}" for number in range(MESSAGES))
        assert "Traceback" not in line.logs()
