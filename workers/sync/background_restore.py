"""After Redis was emptied: bring back, in the background, who has which contact, until every customer is known again.

Until then each unknown customer is looked up in HubSpot, which is a second call for each batch. One worker at a time
searches the portal's contacts of ours in the order of their ids, 200 a call (the list of all contacts gives 100, and
those of others too), and stores a record for each customer who has none.
"""

from contextlib import suppress
from typing import Any

import structlog

from leadcore.config import Config
from leadcore.machine import Event
from leadcore.store import keys, scripts
from leadcore.store.condition import describe_condition
from leadcore.store.connection import AWAY, Redis, read_info
from leadcore.store.lua import NOW
from leadcore.store.restoring import INTACT, RESTORED
from leadcore.store.streams import Stream
from workers.flow.errors import LineDown, Stopping
from workers.flow.request_context import checked
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_cache import PortalCache
from workers.hubspot.portal_store import PortalStore
from workers.hubspot.search_quota import SEARCH_INTERVAL_SECONDS
from workers.rules.customer import pack
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED, OTHER_IDS
from workers.sync.customer_store import CustomerStore
from workers.sync.restore import MERGED_ABOVE, PAGE_SIZE, SEARCH_LAG_MS, find_customers, read_bearers

IDLE_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0
# The part of HubSpot's quotas, for 10 s and for a day, that this may use, and the part of Redis' memory that others may
# have used before it stops.
QUOTA_PART, MEMORY_PART = 0.1, 0.6
# Longer than a call may take, with the wait for its slot.
LOCK_MS = 60_000
DAY_MS = 86_400_000
ALL_READ = "all"
log = structlog.get_logger("leadsync.restore")

# Defines `held`: whether this worker still restores the store that it began with. Uses `token`, `key` (the digest key,
# '' if the environment fixes it) and KEYS.
_HELD = f"""
local lock, store, secret, progress = unpack(KEYS)
local token, key = ARGV[1], ARGV[2]
local held = redis.call('GET', lock) == token and redis.call('GET', store) == '{RESTORED}'
  and (key == '' or redis.call('GET', secret) == key)
"""

_STORE = (
    """
-- Returns 1, or 0 if the lock or the data was lost: then nothing is written. seen_ms: the page may be as old as that.
-- place: the field that holds how far this is; total: 0 where the page is of merged contacts, which come once more.
-- calls, ms: how many calls the page took beside its search, and how long they put off the next.
-- ARGV from 10 on, per customer: key, key of the tombstone, record.
"""
    + _HELD
    + """
local place, above, count, total, seen_ms, calls, ms = unpack(ARGV, 3, 9)
if not held then return 0 end
for at = 10, #ARGV, 3 do
  -- Of somebody who was forgotten since, nothing comes back.
  local forgotten_ms = tonumber(string.match(redis.call('GET', ARGV[at + 1]) or '', '^%d+'))
  if not forgotten_ms or forgotten_ms < tonumber(seen_ms) then redis.call('SET', ARGV[at], ARGV[at + 2], 'NX') end
end
redis.call('HSET', progress, place, above, 'waits', '')
redis.call('HINCRBY', progress, 'calls', calls)
redis.call('HINCRBY', progress, 'called_ms', ms)
if total == '0' then return 1 end
redis.call('HINCRBY', progress, 'done', count)
redis.call('HSETNX', progress, 'total', total)
return 1
"""
)

_FINISH = (
    """
-- Returns 1 if every customer is known now, 0 if the lock or the data was lost.
"""
    + _HELD
    + f"""
if not held then return 0 end
redis.call('SET', store, '{INTACT}')
redis.call('DEL', progress, lock)
return 1
"""
)

_CLAIM = (
    """
-- Returns {now in ms, ms until a call may be made, calls made today with this one}; claims the call if it is now.
-- interval_ms: between two calls; per_day: 0 if none may be made.
local progress, quota = unpack(KEYS)
local interval_ms, lag_ms, per_day, day_ms = unpack(ARGV)
"""
    + NOW
    + """
redis.call('HSETNX', progress, 'since_ms', string.format('%.0f', now))
local since, called, day, calls = unpack(redis.call('HMGET', progress, 'since_ms', 'called_ms', 'day', 'calls'))
-- HubSpot's day is the portal's; where its end is not known yet, a day of UTC.
local ends = tonumber(redis.call('HGET', quota, 'ends'))
if not ends or ends <= now then ends = (math.floor(now / day_ms) + 1) * day_ms end
local today = string.format('%.0f', ends)
local wait = math.max(since + lag_ms - now, (called or 0) + interval_ms - now)
if wait > 0 then return {now, math.ceil(wait), 0} end
calls = day == today and tonumber(calls) or 0
if calls >= tonumber(per_day) then return {now, ends - now, calls} end
redis.call('HSET', progress, 'called_ms', string.format('%.0f', now), 'day', today, 'calls', calls + 1)
return {now, 0, calls + 1}
"""
)


class BackgroundRestore:
    """One per worker process, in a thread of its own. What it knows it keeps in Redis, so that another worker, or this
    one after a restart, goes on where it ended. `fixed_key`: see `CustomerStore`."""

    def __init__(
        self,
        connection: Redis,
        hubspot: HubSpot,
        config: Config,
        fixed_key: bytes,
        stop: Event,
        requests_per_day: int,
    ) -> None:
        self.redis, self.hubspot, self.stop, self.machine = connection, hubspot, stop, hubspot.machine
        self.customers, self.inbox = CustomerStore(connection, fixed_key), Stream(connection)
        store = PortalStore(connection, hubspot, config.mapping, tuple(config.properties.values()))
        self.portal_cache = PortalCache(hubspot, config.mapping, store=store, stop=stop)
        self.per_day = max(int(requests_per_day * QUOTA_PART), 1)
        self.token = hubspot.machine.token()
        self._failures = 0
        self._store = connection.register_script(_STORE)
        self._finish = connection.register_script(_FINISH)
        self._claim = connection.register_script(_CLAIM)
        self._renew = connection.register_script(scripts.RENEW)

    def start(self) -> None:
        """Begin, unless this worker writes nothing. The thread ends with `stop`."""
        if not self.hubspot.dry_run:
            self.machine.thread(self._run, "restore").start()

    def _run(self) -> None:
        seconds = 0.0
        while not self.stop.wait(seconds):
            try:
                seconds = self.step()
            except Stopping:
                break
            except AWAY as error:  # maintenance tells of it
                log.debug("restore.failed", error=type(error).__name__)
                seconds = IDLE_SECONDS
            except Exception as error:  # the thread must survive every fault
                log.warning("restore.failed", error=type(error).__name__)
                seconds = LONGEST_WAIT_SECONDS
        with suppress(*AWAY):  # it expires
            self.redis.eval(scripts.UNLOCK, 1, keys.RESTORE_LOCK, self.token)

    def step(self) -> float:
        """Read at most one page. Returns after how many seconds there may be something to do. Raises `Stopping` and
        redis-py's errors."""
        if self.redis.get(keys.STORE) != RESTORED.encode() or not self._holds_lock():
            return IDLE_SECONDS
        if waits := self._find_obstacle():
            return self._wait(waits, IDLE_SECONDS)
        interval_ms = int(max(10_000 / (self.hubspot.budget.granted * QUOTA_PART), SEARCH_INTERVAL_SECONDS * 1000))
        arguments = [interval_ms, SEARCH_LAG_MS, self.per_day, DAY_MS]
        now_ms, wait_ms, calls = self._claim(keys=[keys.RESTORE, keys.DAY], args=arguments)
        if wait_ms:
            return self._wait("quota", IDLE_SECONDS) if calls else min(wait_ms / 1000, IDLE_SECONDS)
        try:
            self._read_page(now_ms, interval_ms)
        except LineDown as down:
            self._failures += 1
            longer = min(IDLE_SECONDS * 2**self._failures, LONGEST_WAIT_SECONDS)
            return self._wait(down.code, max(down.seconds or 0.0, longer))
        self._failures = 0
        return interval_ms / 1000

    def _holds_lock(self) -> bool:
        held = self.inbox.acquire_lock(keys.RESTORE_LOCK, self.token, LOCK_MS)
        return bool(held or self._renew(keys=[keys.RESTORE_LOCK], args=[self.token, LOCK_MS]))

    def _find_obstacle(self) -> str:
        if describe_condition(read_info(self.redis, "memory")).part >= MEMORY_PART:
            return "memory"
        # A pause that is over stays until a lead is written, and there may be none.
        seconds, _ = self.redis.time()
        return "paused" if int(self.redis.hget(keys.PAUSE, "until") or 0) > seconds * 1000 else ""

    def _wait(self, waits: str, seconds: float) -> float:
        if (self.redis.hget(keys.RESTORE, "waits") or b"").decode() != waits:
            log.info("restore.waits", code=waits)
            self.inbox.apply([("HSET", keys.RESTORE, "waits", waits)])
        return seconds

    def _read_page(self, now_ms: int, interval_ms: int) -> None:
        """Read the next contacts and store whose they are: first of those that were merged when search did not show it
        yet, since nobody finds their other customers by id, then of all. After the last one, call the store whole.
        Raises `LineDown`."""
        properties = [CUSTOMER_ID]
        if self.portal_cache.current().has(OTHER_IDS):
            properties.append(OTHER_IDS)
        key = self.customers.use_key()
        names = [keys.RESTORE_LOCK, keys.STORE, keys.SECRET, keys.RESTORE]
        held = [self.token, b"" if self.customers.fixed_key else key]
        merged, above = ((one or b"").decode() for one in self.redis.hmget(keys.RESTORE, MERGED_ABOVE, "above"))
        # A restore that an earlier version began has no place among the merged ones.
        is_first = merged not in ("", ALL_READ)
        having = [MERGED] if is_first else properties
        found = self.hubspot.search(
            having, [*properties, MERGED], above=merged if is_first else above or "0", limit=PAGE_SIZE
        )
        contacts = found.get("results") or []
        if not (contacts or is_first):
            if self._finish(keys=names, args=held):
                log.info("restore.finished")
            return
        arguments: list[Any] = []
        more: list[bool] = []
        # Many calls to a HubSpot that is slow may take longer than the lock lasts.
        with checked(lambda: more.append(self._holds_lock())):
            bearers = read_bearers(self.hubspot, contacts)
        for customer_id, record in find_customers(contacts, bearers).items():
            digest = keys.digest(key, customer_id)
            arguments += [keys.customer(digest), keys.forgotten(digest), pack(record)]
        last = str(contacts[-1].get("id")) if contacts else ALL_READ
        total = 0 if is_first else max(int(found.get("total") or 0), len(contacts))
        page = [MERGED_ABOVE if is_first else "above", last, len(contacts), total, now_ms - SEARCH_LAG_MS]
        page += [len(more), len(more) * interval_ms]
        if not self._store(keys=names, args=[*held, *page, *arguments]) and not self.customers.fixed_key:
            # Redis was emptied again: there is another key.
            self.customers.key = b""
