"""Pure: the field clock, and what becomes of it while a customer's events are folded into it, oldest first.

The clock holds, for each property, the version of the event that said it last and the digest of that value. A value is
written only if it is newer than the clock and differs from what was said before: so a replay never overwrites a newer
value, and a salesperson's edit stands until the customer says something new.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from leadcore.receipts import Note
from leadcore.store import keys
from workers.rules.customer import VALUE_BYTES, Stamp
from workers.rules.mapping.facts import SHORTER

SEEN = 0
"""The version of a value that the contact was seen to have, and that nobody noted as said."""
NEWER = "the customer has said something newer"
_DIGESTED_AS = dict.fromkeys(SHORTER, SHORTER[0])

Digest = Callable[[str, str], bytes]
Entry = tuple[int, bytes | str]
"""A stamp; or what this batch says, as the version and the value itself. Its digest is taken when it is stored, which
is after the call to HubSpot."""


def digester(key: bytes) -> Digest:
    """The keyed digest (40 bits) of a property's value."""
    begun = keys.keyed(key, b"value")

    def digest(name: str, value: str) -> bytes:
        mac = begun.copy()
        mac.update(f"{name}\0{value}".encode("utf-8", "surrogatepass"))
        return mac.digest()[:VALUE_BYTES]

    return digest


def digest_entries(entries: Mapping[str, Entry], digest: Digest) -> dict[str, Stamp]:
    """The field clock that holds these entries."""
    return {
        name: (version, digest(_DIGESTED_AS.get(name, name), said) if isinstance(said, str) else said)
        for name, (version, said) in entries.items()
    }


@dataclass(slots=True)
class FieldClock:
    """`before`: the clock as it was stored; `entries`: as it is by now. `writes`: property -> (value, index of the
    event that says it). `if_still`: property -> (value, digest that it must have in HubSpot to be written). `notes`: by
    the index of the event."""

    digest: Digest
    before: Mapping[str, Stamp]
    entries: dict[str, Entry]
    writes: dict[str, tuple[str, int]] = field(default_factory=dict)
    if_still: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    notes: dict[int, list[Note]] = field(default_factory=dict)

    def newest(self, names: Sequence[str]) -> int:
        """The version of the newest entry about any of `names`, -1 if there is none."""
        return max((self.entries[name][0] for name in names if name in self.entries), default=-1)

    def says(self, entry: Entry, name: str, value: str) -> bool:
        """Whether `entry` about `name` is this value."""
        said = entry[1]
        return said == (value if isinstance(said, str) else self.digest(name, value))

    def differs(self, name: str, value: str) -> bool:
        """Whether `value` is not what was said of `name` last."""
        entry = self.entries.get(name)
        return entry is None or not self.says(entry, name, value)

    def has_value(self, name: str) -> bool:
        """Whether the last thing said of `name` was a value."""
        entry = self.entries.get(name)
        return entry is not None and not self.says(entry, name, "")

    def record(self, name: str, value: str, version: int, index: int, *, always: bool = False) -> None:
        """The event number `index` says this. It is written if it is the newest entry and another value, or
        `always`."""
        entry = self.entries.get(name)
        same = entry is not None and self.says(entry, name, value)
        if entry is not None and entry[0] > version:
            if not same:
                self.note_kept(name, index, NEWER)
            return
        self.entries[name] = (version, entry[1] if entry and same else value)
        if always or not same or (entry and entry[0] == SEEN):
            self.writes[name] = (value, index)

    def note_kept(self, name: str, index: int, why: str) -> None:
        """Note that the event number `index` does not change `name`."""
        self.notes.setdefault(index, []).append(Note(name, "kept", why))
