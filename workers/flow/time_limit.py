"""The time limit of a job, which comes as an alarm in whatever runs then."""

from contextlib import suppress
from types import FrameType

from rq.timeouts import UnixSignalDeathPenalty

from workers.flow.errors import OutOfTime


class TimeLimit(UnixSignalDeathPenalty):
    """Raises `OutOfTime`."""

    def handle_death_penalty(self, signum: int, frame: FrameType | None) -> None:
        raise OutOfTime(f"after {self._timeout} s")

    def cancel_death_penalty(self) -> None:
        # The alarm may come while it is called off: the job is done.
        with suppress(OutOfTime):
            super().cancel_death_penalty()  # type: ignore[no-untyped-call]  # RQ is only partly typed
