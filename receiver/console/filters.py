"""Pure: what a form or an address asks of the leads, and the other way round; the leads as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from leadcore.receipts import STATES, Receipt
from receiver.console.queries import ONLY, STATES_OF, LeadFilter

NAMES = ("q", "state", "intent", "only", "from", "to")
COLUMNS = ("lead", "customer_id", "contact_id", "state", "intent", "received")
# A spreadsheet takes a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# A spreadsheet takes a text of digits for a number, which has 15 of them at most: the rest become zeros.
_ROUNDED = re.compile(r"\d{16,}")


def parse_filter(given: Mapping[str, str], zone: ZoneInfo) -> LeadFilter:
    """`from`, `to`: the first and the last day, as ISO 8601 in `zone`. What cannot be read limits nothing."""
    state, only = given.get("state", ""), given.get("only", "")
    return LeadFilter(
        text=given.get("q", "").strip()[:200],
        state=state if state in STATES or state in STATES_OF else "",
        intent=given.get("intent", "").strip()[:200],
        only=only if only in ONLY else "",
        since_ms=_start_ms(given.get("from", ""), zone),
        until_ms=_start_ms(given.get("to", ""), zone, days=1),
    )


def as_query(lead_filter: LeadFilter, zone: ZoneInfo) -> dict[str, str]:
    """The parameters that `parse_filter` reads as this filter."""
    values = {
        "q": lead_filter.text,
        "state": lead_filter.state,
        "intent": lead_filter.intent,
        "only": lead_filter.only,
        "from": _day(lead_filter.since_ms, zone),
        "to": _day(None if lead_filter.until_ms is None else lead_filter.until_ms - 1, zone),
    }
    return {name: value for name, value in values.items() if value}


def write_csv(receipts: Iterable[Receipt], zone: ZoneInfo) -> str:
    """The ids of leads, with a mark at the start by which spreadsheets know UTF-8."""
    out = io.StringIO()
    rows = csv.writer(out, quoting=csv.QUOTE_ALL)
    rows.writerow(COLUMNS)
    for one in receipts:
        received = datetime.fromtimestamp(one.received_ms / 1000, zone).isoformat() if one.received_ms else ""
        row = (one.lead, one.customer_id, one.contact_id, one.state, one.intent, received)
        rows.writerow([f"'{value}" if _is_misread(value) else value for value in row])
    return "\ufeff" + out.getvalue()


def _is_misread(value: str) -> bool:
    text = value.strip()
    return value.startswith(_FORMULA) or text.startswith(_FORMULA) or bool(_ROUNDED.fullmatch(text))


def _start_ms(text: str, zone: ZoneInfo, *, days: int = 0) -> int | None:
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        ms = int(datetime.combine(day, time(), zone).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    # Redis takes no time before 1970, and a year may be half typed.
    return ms if ms > 0 else None


def _day(ms: int | None, zone: ZoneInfo) -> str:
    return "" if ms is None else datetime.fromtimestamp(ms / 1000, zone).date().isoformat()
