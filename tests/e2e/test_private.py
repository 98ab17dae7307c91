"""Private data leaves when its work is done, and is nowhere beside its way."""

import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from leadcore.store import keys
from tests.conftest import PATIENT, ROOT, SECRET, Line, eventually
from tests.people import Person, encodings, invent

TOKEN, WRONG = "pat-na1-0f9e8d7c-of-the-portal", "guess-4b1d-of-a-stranger"
SECRETS = {form for secret in (SECRET, TOKEN, WRONG) for form in encodings(secret)}
CONFIG = """
[inbox]
tries = 1
[messages.texts.th]
details_saved = "ขอบคุณ {{ firstname }} {{ lastname }}: {{ phone }}, {{ email }}, {{ address }}"
"""


def kept(redis: Any) -> Iterator[tuple[bytes, bytes]]:
    """Every key of this database with all that it holds, and what that is when it is unpacked."""
    read: dict[bytes, Callable[[bytes], Any]] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"stream": redis.xrange,
        b"none": lambda _: b"",
    }
    for key in redis.scan_iter():
        for value in flatten(read[redis.type(key)](key)):
            yield key, key + b"\0" + value
            with suppress(zlib.error):
                yield key, zlib.decompress(value)


def flatten(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from flatten([*value.keys(), *value.values()])
    else:
        for one in value:
            yield from flatten(one)


def find(places: Iterable[tuple[bytes, bytes]], traces: set[bytes]) -> set[bytes]:
    """The places that hold one of `traces`; names only, so that a failure tells no more than it must."""
    return {place for place, text in places if any(trace in text.lower() for trace in traces)}


def command(line: Line, *arguments: str) -> bytes:
    process = [sys.executable, "-m", "leadsync", *arguments]
    done = subprocess.run(process, cwd=ROOT, env=line.environ, capture_output=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def loud(spare_line: Callable[..., Line], tmp_path: Path) -> Line:
    """Two web processes and two workers that say all that they ever say, and park what fails once."""
    config = tmp_path / "leadsync.toml"
    config.write_text(CONFIG)
    line = spare_line(LOG_LEVEL="DEBUG", LEADSYNC_CONFIG=str(config), HUBSPOT_ACCESS_TOKEN=TOKEN, WEB_CONCURRENCY="2")
    line.start("web", **PATIENT)
    line.start("worker", "--count", "2")
    line.await_web()
    line.await_workers(2)
    return line


def test_two_hundred_customers_leave_no_trace(loud: Line) -> None:
    people = list(invent(200))
    traces = set[bytes]().union(*(person.traces() for person in people))
    parked, refused, plain = people[:10], people[10:40], people[40:]
    loud.crm.settings(options={"dealdroid_payment_method": ["something"]})
    # The first of them strikes, and pauses the line.
    loud.crm.fault("401", count=1, path="/batch/")
    loud.crm.fault("row_unexplained", ids=[person.customer_id for person in parked], rows=100)
    loud.crm.fault("garbled", count=1)
    with loud.hold():
        loud.send(people[0].event())
        assert find(kept(loud.redis), people[0].traces()), "else this test could not fail"
    post(loud, parked, refused, plain)
    loud.settle(60, hasten=True)
    eventually(lambda: loud.redis.zcard(keys.PARKED) == len(parked) + 5)
    held = find(kept(loud.redis), traces)
    assert held == {key for key in loud.redis.scan_iter(keys.parked("*")) if key != keys.PARKED.encode()}
    said = b"".join(command(loud, *words) for words in (["parked"], ["parked", "--json"], ["leads", "--json"]))

    loud.crm.control("DELETE", "faults")
    said += command(loud, "retry", "--all")
    loud.settle(60, hasten=True)
    said += command(loud, "discard", "--all", "--yes")
    assert loud.redis.zcard(keys.PARKED) == 0
    assert {each["properties"]["dealdroid_customer_id"] for each in loud.crm.contacts()} == {
        person.customer_id for person in people
    }
    metrics = requests.get(loud.url + "/metrics", timeout=5).content
    receipts = json.dumps([one.as_dict() for one in loud.receipts()]).encode()
    places = [(b"logs", loud.logs().encode()), (b"metrics", metrics), (b"commands", said), (b"receipts", receipts)]
    assert find([*places, *kept(loud.redis)], traces | SECRETS) == set()
    heard = {json.loads(row)["event"] for row in loud.logs().splitlines() if row.startswith("{")}
    wanted = "lead.accepted lead.duplicate lead.created lead.parked message.sent secret.wrong line.paused line.resumed"
    assert set(wanted.split()) <= heard


def post(line: Line, parked: list[Person], refused: list[Person], plain: list[Person]) -> None:
    """Good events, repeated ones, refused values, strangers, events without a mid, and bodies that are no JSON."""
    good = [person.event() for person in (*parked[1:], *plain)]
    good += [person.event(payment_method="credit_card") for person in refused]
    assert set(line.storm(good)) == {200}
    assert set(line.storm(good[:30])) == {200}
    assert set(line.storm([{**person.event(), "secret": WRONG} for person in plain[:20]])) == {403}
    assert set(line.storm([{**person.event(), "mid": None} for person in plain[:5]])) == {422}
    for person in plain[:5]:
        assert line.post(json.dumps(person.event()).encode()[:-1]).status_code == 400
