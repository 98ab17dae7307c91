"""What the console may ask of HubSpot. The receiver does not know how: what starts it hands it a look-up."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from receiver.console.errors import NoAnswer

_ID = re.compile(r"[\w.:-]+", re.ASCII)
# So many digits may be a phone, whatever else they may be.
SHORTEST_PHONE = 7


@dataclass(frozen=True, slots=True)
class FoundContact:
    """`name` and `customer_id` are "" where the contact has none."""

    id: str
    name: str
    customer_id: str


class ContactLookUp(Protocol):
    """Asks HubSpot at once or not at all, in one call; keeps nothing. Both raise `NoAnswer` and redis-py's errors."""

    def read_names(self, contact_ids: Sequence[str]) -> Mapping[str, str]:
        """The names of contacts by contact id; without those of which HubSpot does not tell."""

    def find(self, text: str) -> Sequence[FoundContact]:
        """The contacts with this email or phone, [] if the text is neither."""


def is_id(text: str) -> bool:
    """Whether a text that somebody searches for may stand in an address: it is empty or can be an id, and no name,
    email or phone. A word of letters alone may be somebody's name."""
    digits = sum(one.isdigit() for one in text)
    return not text or (bool(_ID.fullmatch(text)) and 0 < digits < SHORTEST_PHONE)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the contacts on a page. `shown`: the console shows names at all; `failed`: HubSpot gave none."""

    shown: bool = False
    failed: bool = False
    by_id: Mapping[str, str] = field(default_factory=dict)


def read_names(contacts: ContactLookUp | None, contact_ids: Iterable[str], *, kept: bool) -> Names:
    """The names for a page; `kept`: it has them already. Raises redis-py's errors."""
    wanted = [one for one in dict.fromkeys(contact_ids) if one]
    if contacts is None:
        return Names()
    if kept or not wanted:
        return Names(shown=True)
    try:
        return Names(shown=True, by_id=contacts.read_names(wanted))
    except NoAnswer:
        return Names(shown=True, failed=True)
