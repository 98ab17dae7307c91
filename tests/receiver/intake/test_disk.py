"""A disk that cannot store leads: found out before a lead is lost by it, and said wherever somebody looks."""

import html
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from leadcore.machine import Machine
from leadcore.store import keys
from leadsync.cli import cli
from receiver.intake.spool import ADVICE, Spool
from tests.conftest import Line, eventually, lead, own_port
from tests.receiver.intake.test_spool import _can_mount, child

PASSWORD = "a-password-of-the-console"
TROUBLE = """
if os.getuid() == 0:
    os.setuid(65534)  # file modes do not stop root
print(Spool(Path(sys.argv[1]), Machine()).trouble())
"""


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "spool", Machine())) as made:
        yield made


def test_a_disk_that_works_has_no_trouble(spool: Spool) -> None:
    assert spool.trouble() == ""
    assert (spool.count(), spool.count_foreign()) == (0, 0)


@pytest.mark.parametrize("path", [".", "below"])
@pytest.mark.processes
def test_a_folder_of_somebody_else_is_trouble(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o555)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    with child(TROUBLE, folder / path) as process:
        output, _ = process.communicate(timeout=30)
    assert output == "Permission denied\n"


def test_a_folder_that_is_removed_and_replaced_is_trouble_until_it_is_back(tmp_path: Path, spool: Spool) -> None:
    spool.put(b"x", 1)
    shutil.rmtree(tmp_path / "spool")
    (tmp_path / "spool").touch()
    assert spool.trouble(0) == "File exists"
    (tmp_path / "spool").unlink()
    assert spool.trouble(0) == ""
    spool.put(b"y", 2)
    assert spool.count() == 1


def test_whoever_asks_again_within_a_second_gets_the_same_answer_without_a_write(tmp_path: Path, spool: Spool) -> None:
    assert spool.trouble() == ""
    shutil.rmtree(tmp_path / "spool")
    started = time.monotonic()
    assert spool.trouble() == ""
    if time.monotonic() - started < 0.5:
        assert not (tmp_path / "spool").exists()
    assert spool.trouble(0) == ""
    assert (tmp_path / "spool").exists()


ON_A_SMALL_DISK = """
import subprocess, sys
from pathlib import Path
from leadcore.machine import Machine
from receiver.intake.spool import Spool
disk = Path(sys.argv[1])
spool = Spool(disk / "spool", Machine())
spool.put(b"before", 1)
print(spool.trouble(0) or "fine")
filler = (disk / "filler").open("wb", 0)
filler.write(bytes(6 << 20))
print(spool.trouble(0))
try:
    while filler.write(bytes(1 << 12)):
        pass
except OSError:
    filler.close()
print(spool.trouble(0))
(disk / "filler").unlink()
spool.close()
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
print(spool.trouble(0))
subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
print(spool.trouble(0) or "fine", [row.body for row in spool.read_oldest(9)])
"""


@pytest.mark.processes
@pytest.mark.skipif(not _can_mount(), reason="this system does not allow mounting a small disk")
def test_a_full_and_a_read_only_disk_are_trouble(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=9m none "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-ec", mount, "sh", str(tmp_path), sys.executable, ON_A_SMALL_DISK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    fine, scarce, full, read_only, again = done.stdout.splitlines()
    assert fine == "fine"
    assert re.fullmatch(r"only [23]\.\d MB are free", scarce)
    assert re.search("full|only 0.0 MB", full)
    assert re.search("(?i)read-?only", read_only)
    assert again == "fine [b'before']"


FLUSHED_FROM_A_FULL_DISK = """
import sys
from contextlib import closing, suppress
from pathlib import Path
from leadcore.machine import Machine
from leadcore.settings import read
from leadcore.store import keys
from leadcore.store.connection import connect
from receiver.intake.errors import SpoolError
from receiver.intake.feeder import Feeder
from receiver.intake.spool import Spool
from tests.conftest import head, lead
disk, settings = Path(sys.argv[1]), read({"REDIS_URL": sys.argv[2], "LOG_LEVEL": "ERROR"})
with closing(connect(settings)) as client:
    feeder = Feeder(client, Spool(disk / "spool", Machine()), settings, Machine())
    feeder.maintain()
    feeder.away_until = float("inf")
    for number in range(250):
        feeder.feed(head(lead(f"c-{number}")))
    with (disk / "filler").open("wb", 0) as filler, suppress(OSError):
        while filler.write(bytes(1 << 9)):
            pass

    def maintain():
        try:
            feeder.maintain()
            refused = "fine"
        except SpoolError as error:
            refused = str(error)
        put = sum(client.xlen(keys.entries(keys.INBOX, shard)) for shard in range(feeder.config.shards))
        print(refused, put, feeder.spool.count(), len(feeder.recent.events()), sep=", ")

    maintain()
    maintain()
    (disk / "filler").unlink()
    maintain()
    feeder.stop()
"""


@pytest.mark.processes
@pytest.mark.skipif(not _can_mount(), reason="this system does not allow mounting a small disk")
def test_leads_on_a_full_disk_reach_redis_though_they_cannot_be_deleted(
    databases: Iterator[str], tmp_path: Path
) -> None:
    """Nor are those that it has put again and again, and remembered each time."""
    mount = 'mount -t tmpfs -o size=16m none "$1" && exec "$2" -c "$3" "$1" "$4"'
    script = [sys.executable, FLUSHED_FROM_A_FULL_DISK, next(databases)]
    command = ["unshare", "-rm", "sh", "-ec", mount, "sh", str(tmp_path), *script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = [line for line in done.stdout.splitlines() if line.count(", ") == 3]
    full = "database or disk is full, 250, 250, 250"
    assert found == [full, full, "fine, 250, 0, 250"]


def lines(line: Line, name: str) -> list[dict[str, Any]]:
    found = [json.loads(one) for one in line.logs().splitlines() if one.startswith("{")]
    return [one for one in found if one["event"] == name]


def ready(line: Line) -> tuple[int, dict[str, Any]]:
    answer = requests.get(line.url + "/readyz", timeout=5)
    return answer.status_code, answer.json()


def console(line: Line, language: str = "en") -> str:
    page = requests.get(f"{line.url}/console/?lang={language}", auth=("leadsync", PASSWORD), timeout=5).text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def doctor(line: Line, subject: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(cli, ["doctor", "--json"], env=line.environ)
    return [one for one in json.loads(done.stdout) if one["subject"] == subject]


Start = Callable[..., Line]


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A folder for a spool that cannot be made: there is a file."""
    (tmp_path / "blocked").touch()
    return tmp_path / "blocked"


@pytest.fixture
def start(spare_line: Start) -> Start:
    def make(redis_url: str, folder: Path) -> Line:
        line = spare_line(redis_url, SPOOL_DIR=str(folder), CONSOLE_PASSWORD=PASSWORD, WEB_CONCURRENCY="1")
        line.start("web")
        line.await_web()
        return line

    return make


def test_without_redis_and_disk_nothing_promises_the_disk(start: Start, blocked: Path) -> None:
    line = start(f"redis://127.0.0.1:{own_port()}/0", blocked)
    [at_start] = eventually(lambda: lines(line, "spool.unusable"))
    assert line.post(lead()).status_code == 503
    [refused] = lines(line, "spool.refused")
    for one in (at_start, refused):
        assert (one["level"], one["folder"], one["reason"], one["advice"]) == (
            "error",
            str(blocked),
            "File exists",
            ADVICE,
        )
    status, body = ready(line)
    assert (status, body["disk"], body["status"]) == (503, "File exists", "unavailable")
    assert "Posts are refused" in body["reason"]
    assert str(blocked) not in json.dumps(body), "readyz is open to everybody"
    english, thai = console(line), console(line, "th")
    assert "disk cannot store leads either (File exists)" in english
    assert "ดิสก์ของเครื่องนี้ก็เก็บลีดไม่ได้ (File exists)" in thai
    [spool], [redis] = doctor(line, "Disk"), doctor(line, "Redis")
    assert (spool["state"], str(blocked) in spool["text"], "File exists" in spool["text"]) == ("wrong", True, True)
    said = json.dumps([body, english, spool, redis, at_start, refused])
    assert not re.search(r"Leads are (kept|stored)", said)


def test_with_redis_there_the_disk_is_named_and_leads_still_arrive(start: Start, blocked: Path) -> None:
    line = start("", blocked)
    eventually(lambda: lines(line, "spool.unusable"))
    line.send(lead())
    status, body = ready(line)
    assert (status, body["status"], body["disk"]) == (503, "unavailable", "File exists")
    assert ("No worker is running" in body["reason"], "cannot store leads" in body["reason"]) == (True, True)
    line.redis.zadd(keys.WORKERS, {"alive": time.time() * 1000})
    status, body = ready(line)
    assert (status, body["status"], "cannot store leads" in body["reason"]) == (200, "degraded", True)
    assert "This machine's disk cannot store leads File exists." in console(line)
    assert "ดิสก์ของเครื่องนี้เก็บลีดไม่ได้" in console(line, "th")
    assert "leadsync_disk_usable 0.0" in requests.get(line.url + "/metrics", timeout=5).text
    [finding] = doctor(line, "Disk")
    assert (finding["state"], finding["fix"]) == ("wrong", ADVICE)


def test_a_disk_that_fails_later_is_named_and_its_recovery_too(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    line = start("", folder)
    line.redis.zadd(keys.WORKERS, {"alive": time.time() * 1000 + 60_000})
    assert eventually(lambda: ready(line)[1]["disk"]) == "ok"
    assert ready(line)[1]["status"] == "ok"
    assert "cannot store leads" not in console(line)
    assert "leadsync_disk_usable 1.0" in requests.get(line.url + "/metrics", timeout=5).text
    shutil.rmtree(folder)
    folder.touch()
    eventually(lambda: ready(line)[1]["status"] == "degraded")
    assert "cannot store leads" in console(line)
    [found] = eventually(lambda: lines(line, "spool.unusable"))
    assert found["reason"] == "File exists"
    folder.unlink()
    eventually(lambda: ready(line)[1]["status"] == "ok")
    eventually(lambda: lines(line, "spool.usable"))
