"""Pure: whether a message may be sent now: a confirmation by its event's age and the hour, one that is sent by itself
by when the customer was last heard, and the hour, which it waits for."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from leadcore.config import Config
from leadcore.fields import KIND, LEAD, URGENT
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.store.outgoing import is_message
from workers.rules.texts import find_silence_reason, is_quiet

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

BY_PERSON = b"retry"
MAX_AGE_HOURS = 72
HOUR_MS = 3_600_000
WAIT_FOR_WORD_MS = 15_000
"""How often a message looks whether what its customer said is written."""


class Permission(Struct, frozen=True):
    """`why`: why the message may not be sent, "" if it may; then it has ended, or waits until `until_ms`."""

    why: Reason = NO_REASON
    until_ms: int | None = None


ALLOWED = Permission()


def permit(
    fields: Mapping[bytes, bytes],
    said_ms: int,
    heard_ms: int | None,
    now_ms: int,
    config: Config,
    timezone: "ZoneInfo",
    unwritten_ms: int | None = None,
) -> Permission:
    """`fields`: of the outbox's entry; `said_ms`: when its event, or the message itself, came; `heard_ms`: when the
    customer was last heard, None if that is not known; `unwritten_ms`: when the oldest event came that may be theirs
    and is not written yet, None if there is none. What a person asks for is sent whatever the hour."""
    if fields.get(KIND) == BY_PERSON:
        return ALLOWED
    if not is_own(fields):
        return Permission(find_silence_reason(now_ms, said_ms, config, timezone))
    hours = config.messages.window_hours
    if now_ms - said_ms > MAX_AGE_HOURS * HOUR_MS:
        return Permission(reason("too_old", minutes=MAX_AGE_HOURS * 60))
    if hours and (heard_ms is None or now_ms - heard_ms > hours * HOUR_MS):
        if unwritten_ms is not None and unwritten_ms <= said_ms:
            return Permission(reason("heard_later"), now_ms + WAIT_FOR_WORD_MS)
        return Permission(reason("never_heard") if heard_ms is None else reason("window_over"))
    if URGENT not in fields and is_quiet(now_ms, config, timezone):
        return Permission(reason("quiet_hours"), find_quiet_end(now_ms, config, timezone))
    return ALLOWED


def is_own(fields: Mapping[bytes, bytes]) -> bool:
    """Whether it is a message with a record of its own, and no confirmation."""
    return is_message(fields.get(LEAD, b"").decode("ascii", "replace"))


def find_quiet_end(now_ms: int, config: Config, timezone: "ZoneInfo") -> int:
    """When the present quiet hours end, in ms since 1970."""
    now = datetime.fromtimestamp(now_ms / 1000, timezone)
    _, end = config.messages.quiet_hours or ("", "00:00")
    hour, minute = map(int, end.split(":"))
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if then <= now:
        then = (then.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=timezone)
    return int(then.timestamp() * 1000)
