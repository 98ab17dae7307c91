"""Pure: what of one shard is under way to an address, and how far all is done."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Hook:
    """An entry to be posted. `customer`: whose order it keeps. `tries`: how often it failed."""

    shard: int
    entry: bytes
    customer: bytes
    fields: Mapping[bytes, bytes] = field(repr=False)
    more: Mapping[str, str] = field(default_factory=dict, repr=False)
    tries: int = 0


class Window:
    """The entries of a shard behind the cursor. `done`: those of them that are done."""

    def __init__(self, cursor: bytes, done: Iterable[bytes]) -> None:
        self.cursor = self.read_to = cursor
        self.done = set(done)
        self._entries: OrderedDict[bytes, bool] = OrderedDict()

    def add(self, entry: bytes) -> bool:
        """Note that the entry was read; whether it is still to be done."""
        self.read_to = entry
        self._entries[entry] = entry in self.done
        return not self._entries[entry]

    def finish(self, entry: bytes) -> None:
        self._entries[entry] = True
        self.done.add(entry)

    @property
    def oldest(self) -> bytes | None:
        """The oldest entry that is not done."""
        return next((entry for entry, is_done in self._entries.items() if not is_done), None)

    def advance(self) -> Sequence[bytes]:
        """Move the cursor over all that is done; returns what it passed."""
        passed = []
        while self._entries:
            entry, is_done = next(iter(self._entries.items()))
            if not is_done:
                break
            del self._entries[entry]
            self.cursor = entry
            self.done.discard(entry)
            passed.append(entry)
        return passed
