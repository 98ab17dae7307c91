"""Pure: the field clock, to which a customer's events are applied, oldest first.

For each property the clock holds the version of the event that carried it last and the digest of that value. A value
is written only if it is newer than the clock's entry and differs from it. So a replay never overwrites a newer value,
and a salesperson's edit stays until the customer sends a new value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from leadcore.reasons import Reason, reason
from leadcore.receipts import Note
from leadcore.store import keys
from workers.rules.customer import VALUE_BYTES, Stamp
from workers.rules.mapping.property_names import SHORTER

SEEN = 0
"""The version of a value that was read from the contact and that no event carried."""
NEWER = reason("said_newer")
_DIGESTED_AS = dict.fromkeys(SHORTER, SHORTER[0])

Digest = Callable[[str, str], bytes]
Entry = tuple[int, bytes | str]
"""(version, digest) if stored, (version, value) if new in this batch: digests are computed when the clock is stored,
after the call to HubSpot."""


def digester(key: bytes) -> Digest:
    """The keyed digest (40 bits) of a property's value."""
    keyed = keys.keyed(key, b"value")

    def digest(name: str, value: str) -> bytes:
        mac = keyed.copy()
        mac.update(f"{name}\0{value}".encode("utf-8", "surrogatepass"))
        return mac.digest()[:VALUE_BYTES]

    return digest


def digest_entries(entries: Mapping[str, Entry], digest: Digest) -> dict[str, Stamp]:
    """The field clock that holds these entries."""
    return {
        name: (version, digest(_DIGESTED_AS.get(name, name), value) if isinstance(value, str) else value)
        for name, (version, value) in entries.items()
    }


@dataclass(slots=True)
class FieldClock:
    """`before`: the clock as it was stored; `entries`: with the events so far. `writes`: property -> (value, index of
    its event). `if_unchanged`: property -> (value, digest that HubSpot's value must have for it to be written).
    `notes`: by the index of the event."""

    digest: Digest
    before: Mapping[str, Stamp]
    entries: dict[str, Entry]
    writes: dict[str, tuple[str, int]] = field(default_factory=dict)
    if_unchanged: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    notes: dict[int, list[Note]] = field(default_factory=dict)

    def newest_version(self, names: Sequence[str]) -> int:
        """The version of the newest entry of any of `names`, -1 if there is none."""
        return max((self.entries[name][0] for name in names if name in self.entries), default=-1)

    def matches(self, entry: Entry, name: str, value: str) -> bool:
        """Whether `entry` of `name` stands for this value."""
        known = entry[1]
        return known == (value if isinstance(known, str) else self.digest(name, value))

    def differs(self, name: str, value: str) -> bool:
        """Whether `value` is not the last value of `name`."""
        entry = self.entries.get(name)
        return entry is None or not self.matches(entry, name, value)

    def has_value(self, name: str) -> bool:
        """Whether the last value of `name` is not blank."""
        entry = self.entries.get(name)
        return entry is not None and not self.matches(entry, name, "")

    def record(self, name: str, value: str, version: int, index: int, *, always: bool = False) -> None:
        """Record the value that event number `index` carries. It is written if it is the newest and a different one,
        or `always`."""
        entry = self.entries.get(name)
        same = entry is not None and self.matches(entry, name, value)
        if entry is not None and entry[0] > version:
            if not same:
                self.note_kept(name, index, NEWER)
            return
        self.entries[name] = (version, entry[1] if entry and same else value)
        if always or not same or (entry and entry[0] == SEEN):
            self.writes[name] = (value, index)

    def note_kept(self, name: str, index: int, why: Reason) -> None:
        """Note that the event number `index` does not change `name`."""
        self.notes.setdefault(index, []).append(Note(name, "kept", why))
