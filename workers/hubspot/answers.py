"""Pure: HubSpot's answers, and which of them mean that the line must wait."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import msgspec

from leadcore.reasons import reason
from leadcore.retry_after import read_retry_after
from workers.flow.errors import LineDown
from workers.hubspot.errors import NOT_FOUND, lacks_key, lacks_room, objects
from workers.hubspot.scopes import PURPOSES, read_missing
from workers.rules.mapping.property_names import CUSTOMER_ID

# The longest Retry-After in seconds that is obeyed: for a daily quota or a move, for a fault, for a burst of calls.
DAY, FAULT, BURST = 86_400.0, 300.0, 60.0
# A gateway, and Cloudflare, waited for HubSpot in vain.
_TIMEOUTS = frozenset({504, 524})
# Those of 4xx that may be about what was sent; any other is about the call itself.
_OF_CONTENT = frozenset({400, 402, 409, 413, 422})
_GONE = frozenset({"unreachable", "disconnected"})
_DECODE = msgspec.json.Decoder().decode


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_object(self) -> bool:
        """Whether the body is a JSON object, as in every answer from HubSpot itself; proxies' error pages are not."""
        return self.body.lstrip()[:1] == b"{" and self._parsed is not None

    def json(self) -> dict[str, Any]:
        """The body's JSON object, {} if it is not one."""
        return self._parsed or {}

    @property
    def error(self) -> dict[str, Any]:
        """The body as an error object; where it lacks a status, the HTTP status is filled in."""
        error = {"category": "VALIDATION_ERROR", **self.json()}
        if not isinstance(error.get("status"), str) or error["status"] == "error":
            error["status"] = str(self.status)
        return error

    @property
    def says_not_found(self) -> bool:
        """Whether HubSpot says that the contact does not exist, as opposed to any server's 404 for a path."""
        return self.status == 404 and str(self.json().get("category") or "").upper() == NOT_FOUND

    @property
    def says_one_missing(self) -> bool:
        """The same of a read of a single contact, whose 404 may lack the category."""
        body = self.json()
        return self.says_not_found or (
            self.status == 404 and body.get("status") == "error" and not body.get("category")
        )

    @cached_property
    def _parsed(self) -> dict[str, Any] | None:
        try:
            parsed = _decode(self.body)
        except (ValueError, RecursionError):
            return None
        return parsed if isinstance(parsed, dict) else None


def _decode(body: bytes) -> Any:
    """msgspec is faster and stricter; json may still read what it refuses."""
    try:
        return _DECODE(body)
    except ValueError:
        return json.loads(body)


def raise_line_down(answer: Answer, scopes: Iterable[str] = PURPOSES, *, creates: bool = True) -> None:
    """Raise `LineDown` if `answer` says that HubSpot as a whole cannot take leads now. `scopes`: those that may lack
    where HubSpot does not name one. A wait of 0 s counts as none: obeyed, it would ask each second all day.
    `creates`: whether the call may need room for new contacts."""
    status, body = answer.status, answer.json()
    if status == 401:
        raise LineDown("unauthorized", reason("token_refused"))
    if says_no_room(answer, creates=creates):
        raise_without_room()
    if status == 403 and answer.is_object:
        lacking = read_missing(body) or list(scopes)
        raise LineDown(
            "forbidden",
            reason("scope_missing", scope=lacking[0])
            if len(lacking) == 1
            else reason("any_scope_missing", scopes=", ".join(lacking)),
        )
    if status == 429:
        policy = str(body.get("policyName") or "").upper()
        if policy == "DAILY" or "daily" in str(body.get("message") or "").lower():
            raise LineDown("daily_quota", reason("daily_quota_used"), retry_after(answer, DAY) or None)
        wait = retry_after(answer, BURST) or (1.0 if policy == "SECONDLY" else 10.0)
        raise LineDown("rate_limit", reason("slow_down"), wait)
    if status == 477:
        raise LineDown("migrating", reason("portal_moving"), retry_after(answer, DAY) or None)
    if status == 423:
        wait = max(retry_after(answer, FAULT) or 0.0, 2.0)
        raise LineDown("locked", reason("records_locked"), wait)
    if status >= 500 or status == 408:
        raise LineDown("unavailable", reason("hubspot_answered", status=status), retry_after(answer, FAULT) or None)
    unexpected = status < 200 or (status >= 300 and status not in _OF_CONTENT) or not answer.is_object
    if unexpected and not answer.says_not_found:
        raise LineDown("unexpected", reason("answer_unexpected", status=status))


def says_no_room(answer: Answer, *, creates: bool = True) -> bool:
    """Whether the portal takes none for want of room. `creates`: as in `raise_line_down`."""
    statuses = (400, 402, 403) if creates else (402, 403)
    return answer.status in statuses and answer.is_object and lacks_room(answer.error)


def is_definite(fault: LineDown, answer: Answer | None) -> bool:
    """Whether a call has certainly ended, so that the same call can follow it at once: the connection is gone, or a
    server answered that it failed. What timed out, at whatever gateway, may still land; and who says how long to wait
    is obeyed."""
    if fault.seconds is not None:
        return False
    return answer.status >= 500 and answer.status not in _TIMEOUTS if answer else fault.code in _GONE


def raise_without_room() -> NoReturn:
    """Raise `LineDown`: the portal has as many contacts as it may have."""
    raise LineDown("no_room", reason("portal_full"))


def raise_without_key(answer: Answer, key: str = CUSTOMER_ID) -> None:
    """Raise `LineDown` if `answer` says that the portal lacks the upsert key, which no lead can help."""
    errors = [answer.error] if answer.status == 400 else objects(answer.json().get("errors"))
    if any(lacks_key(error, key) for error in errors):
        raise LineDown("no_key", reason("key_lacking", property=key))


def retry_after(answer: Answer, longest: float) -> float | None:
    """Seconds that the answer asks to wait, at most `longest`; None if it does not say. A date (RFC 9110) is compared
    with the answer's own Date header, so that our clock does not matter."""
    return read_retry_after(answer.headers.get("retry-after", ""), answer.headers.get("date", ""), longest)
