"""Where the `leadsync run` of a folder is: it says so in a file for as long as it lives, and commands read that.

The file is locked by whoever wrote it, and a lock ends with its process: a file that is not locked was left behind.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

DATA = ".leadsync"
"""The folder in which `leadsync run` keeps its data, below the one in which it was started."""
FILE = "running.json"


@dataclass(frozen=True, slots=True)
class LocalRun:
    """`environ`: what it has made itself, secrets and addresses; `given`: name -> digest of what its user had set."""

    environ: Mapping[str, str]
    given: Mapping[str, str]
    is_alive: bool


def digest(value: str) -> str:
    """By which a value is recognized that must not stand in a file."""
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def announce(folder: Path, environ: Mapping[str, str], given: Mapping[str, str]) -> Iterator[bool]:
    """Say in `folder` for as long as the block lasts where this run is; see `LocalRun`, but `given` holds the values.
    Yields whether it could: not while another run has said so there. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = _lock(folder / FILE)
    if handle is None:
        yield False
        return
    try:
        said = {"environ": dict(environ), "given": {name: digest(value) for name, value in given.items()}}
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(said).encode())
        yield True
    finally:
        (folder / FILE).unlink(missing_ok=True)
        os.close(handle)
        # A run that keeps its data elsewhere leaves no folder behind.
        with suppress(OSError):
            folder.rmdir()


def find(folder: Path) -> LocalRun | None:
    """What is said in `folder`, None if nothing is that this user alone could have written."""
    with suppress(OSError, ValueError, AttributeError, TypeError, LookupError):
        handle = os.open(folder / FILE, os.O_RDONLY | os.O_NOFOLLOW)
        with open(handle, "rb") as file:
            about = os.fstat(handle)
            if about.st_uid != os.getuid() or about.st_mode & 0o077:
                return None
            is_alive = not _try_lock(handle, fcntl.LOCK_SH)
            said = json.load(file)
            return LocalRun(_texts(said["environ"]), _texts(said["given"]), is_alive)
    return None


def _texts(said: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in said.items() if isinstance(value, str)}


def _lock(file: Path) -> int | None:
    """The open file, locked; None if another process has locked it."""
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.fchmod(handle, 0o600)
        if not _try_lock(handle, fcntl.LOCK_EX):
            os.close(handle)
            return None
        # Another run may have deleted the file between the two steps; then the lock is on nothing.
        with suppress(FileNotFoundError):
            if os.fstat(handle).st_ino == file.stat().st_ino:
                return handle
        os.close(handle)


def _try_lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
