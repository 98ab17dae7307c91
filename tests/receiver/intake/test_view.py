"""DealDroid's URL, over real HTTP: every status, every shape of body."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from leadcore import event
from leadcore.config import Config
from leadcore.journal import Journal
from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect
from receiver.intake.feeder import Feeder
from receiver.intake.recent_events import Recent
from receiver.intake.spool import Spool
from receiver.intake.view import Guard, Intake
from tests.conftest import INTENT_PATH, Line
from tests.receiver.conftest import FIRST, SECOND, SECRETS, THIRD

LIMIT = 256 * 1024
SHARDS = Config().inbox.shards


def body(**fields: Any) -> dict[str, Any]:
    return {"mid": "m-1", "customer_id": "c-1", "intent": "Share contact", "secret": FIRST, **fields}


def stored(line: Line) -> list[dict[str, Any]]:
    """The bodies in the inbox."""
    rows = [row for shard in range(SHARDS) for row in line.redis.xrange(keys.entries(keys.INBOX, shard))]
    return [event.decode(fields[b"b"]) for _, fields in rows]


def assert_error(answer: requests.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json()) == ["error"]
    assert isinstance(answer.json()["error"], str)


def ask(line: Line, method: str, path: str, raw: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """A request as it is, without what an HTTP library adds or follows."""
    with closing(http.client.HTTPConnection("127.0.0.1", int(line.environ["PORT"]), timeout=10)) as connection:
        connection.request(method, path, raw, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def test_an_event_is_kept_and_answered_with_no_messages(door: Line) -> None:
    answer = door.post(body(contact_info={"name": "สมชาย"}))
    assert (answer.status_code, answer.content) == (200, b"[]")
    assert answer.headers["Content-Type"] == "application/json"
    assert stored(door) == [
        {"mid": "m-1", "customer_id": "c-1", "intent": "Share contact", "contact_info": {"name": "สมชาย"}}
    ]


@pytest.mark.parametrize(
    ("intent", "reply"),
    [
        ("Purchase", ["One moment, please.", "สักครู่นะคะ"]),
        ("สั่งซื้อ", ["ขอบคุณค่ะ"]),
        ("purchase", []),
        ("Another", []),
    ],
)
def test_the_instant_reply_is_that_of_the_intent_also_for_a_repeated_event(
    door: Line, intent: str, reply: list[str]
) -> None:
    for _ in range(2):
        assert door.post(body(intent=intent)).json() == reply


@pytest.mark.parametrize("path", [INTENT_PATH, INTENT_PATH + "/", INTENT_PATH + "?from=dealdroid"])
def test_the_path_ends_with_or_without_a_slash_and_is_never_redirected(door: Line, path: str) -> None:
    status, _, raw = ask(door, "POST", path, json.dumps(body()).encode())
    assert (status, raw) == (200, b"[]")


@pytest.mark.parametrize("path", ["/api/v1/intent-handler//", "/api/v1/", "/", "/console/"])
def test_any_other_path_is_not_found(door: Line, path: str) -> None:
    status, headers, raw = ask(door, "POST", path, json.dumps(body()).encode())
    assert (status, headers["content-type"], "error" in json.loads(raw)) == (404, "application/json", True)


@pytest.mark.parametrize("path", [INTENT_PATH, INTENT_PATH + "/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_any_other_method_is_not_allowed(door: Line, method: str, path: str) -> None:
    status, headers, raw = ask(door, method, path)
    assert (status, headers["allow"]) == (405, "POST")
    assert method == "HEAD" or "error" in json.loads(raw)


@pytest.mark.parametrize("secret", [FIRST, SECOND, THIRD, f"  {FIRST}\n", SECRETS, SECRETS.strip()])
def test_each_configured_secret_opens_trimmed_and_the_whole_value_too(door: Line, secret: str) -> None:
    assert door.post(body(secret=secret)).status_code == 200
    assert len(stored(door)) == 1


@pytest.mark.parametrize(
    "secret",
    ["", " ", ",", FIRST.upper(), FIRST[:-1], FIRST + "x", f"{FIRST},{SECOND}", "กุญแจ", None, True, 0, [FIRST], {}],
)
def test_any_other_secret_is_forbidden_and_nothing_is_kept(door: Line, secret: Any) -> None:
    answer = door.post(body(secret=secret))
    assert_error(answer, 403)
    assert answer.json() == {"error": "Forbidden"}
    assert {*door.redis.scan_iter()} <= {keys.DATASET.encode(), keys.FIGURES.encode()}


def test_without_a_secret_it_is_forbidden_whatever_else_is_missing(door: Line) -> None:
    for given in ({}, {"mid": "m"}, {"mid": "m", "customer_id": "c", "intent": "i"}):
        assert door.post(given).json() == {"error": "Forbidden"}


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b" ", b"{", b"{}x", b"nonsense", b"mid=1&secret=x", b"{'mid': 1}", b"[]", b'"text"', b"null", b"1"),
        *(b"\xff\xfe\x00", b'{"mid": "\xe0\xb8"}', b"[" * 100_000, b'{"a":' * 40_000),
    ],
)
def test_what_is_no_json_object_is_malformed(door: Line, raw: bytes) -> None:
    assert_error(door.post(raw), 400)


@pytest.mark.parametrize(
    ("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413), (4 * LIMIT, 413)], ids=["at the limit", "over", "far over"]
)
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_a_body_over_256_kib_is_too_large(door: Line, size: int, status: int, chunked: bool) -> None:
    raw = json.dumps(body(pad="")).encode()
    raw = raw[:-2] + b"x" * (size - len(raw)) + raw[-2:]
    assert len(raw) == size
    answer = door.post(in_chunks(raw) if chunked else raw)
    assert answer.status_code == status
    if status == 413:
        assert_error(answer, 413)


def in_chunks(raw: bytes) -> Iterator[bytes]:
    return (raw[at : at + 10_000] for at in range(0, len(raw), 10_000))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "application/json; charset=no-such-thing"},
        {"Content-Type": "nonsense"},
    ],
    ids=lambda headers: headers.get("Content-Type", "none"),
)
def test_the_content_type_need_not_be_right(door: Line, headers: dict[str, str]) -> None:
    assert ask(door, "POST", INTENT_PATH, json.dumps(body()).encode(), **headers)[0] == 200
    assert len(stored(door)) == 1


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_json_in_any_unicode_encoding_is_the_same_event(door: Line, encoding: str) -> None:
    given = body(contact_info={"name": "สมชาย"})
    for raw in (json.dumps(given, ensure_ascii=False).encode(encoding), json.dumps(given).encode()):
        assert door.post(raw).status_code == 200
    [kept] = stored(door)
    assert kept["contact_info"]["name"] == "สมชาย"


@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "-Infinity", "1e400", "-1e-400", "9" * 30, "9" * 5000, "null", "true", "[[[]]]"),
        *(r'"\ud83d"', r'"a\udc00b"', r'"\u0000"', '{"a": {"b": [1]}}', '"' + "ก" * 5000 + '"'),
    ],
    ids=lambda value: value[:12],
)
def test_an_odd_value_somewhere_does_not_lose_the_event(door: Line, value: str) -> None:
    raw = json.dumps(body(contact_info={"name": "สมชาย"}))[:-1] + f', "odd": {value}}}'
    answer = door.post(raw.encode())
    assert (answer.status_code, answer.content) == (200, b"[]")
    [kept] = stored(door)
    assert kept["contact_info"] == {"name": "สมชาย"}
    said = event.parse(kept)
    assert (said.customer_id, said.contact.name) == ("c-1", "สมชาย")


@pytest.mark.parametrize("fill", ["", r'"\ud83d"'], ids=["strict", "liberal"])
def test_a_deeply_nested_body_is_taken_or_malformed_but_never_an_error(door: Line, fill: str) -> None:
    for depth in (10, 100, *range(850, 1050, 5)):
        raw = json.dumps(body())[:-1] + ', "deep": ' + "[" * depth + fill + "]" * depth + "}"
        assert door.post(raw.encode()).status_code in (200, 400), depth


def test_of_two_keys_of_one_name_the_last_counts(door: Line) -> None:
    raw = json.dumps(body(secret="wrong"))[:-1] + f', "secret": "{FIRST}", "customer_id": "c-2"}}'
    assert door.post(raw.encode()).status_code == 200
    [kept] = stored(door)
    assert (kept["customer_id"], "secret" in kept) == ("c-2", False)


@pytest.mark.parametrize(
    ("customer_id", "text"),
    [(7, "7"), (9007199254740993, "9007199254740993"), (-1, "-1"), (1.5, "1.5"), (" c ", " c "), ("ก", "ก")],
)
def test_a_customer_id_is_kept_exactly_as_it_came(door: Line, customer_id: Any, text: str) -> None:
    assert door.post(body(customer_id=customer_id)).status_code == 200
    [kept] = stored(door)
    assert (kept["customer_id"], type(kept["customer_id"])) == (customer_id, type(customer_id))
    assert [one.customer_id for one in door.receipts()] == [text]


@pytest.mark.parametrize("fields", [{"mid": ""}, {"mid": 0}, {"mid": 12.5}, {"intent": ""}, {"intent": 3}])
def test_a_blank_or_numeric_mid_or_intent_will_do(door: Line, fields: dict[str, Any]) -> None:
    assert door.post(body(**fields)).status_code == 200
    assert len(stored(door)) == 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"mid": None}, ["mid"]),
        ({"mid": True}, ["mid"]),
        ({"mid": ["m"]}, ["mid"]),
        ({"customer_id": None}, ["customer_id"]),
        ({"customer_id": ""}, ["customer_id"]),
        ({"customer_id": "  "}, ["customer_id"]),
        ({"customer_id": False}, ["customer_id"]),
        ({"customer_id": {}}, ["customer_id"]),
        ({"intent": None}, ["intent"]),
        ({"intent": {"name": "Purchase"}}, ["intent"]),
        ({"mid": None, "customer_id": None, "intent": None}, ["mid", "customer_id", "intent"]),
    ],
)
def test_an_event_without_a_required_field_is_parked_whole_and_the_field_named(
    door: Line, fields: dict[str, Any], named: list[str]
) -> None:
    given = {name: value for name, value in body(contact_info={"name": "สมชาย"}, **fields).items() if value is not None}
    answer = door.post(given)
    assert_error(answer, 422)
    assert [name for name in event.REQUIRED if name in answer.json()["error"]] == named
    assert stored(door) == []
    [lead] = door.redis.zrange(keys.PARKED, 0, -1)
    kept = dict_of(door.redis.get(keys.parked(lead.decode())))
    del given["secret"]
    assert event.decode(kept[b"b"]) == given
    receipt = door.redis.hgetall(keys.receipt(lead.decode()))
    assert receipt[b"s"] == b"parked"
    assert all(name.encode() in receipt[b"y"] for name in named)


def dict_of(packed: bytes) -> dict[bytes, bytes]:
    parts = packed.split(b"\x1f")[:-1]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_a_body_that_is_parked_twice_is_kept_once(door: Line) -> None:
    for _ in range(2):
        assert door.post({"secret": FIRST, "mid": "m"}).status_code == 422
    assert door.redis.zcard(keys.PARKED) == 1


@pytest.mark.parametrize(
    "again",
    [
        body(),
        body(secret=SECOND),
        dict(reversed(body().items())),
        {**body(), "secret": f" {FIRST} "},
    ],
    ids=["again", "another secret", "another order of keys", "spaces around the secret"],
)
def test_the_same_event_is_taken_once(door: Line, again: dict[str, Any]) -> None:
    assert [door.post(one).json() for one in (body(), again, again)] == [[], [], []]
    assert len(stored(door)) == len(door.receipts()) == 1


@pytest.mark.parametrize(
    "other",
    [
        body(customer_id="c-2"),
        body(mid="m-2"),
        body(intent="Purchase"),
        body(contact_info={"name": "สมชาย"}),
        body(address_parsing={"city": "Phuket"}),
        body(unknown=1),
    ],
)
@pytest.mark.parametrize("mid", ["m-1", ""])
def test_another_body_is_another_event_even_with_the_same_or_a_blank_mid(
    door: Line, other: dict[str, Any], mid: str
) -> None:
    first = body(mid=mid)
    door.post(first)
    door.post({**other, "mid": mid} if other["mid"] == "m-1" else other)
    assert len(stored(door)) == 2


def test_a_customer_who_is_a_number_is_not_the_one_who_is_its_text(door: Line) -> None:
    """DealDroid tells them apart when it is answered, so the two events are two."""
    door.post(body(customer_id=7))
    door.post(body(customer_id="7"))
    assert len(stored(door)) == 2


def test_the_secret_never_enters_redis(door: Line) -> None:
    door.post(body(contact_info={"name": "สมชาย"}))
    door.post(body(secret=SECOND, mid="m-2"))
    door.post({"secret": FIRST})
    door.post(body(secret=FIRST + "x"))
    held = b"".join(door.redis.dump(key) for key in door.redis.scan_iter())
    assert "สมชาย".encode() in held
    for secret in (FIRST, SECOND):
        assert secret.encode() not in held
        assert json.dumps(secret)[1:-1].encode() not in held
    assert not [key for key in door.redis.scan_iter() if b"secret" in key]


def test_an_event_costs_one_round_trip_and_the_one_that_rings_a_second(
    databases: Iterator[str], tmp_path: Path
) -> None:
    """As Redis itself sees it: what a script does inside is no round trip, and a transaction is one. Without the
    background thread, whose own questions come whenever they come."""
    settings = read({"REDIS_URL": next(databases)})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool"), settings)
        feeder.recent = Recent(Journal("web", tmp_path / "journal"))
        intake = Intake(Guard(()), feeder, settings.config, trusted_proxies=0)
        intake.accept(json.dumps(body(mid="warm")).encode(), {})
        client.flushdb()
        with client.monitor() as monitor:
            for number in range(20):
                intake.accept(json.dumps(body(mid=f"m-{number}")).encode(), {})
            client.echo("the end")
            trips = round_trips(iter(monitor.next_command, None), int(client.connection_pool.connection_kwargs["db"]))
        feeder.stop()
    assert trips.count("EVALSHA") == 20
    assert len(trips) == 20 + 1, trips


def round_trips(commands: Iterator[dict[str, Any]], db: int) -> list[str]:
    """The commands that were sent one by one, and of each transaction only its EXEC, without those that set up a
    connection."""
    trips: list[str] = []
    inside = False
    for command in commands:
        name = command["command"].split()[0]
        if name == "ECHO":
            return trips
        if command["client_type"] == "lua" or command["db"] != db or name == "SELECT":
            continue
        inside = name == "MULTI" or (inside and name != "EXEC")
        if not inside:
            trips.append(name)
    raise AssertionError("the end was not seen")
