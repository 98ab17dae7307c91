"""The streams of a line: every accepted event is an entry of a Redis Stream until it is settled.

    PUT      One script: if the receipt exists, it is a duplicate; else receipt, XADD, SET bell NX EX 10.
             If that set the bell, the caller enqueues the RQ job that drains the shard; losing that job is harmless.
    DRAIN    Under the shard's lock (10 s, renewed each second by maintenance): read without a consumer group, write to
             HubSpot, SETTLE, until nothing is left; then RELEASE.
    SETTLE   One script: without the lock it does nothing. A group of entries is settled if the records that it was
             decided on are unchanged. XDEL comes first (a full Redis refuses everything but a script that frees memory
             first), and what follows from an entry is done only if XDEL removed it. So it can be repeated, and is
             never half done.
    RELEASE  One script: delete lock and bell, return how many entries are left. If any, the caller rings, unless only
             time can help (a pause, entries that another drain holds): then a sweep rings. A drain may leave its
             last, partial batch to another one (see workers.sync.partial_batches): then the bell stays, and if no drain
             comes, a sweep rings too.
    SWEEP    Every 3 s maintenance puts due entries back and rings for a shard that has entries and no lock.

Why no wake-up is lost: an entry leaves only in SETTLE. One that is put before RELEASE is counted by it; one that is put
after it finds no bell and rings. Whatever dies in between, the lock is gone within 10 s and a sweep rings within 3.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from leadcore.errors import WrongKey
from leadcore.receipts import PARKED_SECONDS
from leadcore.store import keys, lines, scripts

if TYPE_CHECKING:
    from leadcore.store.connection import Redis
    from leadcore.store.orders import CartNote

DUPLICATE_MS = 7 * 86_400_000
"""How long an event that comes again is known to be the same."""
BELL_SECONDS = 10
LOCK_MS = 10_000
SWEEP_SECONDS = 3
NOBODY: Mapping[str, Sequence[Sequence[Any]]] = {}


@dataclass(frozen=True, slots=True)
class Put:
    """`outcome`: "put", "rang" (put, and the caller has to enqueue the drain), "duplicate" or "forgotten" (older than
    its customer's tombstone; nothing is kept). `now_ms`: Redis' clock."""

    outcome: str
    now_ms: int


@dataclass(slots=True)
class Settlement:
    """The arguments of SETTLE, built group by group. A group's `guards` are (key, first 4 bytes that its value must
    still have); its `entries` are (stream, id, commands); its `commands` run once if any of its entries was removed."""

    arguments: list[Any] = field(default_factory=list)
    groups: int = 0

    def add(
        self,
        guards: Sequence[tuple[str, bytes]],
        entries: Sequence[tuple[str, bytes, Sequence[Sequence[Any]]]],
        commands: Sequence[Sequence[Any]] = (),
    ) -> None:
        self.groups += 1
        flat = self.arguments
        flat.append(len(guards))
        for guard in guards:
            flat += guard
        flat.append(len(entries))
        for stream, entry, effects in entries:
            flat += (stream, entry)
            _append(flat, effects)
        _append(flat, commands)


When: TypeAlias = Literal["always", "ours", "free"]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a message that was noted as being sent, as `commands`. They run `when` it is "always", else only
    if the message is still noted, or in the stream, and the shard's lock is ours ("ours") or not another's ("free"):
    so they run once, however often they are sent and however late they arrive."""

    entry: bytes
    commands: Sequence[Sequence[Any]]
    when: When


def pack_fields(fields: Mapping[bytes, bytes]) -> bytes:
    """An entry's fields as one string, separated by a control character: JSON and ids hold none."""
    return b"".join(part + b"\x1f" for pair in fields.items() for part in pair)


def unpack_fields(packed: bytes) -> dict[bytes, bytes]:
    """The fields that `pack_fields` packed."""
    parts = packed.split(b"\x1f")[:-1]
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _append(flat: list[Any], commands: Sequence[Sequence[Any]]) -> None:
    flat.append(len(commands))
    for command in commands:
        flat.append(len(command))
        flat += command


def _cart_keys(cart: "CartNote | None") -> tuple[str, str]:
    return (keys.order(cart.reference), keys.newest_cart(cart.customer)) if cart else (keys.NONE, keys.NONE)


def _outcome(answer: tuple[bytes, bytes, int]) -> Put:
    outcome, right_key, now_ms = answer
    if outcome == b"rekey":
        raise WrongKey(right_key)
    return Put(outcome.decode(), now_ms)


class Stream:
    """The shards of the line `name` over one Redis connection. `put`: runs the script PUT instead of the
    connection. Every method raises redis-py's errors."""

    def __init__(self, connection: "Redis", name: str = keys.INBOX, put: Callable[..., Any] | None = None) -> None:
        self.redis = connection
        self.name = name
        self._put = put or connection.register_script(scripts.PUT)
        self._park = connection.register_script(scripts.PARK)
        self._settle = connection.register_script(scripts.SETTLE)
        self._release = connection.register_script(scripts.RELEASE)
        self._renew = connection.register_script(scripts.RENEW)
        self._apply = connection.register_script(scripts.APPLY)
        self._apply_fenced = connection.register_script(scripts.APPLY_FENCED)
        self._end_sending = connection.register_script(scripts.END_SENDING)
        self._acquire = connection.register_script(scripts.ACQUIRE)
        self._sweep = connection.register_script(scripts.SWEEP)

    def put(
        self,
        shard: int,
        lead: str,
        body: bytes,
        receipt: Iterable[str | bytes],
        *,
        key: bytes | str = "",
        version_ms: int | None = None,
        kind: str = "",
        tombstone: str = keys.NONE,
        keep_seconds: int = 30 * 86_400,
        cart: "CartNote | None" = None,
    ) -> Put:
        """Append one event unless its receipt exists; raises `WrongKey` too. `receipt`: from `receipts.pack`;
        `version_ms`: for an event that did not come straight in; `tombstone`: the key of its customer's tombstone;
        `cart`: what is noted for payment links."""
        stream, bell = keys.entries(self.name, shard), keys.bell(self.name, shard)
        said_ms = "" if version_ms is None else version_ms
        noted = (f"{cart.reference} {cart.units}", cart.customer) if cart else ("", "")
        return _outcome(
            self._put(
                keys=[keys.receipt(lead), stream, bell, keys.LEADS, keys.SECRET, tombstone, *_cart_keys(cart)],
                args=[key, lead, body, said_ms, kind, keep_seconds, DUPLICATE_MS, BELL_SECONDS, *noted, *receipt],
            )
        )

    def park(
        self,
        lead: str,
        body: bytes,
        receipt: Iterable[str | bytes],
        *,
        key: bytes | str = "",
        version_ms: int | None = None,
        tombstone: str = keys.NONE,
        told: Mapping[str, Sequence[Sequence[Any]]] = NOBODY,
    ) -> Put:
        """Park an event that cannot be processed, unless its receipt exists. Takes and raises what `put` does, but
        `body` is packed by `pack_fields`. `told`: line -> the commands that tell its addresses."""
        said_ms = "" if version_ms is None else version_ms
        fields = list(receipt)
        commands = [(keys.endpoints(line), len(one), *one) for line, found in told.items() for one in found]
        parked = keys.parked(lead)
        return _outcome(
            self._park(
                keys=[keys.receipt(lead), parked, keys.PARKED, keys.LEADS, keys.SECRET, tombstone, keys.FIGURES],
                args=[key, lead, body, said_ms, PARKED_SECONDS, len(fields), *fields, *chain.from_iterable(commands)],
            )
        )

    def read(self, shard: int, count: int, after: bytes = b"-") -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Up to `count` entries, oldest first, of those behind the id `after`. Removes nothing."""
        start = after if after == b"-" else b"(" + after
        rows: list[tuple[bytes, dict[bytes, bytes]]] = self.redis.xrange(
            keys.entries(self.name, shard), min=start, count=count
        )
        return rows

    def acquire(self, shard: int, token: str) -> bool:
        """Take the shard's lock for `LOCK_MS`; False if somebody holds it."""
        return self.acquire_lock(keys.lock(self.name, shard), token)

    def acquire_lock(self, name: str, token: str, ms: int = LOCK_MS) -> bool:
        """As `acquire`, for any lock."""
        return bool(self._acquire(keys=[name], args=[token, ms]))

    def renew(self, shard: int, token: str) -> bool:
        """Hold the lock for another `LOCK_MS`; False if it is no longer ours."""
        return self.renew_lock(keys.lock(self.name, shard), token)

    def renew_lock(self, name: str, token: str) -> bool:
        """As `renew`, for any lock."""
        return bool(self._renew(keys=[name], args=[token, LOCK_MS]))

    def settle(self, shard: int, token: str, settlement: Settlement) -> list[int] | None:
        """Settle all groups at once. None: the lock was lost and nothing was done; else the positions of the groups for
        which nothing was done, because a record had changed or no entry was left."""
        answer = self._settle(
            keys=[keys.lock(self.name, shard)], args=[token, settlement.groups, *settlement.arguments]
        )
        return None if answer == -1 else [int(position) for position in answer]

    def apply(self, commands: Sequence[Sequence[Any]]) -> None:
        """Run all of these Redis commands or none, also in a full Redis."""
        flat: list[Any] = []
        for command in commands:
            flat += (len(command), *command)
        if flat:
            self._apply(args=flat)

    def apply_fenced(self, locks: Sequence[str], token: str, commands: Sequence[Sequence[Any]]) -> bool:
        """As `apply`; False, and nothing is run, if one of `locks` is no longer held by `token`."""
        flat: list[Any] = [token]
        for command in commands:
            flat += (len(command), *command)
        return bool(self._apply_fenced(keys=locks, args=flat))

    def end_sending(self, shard: int, token: str, ended: Iterable[Ended]) -> None:
        """Record what became of messages that were being sent, in one step, also in a full Redis."""
        flat: list[Any] = [token]
        for one in ended:
            flat += (one.when, one.entry)
            _append(flat, one.commands)
        names = [keys.lock(self.name, shard), keys.sending(self.name, shard), keys.entries(self.name, shard)]
        self._end_sending(keys=names, args=flat)

    def release(self, shard: int, token: str, *, bell: bool = True) -> int:
        """Delete the lock and, with `bell`, the bell; the number of entries left, -1 if the lock was no longer ours."""
        return int(
            self._release(
                keys=[
                    keys.lock(self.name, shard),
                    keys.bell(self.name, shard) if bell else keys.NONE,
                    keys.entries(self.name, shard),
                ],
                args=[token],
            )
        )

    def sweep(self, shard: int) -> int:
        """Put due entries back; the number of entries if somebody should ring for them now, else 0."""
        return int(
            self._sweep(
                keys=[
                    keys.later(self.name, shard),
                    keys.entries(self.name, shard),
                    keys.lock(self.name, shard),
                    keys.swept(self.name, shard),
                    lines.find(self.name).pause,
                    keys.sending(self.name, shard),
                ],
                args=[SWEEP_SECONDS],
            )
        )

    def unheld(self, shards: int) -> list[int]:
        """The numbers of those of the `shards` that have entries and no lock."""
        pipe = self.redis.pipeline(transaction=False)
        for shard in range(shards):
            pipe.xlen(keys.entries(self.name, shard))
            pipe.exists(keys.lock(self.name, shard))
        found = pipe.execute()
        pairs = zip(found[::2], found[1::2], strict=True)
        return [shard for shard, (entries, held) in enumerate(pairs) if entries and not held]

    def set_bell(self, shard: int) -> bool:
        """Set the bell; True if it was not set, so that the caller has to enqueue the job."""
        return bool(self._acquire(keys=[keys.bell(self.name, shard)], args=[b"1", BELL_SECONDS * 1000]))
