"""Remembers which messages this machine's workers sent in the last seconds, for a Redis that loses its last writes.

With `appendfsync everysec` a killed Redis loses up to a second of writes, a failover as much as the replica was behind,
also that a message was sent. Its lead comes back into the inbox and would be confirmed again. So each worker remembers
what it sent and writes it to Redis in each new epoch (`leadcore.store.epoch`); no message leaves until every worker has
done so. A journal preserves what a dead worker remembered.
"""

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from redis import RedisError

from leadcore.journal import Journal
from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.connection import Redis, drop_connections, read_dataset
from leadcore.store.epoch import EMPTIED, is_same, mark_emptied, read_epoch, was_replica
from leadcore.store.outgoing import message_key as message_key  # the names of what is logged
from leadcore.store.streams import Stream
from workers.rules import epoch as rules
from workers.rules.delivery import NOT_DELIVERED
from workers.rules.sending import MAX_AGE_HOURS

KEEP_SECONDS = 30.0
KEY_SECONDS = 3_600
# A text may well be said again; what has an id of its own may not, for as long as it may leave, and an hour more.
OWN_KEY_SECONDS = (MAX_AGE_HOURS + 1) * 3_600
# How long messages wait until it is asked again whether they may leave.
STEP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Entry:
    """`recorded_at`: when its process did, and `seen_at`: when this one saw it, both in monotonic seconds, which all
    processes of a machine share: the newest entry wins, though the clock be set back. `epoch`: the epoch of Redis in
    which it is known."""

    result: str
    recorded_at: float
    epoch: str
    seen_at: float


class SentLog:
    """One per worker process. The drain records, the maintenance thread reasserts."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._journal = Journal("worker")
        self._entries: dict[str, _Entry] = {}
        self._lock = machine.lock()
        # The epoch in which all is asserted, the one seen last, the one before it, and that in which messages were last
        # claimed.
        self._epoch = self._noted = self._left = self._settled = ""
        self._waits = True
        # When this process saw the epoch begin: by Redis' clock in ms, and by its own in monotonic seconds.
        self._since_ms, self._seen_at = 0, 0.0
        # The present name of an epoch that cannot be asked for, and the last ones.
        self._hidden, self._hiddens = self.machine.token(8), deque[str](maxlen=2)
        # Other workers -> when they were last seen alive, in monotonic seconds: a new Redis may not know them.
        self._peers: dict[str, float] = {}
        self._rotated_at = self._met_at = self.machine.monotonic()

    def record(self, results: Mapping[str, str]) -> None:
        """Remember results by message key: "sending", "sent", "interrupted", or `NOT_DELIVERED`: it certainly was not
        delivered and may be sent again."""
        with self._lock:
            entries, now = {}, self.machine.monotonic()
            for name, result in results.items():
                before = self._entries.get(name)
                # A process of an earlier version entered seconds since 1970.
                recorded_at = max(now, before.recorded_at) if before else now
                # It was claimed before a new epoch, also if that was seen meanwhile.
                entries[name] = _Entry(result, recorded_at, self._settled, now)
            self._store(entries)

    def hidden_epoch(self) -> str:
        """What stands for the epoch where INFO is forbidden."""
        return self._hidden

    def note_lost(self) -> None:
        """A connection was lost, of `reassert` or of a drain: where INFO is forbidden, the next is to a new epoch."""
        self._hidden = self.machine.token(8)

    def reassert(self, connection: Redis, worker: str = "") -> None:
        """Called each second: inherit what dead workers remembered, write to this Redis what was only known in another
        epoch, and enter that `worker` has done so. Raises redis-py's errors, `ReadOnlyError` for a replica."""
        epoch = read_epoch(connection) or self._hidden
        now_ms = _read_ms(connection)
        self._note_epoch(epoch, now_ms)
        # After that nobody waits for this process any more.
        is_new = self._waits and self._since_ms + rules.LIMIT_MS > now_ms
        with suppress(RedisError):  # a full Redis: nobody inherits until it has room
            self._journal.use_dataset(read_dataset(connection))
        with self._lock:
            self._journal.inherit(self._inherit)
            foreign = {name: one for name, one in self._entries.items() if one.epoch and not is_same(epoch, one.epoch)}
            missing = {name: one.result for name, one in foreign.items() if one.result != NOT_DELIVERED}
            if self._left and is_new and epoch != self._hidden:
                Stream(connection, keys.OUTBOX).apply([mark_emptied()])
            if missing:
                sets = [("SET", name, result, "EX", _key_seconds(name)) for name, result in missing.items()]
                Stream(connection, keys.OUTBOX).apply(sets)
            self._store(
                {name: replace(one, epoch=epoch, seen_at=self.machine.monotonic()) for name, one in foreign.items()}
            )
            # Not before: Redis may have been away for longer.
            self._drop_old()
        self._meet_peers(connection, now_ms)
        if worker and is_new:
            signed = ("HSET", keys.ASSERTED, worker, rules.sign(epoch, now_ms))
            since = ("SET", keys.epoch_since(epoch), now_ms, "NX", "EX", KEY_SECONDS)
            old = [("HDEL", keys.ASSERTED, name) for name in rules.find_old(_read_asserted(connection), now_ms)]
            Stream(connection, keys.OUTBOX).apply([*old, signed, ("EXPIRE", keys.ASSERTED, KEY_SECONDS), since])
        with self._lock:
            if self._noted == epoch:
                self._epoch = epoch

    def seconds_to_wait(self, connection: Redis) -> float:
        """Seconds that messages must wait because workers may still have to reassert in a new epoch of Redis. Raises
        redis-py's errors, `ReadOnlyError` for a replica."""
        if not self._epoch:
            self.reassert(connection)
        epoch = read_epoch(connection) or self._hidden
        if self._epoch != epoch:
            self._note_epoch(epoch, _read_ms(connection))
            return STEP_SECONDS
        if not self._waits:
            return 0.0
        left = self._wait_ms(connection, epoch)
        if left > 0:
            return min(left / 1000, STEP_SECONDS)
        # What came back meanwhile is known of the epoch before: Redis hears it before a drain asks what became of it.
        self.reassert(connection)
        if self._epoch != epoch:
            return STEP_SECONDS
        if epoch != self._hidden:
            Stream(connection, keys.OUTBOX).apply([("SET", keys.EPOCH, epoch)])
        with self._lock:
            if self._epoch == epoch:
                self._settled, self._waits = epoch, False
        return 0.0

    def _note_epoch(self, epoch: str, now_ms: int) -> None:
        """When this process sees an epoch begin, leave the server of the one before."""
        with self._lock:
            if epoch == self._noted:
                return
            is_flapping = self._waits and epoch == self._hidden and self._noted in self._hiddens
            self._left, self._noted = self._noted, epoch
            self._settled = self._settled or epoch
            # Where INFO is forbidden each lost connection looks like an epoch, and nobody else signs it: a connection
            # that is lost again and again does not make messages wait for ever.
            if not is_flapping:
                self._since_ms, self._seen_at = now_ms, self.machine.monotonic()
            if epoch == self._hidden:
                self._hiddens.append(epoch)
            self._epoch, self._waits = "", True
            # While Redis is away nobody can be seen alive.
            now = self.machine.monotonic()
            self._peers = {name: at + now - self._met_at for name, at in self._peers.items()}
            self._met_at = now
        if self._left:
            drop_connections()

    def _wait_ms(self, connection: Redis, epoch: str) -> int:
        known = ((connection.get(keys.EPOCH) or connection.get(keys.RUN)) or b"").decode()
        has_met_nobody = not self._left and (known == EMPTIED or was_replica(connection))
        if not self._left and (not (known or has_met_nobody) or is_same(epoch, known) or epoch == self._hidden):
            return 0
        now_ms, since_ms = _read_ms(connection), self._since_ms
        if not self._left:
            # Others saw it begin before this process was there.
            since_ms = min(since_ms, int(connection.get(keys.epoch_since(epoch)) or since_ms))
        waited_ms = int((self.machine.monotonic() - self._seen_at) * 1000)
        self._meet_peers(connection, now_ms)
        # Who began to send within the replica's lag is not listed there either, nor who has not yet come to an emptied
        # Redis.
        alive = () if has_met_nobody else self._peers
        return rules.wait_ms(epoch, since_ms, now_ms, waited_ms, alive, _read_asserted(connection))

    def _meet_peers(self, connection: Redis, now_ms: int) -> None:
        now = self.machine.monotonic()
        alive = connection.zrangebyscore(keys.WORKERS, now_ms - rules.ALIVE_MS, "+inf")
        known = {name: at for name, at in self._peers.items() if at > now - rules.ALIVE_MS / 1000}
        self._peers, self._met_at = known | dict.fromkeys((name.decode() for name in alive), now), now

    def _store(self, entries: Mapping[str, _Entry]) -> None:
        for name, one in entries.items():
            before = self._entries.get(name)
            if before is None or before.recorded_at <= one.recorded_at:
                self._entries[name] = one
        self._journal.add(
            *(f"{name} {one.recorded_at} {one.epoch} {one.result}".encode() for name, one in entries.items())
        )

    def _inherit(self, line: bytes) -> None:
        name, recorded_at, epoch, result = line.decode("ascii", "replace").split(" ", 3)
        self._store({name: _Entry(result, float(recorded_at), epoch, self.machine.monotonic())})

    def _drop_old(self) -> None:
        now = self.machine.monotonic()
        self._entries = {name: one for name, one in self._entries.items() if one.seen_at > now - KEEP_SECONDS}
        if now - self._rotated_at > KEEP_SECONDS:
            self._rotated_at = now
            self._journal.rotate()


def _key_seconds(name: str) -> int:
    return OWN_KEY_SECONDS if name.startswith(keys.own_message_sent("")) else KEY_SECONDS


def _read_asserted(connection: Redis) -> dict[str, str]:
    return {name.decode(): entered.decode() for name, entered in connection.hgetall(keys.ASSERTED).items()}


def _read_ms(connection: Redis) -> int:
    seconds, micros = connection.time()
    return int(seconds * 1000 + micros // 1000)
