"""Ends a process with its parent: a killed parent cannot stop its children, and they would run for ever."""

import os
import signal
import threading

POLL_SECONDS = 1.0


def end_with_parent() -> None:
    """Watch the parent: about `POLL_SECONDS` after its death this process gets SIGTERM."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
