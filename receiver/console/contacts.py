"""What the console may ask of HubSpot. The receiver does not know how: what starts it hands it a look-up."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from receiver.console.errors import NoAnswer

_ID = re.compile(r"[\w.:-]+", re.ASCII)
# A page without names beats a slow page.
SECONDS = 1.5
# Contacts of a page that have their names: HubSpot tells no more in one call.
MOST_NAMES = 100
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

    def read_names(self, contact_ids: Sequence[str], seconds: float = SECONDS) -> Mapping[str, str]:
        """The names of at most `MOST_NAMES` contacts by contact id, within so many seconds; without those of which
        HubSpot does not tell."""

    def find(self, text: str) -> Sequence[FoundContact]:
        """The contacts with this email or phone, [] if the text is neither, within `SECONDS`."""


def is_id(text: str) -> bool:
    """Whether a text that somebody searches for may stand in an address: it is empty or can be an id, and no name,
    email or phone. A word of letters alone may be somebody's name."""
    digits = sum(one.isdigit() for one in text)
    return not text or (bool(_ID.fullmatch(text)) and 0 < digits < SHORTEST_PHONE)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the contacts on a page. `shown`: the console shows names at all; `asked`: HubSpot has told all that
    it will, so asking again is in vain even where a contact has none; `failed`: HubSpot gave none;
    `first`: so many contacts were asked for alone, 0 if all were."""

    shown: bool = False
    asked: bool = False
    failed: bool = False
    first: int = 0
    by_id: Mapping[str, str] = field(default_factory=dict)


def read_names(
    contacts: ContactLookUp | None, contact_ids: Iterable[str], *, kept: bool, seconds: float = SECONDS
) -> Names:
    """The names for a page, of its first contacts if they are many; `kept`: it has them already; `seconds`: as for
    `ContactLookUp`. Raises redis-py's errors."""
    wanted = [one for one in dict.fromkeys(contact_ids) if one]
    if contacts is None:
        return Names()
    first = MOST_NAMES if len(wanted) > MOST_NAMES else 0
    if kept or not wanted:
        return Names(shown=True, first=first)
    try:
        return Names(shown=True, asked=True, first=first, by_id=contacts.read_names(wanted[:MOST_NAMES], seconds))
    except NoAnswer:
        return Names(shown=True, failed=True)
