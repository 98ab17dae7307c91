"""Signals reach Python's main thread, whichever thread the system gives them to.

Linux gives a signal to any thread that does not block it, above all to one that is just started. Python then notes it
for its main thread; if that waits for something, it sleeps on and the handler never runs (seen once: a web process
under load did not notice SIGTERM).
"""

import os
import signal
import threading
import time
from types import FrameType

# By default it is ignored, and nothing here uses it.
_WAKE = signal.SIGURG
_AGAIN_SECONDS = 0.1


def wake_main_thread() -> None:
    """From now on the main thread, which calls this, wakes at every signal that has a handler."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(_WAKE, _do_nothing)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), name="signals", daemon=True).start()


def _do_nothing(_signum: int, _frame: FrameType | None) -> None:
    """It is the interruption that counts."""


def _watch(reader: int) -> None:
    main = threading.main_thread().ident
    while numbers := os.read(reader, 64):
        if main and any(number != _WAKE for number in numbers):
            signal.pthread_kill(main, _WAKE)
            # The first may have come right before it fell asleep.
            time.sleep(_AGAIN_SECONDS)
            signal.pthread_kill(main, _WAKE)
