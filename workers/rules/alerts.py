"""Pure: what people are told when the line needs them, and when it is well again.

What was told stands in one record in Redis, which all workers share and which only its present version may follow: so
nothing is told twice, whichever worker looks. Texts hold codes, times, counts and plain reasons, nobody's data.
"""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import msgspec

from leadcore.store import keys

PERSON = frozenset({"unauthorized", "forbidden", "no_key", "daily_quota"})
"""Only a person can mend these."""
HICCUP_MS = 60_000
CALM_MS = 15_000
GATHER_MS = 10_000
PARKED_MS = 3_600_000
TRIES = 5
FIRST_WAIT_MS = 5_000
STOPPED = {keys.INBOX: "No lead is written to HubSpot", keys.OUTBOX: "No message is sent to customers"}
RESUMED = {keys.INBOX: "Leads are written to HubSpot again", keys.OUTBOX: "Messages are sent to customers again"}
ADVICE = {
    "daily_quota": "Find out which app uses it up, or buy more; it begins anew at midnight in the portal's time zone.",
    "dealdroid": "Check DEALDROID_WEBHOOK_URL and DealDroid itself.",
}
PASSES = "It goes on by itself once that is over; if it lasts, run: leadsync doctor"


class Outgoing(msgspec.Struct):
    """A text on its way; `begun`: somebody is sending it, or was cut off while doing so."""

    text: str
    due_ms: int
    tries: int = 0
    begun: bool = False


class Incident(msgspec.Struct):
    """A pause that was told, by the codes it had; `over_ms`: when it was first seen to be over, 0 while it stands."""

    since_ms: int
    codes: list[str] = msgspec.field(default_factory=list)
    over_ms: int = 0


class ParkedAlert(msgspec.Struct):
    """What was told of one cause: how many had ever been parked for it, and when. `seen_ms`: when the first that was
    not told was seen, 0 if there is none."""

    told: int = 0
    told_ms: int = 0
    seen_ms: int = 0


class Record(msgspec.Struct):
    """All that was told, and what is to be sent."""

    incidents: dict[str, Incident] = msgspec.field(default_factory=dict)
    parkings: dict[str, ParkedAlert] = msgspec.field(default_factory=dict)
    outgoing: list[Outgoing] = msgspec.field(default_factory=list)


class View(msgspec.Struct, frozen=True):
    """What was seen at `now_ms`: the pauses as they stand in Redis (line -> code, reason, since_ms), entries waiting
    per line, how many leads were ever parked per code, how many are now."""

    now_ms: int
    pauses: Mapping[str, tuple[str, str, int]]
    waiting: Mapping[str, int]
    parked_ever: Mapping[str, int]
    parked: int


def decide(record: Record, view: View, timezone: ZoneInfo) -> dict[str, int]:
    """Bring `record` up to what is seen; new texts stand in its `outgoing`. Returns the causes to tell: code -> how
    many leads, for `tell_parked`, which needs a reason in words."""
    for line in STOPPED:
        _follow(record, line, view, timezone)
    return {code: count for code, ever in view.parked_ever.items() if (count := _gather(record, code, ever, view))}


def _follow(record: Record, line: str, view: View, timezone: ZoneInfo) -> None:
    incident, pause = record.incidents.get(line), view.pauses.get(line)
    if pause is None:
        if incident is not None:
            incident.over_ms = incident.over_ms or view.now_ms
            if view.now_ms - incident.over_ms >= CALM_MS:
                del record.incidents[line]
                _add(record, view, f"{RESUMED[line]}. They had waited since {_time(incident.since_ms, timezone)}.")
        return
    code, reason, since = pause
    if incident is None:
        if code not in PERSON and view.now_ms - since < HICCUP_MS:
            return
        incident = record.incidents[line] = Incident(since)
    elif code not in PERSON:
        incident.over_ms = 0
        return
    incident.over_ms = 0
    if code in incident.codes:
        return
    incident.codes.append(code)
    advice = ADVICE.get(code, "" if code in PERSON else PASSES)
    waiting = f"{view.waiting.get(line, 0)} wait, none is lost."
    since_when = f"since {_time(incident.since_ms, timezone)}"
    _add(record, view, " ".join(filter(None, (f"{STOPPED[line]} {since_when}: {reason}", advice, waiting))))


def _gather(record: Record, code: str, ever: int, view: View) -> int:
    """How many parked leads of a cause are to be told now, 0 if none. They are gathered first, so that many of them
    make one text."""
    known = record.parkings.setdefault(code, ParkedAlert())
    known.told = min(known.told, ever)  # Redis was emptied
    if ever == known.told:
        known.seen_ms = 0
        return 0
    known.seen_ms = known.seen_ms or view.now_ms
    if view.now_ms - known.seen_ms < GATHER_MS or (known.told_ms and view.now_ms - known.told_ms < PARKED_MS):
        return 0
    count = min(ever - known.told, view.parked)
    known.told, known.seen_ms = ever, 0
    known.told_ms = view.now_ms if count else known.told_ms
    return count


def tell_parked(record: Record, view: View, code: str, count: int, why: str, fix: str) -> None:
    """Add the text about parked leads; `why` is a receipt's reason without its code, "" if it is not known;
    `fix`: what mends it."""
    leads = "A lead was parked" if count == 1 else f"{count} leads were parked"
    reason = f": {why.rstrip('.')}" if why else f" ({code})"
    _add(record, view, f"{leads}{reason}. {fix} See: leadsync parked")


def _add(record: Record, view: View, text: str) -> None:
    record.outgoing.append(Outgoing(escape(f"leadsync: {text}", quote=False), view.now_ms))


def begin(record: Record, now_ms: int) -> Outgoing | None:
    """The next text to send, marked as begun. What somebody had begun and did not finish is dropped: it may have
    arrived, and nothing is told twice."""
    record.outgoing = [one for one in record.outgoing if not one.begun]
    due = [one for one in record.outgoing if one.due_ms <= now_ms]
    if not due:
        return None
    due[0].begun = True
    due[0].tries += 1
    return due[0]


def finish(record: Record, one: Outgoing, now_ms: int, *, sent: bool) -> bool:
    """`one` arrived, or is to be tried again later; False if it is given up."""
    one.begun = False
    one.due_ms = now_ms + FIRST_WAIT_MS * 4 ** (one.tries - 1)
    if sent or one.tries >= TRIES:
        record.outgoing.remove(one)
    return sent or one.tries < TRIES


def _time(ms: int, timezone: ZoneInfo) -> str:
    return datetime.fromtimestamp(ms / 1000, timezone).strftime("%H:%M (%d %b, %Z)")
