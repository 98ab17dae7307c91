"""A process' journal outlives it, and is inherited only by a process of its kind that knows its dataset."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadcore.journal import OLD_SECONDS, Journal

DIES = """
import os, signal, sys
from pathlib import Path
from receiver.intake.recent_events import RecentEvents
from leadcore.journal import Journal
journal = Journal("web", Path(sys.argv[1]))
journal.use_dataset(sys.argv[2])
for page in range(3):
    journal.rotate()
    for line in range(2):
        journal.add(b"%d.%d" % (page, line))
os.kill(os.getpid(), signal.SIGKILL)
"""


def one_dies(folder: Path, dataset: str = "d1") -> None:
    done = subprocess.run([sys.executable, "-c", DIES, str(folder), dataset], check=False)
    assert done.returncode == -signal.SIGKILL


def open_journal(folder: Path, dataset: str = "d1", kind: str = "web") -> Journal:
    journal = Journal(kind, folder)
    journal.use_dataset(dataset)
    return journal


def inherited(folder: Path, dataset: str = "d1", kind: str = "web") -> list[bytes]:
    lines: list[bytes] = []
    open_journal(folder, dataset, kind).inherit(lines.append)
    return lines


def make_old(page: Path, seconds: float) -> None:
    old = time.time() - seconds - 1
    os.utime(page, (old, old))


@pytest.mark.processes
def test_the_last_two_pages_of_a_killed_process_are_inherited_once(tmp_path: Path) -> None:
    one_dies(tmp_path)
    assert inherited(tmp_path) == [b"1.0", b"1.1", b"2.0", b"2.1"]
    assert inherited(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_living_process_is_not_inherited(tmp_path: Path) -> None:
    alive = open_journal(tmp_path)
    alive.add(b"mine")
    assert inherited(tmp_path) == []
    alive.rotate()
    assert inherited(tmp_path) == [], "also what it wrote before"


@pytest.mark.processes
def test_a_page_of_another_dataset_is_left_alone_for_an_hour(tmp_path: Path) -> None:
    one_dies(tmp_path, "other")
    [page, _] = sorted(tmp_path.iterdir())
    make_old(page, OLD_SECONDS)
    assert inherited(tmp_path) == []
    assert not page.exists(), "then it is removed unread"
    assert len(inherited(tmp_path, "other")) == 2


@pytest.mark.processes
def test_a_page_of_another_kind_is_left_to_those_of_its_kind_for_as_long_as_they_would_read_it(tmp_path: Path) -> None:
    """All died, and whoever starts first is of another kind."""
    one_dies(tmp_path)
    [old, page] = sorted(tmp_path.iterdir())
    make_old(old, OLD_SECONDS)
    make_old(page, OLD_SECONDS - 60)
    assert inherited(tmp_path, kind="worker") == []
    assert [*tmp_path.iterdir()] == [page]
    assert inherited(tmp_path) == [b"2.0", b"2.1"]


@pytest.mark.processes
def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    one_dies(tmp_path)
    page = sorted(tmp_path.iterdir())[-1]
    os.truncate(page, page.stat().st_size - 2)
    assert inherited(tmp_path) == [b"1.0", b"1.1", b"2.0"]


def test_without_lines_no_file_is_created(tmp_path: Path) -> None:
    assert open_journal(tmp_path).add()
    assert not [*tmp_path.iterdir()]


def test_closing_removes_the_files(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.add(b"line")
    assert len(list(tmp_path.iterdir())) == 1
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_what_was_kept_for_one_dataset_is_kept_for_the_next(tmp_path: Path) -> None:
    """Redis was emptied and needs it again, also from the heir of a process that dies just then."""
    journal = open_journal(tmp_path)
    journal.add(b"1")
    journal.use_dataset("d2")
    journal.add(b"2")
    assert journal.lines() == [b"1", b"2"]
    assert [page.name.split("-")[2] for page in tmp_path.iterdir()] == ["d2"]
    for file, _ in journal._pages:
        os.close(file)
    heir: list[bytes] = []
    open_journal(tmp_path, "d2").inherit(heir.append)
    assert heir == [b"1", b"2"]


def test_pages_that_somebody_removed_are_still_read_after_redis_was_emptied(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.add(b"1")
    for page in tmp_path.iterdir():
        page.unlink()
    journal.use_dataset("d2")
    assert journal.lines() == [b"1"]


@pytest.mark.processes
def test_who_sees_a_dataset_replaced_inherits_from_those_that_died_before_they_saw_it(tmp_path: Path) -> None:
    """Redis was emptied, and a process killed at the same time."""
    journal = open_journal(tmp_path)
    one_dies(tmp_path)
    journal.use_dataset("d2")
    lines: list[bytes] = []
    journal.inherit(lines.append)
    assert lines == [b"1.0", b"1.1", b"2.0", b"2.1"]
    assert inherited(tmp_path) == []


def test_nothing_is_kept_before_the_dataset_is_known(tmp_path: Path) -> None:
    assert Journal("web", tmp_path).add(b"line") is False


def test_a_full_disk_loses_no_kept_line_and_creates_no_file_per_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path)
    assert journal.add(b"before") is True
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:2]))
        assert [journal.add(b"lost") for _ in range(50)] == [False] * 50
        journal.rotate()
        assert journal.lines() == [b"before"]
    assert len(list(tmp_path.iterdir())) == 1
    assert journal.add(b"lost") is True, "after a rotation it is tried again"


def test_lines_added_together_are_kept_together_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = open_journal(tmp_path)
    assert journal.add(b"1", b"2") is True
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:3]))
    assert journal.add(b"3", b"4") is False
    assert journal.lines() == [b"1", b"2"]


def test_lines_survive_the_removal_of_the_files(tmp_path: Path) -> None:
    """As by a cleaner of temporary files, or by the system at a user's log-out."""
    journal = open_journal(tmp_path / "home")
    journal.add(b"1")
    shutil.rmtree(tmp_path / "home")
    assert journal.lines() == [b"1"]
    journal.rotate()
    assert journal.add(b"2") is True
    assert inherited(tmp_path / "home") == [], "it lives"


@pytest.mark.processes
def test_a_line_that_cannot_be_read_is_skipped(tmp_path: Path) -> None:
    one_dies(tmp_path)
    found = []

    def keep(line: bytes) -> None:
        if line == b"1.1":
            raise ValueError
        found.append(line)

    open_journal(tmp_path).inherit(keep)
    assert found == [b"1.0", b"2.0", b"2.1"]
    assert list(tmp_path.iterdir()) == []


def test_only_this_user_can_read_it(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.add(b"line")
    [page] = tmp_path.iterdir()
    assert page.stat().st_mode & 0o777 == 0o600
    folder = Journal("web")._folder_path()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_unwritable_folder_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = open_journal(tmp_path / "file")
    journal.add(b"line")
    journal.rotate()
    assert inherited(tmp_path / "file") == []
