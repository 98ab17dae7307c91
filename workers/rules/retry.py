"""Pure: when something is tried again. One table: what happened, who waits for it, for how long, and how often.

Waits double from the first to the longest. Where the other side says how long to wait, that counts instead. Before
any of this, a call or a batch in hand may be sent again within its flight: see `workers.rules.breaker`.
"""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct


class Waits(Enum):
    """Who waits. While a line waits nothing leaves its stream, and no lead's tries are counted."""

    LINE = "the line"
    LEAD = "the lead"
    ORDER = "the order"
    MESSAGE = "the message"


class Retry(Struct, frozen=True):
    """`happened`: in plain words. `jitter`: the part of a wait that may be added at random. `tries`: whether a wait
    uses up one of the lead's tries; when none is left it is parked, with the code. `one_lead`: a single lead can cause
    it, so a probe that fails on one lead delays that lead, not the line. `by_rate`: the line waits only once most calls
    fail (`workers.rules.breaker`), or if the other side says how long to wait."""

    happened: str
    waits: Waits
    first_seconds: float
    longest_seconds: float
    jitter: float = 0.0
    tries: bool = False
    one_lead: bool = False
    by_rate: bool = False


_JITTER = 0.25
MAX_JITTER_SECONDS = 5.0


def _line(happened: str, longest_seconds: float = 8.0, *, one_lead: bool = False, by_rate: bool = False) -> Retry:
    """A line's longest wait is short by default, because a probe is one small call and most faults pass soon."""
    return Retry(happened, Waits.LINE, 1.0, longest_seconds, _JITTER, one_lead=one_lead, by_rate=by_rate)


def _call(happened: str) -> Retry:
    """A fault that may strike a single call."""
    return _line(happened, one_lead=True, by_rate=True)


def _lead(happened: str) -> Retry:
    """Leads that failed together come back together, in one call: no jitter."""
    return Retry(happened, Waits.LEAD, 2.0, 600.0, tries=True)


POSTPONED = "postponed"
MESSAGE = "message"
SWITCHED_OFF = "switched_off"
RETRIES: Mapping[str, Retry] = {
    "rate_limit": _line("HubSpot asks to slow down (429)"),
    "daily_quota": _line("HubSpot's daily quota is used up (429)", 900.0),
    "unauthorized": _line("HubSpot refuses the token (401)", 60.0),
    "forbidden": _line("the token lacks a scope (403)", 60.0),
    "no_key": _line("the portal has no unique property for the customer's id", 30.0),
    "no_room": _line("the portal has as many contacts as it may have", 300.0),
    "order_key": _line("the portal has no unique property for orders or their lines", 30.0),
    "order_room": _line("the portal has as many orders, or lines, as it may have", 300.0),
    "order_currency": _line("the portal lacks the currency of `[orders]`", 60.0),
    "order_pipeline": _line("HubSpot refuses the pipeline of an order", 60.0),
    "order_stage": _line("HubSpot refuses the stage of an order", 60.0),
    "order_amount": _line("HubSpot refuses the amount of an order", 60.0),
    "orders_off": _line("the portal has not activated the object of `[orders]`", 60.0),
    SWITCHED_OFF: _line("the configuration of a worker lacks the table that the line needs"),
    "migrating": _line("HubSpot moves the portal to another data centre (477)", 900.0),
    "unreachable": _line("no connection to HubSpot", by_rate=True),
    "tls": _line("no TLS connection to HubSpot"),
    "locked": _line("HubSpot has locked all records of a call (423)", one_lead=True),
    "unavailable": _call("HubSpot is not available (408, 5xx)"),
    "timeout": _call("HubSpot does not answer in time"),
    "disconnected": _call("HubSpot closes the connection before its answer"),
    "unexpected": _call("an answer that is not HubSpot's"),
    "empty_answer": _call("HubSpot answers without a result"),
    "dealdroid": _line("DealDroid takes no messages (no connection, 408, 425, 429, 5xx)", by_rate=True),
    "dealdroid_busy": _line("DealDroid asks to slow down (429, or 503 with `Retry-After`)", 60.0),
    "restarted": _line("Redis has restarted: messages wait until it knows what was sent"),
    "row": _lead("HubSpot takes other leads of the call but not this one"),
    "race": _lead("another write has changed the contact at the same moment"),
    "vanishing": _lead("the contact vanishes while it is written"),
    "unsettled": _lead("HubSpot refuses one value after the other"),
    "no_contact": Retry("an order's contact is not in HubSpot", Waits.ORDER, 2.0, 600.0, tries=True),
    "no_order": Retry("a payment's order is not known, or not ready for it", Waits.ORDER, 2.0, 600.0, tries=True),
    "error": _lead("a fault in this program with this lead"),
    POSTPONED: Retry("a probe failed on this lead alone", Waits.LEAD, 5.0, 5.0),
    MESSAGE: Retry("DealDroid did not take the message", Waits.MESSAGE, 2.0, 300.0, _JITTER),
}
OTHER = _line("anything else that stops the line")


def find_retry(code: str) -> Retry:
    """The row for a line that is down with `code`; `OTHER` if there is none."""
    return RETRIES.get(code, OTHER)


def find_lead_retry(code: str, *, free: bool) -> Retry:
    """The row for a lead that waits with `code`; that of a line means that a probe failed on this lead alone. `free`:
    no other lead was written since, so it may be HubSpot's fault."""
    if free:
        return RETRIES[POSTPONED]
    retry = find_retry(code)
    return retry if retry.waits in (Waits.LEAD, Waits.ORDER) else RETRIES["row"]


def wait_seconds(retry: Retry, failures: int, asked: float | None = None, random: float = 0.0) -> float:
    """The wait after the `failures`-th failure in a row (from 1). `asked`: seconds that the other side asked for, None
    if it did not say. `random`: 0 to 1, for the jitter."""
    seconds = min(retry.first_seconds * 2.0 ** min(failures - 1, 30), retry.longest_seconds) if asked is None else asked
    return seconds + min(seconds * retry.jitter, MAX_JITTER_SECONDS) * random


def line_waits(retry: Retry, asked: float | None, random: float) -> list[float]:
    """The waits of a line after the first failure, the second ... up to the longest; never under a second."""
    if asked is not None:
        return [wait_seconds(retry, 1, max(asked, 1.0), random)]
    waits = [wait_seconds(retry, failures, random=random) for failures in range(1, 32)]
    return waits[: waits.index(waits[-1]) + 1]


def describe() -> str:
    """The table in Markdown, as docs/architecture.md shows it."""
    lines = ["| code | what happened | who waits | seconds | until |", "|---|---|---|---|---|"]
    for code, one in RETRIES.items():
        seconds = f"{one.first_seconds:g}"
        if one.longest_seconds > one.first_seconds:
            seconds += f" to {one.longest_seconds:g}"
        waits = one.waits.value + (", once most calls fail" if one.by_rate else "")
        waits += " (the lead, if it fails alone)" if one.one_lead else ""
        lines.append(f"| `{code}` | {one.happened} | {waits} | {seconds} | {_until(one)} |")
    return "\n".join(lines)


def _until(retry: Retry) -> str:
    match retry.waits:
        case Waits.LINE:
            return "a probe works"
        case Waits.MESSAGE:
            return "it is older than `confirm_max_age`, or its window is over"
        case Waits.LEAD | Waits.ORDER if retry.tries:
            return "its tries are used up; then it is parked"
        case _:
            return "it fails again after others were written: then as `row`"
