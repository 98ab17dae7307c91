"""Pure: a lead's receipt as a timeline, and the values that many receipts lack."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from leadcore.receipts import DISCARDED, HELD, PARKED, SKIPPED, UNSENT_STATES, WAITING, WRITTEN, Receipt

TONES = {WAITING: "calm", PARKED: "bad", HELD: "calm", DISCARDED: "calm", SKIPPED: "calm"}
# Of orders and notes.
FOLLOWING_TONES = {
    **dict.fromkeys(("created", "updated", "unchanged", "paid", "written"), "good"),
    **dict.fromkeys((PARKED, "failed", "disputed"), "bad"),
}
# What people do -> the command in the list of actions.
_BY_PEOPLE = {
    "retried": "retry",
    "order.paid": "paid",
    **dict.fromkeys(
        (f"{what}discarded" for what in ("", "message.", "order.", "note.", "own.", "payment.")), "discard"
    ),
}
_LASTING = (WAITING, "queued", "sending")
MESSAGE_TONES = {"sent": "good", "failed": "bad", "interrupted": "bad"}


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is what happened ("received", a state, "message."..., "order."..., "note."... or "payment."...) at
    `at_ms`, or is so since then; `tone`: how good that is, `why` for people, `who` did it, "" if nobody or not
    known."""

    name: str
    at_ms: int | None = None
    tone: str = "calm"
    why: str = ""
    who: str = ""

    @property
    def is_lasting(self) -> bool:
        """Whether this is so until something else happens."""
        return self.name.rpartition(".")[2] in _LASTING


@dataclass(frozen=True, slots=True)
class DroppedValue:
    """Leads that were written without a property, and why."""

    property: str
    why: str
    leads: tuple[str, ...]


def build_timeline(
    receipt: Receipt,
    parked_ms: int | None = None,
    actors: Mapping[str, str] = MappingProxyType({}),
    acted_ms: Mapping[str, int] = MappingProxyType({}),
) -> list[Step]:
    """The lead's steps, oldest first; the last may lie ahead. `parked_ms`: when it was parked or held, `actors`: what
    people did -> who did it, `acted_ms`: when, none of which the receipt says."""
    steps = []
    for step in _list_steps(receipt, parked_ms):
        command = _BY_PEOPLE.get(step.name, "")
        at_ms = acted_ms.get(command) if step.at_ms is None else step.at_ms
        steps.append(replace(step, at_ms=at_ms, who=actors.get(command, "")))
    return steps


def _list_steps(receipt: Receipt, parked_ms: int | None) -> list[Step]:
    state = receipt.state
    if not state:
        return _of_payment(receipt) if receipt.subject == "payment" else _of_message(receipt)
    at_ms = parked_ms or receipt.written_ms
    if state == WAITING:
        at_ms = at_ms or receipt.retried_ms or receipt.received_ms
    tone = "good" if state in WRITTEN else TONES.get(state, "calm")
    steps = [Step("received", receipt.received_ms, "good"), Step(state, at_ms, tone, receipt.reason)]
    if receipt.retried_ms:
        steps.insert(2 if _is_follower(receipt) else 1, _tell_retry(receipt))
    if receipt.message:
        status, _, why = receipt.message.partition(": ")
        # What became of it at once was decided as the lead was written.
        at_ms = receipt.message_ms or receipt.written_ms
        steps.append(Step(f"message.{status}", at_ms, MESSAGE_TONES.get(status, "calm"), why))
    followers = (("order", receipt.order, receipt.order_ms), ("note", receipt.note, receipt.note_ms))
    for what, said, at_ms in followers:
        if said:
            status, why = _split(said)
            # To people a note that is on its way still waits.
            status = WAITING if status == "sending" else status
            if at_ms is None and status == WAITING:
                at_ms = receipt.written_ms
            steps.append(Step(f"{what}.{status}", at_ms, FOLLOWING_TONES.get(status, "calm"), why))
    return steps


def _of_message(receipt: Receipt) -> list[Step]:
    """The steps of a message by itself."""
    status, _, why = receipt.message.partition(": ")
    steps = [Step("own.taken", receipt.received_ms, "good")]
    if receipt.retried_ms:
        steps.append(_tell_retry(receipt))
    return [*steps, Step(f"own.{status}", receipt.message_ms, MESSAGE_TONES.get(status, "calm"), why)]


def _of_payment(receipt: Receipt) -> list[Step]:
    """The steps of news of a payment by itself, since it was parked first. What became of it became of the order."""
    status, why = _split(receipt.order)
    about = "payment" if status in (WAITING, PARKED, DISCARDED) else "order"
    steps = [_tell_retry(receipt)] if receipt.retried_ms else []
    return [*steps, Step(f"{about}.{status}", receipt.order_ms, FOLLOWING_TONES.get(status, "calm"), why)]


def _tell_retry(receipt: Receipt) -> Step:
    before = receipt.retried_reason
    return Step("retried", receipt.retried_ms, why=_split(before)[1] if before.startswith(PARKED) else before)


def _split(said: str) -> tuple[str, str]:
    """What became of an order, a note or a payment, and why, without the code behind "parked"."""
    status, _, why = said.partition(": ")
    return status, why.partition(": ")[2] if status == PARKED else why


def _is_follower(receipt: Receipt) -> bool:
    """Whether it was the message, order or note that a person last retried, and not the lead."""
    return receipt.retried_reason.partition(":")[0] in (*UNSENT_STATES, PARKED)


def find_dropped_values(receipts: Iterable[Receipt]) -> list[DroppedValue]:
    """The values that written leads lack, the most frequent first."""
    leads: dict[tuple[str, str], list[str]] = {}
    for receipt in receipts:
        for note in dict.fromkeys(receipt.notes) if receipt.state in WRITTEN else ():
            if note.what == "dropped":
                leads.setdefault((note.property, note.why), []).append(receipt.lead)
    dropped = [DroppedValue(*key, tuple(found)) for key, found in leads.items()]
    return sorted(dropped, key=lambda value: (-len(value.leads), value.property, value.why))
