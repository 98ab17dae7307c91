import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from leadcore.machine import Machine
from receiver.intake.errors import SpoolError
from receiver.intake.spool import FILE, Spool, Spooled, default_folder

BODY = "สมชาย 0812345678".encode()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "spool", Machine())) as made:
        yield made


def folder_of(spool: Spool) -> Path:
    return spool._folder


def bodies(spool: Spool) -> list[bytes]:
    return [row.body for row in spool.read_oldest(1_000_000)]


PRELUDE = """
import os, sys, time
from pathlib import Path
from leadcore.machine import Machine
from receiver.intake.errors import SpoolError
from receiver.intake.spool import Spool

def be_patient():
    # Another process that has the file may stand still, on a machine that is busy with other tests.
    import receiver.intake.spool, receiver.intake.sqlite_file
    receiver.intake.spool.WAIT_SECONDS = receiver.intake.sqlite_file.WAIT_SECONDS = 20.0
    receiver.intake.spool.LOCK_SECONDS = 21.0
"""


@contextmanager
def child(script: str, *arguments: object, **options: object) -> "Iterator[subprocess.Popen[str]]":
    """Another process that runs `script`, for as long as the block lasts."""
    command = [sys.executable, "-c", PRELUDE + script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def test_bodies_are_read_back_unchanged_oldest_first(spool: Spool) -> None:
    spool.put(b"second", 2000)
    spool.put(b"\x00third\xff", 3000)
    spool.put(b"first", 1000)
    spool.put(b"also second", 2000)
    rows = spool.read_oldest(10)
    assert [(row.body, row.received_ms) for row in rows] == [
        (b"first", 1000),
        (b"second", 2000),
        (b"also second", 2000),
        (b"\x00third\xff", 3000),
    ]
    assert spool.read_oldest(1) == rows[:1] == [Spooled(rows[0].id, b"first", 1000)]
    assert spool.count() == 4


def test_delete_removes_only_the_given_rows(spool: Spool) -> None:
    for number in range(5):
        spool.put(b"%d" % number, number)
    spool.delete([row.id for row in spool.read_oldest(2)])
    assert bodies(spool) == [b"2", b"3", b"4"]
    assert spool.count() == 3


def test_reading_an_unused_spool_creates_no_file(spool: Spool) -> None:
    spool.delete([1])
    assert (spool.count(), spool.read_oldest(10)) == (0, [])
    assert not folder_of(spool).exists()


def test_nothing_of_a_deleted_body_is_left_in_any_file(spool: Spool) -> None:
    for number in range(200):
        spool.put(BODY * 100, number)
    while rows := spool.read_oldest(50):
        spool.delete([row.id for row in rows])
    files = list(folder_of(spool).iterdir())
    assert files
    assert not [file.name for file in files if BODY[:12] in file.read_bytes()]
    assert sum(file.stat().st_size for file in files) < 100_000


def test_only_this_user_can_read_the_files(spool: Spool) -> None:
    before = os.umask(0)
    try:
        spool.put(BODY, 1)
        with spool.lock():
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder_of(spool).iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder_of(spool).stat().st_mode) == 0o700
    assert {FILE, f"{FILE}-wal", "flush.lock"} <= modes.keys()
    assert set(modes.values()) == {0o600}


PUT_MANY = """
from threading import Thread
be_patient()
spool = Spool(Path(sys.argv[1]), Machine())
def put(thread):
    for number in range(25):
        spool.put(f"{sys.argv[2]}.{thread}.{number}".encode(), 1)
threads = [Thread(target=put, args=(thread,)) for thread in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


@pytest.mark.processes
def test_threads_of_several_processes_store_each_lead_once(spool: Spool) -> None:
    with child(PUT_MANY, folder_of(spool), "a") as one, child(PUT_MANY, folder_of(spool), "b") as other:
        assert [one.wait(30), other.wait(30)] == [0, 0]
    expected = {b"%s.%d.%d" % (name, thread, n) for name in (b"a", b"b") for thread in range(4) for n in range(25)}
    assert sorted(bodies(spool)) == sorted(expected)


PUT_UNTIL_KILLED = """
spool = Spool(Path(sys.argv[1]), Machine())
for number in range(1_000_000):
    spool.put(str(number).encode(), number)
    print(number, flush=True)
"""


@pytest.mark.processes
def test_acknowledged_leads_survive_the_death_of_the_process(spool: Spool) -> None:
    with child(PUT_UNTIL_KILLED, folder_of(spool)) as process:
        assert process.stdout
        acknowledged = [process.stdout.readline() for _ in range(100)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.readlines()
    numbers = [int(line) for line in acknowledged if line.endswith("\n")]
    kept = [int(body) for body in bodies(spool)]
    # The one in flight may have been stored too.
    assert kept[: len(numbers)] == numbers
    assert len(kept) - len(numbers) <= 1


HOLD_LOCK = """
with Spool(Path(sys.argv[1]), Machine()).lock() as is_ours:
    print(is_ours, flush=True)
    sys.stdin.read()
"""


@pytest.mark.processes
def test_one_process_at_a_time_flushes_and_its_death_frees_the_lock(spool: Spool) -> None:
    spool.put(b"x", 1)
    with child(HOLD_LOCK, folder_of(spool), stdin=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == "True\n"
        with spool.lock() as is_ours:
            assert not is_ours
        process.send_signal(signal.SIGKILL)
        process.wait()
    with spool.lock() as is_ours, spool.lock() as second:
        assert is_ours
        assert not second
    with spool.lock() as again:
        assert again


def test_a_body_that_is_refused_because_the_disk_hangs_is_neither_kept_in_memory_nor_stored_later(spool: Spool) -> None:
    with spool._locked(), pytest.raises(SpoolError, match="too long"):
        spool.put(BODY, 1)
    assert not spool._pending
    spool.put(b"next", 2)
    assert bodies(spool) == [b"next"]


def test_a_spool_without_a_folder_cannot_be_locked(spool: Spool) -> None:
    with spool.lock() as is_ours:
        assert not is_ours


PUT_ONE = """
if os.getuid() == 0:
    os.setuid(65534)  # file modes do not stop root
try:
    Spool(Path(sys.argv[1]), Machine()).put(b"secret", 1)
except SpoolError as error:
    print(error)
"""


@pytest.mark.parametrize("path", [".", "below"])
@pytest.mark.processes
def test_an_unwritable_folder_is_an_error_with_its_reason(path: str) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o555)
        with child(PUT_ONE, folder / path) as process:
            output, _ = process.communicate(timeout=30)
        assert "ermission denied" in output
        assert "secret" not in output
        assert not list(folder.iterdir())
    finally:
        shutil.rmtree(folder)


FILL = """
from threading import Thread
spool = Spool(Path(sys.argv[1]), Machine())
accepted = set()
refusals = set()
def put(name):
    number = 0
    while True:
        body = b"%d.%d " % (name, number) + bytes(3000)
        try:
            spool.put(body, number)
        except SpoolError as error:
            refusals.add(str(error))
            return
        accepted.add(body)
        number += 1
threads = [Thread(target=put, args=(name,)) for name in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(accepted) > 10
assert accepted <= {row.body for row in spool.read_oldest(10**6)}, "some are lost"
print(refusals)
"""


@pytest.mark.processes
def test_a_file_that_may_not_grow_refuses_and_loses_nothing(spool: Spool) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))

    with child(FILL, folder_of(spool), preexec_fn=limit) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "disk I/O error" in output
    kept = spool.count()
    spool.put(b"after", 10**9)
    assert spool.count() == kept + 1


def _can_mount() -> bool:
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run([str(unshare), "-rm", "true"], capture_output=True).returncode == 0


@pytest.mark.processes
@pytest.mark.skipif(not _can_mount(), reason="this system does not allow mounting a small disk")
def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" -c "$3" "$1/spool"'
    command = ["unshare", "-rm", "sh", "-ec", mount, "sh", str(tmp_path), sys.executable, PRELUDE + FILL]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "full" in done.stdout


def test_a_lead_waits_well_under_a_second_for_a_process_that_hangs(spool: Spool) -> None:
    spool.put(b"before", 1)
    with closing(sqlite3.connect(folder_of(spool) / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waits = []
        for _ in range(3):  # in one of which this process may stand still
            started = time.monotonic()
            with pytest.raises(SpoolError, match="locked"):
                spool.put(b"during", 2)
            waits.append(time.monotonic() - started)
        assert min(waits) < 0.8
    spool.put(b"after", 3)
    assert bodies(spool) == [b"before", b"after"]


def test_no_thread_that_shares_a_write_gets_a_false_acknowledgement(spool: Spool) -> None:
    spool.put(b"", 0)
    accepted: list[bytes] = []

    def put(name: int) -> None:
        for number in range(50):
            body = b"%d.%d" % (name, number)
            try:
                spool.put(body, 1)
            except SpoolError:
                continue
            accepted.append(body)

    threads = [threading.Thread(target=put, args=(name,)) for name in range(6)]
    with closing(sqlite3.connect(folder_of(spool) / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for thread in threads:
            thread.start()
        threads[0].join(0.7)  # one waits for 0.6 s
        other.execute("COMMIT")
    for thread in threads:
        thread.join()
    assert accepted
    assert len(accepted) < 300
    assert set(accepted) <= set(bodies(spool))


def overwrite(file: Path, start: int) -> None:
    with file.open("r+b") as handle:
        handle.seek(start)
        handle.write(os.urandom(file.stat().st_size - start))


def test_a_file_that_is_no_database_is_set_aside_and_replaced(spool: Spool) -> None:
    folder_of(spool).mkdir()
    (folder_of(spool) / FILE).write_bytes(b"not a database" * 1000)
    spool.put(b"kept", 1)
    assert bodies(spool) == [b"kept"]
    (aside,) = folder_of(spool).glob(f"{FILE}.broken-*")
    assert aside.read_bytes().startswith(b"not a database")


@pytest.mark.processes
def test_a_corrupt_file_that_cannot_be_set_aside_is_an_error_with_its_reason() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / FILE).write_bytes(b"not a database" * 1000)
        (folder / "open.lock").touch()
        for file in folder.iterdir():
            file.chmod(0o666)
        folder.chmod(0o555)
        with child(PUT_ONE, folder) as process:
            output, _ = process.communicate(timeout=30)
        assert "ermission denied" in output
    finally:
        shutil.rmtree(folder)


def test_a_file_that_becomes_corrupt_while_open_is_set_aside_for_every_process(spool: Spool) -> None:
    with closing(Spool(folder_of(spool), Machine())) as neighbour:
        for number in range(100):
            spool.put(bytes(1000), number)
        old = neighbour.read_oldest(100)
        spool.delete([])
        overwrite(folder_of(spool) / FILE, 4096)
        with closing(Spool(folder_of(spool), Machine())) as newcomer:
            newcomer.put(b"by the newcomer", 1)
            newcomer.read_oldest(1)
        spool.put(b"by the first", 2)
        neighbour.put(b"by the neighbour", 3)
        neighbour.delete([row.id for row in old])
        assert bodies(spool) == [b"by the newcomer", b"by the first", b"by the neighbour"]
    assert len([file for file in folder_of(spool).iterdir() if file.name.startswith(f"{FILE}.broken-")]) >= 1


def test_a_folder_that_is_deleted_under_an_open_spool_is_recreated(spool: Spool) -> None:
    spool.put(b"lost with the folder", 1)
    shutil.rmtree(folder_of(spool))
    assert spool.count() == 0
    spool.put(b"kept", 2)
    with closing(Spool(folder_of(spool), Machine())) as reader:
        assert bodies(reader) == [b"kept"]


def test_the_default_folder_is_in_the_state_folder(tmp_path: Path) -> None:
    assert default_folder({"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": "/"}) == tmp_path / "state/leadsync"
    assert default_folder({"HOME": str(tmp_path)}) == tmp_path / ".local/state/leadsync"


@pytest.mark.parametrize("environ", [{"HOME": "/dev/null"}, {}, {"XDG_STATE_HOME": "relative"}])
def test_without_a_state_folder_the_default_is_private_in_the_temp_folder(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = default_folder(environ)
    assert folder == tmp_path / f"leadsync-{os.getuid()}" == default_folder(environ)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_another_users_folder_in_the_temp_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "trap").mkdir()
    (tmp_path / f"leadsync-{os.getuid()}").symlink_to(tmp_path / "trap")
    folder = default_folder({"HOME": "/dev/null"})
    assert folder == default_folder({"HOME": "/dev/null"}), "every process comes to the same folder"
    assert not folder.is_symlink()
    assert folder.stat().st_uid == os.getuid()
