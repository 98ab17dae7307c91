"""Pure: a circuit breaker by rates, and what becomes of a batch that fails while others do not.

A call that certainly failed is repeated within its flight (`may_repeat`). A flight that fails all the same is told from
an outage by what became of the other calls since (`judge`): as long as they work its leads stay in hand and are sent
again, in smaller and smaller batches, until one lead that makes every call fail waits alone. Else the line is down.
"""

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from workers.rules.batch import BATCH

WINDOW_SECONDS = 10.0
OPEN_CALLS, OPEN_SHARE = 10, 0.8
# A call that certainly failed is repeated so often, after so long, and with at most this share of the quota.
REPEATS, REPEAT_SECONDS, REPEAT_SHARE = 2, (0.1, 0.5), 0.2
# A call that took longer before it failed is not repeated: a lease and a job last so long and no longer.
REPEAT_WITHIN_SECONDS = 5.0
# A flight that failed is tried again after so long. A batch that failed so often is halved, its halves each time that
# they fail; a lead that is alone fails so often before it waits.
AGAIN_SECONDS, HALVED_AFTER = (0.25, 0.5), 4
# After a call that timed out: it may still land, and what is newer waits for this batch.
LATE_SECONDS = (2.0, 4.0)
# While no call has worked lately, so many go at once: an outage shall not meet a whole burst.
UNPROVEN_IN_FLIGHT = 5


class Calls(Struct, frozen=True):
    """The calls of the last `WINDOW_SECONDS`. `run`: how many have failed since one worked. Of those since the batch in
    question failed first: how many `worked`, were `written` (a part of them), and `failed_since`."""

    total: int = 0
    failed: int = 0
    run: int = 0
    worked: int = 0
    written: int = 0
    failed_since: int = 0

    @property
    def is_open(self) -> bool:
        """Whether so many fail that the line is down."""
        return self.run >= OPEN_CALLS or (self.total >= OPEN_CALLS and self.failed >= OPEN_SHARE * self.total)


class Flight(Struct):
    """One batch, or message, on its way, however often it is sent. `failures`: how many flights have failed, raised to
    a multiple of `HALVED_AFTER` by each halving; `since_ms`: when the first call failed, 0: none has; `counted`: how
    many failed calls were counted; `weight`: how many calls failed since `failures` changed. `repeats`: how often a
    call may be repeated. `late`: a call may still land. `unsure`: a write failed and was repeated, so the contact that
    HubSpot now calls old may be of the first try."""

    failures: int = 0
    since_ms: int = 0
    counted: int = 0
    weight: int = 0
    repeats: int = REPEATS
    late: bool = False
    unsure: bool = False

    def counts(self, calls: Calls) -> bool:
        """Whether its failing call says something about HubSpot: once it failed while others work, it does not, or one
        lead that makes every call fail would open the breaker for all."""
        return self.failures == 0 or (self.failures < HALVED_AFTER and calls.worked == 0)


def may_repeat(calls: Calls, repeats: int, allowed: int, seconds: float) -> bool:
    """Whether a call that certainly failed is sent again. `seconds`: since it was sent first."""
    return repeats < allowed and seconds < REPEAT_WITHIN_SECONDS and not calls.is_open


def most_repeats(quota: int) -> int:
    """How many calls of any `WINDOW_SECONDS` may be repeats."""
    return max(int(quota * REPEAT_SHARE), 1)


def between(bounds: tuple[float, float], random: float) -> float:
    """Seconds to wait, with jitter. `random`: 0 to 1."""
    return bounds[0] + (bounds[1] - bounds[0]) * random


def stops_messages(calls: Calls, outcomes: Sequence[tuple[bool, int]]) -> bool:
    """Whether DealDroid takes no messages. `outcomes`: of the messages of a round, whether each failed, and how often
    it was tried before. Where there are few messages, one that failed twice while none went through will do."""
    failed_again = all(failed and tries for failed, tries in outcomes)
    return calls.is_open or (failed_again and not calls.worked)


class Verdict(Enum):
    """What becomes of a batch whose flight failed."""

    DOWN = "HubSpot is down, and the line waits"
    AGAIN = "it is sent again"
    ALONE = "its one lead waits, by itself"


def judge(calls: Calls, flight: Flight, size: int) -> tuple[Verdict, int]:
    """The verdict on a batch of `size` customers, and its failures from now on.

    With two repeats half of the batches are written if a fifth of the calls work, so others count as working while
    under four fifths of their calls fail. A reader's success does not count alone: writes may be out."""
    failures = flight.failures + 1
    if size == 1 and flight.weight <= REPEATS and not calls.is_open:
        # For want of quota it was not repeated; in a brownout one call proves nothing about one lead.
        return Verdict.AGAIN, flight.failures
    others_failed = max(calls.failed_since - flight.counted, 0)
    share = others_failed / max(others_failed + calls.worked, 1)
    others_work = calls.written > 0 and share < OPEN_SHARE
    suspect = flight.failures >= HALVED_AFTER
    if calls.is_open and not suspect:
        return Verdict.DOWN, failures
    if suspect and not others_work and size == 1:
        return Verdict.ALONE, flight.failures
    if suspect and others_work and size > 1:
        return Verdict.AGAIN, halve(failures, size)
    if failures % HALVED_AFTER:
        return Verdict.AGAIN, failures
    if not others_work:
        return Verdict.DOWN, failures
    if size == 1:
        return Verdict.ALONE, failures
    return Verdict.AGAIN, halve(failures, size)


def halve(failures: int, size: int) -> int:
    """The failures of the halves of a batch of `size`."""
    while largest_batch(failures) >= size:
        failures += HALVED_AFTER
    return failures - failures % HALVED_AFTER


def largest_batch(failures: int) -> int:
    """How many customers may be in a batch that has failed so often."""
    return max(BATCH >> (failures // HALVED_AFTER), 1)


FAILURES_ALONE = halve(0, 2)
"""The failures of a lead that is sent alone."""
