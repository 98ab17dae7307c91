"""The portal as HubSpot describes it, read again every hour."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from workers.hubspot.client import HubSpot
from workers.hubspot.outcomes import LineDown
from workers.portal import Portal, describe

FRESH_SECONDS = 3600.0


class Survey:
    """`targets` are the shop's names of our properties, `extras` the properties that it fills by itself; `introduce` is
    called whenever it was read."""

    def __init__(
        self,
        hubspot: HubSpot,
        targets: Mapping[str, str | Literal[False]],
        extras: tuple[str, ...] = (),
        introduce: Callable[[], None] = lambda: None,
    ) -> None:
        self.hubspot, self.targets, self.extras, self.introduce = hubspot, targets, extras, introduce
        self._portal: Portal | None = None
        self._read_at = 0.0

    def current(self) -> Portal:
        """Raises `LineDown`. Where the token may not read properties, everything is taken to exist."""
        if self._portal is None or time.monotonic() - self._read_at > FRESH_SECONDS:
            try:
                definitions = self.hubspot.properties()
            except LineDown as down:
                if down.code != "forbidden":
                    raise
                definitions = []
            portal = describe(definitions, self.targets) if definitions else Portal(targets=self.targets)
            self._portal = replace(portal, extras=self.extras)
            self._read_at = time.monotonic()
            self.introduce()
        return self._portal

    def forget(self) -> None:
        """Read it anew at the next use."""
        self._portal = None
