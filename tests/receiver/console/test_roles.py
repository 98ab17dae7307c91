"""Logins of each person: `sales` reads and can do nothing, `admin` acts, and what is done is in the doer's name."""

import itertools
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask import request as flask_request
from werkzeug.datastructures import Authorization
from werkzeug.security import generate_password_hash

from leadcore.logins import HASH_METHOD, read_logins
from leadcore.settings import ReceiverSettings, read_receiver
from leadcore.store import keys
from leadcore.store.posts import LAST
from receiver.app import create_app
from receiver.console.auth import MAX_SLOW, MAX_WAITING, READ_BY_POST, SAFE, ConsoleAuth, User
from receiver.console.contacts import SECONDS, FoundContact
from receiver.throttle import ALLOWED
from tests.conftest import PATIENT, Line, open_line
from tests.receiver.console.conftest import PASSWORD, ConsoleUser
from tests.receiver.console.test_paid import REF, recorded
from tests.receiver.console.test_views import TH, text_of

SALES, ADMIN = "a-password-of-sales", "รหัสของผู้ดูแล:1234"
USERS = (
    f"nok:sales:{generate_password_hash(SALES, HASH_METHOD)} สมชาย:admin:{generate_password_hash(ADMIN, HASH_METHOD)}"
)
LOGINS = read_logins(USERS)
# Routes that other systems call, each with a secret of its own: no person logs in there.
OF_MACHINES = {
    "/api/v1/intent-handler",
    "/api/v1/messages",
    "/api/v1/payments",
    "/api/v1/payments/stripe",
}


@pytest.fixture(scope="module")
def team_line(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None) -> Iterator[Line]:
    environ = {
        "CONSOLE_PASSWORD": PASSWORD,
        "CONSOLE_USERS": USERS,
        "TRUSTED_PROXIES": "1",
        "WEB_CONCURRENCY": "1",
        "MESSAGES_TOKEN": "m" * 32,
        "PUBLIC_URL": "https://shop.example.com",
        "LEADSYNC_KEY": "k" * 32,
        "PROMPTPAY_ID": "0812345678",
    }
    folder = tmp_path_factory.mktemp("team")
    (folder / "leadsync.toml").write_text('[payment]\nprovider = "promptpay"\n', encoding="utf-8")
    with open_line(folder, next(databases), LEADSYNC_CONFIG=str(folder / "leadsync.toml"), **environ) as line:
        line.start("web", **PATIENT)
        line.await_web()
        yield line


def as_person(line: Line, name: str, password: str) -> ConsoleUser:
    person = ConsoleUser(line)
    person.auth = ConsoleAuth(PASSWORD, 0, LOGINS)
    person.session.auth = (name.encode(), password.encode())  # type: ignore[assignment]  # bytes go as they are
    return person


@pytest.fixture
def sales(team_line: Line) -> Iterator[ConsoleUser]:
    team_line.redis.flushdb()
    team_line.redis.zadd(keys.LAST_POST, {LAST: 1_600_000_000_000})
    one = as_person(team_line, "nok", SALES)
    with one.session:
        yield one


@pytest.fixture
def admin(sales: ConsoleUser) -> Iterator[ConsoleUser]:
    one = as_person(sales.line, "สมชาย", ADMIN)
    with one.session:
        yield one


def furnish(user: ConsoleUser) -> None:
    """Something of each kind that waits for a person."""
    user.park("lead-1")
    user.hold("lead-2")
    user.add_lead("lead-3", customer_id="c-3", state="created", order="created", order_ref=REF)
    user.redis.hset(keys.order(REF), mapping={"amount": "125050", "currency": "THB"})
    record = '{"stage":"s1","label":"Shipped","cause":"bulk","why":"many moved at once","reference":"K73FX219"}'
    user.redis.hset(keys.STAGES_ORDERS, "77", record)
    user.redis.zadd(keys.STAGES_HELD, {"77": int(time.time() * 1000)})


def everything(user: ConsoleUser) -> dict[bytes, bytes]:
    """All keys but those that the web process writes by itself."""
    own = {name.encode() for name in (keys.FIGURES, keys.DATASET, keys.LAST_POST)}
    return {key: user.redis.dump(key) for key in user.redis.keys("*") if key not in own}


def settings_of_all(tmp_path: Path, redis_url: str) -> ReceiverSettings:
    """Everything that has routes is configured."""
    config = tmp_path / "all.toml"
    config.write_text('[payment]\nprovider = "stripe"\n', encoding="utf-8")
    return read_receiver(
        {
            "DEALDROID_SECRET": "s" * 32,
            "CONSOLE_PASSWORD": PASSWORD,
            "CONSOLE_USERS": USERS,
            "MESSAGES_TOKEN": "m" * 32,
            "PUBLIC_URL": "https://shop.example.com",
            "STRIPE_API_KEY": "sk_test_1",
            "STRIPE_WEBHOOK_SECRET": "whsec_1",
            "LEADSYNC_KEY": "k" * 32,
            "LEADSYNC_CONFIG": str(config),
            "REDIS_URL": redis_url,
            "SPOOL_DIR": str(tmp_path / "spool"),
        }
    )


class NoContacts:
    """HubSpot knows nobody."""

    def read_names(self, contact_ids: Sequence[str], seconds: float = SECONDS) -> Mapping[str, str]:
        return {}

    def find(self, text: str) -> Sequence[FoundContact]:
        return ()


def test_no_route_lets_sales_do_anything(sales: ConsoleUser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every route of the whole app, with every method that may change something, a right token and a real lead."""
    furnish(sales)
    monkeypatch.setattr("receiver.app.Feeder.start", lambda _: None)
    monkeypatch.setattr("receiver.app.Finalize", lambda *_, **__: None)
    app = create_app(settings_of_all(tmp_path, sales.line.environ["REDIS_URL"]), NoContacts())
    before = everything(sales)
    walked = set()
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - SAFE):
            if str(rule) in OF_MACHINES or rule.endpoint in READ_BY_POST:
                continue
            path = re.sub(r"<[^>]+>", "lead-1", str(rule)).removeprefix("/console/")
            assert str(rule).startswith("/console/"), f"{rule}: who may call this?"
            for about in ({"lead": "lead-1"}, {"lead": "lead-3"}, {"held": "1"}, {"order": "77"}):
                form = {"token": sales.auth.form_token("nok"), "until": "9999999999999", **about}
                url = f"{sales.line.url}/console/{path}"
                answer = sales.session.request(method, url, data=form, timeout=10, allow_redirects=False)
                assert answer.status_code == 403, (method, path)
                assert "Your login may read, and change nothing" in answer.text
            walked.add(path)
    assert {"retry", "discard", "paid", "stages/release", "stages/drop", "setup/test"} <= walked
    assert everything(sales) == before
    assert app.view_functions.keys() >= READ_BY_POST


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_the_rule_holds_for_a_route_that_is_not_there_yet(method: str) -> None:
    with Flask("test").test_request_context("/console/later", method=method):
        assert not User("nok", "sales").may_send(flask_request)
        assert User("ann", "admin").may_send(flask_request)


PAGES = ("", "leads", *(f"leads/lead-{n}" for n in (1, 2, 3)), "actions", "messages", "matches", "stages", "setup")


def test_sales_reads_every_page_and_sees_no_button(sales: ConsoleUser) -> None:
    furnish(sales)
    for path, header in itertools.product(PAGES, ({}, TH)):
        page = sales.read(path, **header)
        assert 'method="post"' not in page, path
        assert "/console/discard" not in page, path
    for header, role in (({}, "reads only"), (TH, "ดูอย่างเดียว")):
        assert f'<span class="user">nok <span class="soft">{role}</span></span>' in sales.read(**header)
    for path in ("", "leads/lead-1"):
        assert "To retry or discard, ask an admin." in sales.read(path)
    assert "To decide, ask an admin." in sales.read("stages")


def test_an_admin_sees_the_buttons(admin: ConsoleUser) -> None:
    furnish(admin)
    for path in ("", "leads/lead-1", "leads/lead-3", "stages", "setup"):
        assert 'method="post"' in admin.read(path), path
    assert "/console/discard?lead=lead-1" in admin.read("leads/lead-1")


def test_sales_is_not_asked_whether_to_discard(sales: ConsoleUser) -> None:
    furnish(sales)
    answer = sales.get("discard?lead=lead-1", **TH)
    assert answer.status_code == 403
    assert "แก้ไขไม่ได้" in answer.text


def test_what_an_admin_does_is_in_their_name(admin: ConsoleUser) -> None:
    furnish(admin)
    for path, form in (
        ("retry", {"lead": "lead-1"}),
        ("discard", {"lead": "lead-2"}),
        ("paid", {"lead": "lead-3"}),
        ("stages/release", {"order": "77"}),
    ):
        assert admin.submit(path, token=admin.auth.form_token("สมชาย"), **form).status_code == 303, path
    done = [(fields[b"c"], fields[b"u"].decode()) for _, fields in admin.redis.xrange(keys.ACTIONS)]
    assert done == [(command, "สมชาย") for command in (b"retry", b"discard", b"paid", b"release")]
    assert recorded(admin) == [125050]
    assert text_of(admin.read("actions")).count("สมชาย") == 4
    assert "Tried again by a person" in text_of(admin.read("leads/lead-1"))
    assert "by สมชาย" in text_of(admin.read("leads/lead-1"))
    assert "by สมชาย" in text_of(admin.read("leads/lead-2"))
    assert "โดย สมชาย" in text_of(admin.read("leads/lead-2", **TH))


def test_the_one_password_still_acts_and_is_called_console(sales: ConsoleUser) -> None:
    sales.park("lead-1")
    one = as_person(sales.line, "leadsync", PASSWORD)
    with one.session:
        assert one.submit("retry", lead="lead-1").status_code == 303
        assert "reads only" not in one.read()
    assert [fields[b"u"] for _, fields in sales.redis.xrange(keys.ACTIONS)] == [b"console"]


def test_a_form_of_one_person_is_no_form_of_another(admin: ConsoleUser) -> None:
    admin.park("lead-1")
    for token in (admin.auth.form_token("nok"), admin.auth.form_token(), ConsoleAuth(PASSWORD, 0).form_token("สมชาย")):
        assert admin.submit("retry", token=token, lead="lead-1").status_code == 403
    assert admin.state("lead-1") == "parked"


@pytest.mark.parametrize(
    ("name", "password", "status"),
    [
        ("nok", SALES, 200),
        ("Nok", SALES, 200),
        ("nok", ADMIN, 401),
        ("nok", PASSWORD, 401),
        ("nok", "", 401),
        ("nok", SALES + " ", 401),
        ("leadsync", SALES, 401),
        ("leadsync", "", 401),
        ("nobody", SALES, 401),
        ("", SALES, 401),
        ("nok:sales", SALES, 401),
        ("สมชาย", ADMIN, 200),
    ],
)
def test_only_a_name_with_its_own_password_gets_in(
    sales: ConsoleUser, request: pytest.FixtureRequest, name: str, password: str, status: int
) -> None:
    headers = {"X-Forwarded-For": f"10.7.{abs(hash((name, password))) % 250}.1"}
    given: Any = (name.encode(), password.encode())
    answer = requests.get(f"{sales.line.url}/console/", auth=given, headers=headers, timeout=10)
    assert answer.status_code == status
    # Known again by now: a wrong one is as wrong as before.
    wrong: Any = (name.encode(), password.encode() + b"x")
    assert requests.get(f"{sales.line.url}/console/", auth=wrong, headers=headers, timeout=10).status_code == 401


def test_wrong_passwords_of_any_name_make_a_sender_wait(sales: ConsoleUser) -> None:
    headers = {"X-Forwarded-For": "203.0.113.77"}
    url = f"{sales.line.url}/console/"
    names = itertools.cycle(("nok", "nobody", "leadsync"))
    answers = [
        requests.get(url, auth=(next(names), f"guess-{number}"), headers=headers, timeout=10).status_code
        for number in range(ALLOWED + 2)
    ]
    assert answers == [401] * (ALLOWED + 1) + [429]
    assert requests.get(url, auth=("nok", SALES), headers=headers, timeout=10).status_code == 429
    logs = sales.line.logs()
    assert "guess-" not in logs
    assert SALES not in logs


def authorized(auth: ConsoleAuth, name: str, password: str) -> object:
    with Flask("test").test_request_context("/console/") as context:
        context.request.headers.environ["HTTP_AUTHORIZATION"] = Authorization(
            "basic", {"username": name, "password": password}
        ).to_header()
        return auth.admit(context.request)


def test_an_unknown_name_costs_as_much_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One slow check each, with the same cost: how long it takes does not say who has a login."""
    checked: list[str] = []
    monkeypatch.setattr(
        "receiver.console.auth.check_password_hash", lambda known, given: checked.append(known.rsplit("$")[0]) or False
    )
    auth = ConsoleAuth("", 0, LOGINS)
    for name in ("nok", "nobody", "สมชาย", ""):
        authorized(auth, name, "wrong")
    assert checked == [HASH_METHOD] * 4


def test_a_right_password_is_hashed_once_and_a_wrong_one_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    monkeypatch.setattr(
        "receiver.console.auth.check_password_hash", lambda _, given: checked.append(given) or given == SALES
    )
    auth = ConsoleAuth("", 0, LOGINS)
    for password in (SALES, SALES, "wrong", SALES, "wrong"):
        authorized(auth, "nok", password)
    assert checked == [SALES, "wrong", "wrong"]


def test_a_page_and_all_it_needs_are_admitted_right_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.console.auth.WAIT_SECONDS", 60)  # a busy machine takes long for one
    auth, at_once = ConsoleAuth("", 0, LOGINS), threading.Barrier(6)

    def enter() -> object:
        at_once.wait()
        return authorized(auth, "nok", SALES)

    with ThreadPoolExecutor(6) as browser:
        found = [one.result() for one in [browser.submit(enter) for _ in range(6)]]
    assert found == [User("nok", "sales")] * 6


class Watched(threading.BoundedSemaphore):
    """Knows how many threads waited for it at once, at most."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.waiting = self.most = 0
        self.counting = threading.Lock()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        with self.counting:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
        try:
            return super().acquire(blocking, timeout)
        finally:
            with self.counting:
                self.waiting -= 1


def test_only_few_wait_for_a_slow_check() -> None:
    auth = ConsoleAuth("", 0, LOGINS)
    auth._slow = slow = Watched(MAX_SLOW)
    for _ in range(MAX_SLOW):
        slow.acquire()

    def enter(_: int) -> object:
        return getattr(authorized(auth, "nok", SALES), "status_code", None)

    with ThreadPoolExecutor(20) as guessers:
        assert list(guessers.map(enter, range(20))) == [503] * 20
    assert slow.most <= MAX_SLOW + MAX_WAITING
    for _ in range(MAX_SLOW):
        slow.release()
    assert authorized(auth, "nok", SALES) == User("nok", "sales")


def test_without_the_one_password_its_user_is_nobody() -> None:
    auth = ConsoleAuth("", 0, LOGINS)
    assert not isinstance(authorized(auth, "leadsync", ""), User)
    assert authorized(auth, "nok", SALES) == User("nok", "sales")


def test_many_slow_checks_at_once_are_refused_and_not_counted() -> None:
    auth = ConsoleAuth("", 0, LOGINS)
    for _ in range(MAX_SLOW):
        auth._slow.acquire()
    answer = authorized(auth, "nok", SALES)
    assert getattr(answer, "status_code", None) == 503
    for _ in range(MAX_SLOW):
        auth._slow.release()
    assert authorized(auth, "nok", SALES) == User("nok", "sales")
