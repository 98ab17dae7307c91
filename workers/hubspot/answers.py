"""Pure: HubSpot's answers, and those that mean that the line has to wait."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import msgspec

from workers.flow.errors import LineDown
from workers.hubspot.errors import NOT_FOUND, lacks_key, objects
from workers.rules.mapping.facts import CUSTOMER_ID

SCOPES = "crm.objects.contacts.read and .write and crm.schemas.contacts.read and .write"
# The longest wait in seconds that HubSpot may ask for: for the rest of a day, for a fault, for a burst of calls.
DAY, FAULT, BURST = 86_400.0, 300.0, 60.0
_DECODE = msgspec.json.Decoder().decode
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_object(self) -> bool:
        """Whether the body is a JSON object, as every answer of HubSpot's is; error pages are not."""
        return self.body.lstrip()[:1] == b"{" and self._parsed is not None

    def json(self) -> dict[str, Any]:
        """The body's JSON object, {} if it is none."""
        return self._parsed or {}

    @property
    def error(self) -> dict[str, Any]:
        """The body as an error object, to which the status of the answer gives what it leaves out."""
        error = {"category": "VALIDATION_ERROR", **self.json()}
        if not isinstance(error.get("status"), str) or error["status"] == "error":
            error["status"] = str(self.status)
        return error

    @property
    def says_not_found(self) -> bool:
        """Whether HubSpot itself says that there is no such contact, and not somebody that there is no such page."""
        return self.status == 404 and str(self.json().get("category") or "").upper() == NOT_FOUND

    @cached_property
    def _parsed(self) -> dict[str, Any] | None:
        try:
            parsed = _decode(self.body)
        except (ValueError, RecursionError):
            return None
        return parsed if isinstance(parsed, dict) else None


def _decode(body: bytes) -> Any:
    """The quick decoder is the stricter one: what it refuses, the liberal one may still read."""
    try:
        return _DECODE(body)
    except ValueError:
        return json.loads(body)


def raise_line_down(answer: Answer) -> None:
    """Raise `LineDown` if `answer` says that HubSpot as a whole cannot take leads now."""
    status, body = answer.status, answer.json()
    if status == 401:
        raise LineDown("unauthorized", "HubSpot refuses the access token. Put a valid one into HUBSPOT_ACCESS_TOKEN.")
    if status == 403 and answer.is_object:
        raise LineDown("forbidden", f"The HubSpot token lacks a scope. Tick {SCOPES} in the private app.")
    if status == 429:
        policy = str(body.get("policyName") or "").upper()
        if policy == "DAILY" or "daily" in str(body.get("message") or "").lower():
            raise LineDown("daily_quota", "HubSpot's daily quota is used up.", retry_after(answer, DAY))
        wait = retry_after(answer, BURST) or (1.0 if policy == "SECONDLY" else 10.0)
        raise LineDown("rate_limit", "HubSpot asks to slow down.", wait)
    if status == 477:
        raise LineDown("migrating", "HubSpot is moving this portal to another data centre.", retry_after(answer, DAY))
    if status == 423:
        wait = max(retry_after(answer, FAULT) or 0.0, 2.0)
        raise LineDown("locked", "HubSpot has locked these records for a moment.", wait)
    if status >= 500 or status == 408:
        raise LineDown("unavailable", f"HubSpot is not available (status {status}).", retry_after(answer, FAULT))
    strange = status < 200 or 300 <= status < 400 or status in (403, 404) or not answer.is_object
    if strange and not answer.says_not_found:
        raise LineDown("unexpected", f"HubSpot gave an unexpected answer (status {status}). Check HUBSPOT_BASE_URL.")


def raise_without_key(answer: Answer) -> None:
    """Raise `LineDown` if `answer` says that the portal lacks the upsert key, which is no lead's fault."""
    errors = [answer.error] if answer.status == 400 else objects(answer.json().get("errors"))
    if any(lacks_key(error) for error in errors):
        raise LineDown("no_key", f"The portal has no unique property {CUSTOMER_ID}. Run: leadsync setup")


def retry_after(answer: Answer, longest: float) -> float | None:
    """Seconds that the answer asks to wait, at most `longest`; None if it does not say. A moment (RFC 9110) counts from
    the answer's own Date, so that our clock does not matter."""
    value = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), longest)
    try:
        moment, now = (parsedate_to_datetime(one) for one in (value, answer.headers.get("date", "")))
        return min(max((moment - now).total_seconds(), 0.0), longest)
    except (ValueError, TypeError):
        return None
