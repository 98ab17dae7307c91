"""The time limit of a job; what a real worker does at it is in `tests/e2e/test_time_limit.py`."""

import signal
import time

import pytest

from workers.flow.errors import OutOfTime
from workers.flow.time_limit import TimeLimit


def read_rows(count: int) -> list[str]:
    """Takes any fault for one of the row in hand."""
    rows = []
    for _ in range(count):
        try:
            time.sleep(30)
        except Exception:
            rows.append("bad")
    return rows


def test_it_is_no_fault_of_the_row_in_hand() -> None:
    with pytest.raises(OutOfTime), TimeLimit(1):
        read_rows(2)


def test_a_job_that_is_done_when_the_alarm_comes_is_not_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    set_alarm = signal.alarm

    def set_late(seconds: int) -> int:
        left = set_alarm(seconds)
        if not seconds:
            signal.raise_signal(signal.SIGALRM)
        return left

    monkeypatch.setattr(signal, "alarm", set_late)
    with TimeLimit(30):
        done = True
    assert done
