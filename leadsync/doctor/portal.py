"""Checks of HubSpot: the token and its scopes, the properties, the quota, the clock."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from leadcore.config import Config
from leadsync.doctor.finding import Finding, clock, fine, warn, wrong
from workers.bootstrap import hubspot_client
from workers.flow.errors import LineDown
from workers.hubspot import access
from workers.hubspot.client import HubSpot
from workers.hubspot.properties import DEFINITIONS
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.settings import WorkerSettings

LOW_SHARE = 0.1
ONLY_SETUP = "crm.schemas.contacts.write"
SCOPE_FIX = "Tick it in HubSpot: Settings > Integrations > Private apps > Scopes."


def check_hubspot(settings: WorkerSettings) -> list[Finding]:
    """One check after the other, until HubSpot cannot be asked any more."""
    found: list[Finding] = []
    if settings.shared.dry_run:
        found.append(warn("DRY_RUN", "Nothing is written to HubSpot and nothing is sent.", "Unset it to go live."))
    with hubspot_client(settings) as hubspot:
        try:
            _check(hubspot, settings, found)
        except LineDown as down:
            found.append(wrong("HubSpot", str(down), "The rest of HubSpot was not checked."))
    return found


def _check(hubspot: HubSpot, settings: WorkerSettings, found: list[Finding]) -> None:
    definitions = None
    try:
        definitions = hubspot.properties()
    except LineDown as down:
        if down.code != "forbidden":
            raise
    found.append(fine("HubSpot token", "Works."))
    found += judge_scopes(access.find_missing_scopes(hubspot, settings.token))
    if definitions is not None:
        found += judge_properties(definitions, settings.shared.config)
    found.append(judge_quota(access.read_quota_left(hubspot), settings.requests_per_day))
    sent = time.time()
    date = access.read_server_date(hubspot)
    found += judge_date(date, (sent + time.time()) / 2)


def judge_date(date: str, now: float) -> list[Finding]:
    """Pure: compares an answer's Date header (whole seconds; "" if absent) with this machine's clock."""
    try:
        return [clock("HubSpot", parsedate_to_datetime(date).timestamp() + 0.5 - now)]
    except ValueError:
        return []


def judge_scopes(missing: list[str]) -> list[Finding]:
    """Pure. Only setup needs the scope that creates properties, so without it there is just a warning."""
    found = [
        warn("HubSpot scopes", f"{one} is missing; only leadsync setup needs it.", SCOPE_FIX)
        if one == ONLY_SETUP
        else wrong("HubSpot scopes", f"{one} is missing.", SCOPE_FIX)
        for one in missing
    ]
    return found or [fine("HubSpot scopes", "All there.")]


def judge_properties(definitions: list[dict[str, Any]], config: Config) -> list[Finding]:
    """Pure: what the portal's properties lack for this configuration."""
    subject, setup = "HubSpot properties", "Run: leadsync setup"
    known: Mapping[str, Mapping[str, Any]] = {str(one.get("name")): one for one in definitions}
    found = []
    if known.get(CUSTOMER_ID, {}).get("hasUniqueValue") is False:
        fix = "Delete or rename it in HubSpot (Settings > Properties), then run: leadsync setup"
        found.append(wrong(subject, f"{CUSTOMER_ID} does not have unique values.", fix))
    core, rest = (
        [one.name for one in DEFINITIONS if one.core is core and config.mapping.get(one.name) is None]
        for core in (True, False)
    )
    for state, names in ((wrong, core), (warn, rest)):
        missing = [name for name in names if name not in known]
        if missing:
            found.append(state(subject, f"Missing: {', '.join(missing)}.", setup))
    targets = {target for target in (*config.mapping.values(), *config.properties.values()) if target}
    unknown = sorted(targets - known.keys())
    if unknown:
        text = f"The configuration names {', '.join(map(str, unknown))}, which HubSpot does not have."
        found.append(
            warn(subject, text, "Create it in HubSpot or change the configuration; until then it is left out.")
        )
    return found or [fine(subject, "All there.")]


def judge_quota(quota: tuple[int, int] | None, per_day: int) -> Finding:
    """Pure: `quota` is requests left today, of how many; `per_day` is what the settings say where HubSpot does not."""
    subject = "HubSpot quota"
    if quota is None:
        text = f"HubSpot does not say how much is left today, so HUBSPOT_REQUESTS_PER_DAY counts: {per_day:,}."
        return fine(subject, text)
    left, limit = quota
    text = f"{left:,} of {limit:,} requests are left today."
    if left <= LOW_SHARE * limit:
        return warn(
            subject, text, "Find out which app uses it, or buy more; when it is used up, leads wait until midnight."
        )
    return fine(subject, text)
