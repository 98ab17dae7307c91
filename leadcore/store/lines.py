"""The lines, a row each: what sweeps, counts, shows, exports, forgets or ends what waits in lines walks this table.

Every shard of a line has the same keys (`leadcore.store.keys`). Three of them hold what customers said: its stream,
`later` (what was put off) and `sending` (what the other side may have already). Its lock, bell and sweep's mark hold
nothing of it. `Line.kept` is what else does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadcore.fields import BODY, TEXT
from leadcore.reasons import NO_REASON, Reason, reason
from leadcore.receipts import HELD as HELD_STATE
from leadcore.receipts import HELD_SECONDS, PARKED_SECONDS, UNSENT_SECONDS
from leadcore.receipts import PARKED as PARKED_STATE
from leadcore.store import keys

if TYPE_CHECKING:
    from leadcore.store.connection import Redis


@dataclass(frozen=True, slots=True)
class Kept:
    """Entries that left their line and wait outside its shards, for at most `seconds`. `index`: the key of the sorted
    set of their leads (score: since when, in ms); `key`: a lead -> the key of its packed entry; `state`: the state that
    its receipt has meanwhile, "" if the lead itself is done and something that follows from it is kept: then the line's
    `ending` says so. `ended`: the reason in the receipt of what was kept too long, "" if it goes on saying why that was
    kept; then the packed entry ends by itself. `for_person`: whether it
    is counted as something that a person has to decide. For people: `said` follows the line's noun, `described` is the
    metric's."""

    name: str
    index: str
    key: Callable[[str], str]
    seconds: int
    for_person: bool
    said: str
    described: str
    state: str = ""
    ended: Reason = NO_REASON


@dataclass(frozen=True, slots=True)
class Line:
    """`job`: RQ's job that drains a shard, as stored, "" for a line that threads of the workers' own drain, address by
    address (`leadcore.store.endpoints`); `pause`: the key of the line's pause; `payload`: the field of an
    entry that holds what was said, `payload_name` its name in an export. For people: `to` takes what waits, `noun` is
    what waits; `exported` and `forgotten` are its names in the output of `leadsync export` and `forget`. `seconds`: for
    how long workers see an entry stand in a stream that nobody drains (the line is switched off, paused, or of a dry
    run) until it ends, 0 for one that is kept whatever happens; `ending`: the attribute of its receipt that says so
    then."""

    name: str
    job: str
    pause: str
    payload: bytes
    payload_name: str
    to: str
    noun: str
    exported: str
    forgotten: str
    kept: tuple[Kept, ...] = ()
    seconds: int = 0
    ending: str = ""

    @property
    def has_endpoints(self) -> bool:
        return not self.job

    @property
    def ended_counter(self) -> str:
        """The counter of what was removed because it had waited too long, in the line or for a person."""
        return f"{self.noun.removesuffix('s')}_ended"

    @property
    def pause_name(self) -> str:
        """The name of the pause in the JSON of `leadsync status`; the first line's is older than the others."""
        return "pause" if self.name == keys.INBOX else f"{self.noun}_pause"


_PARKED_TOO_LONG = reason("parked_too_long", days=PARKED_SECONDS // 86_400)
PARKED = Kept(
    name="parked",
    index=keys.PARKED,
    key=keys.parked,
    seconds=PARKED_SECONDS,
    for_person=True,
    said="parked",
    described="Leads that wait for a person",
    state=PARKED_STATE,
    ended=_PARKED_TOO_LONG,
)
HELD = Kept(
    name="held",
    index=keys.HELD,
    key=keys.held,
    seconds=HELD_SECONDS,
    for_person=False,
    said="held back",
    described="Leads that a dry run held back",
    state=HELD_STATE,
    ended=reason("held_too_long", days=HELD_SECONDS // 86_400),
)
UNSENT = Kept(
    name="unsent",
    index=keys.UNSENT,
    key=keys.unsent,
    seconds=UNSENT_SECONDS,
    for_person=True,
    said="unsent",
    described="Messages that could not be sent and wait for a person",
)

INBOX = Line(
    name=keys.INBOX,
    job="workers.jobs.sync",
    pause=keys.PAUSE,
    payload=BODY,
    payload_name="body",
    to="HubSpot",
    noun="leads",
    exported="waiting",
    forgotten="waiting leads",
    kept=(PARKED, HELD),
)
OUTBOX = Line(
    name=keys.OUTBOX,
    job="workers.jobs.confirm",
    pause=keys.MESSAGES_PAUSE,
    payload=TEXT,
    payload_name="text",
    to="DealDroid",
    noun="messages",
    exported="messages",
    forgotten="messages",
    kept=(UNSENT,),
    seconds=UNSENT_SECONDS,
    ending="message",
)

PARKED_ORDERS = Kept(
    name="parked_orders",
    index=keys.PARKED_ORDERS,
    key=keys.parked_order,
    seconds=PARKED_SECONDS,
    for_person=True,
    said="parked",
    described="Orders that could not be written and wait for a person",
    ended=_PARKED_TOO_LONG,
)
ORDERS = Line(
    name=keys.ORDERS,
    job="workers.jobs.order",
    pause=keys.ORDERS_PAUSE,
    payload=BODY,
    payload_name="body",
    to="HubSpot",
    noun="orders",
    exported="waiting_orders",
    forgotten="waiting orders",
    kept=(PARKED_ORDERS,),
    seconds=PARKED_SECONDS,
    ending="order",
)
PARKED_PAYMENTS = Kept(
    name="parked_payments",
    index=keys.PARKED_PAYMENTS,
    key=keys.parked_payment,
    seconds=PARKED_SECONDS,
    for_person=True,
    said="parked",
    described="News of payments that wait for a person",
    ended=_PARKED_TOO_LONG,
)
PAYMENTS = Line(
    name=keys.PAYMENTS,
    job="workers.jobs.pay",
    pause=keys.PAYMENTS_PAUSE,
    payload=BODY,
    payload_name="body",
    to="HubSpot",
    noun="payments",
    exported="payments",
    forgotten="payments",
    kept=(PARKED_PAYMENTS,),
    seconds=PARKED_SECONDS,
    ending="order",
)
PARKED_NOTES = Kept(
    name="parked_notes",
    index=keys.PARKED_NOTES,
    key=keys.parked_note,
    seconds=PARKED_SECONDS,
    for_person=True,
    said="parked",
    described="Notes that could not be written and wait for a person",
    ended=_PARKED_TOO_LONG,
)
NOTES = Line(
    name=keys.NOTES,
    job="workers.jobs.note",
    pause=keys.NOTES_PAUSE,
    payload=BODY,
    payload_name="body",
    to="HubSpot",
    noun="notes",
    exported="waiting_notes",
    forgotten="waiting notes",
    kept=(PARKED_NOTES,),
    seconds=PARKED_SECONDS,
    ending="note",
)
HOOKS = Line(
    name=keys.HOOKS,
    job="",
    pause=f"{keys.PAUSE}:{keys.HOOKS}",
    payload=BODY,
    payload_name="body",
    to="the hooks' addresses",
    noun="hooks",
    exported="hooks",
    forgotten="hooks",
)
NOTICES = Line(
    name=keys.NOTICES,
    job="",
    pause=f"{keys.PAUSE}:{keys.NOTICES}",
    payload=BODY,
    payload_name="body",
    to="the team",
    noun="notices",
    exported="notices",
    forgotten="notices",
)

LINES = (INBOX, OUTBOX, ORDERS, PAYMENTS, NOTES, HOOKS, NOTICES)
"""In the order in which several locks of a shard are taken. Read it from this module each time."""


def find(name: str) -> Line:
    """The line of this name. Raises `KeyError`."""
    for line in LINES:
        if line.name == name:
            return line
    raise KeyError(name)


def count_entries(pipe: "Redis", line: str, shard: int) -> None:
    """Ask in a pipeline how many entries each of the shard's keys holds: three numbers."""
    pipe.xlen(keys.entries(line, shard))
    pipe.zcard(keys.later(line, shard))
    pipe.hlen(keys.sending(line, shard))


def each_kept() -> Iterator[tuple[Line, Kept]]:
    """All that is kept outside of shards, with its line."""
    return ((line, kept) for line in LINES for kept in line.kept)
