"""The other parties of a shop: who is told beside the customers (addresses of hooks, the team), and whose systems speak
(messages, payments, salespeople's notes are read at the end). And what they were promised."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import urllib3

from bench.chaos.report import Row
from bench.simulation.stand_ins import HANG_SECONDS, Traffic, answer
from leadcore.receipts import Receipt
from leadcore.store import keys
from leadcore.store.connection import AWAY
from leadcore.store.endpoints import Endpoints
from leadcore.store.messages import Message, Messages
from leadcore.store.orders import Session, open_session, read_order
from leadcore.store.outgoing import Outgoing, name_message
from leadcore.store.payments import Payments
from workers.notices.service import NoticeOutcome
from workers.rules.note_marker import read_marker
from workers.rules.notice import Notice
from workers.settings import WorkerSettings

HOOK_KINDS = ("500", "429", "lost answer", "unreachable", "hang")
NOTICE_KINDS = ("refused", "unclear", "lost answer")
NOTED = "Ask price"
API = "api "
THANKS = "We have received "
"""What the built-in text about a payment begins with."""
CONFIG = f"""
[notes]
intents = ["{NOTED}"]
[notify]
every_seconds = 1
text = "{{{{ lead }}}}"
[messages]
window_hours = 0
"""
_MORE = re.compile(r"\+ (\d+) more")
_PAID = "order.paid"
TRY_AGAIN_SECONDS, OPEN_AGAIN_SECONDS, SESSIONS = 0.3, 0.1, 60
PAID_STAGE = "Processed"


@dataclass(frozen=True, slots=True)
class Hook:
    """One delivery: the id and the body of what arrived `at` a second of the simulation."""

    id: str
    body: Mapping[str, Any]
    at: float


class HookPool:
    """In the place of the pool manager below the hooks' client."""

    def __init__(self, traffic: Traffic) -> None:
        self.taken: list[Hook] = []
        self._traffic = traffic

    def clear(self) -> None:
        """There are no connections."""

    def request(self, _: str, __: str, *, body: str | bytes, headers: Mapping[str, str], **___: Any) -> Any:
        scheduler, kind = self._traffic.scheduler, self._traffic.draw()
        if kind.isdigit():
            return answer(int(kind), {}, b"")
        if kind == "unreachable":
            raise urllib3.exceptions.ProtocolError("unreachable")
        if kind == "hang":
            scheduler.wait(None, scheduler.now + HANG_SECONDS)
            raise urllib3.exceptions.TimeoutError("no answer")
        named = {name.lower(): value for name, value in headers.items()}
        self.taken.append(Hook(named["webhook-id"], json.loads(body), scheduler.now))
        self._traffic.answer()
        if kind == "lost answer":
            raise urllib3.exceptions.ProtocolError("the answer was lost")
        return answer(200, {}, b"")


class Team:
    """In the place of the service of notices."""

    def __init__(self, traffic: Traffic) -> None:
        self.heard: list[str] = []
        self._traffic = traffic

    def send(self, _: str, notice: Notice) -> NoticeOutcome:
        kind = self._traffic.draw()
        if kind == "refused":
            return NoticeOutcome("refused")
        if kind == "unclear":
            return NoticeOutcome("unclear", unclear=True)
        self.heard.append(notice.body)
        self._traffic.answer()
        return NoticeOutcome("unclear", unclear=True) if kind else NoticeOutcome()


@dataclass(frozen=True, slots=True)
class Asked:
    """A message of the shop's own system: its `number` is in its text."""

    number: int
    id: str
    customer: str


@dataclass
class Shop:
    """The shop's own system: it says each thing until it was answered, under the same key."""

    asked: list[Asked] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)

    def ask(self, connection: Any, shards: int, customer: str, number: int, wait: Any) -> None:
        """Ask for a message; `wait` passes a time."""
        key = f"key {number}"
        message = Outgoing(name_message("api", key), customer, [f"{API}{number}"])
        while True:
            try:
                Messages(connection, shards).put(message, key)
                break
            except AWAY:
                wait(TRY_AGAIN_SECONDS)
        self.asked.append(Asked(number, message.id, customer))

    def open_pages(self, connection: Any, reference: str, units: int, wait: Any) -> None:
        """The customer opens the page on which the order is paid again and again, until it is."""
        for number in range(SESSIONS):
            with suppress(*AWAY):
                order = read_order(connection, reference)
                if order.paid:
                    return
                open_session(connection, reference, order.revision, Session(number, units, "session"))
            wait(OPEN_AGAIN_SECONDS)

    def pay(self, connection: Any, shards: int, reference: str, units: int, wait: Any) -> None:
        """The provider says twice that an order is paid."""
        for _ in range(2):
            while True:
                try:
                    Payments(connection, shards).record(reference, units, "THB", f"paid {reference}")
                    break
                except AWAY:
                    wait(TRY_AGAIN_SECONDS)
        self.paid.append(reference)


def judge_hooks(hooks: Sequence[Hook], receipts: Mapping[int, Receipt], paid: Sequence[str]) -> list[Row]:
    """Each event came, under one id that no other has."""
    bodies: dict[str, set[str]] = defaultdict(set)
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for hook in hooks:
        data = hook.body["data"]
        event = (hook.body["type"], str(data.get("lead") or data.get("reference") or ""))
        bodies[hook.id].add(json.dumps(event))
        if hook.body["type"] in ("lead.created", "lead.updated", _PAID):
            ids[event].add(hook.id)
    mixed = [{"id": id, "events": sorted(events)} for id, events in bodies.items() if len(events) > 1]
    again = [{"event": event, "ids": sorted(found)} for event, found in ids.items() if len(found) > 1]
    told = {lead for kind, lead in ids if kind != _PAID}
    missing = [
        receipt.as_dict()
        for receipt in receipts.values()
        if receipt.state in ("created", "updated") and receipt.lead not in told
    ]
    unpaid = [one for one in paid if not any(kind == _PAID for kind, _ in ids)]
    return [
        Row("hooks under two ids", str(len(mixed) + len(again)), bool(mixed or again), [*mixed, *again]),
        Row("hooks that never came", str(len(missing)), bool(missing), missing),
        Row("payments without a hook", str(len(unpaid)), bool(unpaid), unpaid),
    ]


def judge_notices(heard: Sequence[str], receipts: Mapping[int, Receipt]) -> Row:
    """The team is told of nothing twice, and of no more than has happened."""
    named = Counter(text.partition("\n")[0] for text in heard)
    again = [{"lead": lead, "times": times} for lead, times in named.items() if times > 1]
    told = sum(1 + int(more[1]) if (more := _MORE.search(text)) else 1 for text in heard)
    created = len({receipt.lead for receipt in receipts.values() if receipt.state == "created"})
    return Row("notices", f"{told} for {created} new leads", bool(again) or told > created, [*again, *heard])


def judge_notes(bodies: Sequence[str], wanted: Sequence[str], parted: Collection[str] = ()) -> list[Row]:
    """Each lead that makes a note has one. `wanted`: their ids; `parted`: those of customers who got another contact,
    where the note may be made once more."""
    made = Counter(read_marker(body)[0] for body in bodies)
    again = [{"lead": lead, "times": times} for lead, times in made.items() if times > 1 + (lead in parted)]
    missing = [lead for lead in wanted if lead not in made]
    return [
        Row("notes made twice", str(len(again)), bool(again), again),
        Row("notes not made", str(len(missing)), bool(missing), missing),
    ]


def judge_messages(
    asked: Sequence[Asked], told: Sequence[tuple[str, str]], records: Mapping[str, Message | None]
) -> list[Row]:
    """What the shop's system asked for is told once, each customer's in order, and the records are true. `told`:
    customer and text in the order of arrival."""
    times = Counter(told)
    again = [{"said": said, "times": count} for said, count in times.items() if count > 1]
    numbers: dict[str, list[int]] = defaultdict(list)
    for customer, text in told:
        numbers[customer].append(int(text.removeprefix(API)))
    mixed = [{"customer": one, "told": theirs} for one, theirs in numbers.items() if theirs != sorted(theirs)]
    untrue = []
    for one in asked:
        record = records[one.id]
        state = record.state if record else ""
        heard = bool(times[one.customer, f"{API}{one.number}"])
        if state not in ("sent", "interrupted") or (state == "sent" and not heard):
            untrue.append({"message": one.number, "customer": one.customer, "state": state, "heard": heard})
    return [
        Row("the shop's messages repeated", str(len(again)), bool(again), again),
        Row("the shop's messages out of order", str(len(mixed)), bool(mixed), mixed),
        Row("the shop's messages untrue", str(len(untrue)), bool(untrue), untrue),
    ]


def judge_payments(paid: Sequence[str], unpaid: Sequence[str], parked: int) -> Row:
    """What was said to be paid is paid, and nobody has to decide."""
    return Row("payments", f"{len(paid) - len(unpaid)} of {len(paid)}", bool(unpaid or parked), [*unpaid, parked])


def judge_thanks(told: Sequence[tuple[str, str]]) -> Row:
    """Who paid is told so once."""
    again = [{"said": said, "times": times} for said, times in Counter(told).items() if times > 1]
    return Row("payments told twice", str(len(again)), bool(again), again)


def count_untold(client: Any, shards: int, settings: WorkerSettings) -> int:
    """Shards of which an address, or the team, has not had the last entry."""
    untold = 0
    for line, addresses in ((keys.HOOKS, settings.hook_urls), (keys.NOTICES, settings.notify_urls)):
        for address in addresses:
            digest = hashlib.sha256(address.encode()).hexdigest()[:16]
            cursors = Endpoints(client, line, shards).read(digest).cursors
            for shard in range(shards):
                last = client.xrevrange(keys.entries(line, shard), count=1)
                untold += bool(last) and _parse(cursors.get(shard, "0-0")) < _parse(last[0][0].decode())
    return untold


def _parse(entry: str) -> tuple[int, int]:
    first, _, second = entry.partition("-")
    return int(first), int(second)
