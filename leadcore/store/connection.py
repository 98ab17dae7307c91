"""Connections to Redis. No client retries by itself: redis-py's default of ten tries blocked a put for 18 s and wrote
it twice (measured). The callers retry; every write of this project is safe to repeat."""

import hashlib
import re
import secrets
import socket
import sys
import threading
from collections.abc import Mapping
from typing import Any, TypeAlias
from weakref import WeakSet

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ChildDeadlockedError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from leadcore.settings import Settings
from leadcore.store import keys

# redis-py types every answer as bytes or str; our clients decode nothing, so answers are bytes.
Redis: TypeAlias = Any

AWAY = (redis.RedisError, ChildDeadlockedError, OSError)
"""What the client raises if Redis does not do what it was asked for, see `tests/leadcore/store/test_connection.py`."""
_NO_WRITES = (
    "OOM", "READONLY", "MISCONF", "NOREPLICAS", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOSCRIPT",
)  # fmt: skip
# The same where redis-py has an exception of its own, whose text lacks the code.
_NO_WRITES_CLASSES = (
    redis.OutOfMemoryError, redis.ReadOnlyError, redis.exceptions.NoScriptError, redis.exceptions.ClusterError,
    redis.exceptions.TryAgainError,
)  # fmt: skip
_pools: "WeakSet[redis.ConnectionPool]" = WeakSet()
_pools_lock = threading.Lock()
RECEIVER_TIMEOUT = 0.4
WORKER_TIMEOUT = 5.0


def connect(settings: Settings, timeout: float = WORKER_TIMEOUT, *, at_most: int | None = None) -> Redis:
    """A client for `settings.redis_url`, not connected yet; connecting and every command may take `timeout` seconds.
    `at_most`: how many connections its threads share; a thread waits for one for up to `timeout` seconds."""
    options: dict[str, Any] = {}
    if sys.platform == "linux":
        # Else the kernel delivers a put minutes after we gave it up, once the network is back: as a new word.
        usual = redis.Connection()  # type: ignore[no-untyped-call]  # redis-py is only partly typed
        given_up = {socket.TCP_USER_TIMEOUT: int(timeout * 1000)}
        options["socket_keepalive_options"] = {**usual.socket_keepalive_options, **given_up}
    pool: type[redis.ConnectionPool] = redis.ConnectionPool
    if at_most:
        pool = redis.BlockingConnectionPool
        options |= {"max_connections": at_most, "timeout": timeout}
    if settings.redis_url.startswith("rediss://") and not settings.redis_tls_verify:
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    connections = pool.from_url(
        settings.redis_url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
        **options,
    )
    with _pools_lock:
        _pools.add(connections)
    return redis.Redis.from_pool(connections)


def drop_connections() -> None:
    """Let every client that `connect` made in this process connect anew, from its next command on: after a failover
    none may stay on the server that was left. What runs at this moment gets its answer first."""
    with _pools_lock:
        pools = list(_pools)
    for pool in pools:
        pool.update_active_connections_for_reconnect()
        pool.disconnect(inuse_connections=False)


def takes_no_writes(error: redis.ResponseError) -> bool:
    """Whether Redis refuses this for its own state, which passes, whatever is written; else it is what stands in it, or
    what it was asked for, that it refuses, and it will again. A script's error names the code within its text."""
    return isinstance(error, _NO_WRITES_CLASSES) or bool(_find_code(str(error)))


def describe_error(error: Exception) -> str:
    """What kind of error it is, with Redis' code where it takes no writes, and that of TLS. The rest of its text may
    quote what a customer said."""
    said = str(error)
    tls = re.search(r"\[SSL: (\w+)\]", said)
    code = _find_code(said) if isinstance(error, redis.ResponseError) else tls[1] if tls else ""
    return f"{type(error).__name__} ({code})" if code else type(error).__name__


def _find_code(said: str) -> str:
    return next((code for code in _NO_WRITES if re.search(rf"\b{code}\b", said)), "")


def read_info(connection: Redis, *sections: str) -> Mapping[str, Any]:
    """Sections of Redis' INFO as one server told them in one answer, with others where it is older than 7; empty where
    INFO is forbidden, as by some hosting providers."""
    try:
        found: Mapping[str, Any] = connection.info(*sections)
    except redis.ResponseError:
        # Redis 6.2 takes no more than one.
        return read_info(connection) if len(sections) > 1 else {}
    return found


def read_key(connection: Redis) -> bytes:
    """The digest key in this Redis; creates it if there is none. Raises redis-py's errors."""
    if not connection.exists(keys.SECRET):
        connection.set(keys.SECRET, secrets.token_hex(32), nx=True)
    return connection.get(keys.SECRET) or b""


def read_dataset(connection: Redis) -> str:
    """The id of the data in this Redis, which is lost with the data; creates it if there is none. Raises redis-py's
    errors."""
    found = find_dataset(connection)
    if not found:
        connection.set(keys.DATASET, secrets.token_hex(8), nx=True)
        found = find_dataset(connection)
    return found


def find_dataset(connection: Redis) -> str:
    """The id of the data in this Redis, "" if there is none yet. Raises redis-py's errors."""
    found: bytes = connection.get(keys.DATASET) or b""
    return found.decode("ascii", "replace")


def digest_address(connection: Redis) -> str:
    """16 hex digits that say which database `connection` is for: a digest of host, port, database and user, without the
    password. Does not connect."""
    options = connection.connection_pool.connection_kwargs
    host, port, number = options.get("host", "localhost"), options.get("port", 6379), options.get("db") or 0
    user = options.get("username") or "default"  # Redis' own name for whoever gives none
    return hashlib.sha256("\0".join(map(str, (host, port, number, user))).encode()).hexdigest()[:16]
