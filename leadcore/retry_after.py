"""Pure: how long an HTTP answer asks to wait (`Retry-After`, RFC 9110)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)


def read_retry_after(value: str, date: str, longest: float, now: float | None = None) -> float | None:
    """Seconds, at most `longest`; None if the answer does not say. A date is compared with the answer's own `date`
    header, so that our clock does not matter; with `now` (seconds since 1970), if given, where there is none."""
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), longest)
    until, said_at = _read_date(value), _read_date(date)
    if said_at is None and now is not None:
        said_at = datetime.fromtimestamp(now, UTC)
    if until is None or said_at is None:
        return None
    return min(max((until - said_at).total_seconds(), 0.0), longest)


def _read_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # One without a zone cannot be compared.
    return found if found.tzinfo is not None else None
