"""Pure: a lead's receipt as steps in time, and what many receipts lack."""

from collections.abc import Iterable
from dataclasses import dataclass

from leadcore.receipts import DISCARDED, PARKED, SKIPPED, WAITING, WRITTEN, Receipt

TONES = {WAITING: "calm", PARKED: "bad", DISCARDED: "calm", SKIPPED: "calm"}
MESSAGE_TONES = {"sent": "good", "failed": "bad", "interrupted": "bad"}


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is what happened ("received", a state, or "message."...), `tone` how good that is, `why` for people."""

    name: str
    at_ms: int | None = None
    tone: str = "calm"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Leads that were written without a property, and why."""

    property: str
    why: str
    leads: tuple[str, ...]


def tell(receipt: Receipt, parked_ms: int | None = None) -> list[Step]:
    """What happened to the lead, oldest first, and what is to happen next. A receipt does not say when its lead was
    parked: `parked_ms` does."""
    state = receipt.state
    written = Step(
        state, parked_ms or receipt.written_ms, "good" if state in WRITTEN else TONES.get(state, "calm"), receipt.reason
    )
    steps = [Step("received", receipt.received_ms, "good"), written]
    if receipt.message:
        fate, _, why = receipt.message.partition(": ")
        steps.append(Step(f"message.{fate}", receipt.message_ms, MESSAGE_TONES.get(fate, "calm"), why))
    return steps


def find_troubles(receipts: Iterable[Receipt]) -> list[Trouble]:
    """What was left out of leads that are written: the commonest first."""
    leads: dict[tuple[str, str], list[str]] = {}
    for receipt in receipts:
        for note in dict.fromkeys(receipt.notes) if receipt.state in WRITTEN else ():
            if note.what == "dropped":
                leads.setdefault((note.property, note.why), []).append(receipt.lead)
    troubles = [Trouble(*key, tuple(found)) for key, found in leads.items()]
    return sorted(troubles, key=lambda trouble: (-len(trouble.leads), trouble.property, trouble.why))
