"""`leadsync doctor` in front of the stand-ins, a real Redis and faults of every kind."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadcore.config import Config
from leadcore.machine import Machine
from leadcore.required import Requirement
from leadcore.settings import HUBSPOT_VERSIONS, read
from leadcore.store import keys, lines
from leadcore.store.required import remember_required
from leadcore.store.status import Status
from leadcore.texts.en import REASONS
from leadsync.cli import cli
from leadsync.doctor.finding import Finding, clock
from leadsync.doctor.machine import check_alerts, check_messages_token, check_payment, check_payments
from leadsync.doctor.portal import (
    judge_date,
    judge_defaults,
    judge_formats,
    judge_properties,
    judge_quota,
    judge_token,
    judge_version,
)
from leadsync.doctor.store import judge_line, judge_redis
from receiver.intake.spool import Spool
from sandbox import redis as embedded
from tests.conftest import Line, open_line
from workers.hubspot.properties import DEFINITIONS
from workers.hubspot.scopes import PURPOSES
from workers.rules.formats import FormatRule
from workers.settings import read_worker

LONG = "a-secret-of-thirty-two-characters-or-more"
INFO = {
    "redis_version": "7.0.15",
    "aof_enabled": 1,
    "maxmemory_policy": "noeviction",
    "used_memory": 10**6,
    "maxmemory": 0,
}


@pytest.fixture(scope="module")
def open_ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A system that is well: a Redis of its own that appends to disk, and a worker that is said to live."""
    folder = tmp_path_factory.mktemp("ward")
    with (
        embedded.start(folder / "redis", appendonly=True) as started,
        open_line(folder, started.url, DEALDROID_SECRET=LONG) as line,
    ):
        yield line


@pytest.fixture
def ward(open_ward: Line) -> Line:
    open_ward.reset()
    seconds, _ = open_ward.redis.time()
    open_ward.redis.zadd(keys.WORKERS, {"worker": seconds * 1000})
    return open_ward


def call(line: Line, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *words], env={**line.environ, **environ})


def examine(line: Line, **environ: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Exit code, and by subject what is not fine."""
    done = call(line, "--json", **environ)
    assert done.exit_code in (0, 1), done.output
    found: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(done.stdout):
        if one["state"] != "fine":
            assert one["fix"] or "must be" in one["text"], one
            found.setdefault(one["subject"], []).append(one)
    return done.exit_code, found


def test_a_system_that_is_well_is_fine(ward: Line) -> None:
    assert examine(ward) == (0, {})
    people = call(ward, COLUMNS="200").stdout
    assert "appendfsync everysec" in people
    for subject in (
        "Secret",
        "Redis",
        "HubSpot token",
        "HubSpot quota",
        "Clock of Redis",
        "Clock of HubSpot",
        "Workers",
    ):
        assert subject in people


@pytest.mark.parametrize(
    ("environ", "subject", "state", "words"),
    [
        ({"DEALDROID_SECRET": ""}, "Secret", "wrong", "not set"),
        ({"DEALDROID_SECRET": "", "ALLOW_UNAUTHENTICATED": "1"}, "Secret", "warning", "anybody"),
        ({"DEALDROID_SECRET": f"{LONG},short"}, "Secret", "warning", "one secret"),
        ({"DEALDROID_SECRET": f"{LONG},of-twenty-characters"}, "Secret", "warning", "shorter than 32"),
        ({"MESSAGES_TOKEN": "guessed"}, "Messages token", "warning", "shorter than 16"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis", "wrong", "does not answer"),
        ({"REDIS_URL": "http://x"}, "Configuration", "wrong", "REDIS_URL"),
        ({"LEADSYNC_CONFIG": "/nowhere.toml"}, "Configuration", "wrong", "no such file"),
        ({"HUBSPOT_ACCESS_TOKEN": ""}, "HubSpot and DealDroid", "wrong", "HUBSPOT_ACCESS_TOKEN"),
        ({"HUBSPOT_BASE_URL": "http://127.0.0.1:1"}, "HubSpot", "wrong", "cannot be reached"),
        ({"DEALDROID_WEBHOOK_URL": "http://127.0.0.1:1/"}, "DealDroid", "wrong", "cannot be reached"),
        ({"DEALDROID_WEBHOOK_URL": "https://no-such-host.invalid/"}, "DealDroid", "wrong", "does not resolve"),
        ({"SPOOL_DIR": "/dev/null/spool"}, "Disk", "wrong", "cannot be written"),
        ({"SPOOL_DIR": "", "XDG_STATE_HOME": "/dev/null"}, "Disk", "warning", "state folder cannot be used"),
        ({"DYNO": "run.1"}, "Disk", "warning", "wipes the disk"),
        ({"RENDER": "true", "SPOOL_DIR": ""}, "Disk", "warning", "may wipe"),
        ({"DRY_RUN": "1"}, "DRY_RUN", "warning", "Nothing is written"),
    ],
)
def test_what_the_environment_gets_wrong_is_named(
    ward: Line, tmp_path: Path, environ: dict[str, str], subject: str, state: str, words: str
) -> None:
    code, found = examine(ward, **{"XDG_STATE_HOME": str(tmp_path), **environ})
    [finding] = found[subject]
    assert (finding["state"], words in finding["text"]) == (state, True), finding
    assert code == (state == "wrong")


def test_a_template_that_fails_is_named(ward: Line, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[messages.texts.en]\ndetails_saved = "Hello {{ nobody"\n')
    code, found = examine(ward, LEADSYNC_CONFIG=str(config))
    assert (code, found["Configuration"][0]["state"]) == (1, "wrong")


def test_leads_on_the_disk_are_counted(ward: Line, tmp_path: Path) -> None:
    spool = Spool(tmp_path, Machine())
    spool.put(b"{}", 1)
    spool.close()
    _, found = examine(ward, SPOOL_DIR=str(tmp_path))
    assert "1 lead waits on the disk" in found["Disk"][0]["text"]


def test_a_webhook_that_speaks_no_tls_is_named_and_gets_no_request(ward: Line) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        ward.stack.callback(server.close)
        code, found = examine(ward, DEALDROID_WEBHOOK_URL=url)
        assert (code, found["DealDroid"][0]["state"]) == (1, "wrong")
        with closing(server.accept()[0]) as connection:
            assert b"POST" not in connection.recv(65_536)


def test_the_webhook_gets_no_request(ward: Line) -> None:
    examine(ward)
    state = ward.chat.control("GET", "state")
    assert (state["chats"], state["calls"]) == ({}, {})


@pytest.mark.parametrize("lists_scopes", [True, False], ids=["HubSpot lists them", "each is tried"])
@pytest.mark.parametrize("scope", PURPOSES)
def test_a_missing_scope_is_named_whether_or_not_hubspot_lists_the_scopes(
    ward: Line, scope: str, lists_scopes: bool
) -> None:
    ward.crm.settings(scopes=[one for one in PURPOSES if one != scope])
    if not lists_scopes:
        ward.crm.fault("403", path="/oauth")
    code, found = examine(ward)
    [finding] = found["HubSpot scopes"]
    assert scope in finding["text"]
    assert PURPOSES[scope] in finding["text"]
    assert "Service Keys" in finding["fix"]
    assert code == (scope != "crm.schemas.contacts.write")


def test_trying_the_scopes_changes_nothing(ward: Line) -> None:
    ward.crm.create(email="a@somebody.co.th", firstname="A")
    before = ward.crm.contacts(), dict(ward.crm.portal.contacts.properties)
    ward.crm.fault("403", path="/oauth")
    _, found = examine(ward)
    assert "HubSpot scopes" not in found
    assert (ward.crm.contacts(), dict(ward.crm.portal.contacts.properties)) == before


def test_a_bad_token_is_named_and_never_shown(ward: Line) -> None:
    ward.crm.settings(tokens=["another"])
    done = call(ward)
    assert done.exit_code == 1
    assert "HUBSPOT_ACCESS_TOKEN" in done.stdout
    assert "pat-test" not in done.output
    assert LONG not in done.output


@pytest.mark.parametrize("kind", ["502", "reset", "429_daily", "html", "garbled"])
def test_when_hubspot_fails_doctor_says_so_and_ends(ward: Line, kind: str) -> None:
    ward.crm.fault(kind)
    code, found = examine(ward)
    assert (code, found["HubSpot"][0]["state"]) == (1, "wrong")


def test_a_missing_property_is_named(ward: Line) -> None:
    with ward.crm.portal.lock:
        del ward.crm.portal.contacts.properties["dealdroid_cart"]
        ward.crm.portal.derive_rules()
    code, found = examine(ward)
    [finding] = found["HubSpot properties"]
    assert (code, finding["fix"]) == (1, "Run: leadsync setup")
    assert "dealdroid_cart" in finding["text"]


def test_no_worker_is_wrong_and_a_parked_lead_is_a_warning(ward: Line) -> None:
    ward.redis.zadd(keys.PARKED, {"one": 1})
    assert examine(ward)[0] == 0
    ward.redis.delete(keys.WORKERS)
    code, found = examine(ward)
    assert (code, found["Workers"][0]["fix"]) == (1, "Start one: leadsync worker")
    assert found["Parked"][0]["state"] == "warning"


def test_where_config_is_forbidden_the_rest_is_still_known(ward: Line) -> None:
    ward.redis.acl_setuser("hosted", enabled=True, nopass=True, keys=["*"], categories=["+@all"], commands=["-config"])
    url = ward.environ["REDIS_URL"].replace("redis://", "redis://hosted:any@")
    code, found = examine(ward, REDIS_URL=url)
    assert (code, found["Redis' disk"][0]["state"]) == (0, "warning")
    assert "unknown" in found["Redis' disk"][0]["text"]


def test_a_wrong_password_of_redis_is_named_and_not_shown(ward: Line) -> None:
    ward.redis.acl_setuser("locked", enabled=True, passwords=["+right"], keys=["*"], categories=["+@all"])
    url = ward.environ["REDIS_URL"].replace("redis://", "redis://locked:wrong-one@")
    done = call(ward, "--json", REDIS_URL=url)
    assert "refuses the password" in done.stdout
    assert "wrong-one" not in done.output


@pytest.mark.parametrize(
    ("url", "state", "word"),
    [
        ("", "fine", "not set"),
        ("https://hooks.test/secret-of-it", "fine", "is set"),
        ("http://hooks.test/secret-of-it", "warning", "not https"),
        ("http://127.0.0.1:9000/secret-of-it", "fine", "is set"),
        ("http://localhost/secret-of-it", "fine", "is set"),
        ("http://127.0.0.2/secret-of-it", "fine", "is set"),
        ("http://[::1]/secret-of-it", "fine", "is set"),
        ("http://localhost.test/secret-of-it", "warning", "not https"),
        ("http://127.0.0.1.test/secret-of-it", "warning", "not https"),
    ],
)
def test_it_tells_whether_anybody_is_told_and_not_where(url: str, state: str, word: str) -> None:
    settings = read_worker({"HUBSPOT_ACCESS_TOKEN": "t", "ALERT_WEBHOOK_URL": url})
    [finding] = check_alerts(settings)
    assert (finding.state, word in finding.text) == (state, True)
    assert "secret-of-it" not in str(finding.as_dict())


def states(found: list[Finding]) -> set[tuple[str, str]]:
    return {(one.subject, one.state) for one in found if one.state != "fine"}


@pytest.mark.parametrize(
    ("more", "fsync", "expected"),
    [
        ({}, "everysec", set()),
        ({}, "always", set()),
        ({}, "no", {("Redis' disk", "wrong")}),
        ({}, "", {("Redis' disk", "warning")}),
        ({"aof_enabled": 0}, "everysec", {("Redis' disk", "wrong")}),
        ({"maxmemory_policy": "allkeys-lru"}, "always", {("Redis' memory", "wrong")}),
        ({"maxmemory": 12 * 10**5}, "always", {("Redis' memory", "warning")}),
        ({"maxmemory": 10**6}, "always", {("Redis' memory", "wrong")}),
        ({"maxmemory": 10**8}, "always", set()),
        ({"redis_version": "6.0.9"}, "always", {("Redis", "wrong")}),
        ({"redis_version": "6.2.0"}, "always", set()),
        ({"redis_version": "8"}, "always", set()),
        ({"server_name": "valkey", "valkey_version": "9.1.2"}, "always", set()),
        ({"server_name": "valkey", "valkey_version": "7.1.9"}, "always", {("Redis", "wrong")}),
        ({"server_name": "dragonfly", "dragonfly_version": "1.30"}, "always", {("Redis", "warning")}),
    ],
)
def test_redis_is_judged(more: dict[str, Any], fsync: str, expected: set[tuple[str, str]]) -> None:
    assert states(judge_redis({**INFO, **more}, fsync)) == expected


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "it is Redis 7.0.15."),
        ({"redis_version": "7.2.4", "server_name": "valkey", "valkey_version": "9.1.2"}, "it is Valkey 9.1.2."),
        ({"redis_version": "7.2.4", "valkey_version": "7.2.5"}, "it is Valkey 7.2.5."),
        ({"redis_version": "6.0.9"}, "Redis 6.0.9, which is too old"),
        ({"redis_version": "7.2.4", "server_name": "valkey", "valkey_version": "7.0"}, "Valkey 7.0, which is too old"),
    ],
)
def test_the_server_is_named_as_what_it_is(more: dict[str, Any], words: str) -> None:
    """`redis_version` is only what Valkey wants to be taken for."""
    assert words in judge_redis({**INFO, **more}, "always")[0].text


def test_the_server_that_answers_is_named(ward: Line) -> None:
    binary = embedded.find_server()
    assert binary
    assert f"it is {embedded.identify_file(binary)}." in call(ward, COLUMNS="200").stdout


def test_redis_that_says_nothing_is_judged_too() -> None:
    assert {state for _, state in states(judge_redis({}, ""))} == {"wrong"}


@pytest.mark.parametrize(
    ("oldest_ms", "pause", "expected"),
    [
        (None, {}, set()),
        (1_000_000 - 5_000, {}, set()),
        (1_000_000 - 90_000, {}, {("Inbox", "warning")}),
        (None, {"reason": "why", "until_ms": 1, "since_ms": 990_000}, {("Line", "warning")}),
        (None, {"reason": "why", "until_ms": 1, "since_ms": 1}, {("Line", "wrong")}),
        (None, {"code": "unauthorized", "reason": "why", "until_ms": 1, "since_ms": 990_000}, {("Line", "wrong")}),
    ],
)
def test_the_line_is_judged(oldest_ms: int | None, pause: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    depths = {keys.INBOX: [1], keys.OUTBOX: [0]}
    assert states(judge_line(Status(1_000_000, 1, depths, oldest_ms, pauses={keys.INBOX: pause}))) == expected


@pytest.mark.parametrize(
    ("line", "code", "reason", "by_themselves"),
    [
        (keys.INBOX, "unavailable", "hubspot_unavailable", True),
        (keys.INBOX, "unauthorized", "token_refused", False),
        (keys.OUTBOX, "restarted", "redis_restarted", True),
        (keys.ORDERS, "order_key", "key_lacking", True),
        (keys.ORDERS, "order_stage", "order_stage_refused", False),
        (keys.NOTES, "switched_off", "switched_off", False),
    ],
)
def test_the_workers_try_again_by_themselves_unless_their_settings_may_have_to_change(
    line: str, code: str, reason: str, by_themselves: bool
) -> None:
    """Whatever the reason's words are."""
    pause = {"code": code, "reason": REASONS[reason], "until_ms": 1, "since_ms": 1}
    depths = {one.name: [int(one.name == line)] for one in lines.LINES}
    [found] = [one for one in judge_line(Status(1_000_000, 1, depths, pauses={line: pause})) if one.state != "fine"]
    assert ("The workers try again by themselves." in found.fix) is by_themselves


@pytest.mark.parametrize(
    ("dry_workers", "held", "expected"),
    [(0, 0, set()), (1, 3, {("Workers", "warning")}), (0, 3, {("Held back", "warning")})],
)
def test_a_dry_run_and_what_it_held_back_are_named(dry_workers: int, held: int, expected: set[tuple[str, str]]) -> None:
    depths = {keys.INBOX: [0], keys.OUTBOX: [0]}
    status = Status(1_000_000, 2, depths, kept={"held": held}, dry_workers=dry_workers)
    assert states(judge_line(status)) - {("Workers", "fine")} == expected


@pytest.mark.parametrize(
    ("off", "state"), [(0.3, "fine"), (-4.9, "fine"), (6.0, "warning"), (-60.0, "warning"), (301.0, "wrong")]
)
def test_a_clock_that_is_off_is_named(off: float, state: str) -> None:
    assert clock("Redis", off).state == state


@pytest.mark.parametrize(
    ("quota", "state"),
    [(None, "fine"), ((90_000, 100_000), "fine"), ((10_000, 100_000), "warning"), ((0, 0), "warning")],
)
def test_the_quota_is_judged(quota: tuple[int, int] | None, state: str) -> None:
    assert judge_quota(quota, 250_000).state == state


def test_where_hubspot_tells_no_quota_that_of_the_settings_is_named() -> None:
    assert "HUBSPOT_REQUESTS_PER_DAY counts: 5,000" in judge_quota(None, 5000).text


@pytest.mark.parametrize(
    ("date", "states"),
    [
        ("Mon, 23 Nov 2026 20:00:00 GMT", ["fine"]),
        ("Mon, 23 Nov 2026 20:00:30 GMT", ["warning"]),
        ("Mon, 23 Nov 2026 19:00:00 GMT", ["wrong"]),
        ("", []),
        ("tomorrow", []),
    ],
)
def test_hubspots_clock_is_judged_by_its_date_header(date: str, states: list[str]) -> None:
    assert [one.state for one in judge_date(date, 1_795_464_000.0)] == states


@pytest.mark.parametrize(
    ("kind", "today", "state", "words"),
    [
        ("service key", date(2027, 9, 1), "fine", "service key"),
        ("legacy private app", date(2026, 11, 28), "fine", "2027-09-01"),
        ("legacy private app", date(2027, 3, 2), "warning", "2027-09-01"),
        ("", date(2027, 9, 1), "fine", "does not say"),
    ],
)
def test_the_kind_of_the_token_is_told_and_when_it_ends(kind: str, today: date, state: str, words: str) -> None:
    finding = judge_token(kind, today)
    assert (finding.state, words in finding.text) == (state, True)


@pytest.mark.parametrize(
    ("version", "today", "states"),
    [
        ("v3", date(2026, 9, 1), ["fine"]),
        ("v3", date(2026, 11, 28), ["warning"]),
        ("v3", date(2027, 3, 29), ["warning", "warning"]),
        ("v3", date(2027, 4, 1), ["wrong", "warning"]),
        ("v3", date(2027, 9, 1), ["wrong", "wrong"]),
        ("2026-03", date(2026, 11, 28), ["fine"]),
        ("2026-03", date(2027, 4, 1), ["warning"]),
        ("2026-09", date(2027, 8, 1), ["fine"]),
        ("2026-09", date(2028, 1, 1), ["warning"]),
    ],
)
def test_half_a_year_before_hubspot_ends_what_is_used_there_is_a_warning(
    version: str, today: date, states: list[str]
) -> None:
    assert [one.state for one in judge_version(version, today)] == states


def definitions(change: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    return [body for body in (one.body() for one in DEFINITIONS) if change(body)]


def test_a_key_that_is_not_unique_is_named() -> None:
    every = definitions(lambda _: True)
    every[0]["hasUniqueValue"] = False
    [finding] = judge_properties(every, Config())
    assert (finding.state, "unique" in finding.text) == ("wrong", True)


def test_a_property_for_which_there_was_no_room_is_a_warning() -> None:
    [finding] = judge_properties(definitions(lambda body: body["name"] != "dealdroid_village"), Config())
    assert (finding.state, "dealdroid_village" in finding.text) == ("warning", True)


def test_what_the_configuration_names_must_exist() -> None:
    config = Config(mapping={"dealdroid_cart": "own_cart", "company": False}, properties={"a.b": "own_field"})
    [finding] = judge_properties(definitions(lambda body: body["name"] != "dealdroid_cart"), config)
    assert (finding.state, "own_cart, own_field" in finding.text) == ("warning", True)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (Config(), ["zip (only digits)"]),
        (Config(mapping={"zip": False}), []),
        (Config(mapping={"zip": "own_zip"}), ["own_zip (at most 4 characters)"]),
        (Config(properties={"a.b": "unused"}), ["zip (only digits)", "unused (a web address)"]),
    ],
)
def test_the_rules_that_what_is_written_may_break_are_named_beforehand(config: Config, named: list[str]) -> None:
    formats = {
        "zip": [FormatRule("ALPHANUMERIC", ("NUMERIC_ONLY",))],
        "own_zip": [FormatRule("MAX_LENGTH", ("4",))],
        "phone": [FormatRule("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE")],
        "unused": [FormatRule("URL")],
    }
    [finding] = judge_formats(formats, config)
    assert finding.state == ("warning" if named else "fine")
    assert all(one in finding.text for one in named)


@pytest.mark.parametrize(
    ("required", "word"),
    [
        ({"company": "-"}, ""),
        ({"shop": "a"}, ""),
        ({"shop": "c"}, "options: a, b"),
        ({"tax_id": "-"}, "unique"),
        ({"nothing": "-"}, "no such property"),
    ],
)
def test_a_value_for_a_required_property_that_cannot_be_sent_is_named(required: dict[str, str], word: str) -> None:
    portal: list[dict[str, Any]] = [
        {"name": "company"},
        {"name": "shop", "options": [{"value": "a"}, {"value": "b"}]},
        {"name": "tax_id", "hasUniqueValue": True},
    ]
    found = judge_defaults(portal, Config(required=required))
    assert [word in one.text for one in found] == ([True] if word else [])


@pytest.mark.parametrize("version", HUBSPOT_VERSIONS)
def test_a_portals_rules_and_what_it_was_found_to_require_are_told(ward: Line, version: str) -> None:
    ward.crm.settings(formats={"zip": [{"ruleType": "MAX_LENGTH", "ruleArguments": ["4"]}]})
    remember_required(ward.redis, [Requirement("company", "Company Name", "create")], [])
    _, found = examine(ward, HUBSPOT_API_VERSION=version)
    assert "zip (at most 4 characters)" in found["HubSpot's rules for values"][0]["text"]
    assert "Company Name (company)" in found["Required properties"][0]["fix"]


def test_a_hubspot_that_does_not_tell_its_rules_is_no_fault(ward: Line) -> None:
    ward.crm.fault("404", path="/0-1")
    _, found = examine(ward)
    assert "HubSpot's rules for values" not in found


@pytest.mark.parametrize(
    ("table", "environ", "state", "text"),
    [
        ("", {}, "", ""),
        ("[payment]", {"PROMPTPAY_ID": "0812345678"}, "warning", "PUBLIC_URL is not set"),
        ("[payment]", {"PUBLIC_URL": "https://a.example"}, "wrong", "PROMPTPAY_ID is not set"),
        (
            "[payment]",
            {"PUBLIC_URL": "https://a.example", "PROMPTPAY_ID": "812345678"},
            "wrong",
            "PROMPTPAY_ID must be",
        ),
        ("[payment]", {"PUBLIC_URL": "http://a.example", "PROMPTPAY_ID": "0812345678"}, "wrong", "begins with http://"),
        ("[payment]", {"PUBLIC_URL": "https://a.example", "PROMPTPAY_ID": "0812345678"}, "warning", "names no payee"),
        ("[payment]\npayee = 'Ann'", {"PUBLIC_URL": "https://a.example", "PROMPTPAY_ID": "0812345678"}, "fine", "/pay"),
        ("[payment]\nprovider = 'stripe'", {"PUBLIC_URL": "https://a.example"}, "wrong", "STRIPE_API_KEY"),
    ],
)
def test_payment_links_are_checked_where_they_are_configured(
    tmp_path: Path, table: str, environ: dict[str, str], state: str, text: str
) -> None:
    config = tmp_path / "leadsync.toml"
    config.write_text(table)
    env = {"LEADSYNC_CONFIG": str(config), "LEADSYNC_KEY": "k" * 32, **environ}
    findings = check_payment(read(env), env)
    assert [(one.state, text in one.text) for one in findings] == ([(state, True)] if state else [])


@pytest.mark.parametrize(("tables", "warns"), [("", 0), ("[payment]", 1), ("[payment]\n[orders]", 0)])
def test_payments_without_orders_are_warned_of(tmp_path: Path, tables: str, warns: int) -> None:
    config = tmp_path / "leadsync.toml"
    config.write_text(tables)
    env = {"LEADSYNC_CONFIG": str(config), "LEADSYNC_KEY": "k" * 32}
    assert [one.state for one in check_payments(read(env))] == ["warning"] * warns


def test_the_messages_token_is_spoken_of_only_where_it_is_set() -> None:
    assert check_messages_token({}) == []
    assert [one.state for one in check_messages_token({"MESSAGES_TOKEN": LONG})] == ["fine"]


def test_an_address_that_leads_to_a_replica_is_wrong() -> None:
    [finding] = judge_redis({**INFO, "role": "slave"}, "always")[3:]
    assert (finding.state, "takes no leads" in finding.text) == ("wrong", True)
    assert "CONFIG REWRITE" in finding.fix


@pytest.mark.parametrize("replicas", [0, 1, 2])
def test_what_a_replica_needs_is_said_where_there_is_one(replicas: int) -> None:
    found = judge_redis({**INFO, "role": "master", "connected_slaves": replicas}, "always")[3:]
    needs = ("maxmemory", "clock", "CONFIG REWRITE")
    assert [(one.state, all(need in one.text for need in needs)) for one in found] == [("fine", True)] * bool(replicas)
