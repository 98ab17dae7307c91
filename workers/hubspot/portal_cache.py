"""The portal's properties as HubSpot lists them, read again every hour: by one worker for all of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import structlog

from leadcore.machine import Event
from leadcore.reasons import reason
from leadcore.store.connection import AWAY
from workers.flow.errors import LineDown, Stopping
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_store import PortalStore
from workers.rules.mapping.contact import PortalOptions
from workers.rules.mapping.options import Option
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.portal import Portal

FRESH_SECONDS = 3600.0
# A token that may not list the properties may be given the scope at any moment.
FORBIDDEN_SECONDS = 600.0
# How often a drain looks whether another worker has read the properties anew, after it did when it began.
CHECK_SECONDS = 5.0
# A property that HubSpot refuses although a new list says the same of it is no reason for another one in so long.
REFUSED_SECONDS = 60.0
WAIT_SECONDS = 0.05
_LookUp: TypeAlias = tuple[bool, Sequence[Option] | None]
log = structlog.get_logger("leadsync.portal")


class PortalCache:
    """`targets` and `extras`: see `Portal`. `on_refresh` is called after each read. `store`: what the workers share,
    None for a single command."""

    def __init__(
        self,
        hubspot: HubSpot,
        targets: Mapping[str, str | Literal[False]],
        extras: tuple[str, ...] = (),
        on_refresh: Callable[[], None] = lambda: None,
        *,
        store: PortalStore | None = None,
        stop: Event | None = None,
    ) -> None:
        self.hubspot, self.targets, self.extras, self.on_refresh = hubspot, targets, extras, on_refresh
        self.store, self.stop = store, stop or hubspot.machine.event()
        self._portal: Portal | None = None
        # When the list was read, and when one that is wrong was read: by Redis' clock, in ms.
        self._read_ms = self._wrong_ms = 0
        # By this machine's clock.
        self._stale_at = self._check_at = 0.0
        # Refused property -> until when it is no reason for a new list, and what the list said of it.
        self._refused: dict[str, tuple[float, _LookUp]] = {}
        self._refreshing = False

    def current(self) -> Portal:
        """The portal, as it was at most an hour ago; where workers share a list, it is read anew in the background.
        Raises `LineDown`, `Stopping` and redis-py's errors. If the token may not read properties, every property is
        taken to exist."""
        now = self.hubspot.machine.monotonic()
        if self._portal is None or (self.store is None and now > self._stale_at):
            return self._share(self.store) if self.store else self._use(*self._read(), 0)
        if self.store and now >= self._check_at:
            self._follow(self.store, now)
        return self._portal

    def check(self) -> None:
        """Look at the next use whether another worker has read the list anew."""
        self._check_at = 0.0

    def invalidate(self) -> None:
        """What HubSpot says does not fit the list: let it be read anew at the next use, unless another worker has."""
        self._portal, self._wrong_ms = None, self._read_ms

    def note_refused(self, name: str) -> None:
        """HubSpot does not know the property `name`, or an option of it: let the list be read anew at once."""
        now = self.hubspot.machine.monotonic()
        if self._portal and now >= self._refused.get(name, (0.0, None))[0]:
            self._refused[name] = now + REFUSED_SECONDS, _look_up(self._portal, name)
            self.invalidate()
            if self.store:
                self._begin_refresh(self.store)

    def _share(self, store: PortalStore) -> Portal:
        """The list in Redis, or a new one; waits for the worker that is reading it."""
        while True:
            if found := self._adopt(store):
                return found
            with store.lock() as is_ours:
                if is_ours:
                    # Another worker may have stored it right before.
                    return self._adopt(store) or self._read_for_all(store)
            if self.stop.wait(WAIT_SECONDS):
                raise Stopping("reading the portal's properties")

    def _read_for_all(self, store: PortalStore) -> Portal:
        read_ms = store.now_ms()
        portal, definitions = self._read()
        store.save(read_ms, definitions)
        return self._use(portal, definitions, read_ms)

    def _adopt(self, store: PortalStore) -> Portal | None:
        read_ms, definitions = store.load()
        if read_ms <= self._wrong_ms:
            return None
        age = max(store.now_ms() - read_ms, 0) / 1000
        return self._use(self._build(definitions), definitions, read_ms, age)

    def _follow(self, store: PortalStore, now: float) -> None:
        """Take the list that another worker has read since, or read it in the background once it is an hour old."""
        self._check_at = now + CHECK_SECONDS
        if store.read_at() not in (0, self._read_ms):
            self._adopt(store)
        if now > self._stale_at:
            self._begin_refresh(store)

    def _begin_refresh(self, store: PortalStore) -> None:
        if not self._refreshing:
            self._refreshing = True
            self.hubspot.machine.thread(lambda: self._refresh(store), "portal").start()

    def _refresh(self, store: PortalStore) -> None:
        """In its own thread: store a new list, which `current` then takes."""
        try:
            with store.lock() as is_ours:
                if is_ours and store.read_at() <= self._read_ms:
                    read_ms = store.now_ms()
                    store.save(read_ms, self._read()[1])
        except (LineDown, Stopping, *AWAY) as error:  # the old list still serves
            log.info("portal.not_read", error=type(error).__name__)
        except Exception as error:  # a thread must not end with a traceback
            log.warning("portal.not_read", error=type(error).__name__)
        finally:
            self._refreshing = False

    def _read(self) -> tuple[Portal, list[dict[str, Any]]]:
        try:
            definitions = self.hubspot.properties()
        except LineDown as down:
            if down.code != "forbidden":
                raise
            definitions = []
        portal = self._build(definitions)
        self.on_refresh()
        return portal, definitions

    def _build(self, definitions: Iterable[Mapping[str, Any]]) -> Portal:
        portal = build_portal(definitions, self.targets) if definitions else Portal(targets=self.targets)
        return replace(portal, extras=self.extras)

    def _use(self, portal: Portal, definitions: Iterable[Any], read_ms: int, age: float = 0.0) -> Portal:
        now = self.hubspot.machine.monotonic()
        self._portal, self._read_ms = portal, read_ms
        self._refused = {name: one for name, one in self._refused.items() if one[1] == _look_up(portal, name)}
        self._check_at = now + CHECK_SECONDS
        self._stale_at = now + (FRESH_SECONDS if definitions else FORBIDDEN_SECONDS) - age
        return portal


def _look_up(portal: Portal, name: str) -> _LookUp:
    """What HubSpot's list says of the property."""
    return portal.has(name), portal.options.by_property.get(name)


def build_portal(definitions: Iterable[Mapping[str, Any]], targets: Mapping[str, str | Literal[False]]) -> Portal:
    """The portal that HubSpot's list of properties describes; raises `LineDown` if the upsert key cannot be used."""
    by_name = {str(one.get("name")): one for one in definitions}
    key = by_name.get(CUSTOMER_ID)
    if key is None:
        raise LineDown("no_key", reason("key_missing", property=CUSTOMER_ID))
    if key.get("hasUniqueValue") is False:
        raise LineDown("no_key", reason("key_not_unique", property=CUSTOMER_ID))
    writable = {
        name for name, one in by_name.items() if not (one.get("modificationMetadata") or {}).get("readOnlyValue")
    }
    portal = Portal(
        frozenset(writable),
        targets=targets,
        labels={name: str(one.get("label") or "") for name, one in by_name.items()},
        choices=frozenset(name for name, one in by_name.items() if one.get("type") in ("enumeration", "bool")),
        unique=frozenset(name for name, one in by_name.items() if one.get("hasUniqueValue") is True),
    )
    options = {
        portal.source(name): [Option(str(o.get("value")), str(o.get("label"))) for o in one.get("options") or []]
        for name, one in by_name.items()
        if one.get("type") == "enumeration"
    }
    return replace(portal, options=PortalOptions({name: choices for name, choices in options.items() if choices}))
