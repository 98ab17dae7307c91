"""Keeps what a stand-in knows in a file, so that it outlives the process."""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

SAVE_SECONDS = 1.0


class StateFile:
    """A context manager: saves what `encode` returns to `file` at the end, and at most every `SAVE_SECONDS` after a
    request that may have changed it. Should the process be killed, that last second is lost. `file`: None for none."""

    def __init__(self, file: Path | None, encode: Callable[[], bytes]) -> None:
        self._file, self._encode = file, encode
        self._changed, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._save_changes, daemon=True)

    def read(self) -> bytes:
        """What was saved, b"" if nothing was."""
        return self._file.read_bytes() if self._file and self._file.is_file() else b""

    def watch(self, app: "WSGIApplication") -> "WSGIApplication":
        """`app`, whose requests are noticed from now on."""

        def watched(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            try:
                return app(environ, start_response)
            finally:
                if environ["REQUEST_METHOD"] != "GET":
                    self._changed.set()

        return watched

    def __enter__(self) -> "StateFile":
        if self._file:
            self._save()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._changed.set()
        if self._file:
            self._thread.join()
            self._save()

    def _save_changes(self) -> None:
        while self._changed.wait() and not self._ended.is_set():
            self._changed.clear()
            self._save()
            self._ended.wait(SAVE_SECONDS)

    def _save(self) -> None:
        if not self._file:
            return
        new = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # What is kept are contacts and messages, if only played ones.
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
                opened.write(self._encode())
            new.replace(self._file)
        except OSError as error:
            print(f"{self._file} cannot be written: {error.strerror}", file=sys.stderr, flush=True)
