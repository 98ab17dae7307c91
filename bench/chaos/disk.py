"""A disk that is late: what a killed Redis wrote after the last fsync is gone.

SIGKILL alone loses nothing, because the system's cache outlives the process. So the fsync of `appendfsync everysec` is
played: every second the size of the append-only file is noted, and after a kill the file is cut back to the last size
that was noted. That is what a machine without power would have kept, and it takes no rights.
"""

import os
import threading
from pathlib import Path

from sandbox.append_only import FILE, FOLDER

FSYNC_SECONDS = 1.0


class LateDisk:
    """The folder of one Redis whose append-only file is never rewritten; a context manager, "fsyncing" meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._synced = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fsync", daemon=True)
        self._lock = threading.Lock()

    def __enter__(self) -> "LateDisk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def forget(self) -> int:
        """Redis is dead: cut off what was not "fsynced". The number of bytes that were lost."""
        with self._lock:
            size = self._size()
            # Smaller than what was noted if Redis has just come back and dropped half a command at its end.
            kept = min(self._synced, size)
            os.truncate(self._file(), kept)
            return size - kept

    def _run(self) -> None:
        while not self._end.wait(FSYNC_SECONDS):
            with self._lock:
                self._synced = self._size()

    def _size(self) -> int:
        file = self._file()
        return file.stat().st_size if file.exists() else 0

    def _file(self) -> Path:
        """From Redis 7 on the newest increment, else the one file."""
        increments = sorted((self._folder / FOLDER).glob(f"{FILE}.*.incr.aof"), key=lambda file: file.stat().st_mtime)
        return increments[-1] if increments else self._folder / FILE
