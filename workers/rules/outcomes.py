"""What HubSpot did with a contact, and what became of a message to DealDroid.

HubSpot's three classes of failure: the *line* must wait (`workers.flow.errors.LineDown`, raised); this *lead* must wait
(`RetryLater`); the lead cannot be written *as it is* (`Refused`, `Conflict`, `ContactMissing`, or `NoRoom` for a new
one).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from msgspec import Struct

from leadcore.reasons import Reason

Version = tuple[str, int, str]
"""A value of a property, when it was set (ms since 1970), and what set it (HubSpot's sourceType and sourceId)."""


class ContactWrite(Struct, frozen=True):
    """One row of a batch write. `trace_id` is unique in its request; `id` is the customer id (upsert) or the contact id
    (update); `properties` are texts, "" clears."""

    trace_id: str
    id: str
    properties: Mapping[str, str]

    def __repr__(self) -> str:
        """No customer data, wherever this is printed."""
        return f"ContactWrite({self.trace_id!r})"


class Written(Struct, frozen=True):
    """HubSpot has it. `new`: whether this write created the contact, None where HubSpot does not say. `warnings`: the
    portal's name of a property ("" if none is named) and the code of each warning."""

    contact_id: str
    new: bool | None = None
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """What HubSpot's error says of itself, each "" where it does not."""

    status: str = ""
    category: str = ""
    correlation_id: str = ""


UNSAID = Origin()


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Try this row again later."""

    why: Reason
    origin: Origin = field(default=UNSAID, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A unique value belongs to another contact: `property` (mostly "email"), `existing_id` "" if not named."""

    property: str
    existing_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Validation: property -> reason. None named: the row as a whole is refused, for `why`. `demand`: HubSpot's
    words, if they speak of something that is required; they may quote the customer, so they are never stored."""

    fields: Mapping[str, Reason]
    why: Reason
    demand: str = field(default="", repr=False, compare=False)
    origin: Origin = field(default=UNSAID, repr=False, compare=False)

    def wants_more(self, row: "ContactWrite") -> bool:
        """Whether it may be about a property that the row does not send."""
        return any(not row.properties.get(name) for name in self.fields) if self.fields else bool(self.demand)


@dataclass(frozen=True, slots=True)
class ContactMissing:
    """The contact does not exist, or no longer."""


@dataclass(frozen=True, slots=True)
class NoRoom:
    """A new contact was refused because the portal has as many as it may have."""


@dataclass(frozen=True, slots=True)
class Resend:
    """Not written because of another row of the request: send it again unchanged."""


WriteOutcome = Written | Resend | RetryLater | Conflict | Refused | ContactMissing | NoRoom
ReadOutcome = dict[str, str] | ContactMissing | RetryLater
"""A contact (its property values and "id"), or `RetryLater` if HubSpot did not answer for it."""


@dataclass(frozen=True, slots=True)
class MessageSent:
    """The customer has the message. `log_name`: how the log calls this outcome."""

    log_name: ClassVar[str] = "sent"


@dataclass(frozen=True, slots=True)
class MessageFailed:
    """The message was certainly not delivered. `retry`: whether to try later, after `seconds` if DealDroid asked for
    a wait; `repeat`: whether to try at once too; `slow_down`: whether all messages have to wait."""

    log_name: ClassVar[str] = "failed"
    why: Reason
    retry: bool
    seconds: float | None = None
    repeat: bool = field(default=False, compare=False)
    slow_down: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class MessageUnclear:
    """Nobody can tell whether it was delivered: the connection ended after the request was sent."""

    log_name: ClassVar[str] = "unclear"
    why: Reason


@dataclass(frozen=True, slots=True)
class MessageKept:
    """No request for the message was started, for the lock might no longer be ours."""

    log_name: ClassVar[str] = "kept"


DeliveryOutcome = MessageSent | MessageFailed | MessageUnclear | MessageKept
