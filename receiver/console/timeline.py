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
    **dict.fromkeys((DISCARDED, "message.discarded", "order.discarded", "note.discarded", "own.discarded"), "discard"),
}
MESSAGE_TONES = {"sent": "good", "failed": "bad", "interrupted": "bad"}


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is what happened ("received", a state, "message."..., "order."... or "note."...), `tone` how good that
    is, `why` for people, `who` did it, "" if nobody or not known."""

    name: str
    at_ms: int | None = None
    tone: str = "calm"
    why: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class DroppedValue:
    """Leads that were written without a property, and why."""

    property: str
    why: str
    leads: tuple[str, ...]


def build_timeline(
    receipt: Receipt, parked_ms: int | None = None, actors: Mapping[str, str] = MappingProxyType({})
) -> list[Step]:
    """The lead's steps, oldest first; the last may lie ahead. `parked_ms`: when it was parked or held, `actors`: what
    people did -> who did it, neither of which the receipt says."""
    return [
        replace(step, who=actors.get(_BY_PEOPLE.get(step.name, ""), "")) for step in _list_steps(receipt, parked_ms)
    ]


def _list_steps(receipt: Receipt, parked_ms: int | None) -> list[Step]:
    state = receipt.state
    if not state:
        return _of_message(receipt)
    written = Step(
        state, parked_ms or receipt.written_ms, "good" if state in WRITTEN else TONES.get(state, "calm"), receipt.reason
    )
    steps = [Step("received", receipt.received_ms, "good"), written]
    if receipt.retried_ms:
        steps.insert(2 if _is_message(receipt) else 1, Step("retried", receipt.retried_ms, why=receipt.retried_reason))
    if receipt.message:
        status, _, why = receipt.message.partition(": ")
        steps.append(Step(f"message.{status}", receipt.message_ms, MESSAGE_TONES.get(status, "calm"), why))
    for what, said in (("order", receipt.order), ("note", receipt.note)):
        if said:
            status, _, why = said.partition(": ")
            if status == PARKED:
                _, _, why = why.partition(": ")
            # To people a note that is on its way still waits.
            status = WAITING if status == "sending" else status
            steps.append(Step(f"{what}.{status}", None, FOLLOWING_TONES.get(status, "calm"), why))
    return steps


def _of_message(receipt: Receipt) -> list[Step]:
    """The steps of a message by itself."""
    status, _, why = receipt.message.partition(": ")
    steps = [Step("own.taken", receipt.received_ms, "good")]
    if receipt.retried_ms:
        steps.append(Step("retried", receipt.retried_ms, why=receipt.retried_reason))
    return [*steps, Step(f"own.{status}", receipt.message_ms, MESSAGE_TONES.get(status, "calm"), why)]


def _is_message(receipt: Receipt) -> bool:
    """Whether it was the message that a person last retried, and not the lead."""
    return receipt.retried_reason.partition(":")[0] in UNSENT_STATES


def find_dropped_values(receipts: Iterable[Receipt]) -> list[DroppedValue]:
    """The values that written leads lack, the most frequent first."""
    leads: dict[tuple[str, str], list[str]] = {}
    for receipt in receipts:
        for note in dict.fromkeys(receipt.notes) if receipt.state in WRITTEN else ():
            if note.what == "dropped":
                leads.setdefault((note.property, note.why), []).append(receipt.lead)
    dropped = [DroppedValue(*key, tuple(found)) for key, found in leads.items()]
    return sorted(dropped, key=lambda value: (-len(value.leads), value.property, value.why))
