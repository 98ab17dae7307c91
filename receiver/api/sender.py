"""Puts messages into the outbox, and again those that Redis may have lost since it took them.

A worker that has sent one of these tells such a Redis before any message leaves (`workers/outbox/sent_log.py`).
"""

from typing import TYPE_CHECKING

import msgspec

from leadcore.event import identity
from leadcore.store import keys
from leadcore.store.messages import OTHER, Messages
from leadcore.store.outgoing import Outgoing

if TYPE_CHECKING:
    from receiver.intake.feeder import Feeder


class _Taken(msgspec.Struct, frozen=True, array_like=True):
    """A message that Redis took at `taken_ms` by its clock, and the key under which it was asked for."""

    taken_ms: int
    key: str
    id: str
    customer: str | int | float
    texts: list[str]
    urgent: bool


class Sender:
    """Made before `feeder` starts."""

    def __init__(self, messages: Messages, feeder: "Feeder") -> None:
        self._messages, self._feeder = messages, feeder
        self._remember = feeder.replay_also("messages", self._put_again)

    def put(self, message: Outgoing, key: str) -> str:
        """See `Messages.put`."""
        outcome = self._messages.put(message, key)
        # Also what was put before: that answer may have been lost.
        if outcome != OTHER:
            taken = _Taken(self._feeder.now_ms(), key, message.id, message.customer, [*message.texts], message.urgent)
            self._remember(msgspec.json.encode(taken))
        return outcome

    def _put_again(self, raw: bytes) -> None:
        try:
            taken = msgspec.json.decode(raw, type=_Taken)
        except msgspec.DecodeError:  # another version's
            return
        if not self._is_forgotten(taken):
            message = Outgoing(taken.id, taken.customer, taken.texts, taken.urgent)
            self._messages.put(message, taken.key, taken.taken_ms)

    def _is_forgotten(self, taken: _Taken) -> bool:
        """Whether the customer was forgotten since."""
        redis, feeder = self._messages.redis, self._feeder
        # A process that has put no lead yet does not know the one in Redis; where there is none, nobody was forgotten.
        key = feeder.key if feeder.fixed_key else redis.get(keys.SECRET) or b""
        tombstone = redis.get(keys.forgotten(keys.digest(key, identity(taken.customer))))
        return bool(tombstone) and int(tombstone.split()[0]) >= taken.taken_ms
