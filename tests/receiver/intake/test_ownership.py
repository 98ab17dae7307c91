"""Deployments that share a spool: each sees its own leads alone."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from leadcore.machine import Machine
from receiver.intake.ownership import SCHEMA, UNNAMED
from receiver.intake.spool import FILE, Spool
from tests.receiver.intake.test_spool import child

OURS, THEIRS = "0000000000000a01", "0000000000000b02"
DATASET, OTHER = "00000000000000d1", "00000000000000d2"
# As version 0.1.0 wrote it.
VERSION_1 = """
PRAGMA auto_vacuum = FULL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS spool (id INTEGER PRIMARY KEY, received_ms INTEGER, parked INTEGER, body BLOB);
CREATE INDEX IF NOT EXISTS spool_age ON spool (received_ms);
PRAGMA user_version = 1;
"""
INSERT_1 = "INSERT INTO spool VALUES (max(?, (SELECT coalesce(max(id), 0) + 1 FROM spool)), ?, 0, ?)"

Open = Callable[..., Spool]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def start(folder: Path) -> Iterator[Open]:
    """Opens the spool as a new process of a deployment; `dataset`: its Redis answers and holds that."""
    opened: list[Spool] = []

    def open_one(address: str = OURS, dataset: str = "") -> Spool:
        spool = Spool(folder, Machine(), address)
        opened.append(spool)
        if dataset:
            spool.use_dataset(dataset)
            spool.remember_dataset()
        return spool

    yield open_one
    for spool in opened:
        spool.close()


def old_version(folder: Path, *bodies: bytes) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        if db.execute("PRAGMA user_version").fetchone() == (0,):
            db.executescript(VERSION_1)
        for body in bodies:
            db.execute(INSERT_1, (1, 1, body))


def bodies(spool: Spool) -> list[bytes]:
    """What the spool shows; every way to ask says the same."""
    shown = [row.body for row in spool.read_oldest(100)]
    assert sorted(row.body for row in spool.scan(100)) == sorted(shown)
    assert spool.count() == len(shown) == sum(share.leads for share in spool.shares() if share.is_ours)
    assert spool.count_foreign() == sum(share.leads for share in spool.shares() if not share.is_ours)
    return shown


@pytest.mark.parametrize(
    ("stored_by", "asked_by", "is_seen"),
    [
        pytest.param((OURS, ""), (OURS, ""), True, id="neither ever saw Redis"),
        pytest.param((OURS, ""), (OURS, DATASET), True, id="the dataset became known"),
        pytest.param((OURS, ""), (THEIRS, ""), False, id="another never saw its Redis"),
        pytest.param((OURS, ""), (THEIRS, OTHER), False, id="another has its Redis"),
        pytest.param((OURS, DATASET), (OURS, DATASET), True, id="the same dataset"),
        pytest.param((OURS, DATASET), (OURS, ""), True, id="a process that starts while Redis is away"),
        pytest.param((OURS, DATASET), (THEIRS, DATASET), True, id="the data moved to another server"),
        pytest.param((OURS, DATASET), (THEIRS, ""), False, id="another without its Redis"),
        pytest.param((OURS, DATASET), (THEIRS, OTHER), False, id="another"),
        pytest.param((OURS, DATASET), (OURS, OTHER), False, id="other data at the same address"),
    ],
)
def test_a_lead_is_seen_by_its_own_deployment_alone(
    start: Open, stored_by: tuple[str, str], asked_by: tuple[str, str], is_seen: bool
) -> None:
    start(*stored_by).put(b"lead", 1)
    reader = start(*asked_by)
    assert bodies(reader) == [b"lead"] * is_seen
    assert reader.count_foreign() == (not is_seen)


def test_what_is_stored_before_redis_is_back_belongs_to_the_dataset_last_seen_there(start: Open) -> None:
    start(OURS, DATASET)
    start(OURS).put(b"lead", 1)
    assert bodies(start(OURS, OTHER)) == []
    assert bodies(start(THEIRS, DATASET)) == [b"lead"]


@pytest.mark.parametrize("known", ["", DATASET])
def test_a_process_takes_its_leads_along_when_its_redis_was_emptied(start: Open, known: str) -> None:
    start(OURS, DATASET)
    process, sibling = start(OURS, known), start(OURS, known)
    process.put(b"lead", 1)
    for one in (process, sibling):
        one.use_dataset(OTHER)
    assert bodies(process) == [b"lead"]
    assert bodies(sibling) == []


@pytest.mark.parametrize(("address", "dataset"), [(OURS, DATASET), (OURS, ""), (THEIRS, OTHER)])
def test_leads_of_the_version_before_belong_to_whoever_uses_the_spool_alone(
    start: Open, folder: Path, address: str, dataset: str
) -> None:
    old_version(folder, b"one", b"two")
    assert bodies(start(address, dataset)) == [b"one", b"two"]


@pytest.mark.parametrize("has_leads", [True, False])
def test_leads_of_the_version_before_are_left_alone_where_they_can_be_anothers(
    start: Open, folder: Path, has_leads: bool
) -> None:
    """The other one has left its dataset, or leads from before it ever saw its Redis."""
    old_version(folder, b"one")
    if has_leads:
        start(THEIRS).put(b"theirs", 2)
    else:
        start(THEIRS, OTHER)
    spool = start(OURS, DATASET)
    assert bodies(spool) == []
    assert UNNAMED in [share.owner for share in spool.shares() if not share.is_ours]


def test_one_deployment_whose_redis_was_emptied_or_has_another_name_is_not_two(start: Open, folder: Path) -> None:
    start(OURS, DATASET)
    start(OURS, OTHER)
    start(THEIRS, OTHER)
    old_version(folder, b"one")
    assert bodies(start(OURS, OTHER)) == [b"one"]


def test_the_version_before_can_write_read_and_delete_beside_this_one(start: Open, folder: Path) -> None:
    spool = start(OURS, DATASET)
    spool.put(b"new", 1)
    old_version(folder, b"old")
    assert bodies(spool) == [b"new", b"old"]
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        assert db.execute("SELECT body FROM spool ORDER BY received_ms, id").fetchall() == [(b"new",), (b"old",)]
        db.execute("DELETE FROM spool")
        assert db.execute("SELECT count(*) FROM owner").fetchone() == (0,)
    assert bodies(spool) == []


def test_a_file_whose_conversion_was_cut_off_is_converted(start: Open, folder: Path) -> None:
    old_version(folder, b"old")
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        db.executescript(SCHEMA.partition(";")[0] + ";")
    spool = start(OURS, DATASET)
    spool.put(b"new", 1)
    assert sorted(bodies(spool)) == [b"new", b"old"]


PUT_INTO_AN_OLD_FILE = """
be_patient()
spool = Spool(Path(sys.argv[1]), Machine(), sys.argv[2])
sys.stdin.readline()
spool.put(sys.argv[3].encode(), 1)
"""


@pytest.mark.processes
def test_several_processes_convert_a_file_of_the_version_before_at_once(start: Open, folder: Path) -> None:
    old_version(folder, b"old")
    with ExitStack() as stack:
        processes = [
            stack.enter_context(child(PUT_INTO_AN_OLD_FILE, folder, OURS, number, stdin=subprocess.PIPE))
            for number in range(4)
        ]
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.wait(30) for process in processes] == [0] * 4
    assert sorted(bodies(start(OURS))) == [b"0", b"1", b"2", b"3", b"old"]


def test_a_deployment_deletes_and_flushes_without_touching_anothers_leads(start: Open) -> None:
    ours, theirs = start(OURS, DATASET), start(THEIRS, OTHER)
    ours.put(b"ours", 1)
    theirs.put(b"theirs", 2)
    ours.delete([row.id for row in ours.read_oldest(10)])
    assert (bodies(ours), bodies(theirs)) == ([], [b"theirs"])


@pytest.mark.parametrize("dataset", [DATASET, ""])
@pytest.mark.parametrize("owner", [OTHER, THEIRS, UNNAMED])
def test_a_person_can_adopt_an_owners_leads_or_discard_them(
    start: Open, folder: Path, owner: str, dataset: str
) -> None:
    said = {name: f"said to {name}".encode() for name in (THEIRS, OTHER, UNNAMED)}
    start(THEIRS, "").put(said[THEIRS], 1)
    start("0000000000000c03", OTHER).put(said[OTHER], 2)
    old_version(folder, said[UNNAMED])
    spool = start(OURS, dataset)
    spool.put(b"ours", 3)
    assert bodies(spool) == [b"ours"]
    assert spool.count_foreign() == 3
    assert spool.adopt(owner) == 1
    for process in (spool, start(OURS, dataset)):
        assert sorted(bodies(process)) == [b"ours", said[owner]]
    assert (spool.adopt(owner), spool.discard(owner)) == (0, 0)
    [other, left] = [share.owner for share in spool.shares() if not share.is_ours]
    assert spool.discard(other) == 1
    assert [share.owner for share in spool.shares() if not share.is_ours] == [left]
    assert said[other] not in b"".join(file.read_bytes() for file in folder.iterdir())


def test_a_share_says_how_many_leads_since_when_and_for_which_address(start: Open) -> None:
    before, elsewhere = start(OURS, DATASET), start(THEIRS, "")
    for received_ms in (30, 20):
        before.put(b"x", received_ms)
    elsewhere.put(b"x", 10)
    shares: Any = {
        share.owner: (share.is_ours, share.is_here, share.leads, share.oldest_ms, share.newest_ms)
        for share in start(OURS, OTHER).shares()
    }
    assert shares == {DATASET: (False, True, 2, 20, 30), THEIRS: (False, False, 1, 10, 10)}
