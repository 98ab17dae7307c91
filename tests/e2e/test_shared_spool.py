"""Two deployments under one user: no lead of one reaches the other's shop, and none is lost."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from leadcore.store import keys
from leadsync.cli import cli
from sandbox import redis as embedded
from tests.conftest import SHARDS, Line, Process, eventually, lead, open_line, own_port
from tests.receiver.intake.test_ownership import old_version

Start = Callable[..., "Shop"]


class Shop:
    """A deployment whose Redis may be away."""

    def __init__(self, line: Line, folder: Path, port: int, stack: ExitStack) -> None:
        self.line, self.folder, self.port, self.stack = line, folder, port, stack
        self.server: embedded.Running | None = None

    def start_redis(self, data: Path | None = None) -> None:
        self.server = self.stack.enter_context(embedded.start(data or self.folder / "redis", self.port))

    def start_web(self) -> Process:
        process = self.line.start("web")
        self.line.await_web()
        return process

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(self.line.url + "/readyz", timeout=5).json()
        return found

    def knows_redis(self) -> bool:
        return bool(self.line.redis.exists(keys.DATASET))

    def customers(self) -> list[str]:
        """Whose leads reached this shop's inbox."""
        rows = [row for shard in range(SHARDS) for row in self.line.redis.xrange(keys.entries(keys.INBOX, shard))]
        return sorted(json.loads(fields[b"b"])["customer_id"] for _, fields in rows)

    def call(self, *words: str) -> Result:
        return CliRunner().invoke(cli, words, env={**self.line.environ, "COLUMNS": "250"})

    def doctor(self) -> str:
        """What it says about the spool."""
        found = json.loads(self.call("doctor", "--json").stdout)
        return "\n".join(f"{one['text']} {one['fix']}" for one in found if one["subject"] == "Disk")


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """What two deployments of one user share: the default folder, or one that both name."""
    if getattr(request, "param", "") == "SPOOL_DIR":
        return {"SPOOL_DIR": str(tmp_path / "shared")}
    return {"SPOOL_DIR": "", "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def spool_folder(tmp_path: Path) -> Path:
    return tmp_path / "state/leadsync"


@pytest.fixture
def start(home: dict[str, str], tmp_path: Path, processes: None) -> Iterator[Start]:
    with ExitStack() as stack:

        def make(name: str, port: int = 0, user: str = "", **environ: str) -> Shop:
            folder, number = tmp_path / name, port or own_port()
            folder.mkdir(exist_ok=True)
            url = f"redis://{user}127.0.0.1:{number}/0"
            line = stack.enter_context(open_line(folder, url, **{"WEB_CONCURRENCY": "1", **home, **environ}))
            return Shop(line, folder, number, stack)

        yield make


@pytest.mark.parametrize("home", ["default folder", "SPOOL_DIR"], indirect=True)
def test_leads_of_a_shop_that_never_saw_its_redis_wait_for_it(start: Start) -> None:
    a, b = start("a"), start("b")
    web = a.start_web()
    a.line.send(lead("a-1"))
    web.stop()
    b.start_redis()
    b.start_web()
    b.line.send(lead("b-1"))
    eventually(b.knows_redis)
    assert "1 lead in" in b.doctor()
    assert "stored for another Redis" in b.doctor()
    assert (b.state()["spooled"], b.customers()) == (0, ["b-1"])
    assert eventually(lambda: '"spool.foreign"' in b.line.logs())
    a.start_redis()
    a.start_web()
    assert eventually(a.customers) == ["a-1"]
    assert b.customers() == ["b-1"]
    assert "another Redis" not in a.doctor() + b.doctor()


def test_a_shop_leaves_alone_what_was_stored_for_other_data_at_its_address_until_a_person_says_whose_it_is(
    start: Start,
) -> None:
    a = start("a")
    a.start_redis()
    web = a.start_web()
    eventually(a.knows_redis)
    a.line.send(lead("before"))
    assert a.server
    a.server.kill()
    a.line.send(lead("while away"))
    web.kill()
    web = a.start_web()  # it has not seen its Redis, but the one before it had
    a.line.send(lead("after a restart"))
    web.kill()

    b = start("b", a.port)
    b.start_redis()
    b.start_web()
    b.line.send(lead("b-1"))
    eventually(lambda: "2 leads in" in b.doctor())
    assert "REDIS_URL named before" in b.doctor()
    assert b.customers() == ["b-1"]
    assert b.call("spool", "adopt", "nobody").exit_code == 1
    listed = json.loads(b.call("spool", "list", "--json").stdout)["owners"]
    [owner] = [one["owner"] for one in listed if not one["is_ours"]]
    assert owner in b.doctor()
    assert owner in b.call("spool", "list").stdout
    done = b.call("spool", "adopt", owner, "--yes")
    assert (done.exit_code, "2 leads adopted" in done.stdout) == (0, True), done.output
    eventually(lambda: b.customers() == ["after a restart", "b-1", "while away"])
    assert "left alone" not in b.doctor()


def test_leads_are_found_again_when_redis_moves_with_its_data(start: Start) -> None:
    a = start("a")
    a.start_redis()
    web = a.start_web()
    eventually(a.knows_redis)
    assert a.server
    a.server.stop()
    a.line.send(lead("while away"))
    web.kill()
    moved = start("moved")
    moved.start_redis(a.folder / "redis")
    moved.start_web()
    assert eventually(moved.customers) == ["while away"]


def test_leads_of_living_processes_go_into_the_redis_that_replaces_theirs(start: Start, tmp_path: Path) -> None:
    a = start("a", WEB_CONCURRENCY="2")
    a.start_redis()
    a.start_web()
    eventually(a.knows_redis)
    assert a.server
    a.server.kill()
    names = [f"c-{number}" for number in range(20)]
    a.line.storm([lead(name) for name in names], 10)
    a.start_redis(tmp_path / "empty")
    eventually(lambda: a.customers() == sorted(names))
    eventually(lambda: not a.state()["spooled"])


@pytest.mark.parametrize("other_first", [True, False])
def test_leads_of_the_version_before_reach_the_only_deployment_and_no_other(
    start: Start, spool_folder: Path, other_first: bool
) -> None:
    spool_folder.mkdir(parents=True, mode=0o700)
    if other_first:
        other = start("other")
        web = other.start_web()
        other.line.send(lead("other"))
        web.stop()
    body = {name: value for name, value in lead("old").items() if name != "secret"}
    old_version(spool_folder, json.dumps(body).encode())
    shop = start("shop")
    shop.start_redis()
    shop.start_web()
    if not other_first:
        assert eventually(shop.customers) == ["old"]
        return
    shop.line.send(lead("new"))
    assert "leadsync spool adopt unnamed" in eventually(shop.doctor)
    assert shop.customers() == ["new"]
    assert shop.call("spool", "adopt", "unnamed", "--yes").exit_code == 0
    eventually(lambda: shop.customers() == ["new", "old"])


def test_the_password_of_redis_is_not_on_the_disk_and_its_change_loses_nothing(
    start: Start, spool_folder: Path
) -> None:
    a = start("a", user=":a-password@")
    web = a.start_web()
    a.line.send(lead("a-1"))
    web.stop()
    assert b"a-password" not in b"".join(file.read_bytes() for file in spool_folder.iterdir())
    assert "a-password" not in a.line.logs() + " ".join(file.name for file in spool_folder.iterdir())
    a.line.environ["REDIS_URL"] = f"redis://127.0.0.1:{a.port}/0"
    a.start_redis()
    a.start_web()
    assert eventually(a.customers) == ["a-1"]


def test_forgetting_and_exporting_look_at_their_own_shops_leads(start: Start) -> None:
    a, b = start("a"), start("b")
    for shop in (a, b):
        web = shop.start_web()
        shop.line.send(lead("ann", name=f"Ann of {shop.folder.name}"))
        web.stop()
        shop.start_redis()
    shown = json.loads(b.call("export", "ann").stdout)["spooled"]
    assert [one["body"]["contact_info"]["name"] for one in shown] == ["Ann of b"]
    done = b.call("forget", "ann", "--yes", "--json")
    assert json.loads(done.stdout)["removed"]["spooled leads"] == 1
    a.start_web()
    assert eventually(a.customers) == ["ann"]
