"""Which text a contact property takes, and how HubSpot keeps it."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MAX_LENGTH = 65_536
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,58})"
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_EPOCH_MS = re.compile(r"-?\d{1,15}")
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Invalid(ValueError):
    """The value is refused; `code` is HubSpot's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


Check = Callable[[str], str]


@lru_cache(maxsize=1024)
def iso(seconds: float) -> str:
    """Epoch seconds as HubSpot writes a time: 2024-04-24T19:21:09.694Z."""
    return _written(datetime.fromtimestamp(seconds, UTC))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def email(value: str) -> str:
    if len(value) > 254 or not _EMAIL.fullmatch(value):
        raise Invalid("INVALID_EMAIL", f"Email address {value} is invalid")
    return value.lower()


def phone(value: str) -> str:
    if not _E164.fullmatch(value):
        raise Invalid("INVALID_PHONE_NUMBER", f"{value} was not a valid phone number.")
    return value


def number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise Invalid("INVALID_INTEGER", f"{value} was not a valid number.")
    return value


def date(value: str) -> str:
    """A day, as YYYY-MM-DD or as midnight UTC in epoch milliseconds."""
    try:
        if _EPOCH_MS.fullmatch(value):
            if int(value) % 86_400_000:
                raise Invalid("INVALID_DATE", f"{value} is not at midnight UTC.")
            return (_EPOCH + timedelta(milliseconds=int(value))).date().isoformat()
        return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except (ValueError, OverflowError) as error:
        if isinstance(error, Invalid):
            raise
        raise Invalid("INVALID_DATE", f"{value} was not a valid date.") from None


def moment(value: str) -> str:
    """A moment, as ISO 8601 with a zone or in epoch milliseconds; kept in UTC."""
    try:
        if _EPOCH_MS.fullmatch(value):
            return _written(_EPOCH + timedelta(milliseconds=int(value)))
        if _ZONED.fullmatch(value):
            return _written(datetime.fromisoformat(value).astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    raise Invalid("INVALID_DATE", f"{value} was not a valid date.")


def one_of(allowed: Iterable[str], *, several: bool = False) -> Check:
    """A check for a dropdown, or for checkboxes joined by semicolons."""
    options = frozenset(allowed)

    def check(value: str) -> str:
        chosen = value.split(";") if several else (value,)
        for option in chosen:
            if option not in options:
                raise Invalid("INVALID_OPTION", f"{option} was not one of the allowed options: {sorted(options)}")
        return value

    return check
