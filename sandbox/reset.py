"""Empties Redis as a reset empties the stand-ins: what it knows of leads, customers and messages."""

from typing import Any

from leadcore.store import keys

_CHUNK = 1000
# What processes that run know of each other and of the portal. With STORE they go on knowing that Redis is complete:
# nothing is in the stand-in that it does not know.
_KEPT = (
    keys.SECRET,
    keys.WORKERS,
    keys.PORTAL,
    keys.RUN,
    keys.EPOCH,
    keys.DATASET,
    keys.BUDGET,
    keys.STORE,
)


def forget_leads(redis: Any) -> None:
    """Raises redis-py's errors."""
    names = [name for name in redis.scan_iter(match=f"{keys.PREFIX}*", count=_CHUNK) if not _is_kept(name.decode())]
    for start in range(0, len(names), _CHUNK):
        redis.unlink(*names[start : start + _CHUNK])


def _is_kept(name: str) -> bool:
    return (
        name.endswith(":lock")
        or ":endpoint" in name
        or any(name == kept or name.startswith(f"{kept}:") for kept in _KEPT)
    )
