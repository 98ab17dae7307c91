"""What a process remembers outlives it, and nobody else's memory is taken for it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadcore.journal import FOREIGN_SECONDS, Journal
from receiver.intake.recent_events import RecentEvents

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


def begun(folder: Path, dataset: str = "d1", kind: str = "web") -> Journal:
    journal = Journal(kind, folder)
    journal.use_dataset(dataset)
    return journal


def inherited(folder: Path, dataset: str = "d1", kind: str = "web") -> list[bytes]:
    lines: list[bytes] = []
    begun(folder, dataset, kind).inherit(lines.append)
    return lines


def test_the_last_two_pages_of_a_killed_process_are_inherited_once(tmp_path: Path) -> None:
    one_dies(tmp_path)
    assert inherited(tmp_path) == [b"1.0", b"1.1", b"2.0", b"2.1"]
    assert inherited(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_living_process_is_not_inherited(tmp_path: Path) -> None:
    alive = begun(tmp_path)
    alive.add(b"mine")
    assert inherited(tmp_path) == []
    alive.rotate()
    assert inherited(tmp_path) == [], "also what it wrote before"


def test_a_process_of_another_kind_or_with_another_redis_is_left_alone_for_a_minute(tmp_path: Path) -> None:
    one_dies(tmp_path, "other")
    [page, _] = sorted(tmp_path.iterdir())
    old = time.time() - FOREIGN_SECONDS - 1
    os.utime(page, (old, old))
    assert inherited(tmp_path, kind="worker") == []
    assert not page.exists(), "then it ends unread"
    assert len(inherited(tmp_path, "other")) == 2


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    one_dies(tmp_path)
    page = sorted(tmp_path.iterdir())[-1]
    os.truncate(page, page.stat().st_size - 2)
    assert inherited(tmp_path) == [b"1.0", b"1.1", b"2.0"]


def test_where_there_is_nothing_to_keep_no_file_is_made(tmp_path: Path) -> None:
    assert begun(tmp_path).add()
    assert not [*tmp_path.iterdir()]


def test_an_orderly_end_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.add(b"line")
    assert len(list(tmp_path.iterdir())) == 1
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_what_concerned_another_redis_is_handed_back_and_kept_by_the_receiver_alone(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.add(b"1")
    assert journal.use_dataset("d2") == [b"1"]
    assert journal.lines() == []
    journal.add(b"2 body")
    RecentEvents(journal).use_dataset("d2")
    assert journal.lines() == [b"2 body"]
    journal.use_dataset("d1")
    journal.add(b"3 other")
    recent = RecentEvents(journal)
    recent.use_dataset("d2")
    assert recent.events() == [(b"other", 3)]
    assert [page.name.split("-")[2] for page in tmp_path.iterdir()] == ["d2"]


def test_nothing_is_taken_before_it_is_known_whose_it_is(tmp_path: Path) -> None:
    assert Journal("web", tmp_path).add(b"line") is False


def test_a_full_disk_costs_no_line_that_was_kept_and_no_file_per_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path)
    assert journal.add(b"before") is True
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:2]))
        assert [journal.add(b"lost") for _ in range(50)] == [False] * 50
        journal.rotate()
        assert journal.lines() == [b"before"]
    assert len(list(tmp_path.iterdir())) == 1
    assert journal.add(b"lost") is True, "after a turn it is tried again"


def test_lines_that_come_together_are_kept_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path)
    assert journal.add(b"1", b"2") is True
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:3]))
    assert journal.add(b"3", b"4") is False
    assert journal.lines() == [b"1", b"2"]


def test_what_somebody_removed_is_still_known(tmp_path: Path) -> None:
    """A cleaner of temporary files, or the system at a user's log-out."""
    journal = begun(tmp_path / "home")
    journal.add(b"1")
    shutil.rmtree(tmp_path / "home")
    assert journal.lines() == [b"1"]
    journal.rotate()
    assert journal.add(b"2") is True
    assert inherited(tmp_path / "home") == [], "it lives"


def test_a_line_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    one_dies(tmp_path)
    found = []

    def keep(line: bytes) -> None:
        if line == b"1.1":
            raise ValueError
        found.append(line)

    begun(tmp_path).inherit(keep)
    assert found == [b"1.0", b"2.0", b"2.1"]
    assert list(tmp_path.iterdir()) == []


def test_only_this_user_can_read_it(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.add(b"line")
    [page] = tmp_path.iterdir()
    assert page.stat().st_mode & 0o777 == 0o600
    home = Journal("web")._folder_path()
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = begun(tmp_path / "file")
    journal.add(b"line")
    journal.rotate()
    assert inherited(tmp_path / "file") == []
