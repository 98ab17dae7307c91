"""Pure: the alerts to people when a line stops or something waits for them, and when a line works again.

What was reported is one record in Redis. All workers share it and replace only the version that they read, so nothing
is reported twice, whichever worker checks. Texts hold codes, times, counts and plain reasons, never customer data.
"""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import msgspec

from leadcore.reasons import NEED_PERSON
from leadcore.receipts import UNSENT_STATES
from leadcore.store import keys, lines
from leadcore.texts.en import ADVICE
from leadcore.verdict import SHORT_PAUSE_MS, Problem

RECOVERED_MS = 15_000
COLLECT_MS = 10_000
PARKED_MS = 3_600_000
TRIES = 5
FIRST_WAIT_MS = 5_000
STOPPED = {
    keys.INBOX: "No lead is written to HubSpot",
    keys.OUTBOX: "No message is sent to customers",
    keys.ORDERS: "No order is written to HubSpot",
    keys.PAYMENTS: "No payment is noted in HubSpot",
    keys.NOTES: "No note is written to HubSpot",
}
RESUMED = {
    keys.INBOX: "Leads are written to HubSpot again",
    keys.OUTBOX: "Messages are sent to customers again",
    keys.ORDERS: "Orders are written to HubSpot again",
    keys.PAYMENTS: "Payments are noted in HubSpot again",
    keys.NOTES: "Notes are written to HubSpot again",
}
REDIS_MENDED = {
    "redis_full": "Redis has room again, so leads go there",
    "redis_evicts": "Redis deletes no leads any more",
}
"""What is wrong with Redis itself, by its code in `leadcore.verdict` -> that it is over. Of one that takes no writes no
worker can tell: what is reported is kept in Redis."""
DRY = "The pause is over. The workers run with DRY_RUN, so leads are held back and no message is sent"
WAITS_FOR_PERSON = {
    "failed": ("A message was not sent", "messages were not sent"),
    "interrupted": ("A message may not have arrived", "messages may not have arrived"),
}
FOLLOWING = {
    lines.PARKED_ORDERS.name: ("An order was parked", "orders were parked"),
    lines.PARKED_PAYMENTS.name: ("A payment was parked", "payments were parked"),
    lines.PARKED_NOTES.name: ("A note was parked", "notes were parked"),
}
"""What follows from leads and waits for a person; a cause of it is counted as "name:code"."""
HELD_STAGES = {
    "stage_held_bulk": "Of orders that were moved at once, {n} customers are not told: it may be a mistake",
    "stage_held_window": "Of orders that were moved, {n} customers are not told: they were last heard too long ago",
}
ENDED = {line.ended_counter: line for line in lines.LINES if line.seconds}
PASSES = "It goes on by itself once that is over; if it lasts, run: leadsync doctor"


class OutgoingAlert(msgspec.Struct):
    """A text to be sent; `started`: a worker is sending it, or was interrupted while sending."""

    text: str
    due_ms: int
    tries: int = 0
    started: bool = msgspec.field(default=False, name="begun")


class Incident(msgspec.Struct):
    """A pause that was reported, and the codes it had; `over_ms`: when it was first seen to be over, 0 while it
    lasts. So is what is wrong with Redis itself, but it has no code before it is reported."""

    since_ms: int
    codes: list[str] = msgspec.field(default_factory=list)
    over_ms: int = 0


class ParkedAlert(msgspec.Struct):
    """What was reported of one cause: how many leads had ever been parked for it, and when. `seen_ms`: when the first
    unreported one was seen, 0 if there is none."""

    reported: int = msgspec.field(default=0, name="told")
    reported_ms: int = msgspec.field(default=0, name="told_ms")
    seen_ms: int = 0


class AlertRecord(msgspec.Struct):
    """What was reported, and what is still to be sent. The names in Redis are the older ones. `refused_day`: the last
    day of which refused posts were reported; `refused_seen_ms`: when the first unreported one was seen, 0 if there is
    none."""

    incidents: dict[str, Incident] = msgspec.field(default_factory=dict)
    parked_alerts: dict[str, ParkedAlert] = msgspec.field(default_factory=dict, name="parkings")
    outgoing: list[OutgoingAlert] = msgspec.field(default_factory=list)
    refused_day: str = ""
    refused_seen_ms: int = 0


class Observation(msgspec.Struct, frozen=True):
    """The state at `now_ms`: the pauses in Redis (line -> code, reason, since_ms), entries waiting per line, how many
    leads were ever parked per code (and what follows from them, as in `FOLLOWING`, messages unsent, by their state,
    stages of orders held, by their cause, and what was removed, by its counter), how many are now; `following`: how
    many wait of each of `FOLLOWING`; `dry_run`: whether a worker runs with DRY_RUN; `refused_today`, `last_post_ms`: as
    in `Status`; `redis`: what is wrong with Redis itself, by its code."""

    now_ms: int
    pauses: Mapping[str, tuple[str, str, int]]
    waiting: Mapping[str, int]
    parked_ever: Mapping[str, int]
    parked: int
    following: Mapping[str, int] = {}
    unsent: int = 0
    refused_today: int = 0
    last_post_ms: int | None = None
    dry_run: bool = False
    stages_held: int = 0
    redis: Mapping[str, str] = msgspec.field(default_factory=dict)


def update_record(record: AlertRecord, seen: Observation, timezone: ZoneInfo) -> dict[str, int]:
    """Update `record` and add new texts to its `outgoing`. Returns the causes to report: code -> how many leads, for
    `add_parked_alert`, which needs a reason in words."""
    for line in STOPPED:
        _update_incident(record, line, seen, timezone)
    for code in REDIS_MENDED:
        _update_redis(record, code, seen, timezone)
    _report_refused(record, seen, timezone)
    counts = {code: _count_unreported(record, code, ever, seen) for code, ever in seen.parked_ever.items()}
    return {code: count for code, count in counts.items() if count}


def _update_incident(record: AlertRecord, line: str, seen: Observation, timezone: ZoneInfo) -> None:
    incident, pause = record.incidents.get(line), seen.pauses.get(line)
    if pause is None:
        if incident is not None:
            incident.over_ms = incident.over_ms or seen.now_ms
            if seen.now_ms - incident.over_ms >= RECOVERED_MS:
                del record.incidents[line]
                text = DRY if seen.dry_run else RESUMED[line]
                _add(record, seen, f"{text}. They had waited since {_time(incident.since_ms, timezone)}.")
        return
    code, reason, since = pause
    if incident is None:
        if code not in NEED_PERSON and seen.now_ms - since < SHORT_PAUSE_MS:
            return
        incident = record.incidents[line] = Incident(since)
    elif code not in NEED_PERSON:
        incident.over_ms = 0
        return
    incident.over_ms = 0
    if code in incident.codes:
        return
    incident.codes.append(code)
    advice = ADVICE.get(code, "" if code in NEED_PERSON else PASSES)
    waiting = f"{seen.waiting.get(line, 0)} wait, none is lost."
    since_when = f"since {_time(incident.since_ms, timezone)}"
    sentences = (f"{STOPPED[line]} {since_when}: {reason}", advice, waiting)
    # Without its stop, a command at the end of one would go on with the next.
    _add(record, seen, " ".join(f"{one.rstrip('.')}." for one in sentences if one))


def _update_redis(record: AlertRecord, code: str, seen: Observation, timezone: ZoneInfo) -> None:
    """It is reported once it has lasted a while: what Redis holds for a moment comes and goes."""
    incident, problem = record.incidents.get(code), seen.redis.get(code)
    if problem is None:
        if incident is not None:
            incident.over_ms = incident.over_ms or seen.now_ms
            if seen.now_ms - incident.over_ms >= RECOVERED_MS:
                del record.incidents[code]
                if incident.codes:
                    _add(
                        record,
                        seen,
                        f"{REDIS_MENDED[code]}. That was wrong since {_time(incident.since_ms, timezone)}.",
                    )
        return
    incident = record.incidents.setdefault(code, Incident(seen.now_ms))
    incident.over_ms = 0
    if not incident.codes and seen.now_ms - incident.since_ms >= COLLECT_MS:
        incident.codes.append(code)
        _add(record, seen, problem)


def _report_refused(record: AlertRecord, seen: Observation, timezone: ZoneInfo) -> None:
    """Once a day at most, whoever posts and however much."""
    today = datetime.fromtimestamp(seen.now_ms / 1000, timezone).date().isoformat()
    if not seen.refused_today or record.refused_day == today:
        record.refused_seen_ms = 0
        return
    record.refused_seen_ms = record.refused_seen_ms or seen.now_ms
    if seen.now_ms - record.refused_seen_ms < COLLECT_MS:
        return
    record.refused_day, record.refused_seen_ms = today, 0
    last = _time(seen.last_post_ms, timezone) if seen.last_post_ms else "never"
    _add(record, seen, f"{Problem('refused', seen.refused_today)} Last post from DealDroid: {last}.")


def _count_unreported(record: AlertRecord, code: str, ever: int, seen: Observation) -> int:
    """How many parked leads of a cause to report now, 0 if none. They are collected for `COLLECT_MS` first, so that
    many make one text."""
    known = record.parked_alerts.setdefault(code, ParkedAlert())
    known.reported = min(known.reported, ever)  # Redis was emptied
    if ever == known.reported:
        known.seen_ms = 0
        return 0
    known.seen_ms = known.seen_ms or seen.now_ms
    if seen.now_ms - known.seen_ms < COLLECT_MS or (known.reported_ms and seen.now_ms - known.reported_ms < PARKED_MS):
        return 0
    count = ever - known.reported if code in ENDED else min(ever - known.reported, _count_now(code, seen))
    known.reported, known.seen_ms = ever, 0
    known.reported_ms = seen.now_ms if count else known.reported_ms
    return count


def _count_now(code: str, seen: Observation) -> int:
    """How many wait for a person of what the code is of."""
    name, _, of_following = code.partition(":")
    if of_following:
        return seen.following.get(name, 0)
    if code in UNSENT_STATES:
        return seen.unsent
    return seen.stages_held if code in HELD_STAGES else seen.parked


def add_parked_alert(record: AlertRecord, seen: Observation, code: str, count: int, why: str, fix: str) -> None:
    """Add the text about what is parked or unsent; `why` is a receipt's reason without its code, "" if it is not known;
    `fix`: how to fix it."""
    if code in HELD_STAGES:
        _add(record, seen, f"{HELD_STAGES[code].format(n=count)}. Tell them, or drop it: leadsync stages")
        return
    if code in ENDED:
        line = ENDED[code]
        what = f"1 of the {line.noun} was" if count == 1 else f"{count} {line.noun} were"
        _add(
            record,
            seen,
            f"{what} removed after {line.seconds // 86_400} days of waiting. The log of the workers names them.",
        )
        return
    name, _, cause = code.rpartition(":")
    one, several = FOLLOWING.get(name) or WAITS_FOR_PERSON.get(code, ("A lead was parked", "leads were parked"))
    what = one if count == 1 else f"{count} {several}"
    reason = f": {why.rstrip('.')}" if why else f" ({cause})"
    _add(record, seen, f"{what}{reason}. {fix} See: leadsync parked")


def _add(record: AlertRecord, seen: Observation, text: str) -> None:
    record.outgoing.append(OutgoingAlert(escape(f"leadsync: {text}", quote=False), seen.now_ms))


def start_next(record: AlertRecord, now_ms: int) -> OutgoingAlert | None:
    """The next text to send, marked as started. A text that was started and not finished is dropped: it may have
    arrived, and nothing is reported twice."""
    record.outgoing = [one for one in record.outgoing if not one.started]
    due = [one for one in record.outgoing if one.due_ms <= now_ms]
    if not due:
        return None
    due[0].started = True
    due[0].tries += 1
    return due[0]


def finish(record: AlertRecord, one: OutgoingAlert, now_ms: int, *, sent: bool) -> bool:
    """Remove `one` if it was sent, else try it again later; False if it is given up."""
    one.started = False
    one.due_ms = now_ms + FIRST_WAIT_MS * 4 ** (one.tries - 1)
    if sent or one.tries >= TRIES:
        record.outgoing.remove(one)
    return sent or one.tries < TRIES


def _time(ms: int, timezone: ZoneInfo) -> str:
    return datetime.fromtimestamp(ms / 1000, timezone).strftime("%H:%M (%d %b, %Z)")
