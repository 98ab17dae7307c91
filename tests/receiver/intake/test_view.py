"""DealDroid's URL over real HTTP: every status, every shape of body, and where secrets must not go."""

import hmac
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
from leadcore.machine import Machine
from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect
from leadcore.store.streams import unpack_fields
from receiver.intake import view
from receiver.intake.feeder import Feeder
from receiver.intake.recent_events import RecentEvents
from receiver.intake.reply import Replies
from receiver.intake.spool import Spool
from receiver.intake.view import Intake, SecretCheck
from tests.conftest import INTENT_PATH, Line, eventually, lead
from tests.receiver.conftest import FIRST, SECOND, SECRETS, THIRD

KEYS = (FIRST, SECOND, THIRD)
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
    """A raw request: nothing added, no redirect followed."""
    with closing(http.client.HTTPConnection("127.0.0.1", int(line.environ["PORT"]), timeout=10)) as connection:
        connection.request(method, path, raw, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def test_an_event_is_stored_and_answered_with_no_messages(receiver: Line) -> None:
    answer = receiver.post(body(contact_info={"name": "สมชาย"}))
    assert (answer.status_code, answer.content) == (200, b"[]")
    assert answer.headers["Content-Type"] == "application/json"
    assert stored(receiver) == [
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
def test_the_instant_reply_is_the_intents_even_for_a_repeated_event(
    receiver: Line, intent: str, reply: list[str]
) -> None:
    for _ in range(2):
        assert receiver.post(body(intent=intent)).json() == reply


@pytest.mark.parametrize("path", [INTENT_PATH, INTENT_PATH + "/", INTENT_PATH + "?from=dealdroid"])
def test_the_path_ends_with_or_without_a_slash_and_is_never_redirected(receiver: Line, path: str) -> None:
    status, _, raw = ask(receiver, "POST", path, json.dumps(body()).encode())
    assert (status, raw) == (200, b"[]")


@pytest.mark.parametrize("path", ["/api/v1/intent-handler//", "/api/v1/", "/", "/console/"])
def test_any_other_path_is_not_found(receiver: Line, path: str) -> None:
    status, headers, raw = ask(receiver, "POST", path, json.dumps(body()).encode())
    assert (status, headers["content-type"], "error" in json.loads(raw)) == (404, "application/json", True)


@pytest.mark.parametrize("path", [INTENT_PATH, INTENT_PATH + "/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_any_other_method_is_not_allowed(receiver: Line, method: str, path: str) -> None:
    status, headers, raw = ask(receiver, method, path)
    assert (status, headers["allow"]) == (405, "POST")
    assert method == "HEAD" or "error" in json.loads(raw)


@pytest.mark.parametrize("secret", [FIRST, SECOND, THIRD, f"  {FIRST}\n", SECRETS, SECRETS.strip()])
def test_each_configured_secret_is_accepted_trimmed_and_so_is_the_whole_value(receiver: Line, secret: str) -> None:
    assert receiver.post(body(secret=secret)).status_code == 200
    assert len(stored(receiver)) == 1


@pytest.mark.parametrize(
    "secret",
    ["", " ", ",", FIRST.upper(), FIRST[:-1], FIRST + "x", f"{FIRST},{SECOND}", "กุญแจ", None, True, 0, [FIRST], {}],
)
def test_any_other_secret_is_forbidden_and_nothing_is_stored(receiver: Line, secret: Any) -> None:
    answer = receiver.post(body(secret=secret))
    assert_error(answer, 403)
    assert answer.json() == {"error": "Forbidden"}
    counted = {keys.DATASET, keys.FIGURES, keys.REFUSED}
    # The receiver writes when somebody else's post came, up to a second later.
    assert {name.decode() for name in receiver.redis.scan_iter()} <= counted | {keys.LAST_POST}


def test_without_a_secret_it_is_forbidden_whatever_else_is_missing(receiver: Line) -> None:
    for given in ({}, {"mid": "m"}, {"mid": "m", "customer_id": "c", "intent": "i"}):
        assert receiver.post(given).json() == {"error": "Forbidden"}


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b" ", b"{", b"{}x", b"nonsense", b"mid=1&secret=x", b"{'mid': 1}", b"[]", b'"text"', b"null", b"1"),
        *(b"\xff\xfe\x00", b'{"mid": "\xe0\xb8"}', b"[" * 100_000, b'{"a":' * 40_000),
    ],
)
def test_a_body_that_is_not_a_json_object_is_malformed(receiver: Line, raw: bytes) -> None:
    assert_error(receiver.post(raw), 400)


@pytest.mark.parametrize(
    ("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413), (4 * LIMIT, 413)], ids=["at the limit", "over", "far over"]
)
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_a_body_over_256_kib_is_too_large(receiver: Line, size: int, status: int, chunked: bool) -> None:
    raw = json.dumps(body(pad="")).encode()
    raw = raw[:-2] + b"x" * (size - len(raw)) + raw[-2:]
    assert len(raw) == size
    answer = receiver.post(in_chunks(raw) if chunked else raw)
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
def test_the_content_type_does_not_matter(receiver: Line, headers: dict[str, str]) -> None:
    assert ask(receiver, "POST", INTENT_PATH, json.dumps(body()).encode(), **headers)[0] == 200
    assert len(stored(receiver)) == 1


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_json_in_any_unicode_encoding_is_the_same_event(receiver: Line, encoding: str) -> None:
    given = body(contact_info={"name": "สมชาย"})
    for raw in (json.dumps(given, ensure_ascii=False).encode(encoding), json.dumps(given).encode()):
        assert receiver.post(raw).status_code == 200
    [kept] = stored(receiver)
    assert kept["contact_info"]["name"] == "สมชาย"


@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "-Infinity", "1e400", "-1e-400", "9" * 30, "9" * 5000, "null", "true", "[[[]]]"),
        *(r'"\ud83d"', r'"a\udc00b"', r'"\u0000"', '{"a": {"b": [1]}}', '"' + "ก" * 5000 + '"'),
    ],
    ids=lambda value: value[:12],
)
def test_an_odd_value_does_not_lose_the_event(receiver: Line, value: str) -> None:
    raw = json.dumps(body(contact_info={"name": "สมชาย"}))[:-1] + f', "odd": {value}}}'
    answer = receiver.post(raw.encode())
    assert (answer.status_code, answer.content) == (200, b"[]")
    [kept] = stored(receiver)
    assert kept["contact_info"] == {"name": "สมชาย"}
    parsed = event.read(event.encode(kept))
    assert (parsed.customer_id, parsed.contact.name) == ("c-1", "สมชาย")


@pytest.mark.parametrize("fill", ["", r'"\ud83d"'], ids=["strict", "liberal"])
def test_a_deeply_nested_body_is_accepted_or_malformed_but_never_an_error(receiver: Line, fill: str) -> None:
    for depth in (10, 100, *range(850, 1050, 5)):
        raw = json.dumps(body())[:-1] + ', "deep": ' + "[" * depth + fill + "]" * depth + "}"
        assert receiver.post(raw.encode()).status_code in (200, 400), depth


def test_the_last_of_two_equal_keys_counts(receiver: Line) -> None:
    raw = json.dumps(body(secret="wrong"))[:-1] + f', "secret": "{FIRST}", "customer_id": "c-2"}}'
    assert receiver.post(raw.encode()).status_code == 200
    [kept] = stored(receiver)
    assert (kept["customer_id"], "secret" in kept) == ("c-2", False)


@pytest.mark.parametrize(
    ("customer_id", "text"),
    [(7, "7"), (9007199254740993, "9007199254740993"), (-1, "-1"), (1.5, "1.5"), (" c ", " c "), ("ก", "ก")],
)
def test_a_customer_id_is_stored_exactly_as_received(receiver: Line, customer_id: Any, text: str) -> None:
    assert receiver.post(body(customer_id=customer_id)).status_code == 200
    [kept] = stored(receiver)
    assert (kept["customer_id"], type(kept["customer_id"])) == (customer_id, type(customer_id))
    assert [one.customer_id for one in receiver.receipts()] == [text]


@pytest.mark.parametrize("fields", [{"mid": ""}, {"mid": 0}, {"mid": 12.5}, {"intent": ""}, {"intent": 3}])
def test_a_blank_or_numeric_mid_or_intent_is_accepted(receiver: Line, fields: dict[str, Any]) -> None:
    assert receiver.post(body(**fields)).status_code == 200
    assert len(stored(receiver)) == 1


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
def test_an_event_without_a_required_field_is_parked_whole_and_the_field_is_named(
    receiver: Line, fields: dict[str, Any], named: list[str]
) -> None:
    given = {name: value for name, value in body(contact_info={"name": "สมชาย"}, **fields).items() if value is not None}
    answer = receiver.post(given)
    assert_error(answer, 422)
    assert [name for name in event.REQUIRED if name in answer.json()["error"]] == named
    assert stored(receiver) == []
    [one] = receiver.redis.zrange(keys.PARKED, 0, -1)
    kept = unpack_fields(receiver.redis.get(keys.parked(one.decode())))
    del given["secret"]
    assert event.decode(kept[b"b"]) == given
    receipt = receiver.redis.hgetall(keys.receipt(one.decode()))
    assert receipt[b"s"] == b"parked"
    assert all(name.encode() in receipt[b"y"] for name in named)


def test_a_body_that_is_parked_twice_is_stored_once(receiver: Line) -> None:
    for _ in range(2):
        assert receiver.post({"secret": FIRST, "mid": "m"}).status_code == 422
    assert receiver.redis.zcard(keys.PARKED) == 1


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
def test_the_same_event_is_stored_once(receiver: Line, again: dict[str, Any]) -> None:
    answers = [receiver.post(one) for one in (body(), again, again)]
    assert [answer.json() for answer in answers] == [[], [], []]
    assert [answer.headers.get("Leadsync-Event") for answer in answers] == [None, "duplicate", "duplicate"]
    assert len(stored(receiver)) == len(receiver.receipts()) == 1


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
def test_a_different_body_is_another_event_even_with_the_same_or_a_blank_mid(
    receiver: Line, other: dict[str, Any], mid: str
) -> None:
    first = body(mid=mid)
    receiver.post(first)
    receiver.post({**other, "mid": mid} if other["mid"] == "m-1" else other)
    assert len(stored(receiver)) == 2


def test_a_numeric_customer_id_differs_from_its_text(receiver: Line) -> None:
    """DealDroid distinguishes them when it gets a confirmation, so these are two events."""
    receiver.post(body(customer_id=7))
    receiver.post(body(customer_id="7"))
    assert len(stored(receiver)) == 2


@pytest.mark.parametrize(
    "given",
    ["", "f", FIRST, SECOND, THIRD, FIRST[:-1] + "0", "0" + FIRST[1:], FIRST * 1000, "\ud800", 7, *KEYS],
    ids=lambda given: str(given)[:20].encode("unicode_escape").decode(),
)
def test_a_secret_is_compared_with_every_configured_one_in_constant_time(
    monkeypatch: pytest.MonkeyPatch, given: Any
) -> None:
    """Neither the position of the first difference, nor the length, nor an early match shows: digests are compared."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    real = hmac.compare_digest
    monkeypatch.setattr(view.hmac, "compare_digest", compare)
    assert SecretCheck(KEYS).accepts(given) is (given in KEYS)
    assert len(compared) == len({known for _, known in compared}) == len(KEYS)
    assert {len(digest) for pair in compared for digest in pair} == {32}


def test_the_secret_check_holds_only_digests() -> None:
    assert not [one for one in KEYS if one.encode() in repr(vars(SecretCheck(KEYS))).encode()]


def test_no_secret_reaches_a_log_or_an_answer(receiver: Line) -> None:
    """Whether the request is accepted, parked, refused, malformed or too large."""
    full = {**lead(), "secret": FIRST}
    almost = FIRST[:-1] + "x"
    bodies: list[Any] = [full, {"secret": FIRST}, {**full, "secret": almost}, {**full, "secret": [almost]}]
    bodies += [
        f'{{"secret": "{FIRST}", '.encode(),
        f'["{FIRST}"]'.encode(),
        f'{{"secret": "{FIRST}"}}'.encode("utf-16"),
    ]
    bodies += [{**full, "pad": "x" * 300_000}]
    answers = [receiver.post(one) for one in bodies]
    assert [answer.status_code for answer in answers] == [200, 422, 403, 403, 400, 400, 422, 413]
    answered = "".join(answer.text + str(answer.headers) for answer in answers)
    eventually(lambda: "secret.wrong" in receiver.logs())
    for text in (answered, receiver.logs()):
        assert FIRST not in text
        assert almost not in text


def test_the_secret_never_enters_redis(receiver: Line) -> None:
    receiver.post(body(contact_info={"name": "สมชาย"}))
    receiver.post(body(secret=SECOND, mid="m-2"))
    receiver.post({"secret": FIRST})
    receiver.post(body(secret=FIRST + "x"))
    held = b"".join(receiver.redis.dump(key) for key in receiver.redis.scan_iter())
    assert "สมชาย".encode() in held
    for secret in (FIRST, SECOND):
        assert secret.encode() not in held
        assert json.dumps(secret)[1:-1].encode() not in held
    assert not [key for key in receiver.redis.scan_iter() if b"secret" in key]


def test_an_event_costs_one_round_trip_and_ringing_a_second(databases: Iterator[str], tmp_path: Path) -> None:
    """As Redis sees it: commands inside a script are no round trip, a transaction is one. Without the background
    thread, whose commands come at any time."""
    settings = read({"REDIS_URL": next(databases)})
    with closing(connect(settings)) as client:
        feeder = Feeder(client, Spool(tmp_path / "spool", Machine()), settings, Machine())
        feeder.recent = RecentEvents(Journal("web", tmp_path / "journal"), Machine())
        intake = Intake(SecretCheck(()), feeder, Replies(settings.config, b"", Machine()), trusted_proxies=0)
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
    """The commands sent one by one; of each transaction only its EXEC; without those that set up a connection."""
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
