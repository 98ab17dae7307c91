"""Faults that are switched on and off while a stand-in runs."""

import random
from threading import Event
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, Struct, structs


class Fault(Struct, forbid_unknown_fields=True, kw_only=True):
    """`count`: how often it strikes, None for ever. `path`: only where the path contains this; `method` likewise.
    `retry_after`: seconds in the `Retry-After` of a status, None sends none. `seconds`: how long a hang or a dripping
    answer takes. `name`: two faults of one kind need two names. `seed`: the same calls are struck in the same way.
    `kinds`: those among which a `brownout` draws each time that it strikes."""

    kind: str
    name: str = ""
    probability: Annotated[float, Meta(gt=0, le=1)] = 1.0
    count: Annotated[int, Meta(ge=1)] | None = None
    path: str = ""
    method: str = ""
    retry_after: Annotated[float, Meta(ge=0)] | None = None
    seconds: Annotated[float, Meta(ge=0, le=600)] = 30.0
    seed: int = 0
    kinds: tuple[str, ...] = ()

    def concerns(self, method: str, path: str, body: bytes) -> bool:
        return self.path in path and self.method in ("", method)

    def become(self, chance: random.Random) -> Self:
        """What it is this time."""
        return structs.replace(self, kind=chance.choice(self.kinds)) if self.kind == "brownout" else self


class Faults:
    """The faults that are on, each of the type `shape`. Not thread-safe: the caller holds a lock. `struck`: how often
    each did strike; `released` is set when faults are cleared, and ends every hang."""

    def __init__(self, shape: type[Fault]) -> None:
        self.faults: dict[str, Any] = {}
        self.struck: dict[str, int] = {}
        self.released = Event()
        self._shape = shape
        self._chances: dict[str, random.Random] = {}

    def put(self, raw: bytes) -> None:
        """Switch on one fault or a list of them, in JSON; raises `msgspec.MsgspecError`."""
        wanted = msgspec.json.decode(raw)
        for each in wanted if isinstance(wanted, list) else [wanted]:
            fault = msgspec.convert(each, self._shape)
            name = fault.name or fault.kind
            self.faults[name] = fault
            # By its name too: two faults must not go in step.
            self._chances[name] = random.Random(f"{fault.seed} {name}")  # noqa: S311 - decides when a test fails

    def clear(self, name: str | None = None) -> None:
        """Switch off one fault, or all of them."""
        if name is None:
            self.faults.clear()
        else:
            self.faults.pop(name, None)
        self.released.set()
        self.released = Event()

    def draw(self, method: str, path: str, body: bytes = b"") -> Any:
        """The first fault that strikes this request, or None."""
        for name, fault in self.faults.items():
            if not fault.concerns(method, path, body):
                continue
            chance = self._chances[name]
            if fault.probability < 1 and chance.random() >= fault.probability:
                continue
            if fault.count is not None:
                fault.count -= 1
                if not fault.count:
                    del self.faults[name]
            self.struck[name] = self.struck.get(name, 0) + 1
            return fault.become(chance)
        return None
