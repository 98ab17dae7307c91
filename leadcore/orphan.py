"""A process that ends with its parent: a killed parent can tell nobody, and its children would serve on for ever."""

import os
import signal
import threading

POLL_SECONDS = 1.0


def end_with_parent() -> None:
    """From now on this process gets SIGTERM within about `POLL_SECONDS` of its parent's death."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
