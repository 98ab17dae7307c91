"""What HubSpot did with a row, and what it means when it takes none: the three classes of failure.

The *line* must wait: `LineDown`. This *lead* must wait: `Wait`. The lead cannot be written *as it is*: `Refused`,
`Conflict`, `Gone`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct


class Row(Struct, frozen=True):
    """One contact to write. `trace_id` is unique in its request; `id` is the customer id (upsert) or the contact id
    (update); `properties` are texts, "" clears."""

    trace_id: str
    id: str
    properties: Mapping[str, str]

    def __repr__(self) -> str:
        """Nothing of what a customer said, wherever this is printed."""
        return f"Row({self.trace_id!r})"


class Written(Struct, frozen=True):
    """HubSpot has it. `new`: whether this write made the contact, None where HubSpot does not say."""

    contact_id: str
    new: bool | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Try this row again later; `why` is for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A unique value belongs to another contact: `property` (mostly "email"), `existing_id` "" if not named."""

    property: str
    existing_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Validation: property -> plain reason. None named: the row as a whole is refused, for `why`."""

    fields: Mapping[str, str]
    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such contact any more."""


@dataclass(frozen=True, slots=True)
class Again:
    """Not written because of another row of the request: to be sent again as it is."""


Outcome = Written | Again | Wait | Conflict | Refused | Gone
Reading = dict[str, str] | Gone | Wait
"""A contact (its property values and "id"), that there is none, or that HubSpot does not say."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The customer has it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It certainly was not delivered. `again`: whether to try later; `why` is for people."""

    why: str
    again: bool
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody can tell whether it was delivered: the connection ended after the request was sent."""

    why: str


Delivery = Sent | Failed | Unclear
