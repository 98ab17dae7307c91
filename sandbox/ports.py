"""Which ports are free, and kept from other runs until this one's processes have opened them."""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from leadcore.errors import SettingsError
from receiver import listener


class PortReservations:
    """A context manager. A port is opened seconds after it was chosen, by another process: until the block ends no
    other run of this user's takes one of these. `file`: in which all of them lock a byte per port."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or Path(tempfile.gettempdir()) / f"leadsync-ports-{os.getuid()}.lock"
        self._lock: int | None = None

    def __enter__(self) -> "PortReservations":
        # Where there can be no such file ports are only looked at.
        with suppress(OSError):
            self._lock = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)

    def take(self, port: int) -> bool:
        """Whether `port` of 127.0.0.1 is free; then it is this run's from now on."""
        if self._lock is not None:
            try:
                fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            except (BlockingIOError, PermissionError):
                return False
        try:
            listener.listen("127.0.0.1", port, wait_seconds=0).close()
        except SettingsError:
            return False
        return True
