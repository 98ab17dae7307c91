"""Pure: HubSpot's API versions, where each puts its name into a path, and until when HubSpot supports it.

HubSpot's client and the calls of this package ask for the numbered paths (`/crm/v3/objects/contacts`); `with_version`
turns one into the dated path that takes its place (`/crm/objects/2026-09/contacts`). Source of paths and dates:
HubSpot's API reference and changelog, read in November 2026.
"""

import re
from collections.abc import Mapping
from datetime import date

from leadcore.settings import UNDATED_VERSION

# The areas that have dated paths; any other keeps its own version.
_NUMBERED = re.compile(
    r"/crm/v[34]/(objects|associations|properties|pipelines|owners|property-validations|object-library|limits)(?=[/?]|$)"
)
_ACCOUNT = "/account-info/v3/"

SUPPORT_ENDS: Mapping[str, date] = {
    "2026-09": date(2028, 3, 8),
    "2026-03": date(2027, 9, 30),
    UNDATED_VERSION: date(2027, 9, 1),
}
"""The first day on which each version may be refused. A dated one is supported for 18 months; of v1 to v3 HubSpot names
the month."""
ASSOCIATIONS_V4_END = date(2027, 3, 30)
"""Associations of `UNDATED_VERSION` are read and written in v4."""
LEGACY_APPS_END = date(2027, 9, 1)
"""Tokens of legacy private apps; HubSpot names the month."""
NOTICE_DAYS = 183
"""How long before an end it is worth a warning: half a year."""


def with_version(path: str, version: str) -> str:
    """`path`, which begins after the host, for `version`; unchanged for `UNDATED_VERSION`."""
    if version == UNDATED_VERSION:
        return path
    if path.startswith(_ACCOUNT):
        return f"/account-info/{version}/{path.removeprefix(_ACCOUNT)}"
    found = _NUMBERED.match(path)
    return f"/crm/{found[1]}/{version}{path[found.end() :]}" if found else path


def list_ends(version: str) -> list[tuple[str, date]]:
    """What of `version` ends and when: a name for people, and the first day on which it may be refused."""
    if version == UNDATED_VERSION:
        return [("v4 (associations)", ASSOCIATIONS_V4_END), (version, SUPPORT_ENDS[version])]
    return [(version, SUPPORT_ENDS[version])]


def is_near(end: date, today: date) -> bool:
    """Whether `end` is less than half a year away, or past."""
    return (end - today).days <= NOTICE_DAYS
