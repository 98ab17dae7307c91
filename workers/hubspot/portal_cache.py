"""The portal's properties as HubSpot lists them, read again every hour."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from leadcore.reasons import reason
from workers.flow.errors import LineDown
from workers.hubspot.client import HubSpot
from workers.rules.mapping.contact import PortalOptions
from workers.rules.mapping.options import Option
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.portal import Portal

FRESH_SECONDS = 3600.0


class PortalCache:
    """`targets` and `extras`: see `Portal`. `on_refresh` is called after each read."""

    def __init__(
        self,
        hubspot: HubSpot,
        targets: Mapping[str, str | Literal[False]],
        extras: tuple[str, ...] = (),
        on_refresh: Callable[[], None] = lambda: None,
    ) -> None:
        self.hubspot, self.targets, self.extras, self.on_refresh = hubspot, targets, extras, on_refresh
        self._portal: Portal | None = None
        self._read_at = 0.0

    def current(self) -> Portal:
        """The portal, read anew if older than an hour. Raises `LineDown`. If the token may not read properties, every
        property is taken to exist."""
        if self._portal is None or self.hubspot.machine.monotonic() - self._read_at > FRESH_SECONDS:
            try:
                definitions = self.hubspot.properties()
            except LineDown as down:
                if down.code != "forbidden":
                    raise
                definitions = []
            portal = build_portal(definitions, self.targets) if definitions else Portal(targets=self.targets)
            self._portal = replace(portal, extras=self.extras)
            self._read_at = self.hubspot.machine.monotonic()
            self.on_refresh()
        return self._portal

    def invalidate(self) -> None:
        """Read the portal anew at the next use."""
        self._portal = None


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
