"""Pure: how long messages wait after Redis was exchanged or restarted, see `leadcore.store.epoch`.

It may have lost that a message was sent, and only the worker that sent it knows. So each worker writes what it
remembers and then enters that it did so; messages leave once all have, or once nobody waits for the others any more:
those that died, and those of an older version, which enter nothing.
"""

from collections.abc import Collection, Mapping

ALIVE_MS = 60_000
"""Who was seen alive within this time may remember something."""
LIMIT_MS = 10_000
_STALE_MS = 30_000


def sign(epoch: str, now_ms: int) -> str:
    """What a worker enters that has asserted `epoch`."""
    return f"{epoch} {now_ms}"


def wait_ms(
    epoch: str, since_ms: int, now_ms: int, waited_ms: int, alive: Collection[str], asserted: Mapping[str, str]
) -> int:
    """Milliseconds that messages wait at most, 0 if they may leave. `since_ms`, `now_ms`: when the epoch was first
    seen, and now, by Redis' clock; `waited_ms`: by this process' own, for a clock that is set back; `asserted`: name of
    a worker -> what it has entered."""
    left = LIMIT_MS - max(now_ms - since_ms, waited_ms)
    if left <= 0:
        return 0
    # Whom nobody has seen yet, nobody can have waited for.
    missing = not alive or any(not _is_signed(asserted.get(name, ""), epoch, since_ms) for name in alive)
    return min(left, LIMIT_MS) if missing else 0


def find_old(asserted: Mapping[str, str], now_ms: int) -> list[str]:
    """Who entered what nobody asks for any more: workers that start again and again leave a name each."""
    return [name for name, entered in asserted.items() if _parse_ms(entered) < now_ms - ALIVE_MS]


def _is_signed(entered: str, epoch: str, since_ms: int) -> bool:
    """An old entry is from before: Redis went back to a server that was left."""
    return entered.partition(" ")[0] == epoch and _parse_ms(entered) > since_ms - _STALE_MS


def _parse_ms(entered: str) -> int:
    return int(entered.partition(" ")[2] or 0)
