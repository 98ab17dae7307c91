"""A redis-server that a test restarts in the middle of a scan."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from leadcore.settings import read
from leadcore.store.connection import connect
from sandbox.redis import Running, start


class Restartable:
    """A redis-server that is killed and started again on its port and its data; each has a hash seed of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: Running = start(folder)
        self.port = self.running.port

    def restart(self) -> None:
        with closing(Redis(port=self.port)) as other:
            # Everything is on the disk, so that what a scan misses it misses by itself.
            other.config_set("appendfsync", "always")
            other.set("on-the-disk", 1)
        self.running.kill()
        self.running = start(self.folder, self.port)

    def connect(self) -> Any:
        """A client as ours are made."""
        return connect(read({"REDIS_URL": f"redis://127.0.0.1:{self.port}/0"}))


def interrupt(monkeypatch: pytest.MonkeyPatch, action: Callable[[], None], command: str, times: int = 1) -> list[int]:
    """Run `action` after the first round trip of a scan, `times` times in all. The list holds how often it ran."""
    real: Callable[..., Any] = getattr(Redis, command)
    ran: list[int] = []

    def scan(self: Any, *arguments: Any, **options: Any) -> Any:
        answer = real(self, *arguments, **options)
        if answer[0] and len(ran) < times:
            ran.append(1)
            action()
        return answer

    monkeypatch.setattr(Redis, command, scan)
    return ran
