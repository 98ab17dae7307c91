"""The portal's properties as HubSpot lists them, read again every hour: by one worker for all of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from leadcore.machine import Event
from leadcore.reasons import reason
from workers.flow.errors import LineDown
from workers.hubspot.client import HubSpot
from workers.hubspot.portal_store import PortalStore, shorten
from workers.hubspot.shared_cache import FRESH_SECONDS, SharedCache
from workers.rules.mapping.contact import PortalOptions
from workers.rules.mapping.options import Option
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.portal import Portal

# A token that may not list the properties may be given the scope at any moment.
FORBIDDEN_SECONDS = 600.0
# A property that HubSpot refuses although a new list says the same of it is no reason for another one in so long.
REFUSED_SECONDS = 60.0
_LookUp: TypeAlias = tuple[bool, Sequence[Option] | None]


class PortalCache(SharedCache[Portal]):
    """The properties of contacts. `targets` and `extras`: see `Portal`. `on_refresh` is called after each read. If the
    token may not read properties, every property is taken to exist."""

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
        super().__init__(hubspot.machine, store, stop)
        self.hubspot, self.targets, self.extras, self.on_refresh = hubspot, targets, extras, on_refresh
        # Refused property -> until when it is no reason for a new list, and what the list said of it.
        self._refused: dict[str, tuple[float, _LookUp]] = {}

    def note_refused(self, name: str) -> None:
        """HubSpot does not know the property `name`, or an option of it: let the list be read anew at once."""
        now = self.machine.monotonic()
        if self._value and now >= self._refused.get(name, (0.0, None))[0]:
            self._refused[name] = now + REFUSED_SECONDS, _look_up(self._value, name)
            self.invalidate(doubted=True)
            if self.store:
                self.begin_refresh(self.store)

    def fetch(self) -> list[dict[str, Any]]:
        try:
            definitions = self.hubspot.properties()
        except LineDown as down:
            if down.code != "forbidden":
                raise
            definitions = []
        return [shorten(one) for one in definitions]

    def build(self, listing: Sequence[Mapping[str, Any]]) -> Portal:
        portal = build_portal(listing, self.targets) if listing else Portal(targets=self.targets)
        return replace(portal, extras=self.extras)

    def note(self, value: Portal, listing: Sequence[Any]) -> float:
        self._refused = {name: one for name, one in self._refused.items() if one[1] == _look_up(value, name)}
        return FRESH_SECONDS if listing else FORBIDDEN_SECONDS

    def _read(self) -> tuple[Portal, Any]:
        found = super()._read()
        self.on_refresh()
        return found


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
