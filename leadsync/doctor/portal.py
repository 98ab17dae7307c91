"""Checks of HubSpot: the token and its scopes, the properties, the quota, the clock."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from leadcore.config import Config
from leadcore.receipts import PROPERTIES
from leadcore.settings import HUBSPOT_VERSIONS
from leadcore.texts.en import ADD_SCOPE
from leadsync.doctor.finding import Finding, clock, fine, warn, wrong
from leadsync.doctor.notes import check_notes
from leadsync.doctor.orders import check_orders
from workers.bootstrap import hubspot_client
from workers.flow.errors import LineDown
from workers.hubspot import access
from workers.hubspot.client import HubSpot
from workers.hubspot.properties import DEFINITIONS
from workers.hubspot.survey import needed_scopes
from workers.hubspot.versions import LEGACY_APPS_END, is_near, list_ends
from workers.rules.formats import FormatRule, may_be_broken
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.settings import WorkerSettings

LOW_SHARE = 0.1
FORMATS = "HubSpot's rules for values"
ONLY_SETUP = re.compile(r"crm\.schemas\.\w+\.write")


def check_hubspot(settings: WorkerSettings) -> list[Finding]:
    """One check after the other, until HubSpot cannot be asked any more."""
    found: list[Finding] = []
    if settings.shared.dry_run:
        found.append(warn("DRY_RUN", "Nothing is written to HubSpot and nothing is sent.", "Unset it to go live."))
    found += judge_version(settings.shared.hubspot_version, datetime.now(UTC).date())
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
    purposes = needed_scopes(settings.shared.config)
    token = access.inspect_token(hubspot, settings.token, purposes)
    found.append(judge_token(token.kind, datetime.now(UTC).date()))
    found += judge_scopes(token.missing, purposes)
    if definitions is not None:
        found += judge_properties(definitions, settings.shared.config)
        found += judge_defaults(definitions, settings.shared.config)
    found += _check_formats(hubspot, settings.shared.config)
    found += check_orders(hubspot, settings.shared.config)
    found += check_notes(hubspot, settings.shared.config)
    found.append(judge_quota(access.read_quota_left(hubspot), settings.requests_per_day))
    sent = time.time()
    date = access.read_server_date(hubspot)
    found += judge_date(date, (sent + time.time()) / 2)


def judge_version(version: str, today: date) -> list[Finding]:
    """Pure: whether HubSpot goes on supporting what `version` uses."""
    subject = "HubSpot API version"
    fix = f"Set HUBSPOT_API_VERSION={HUBSPOT_VERSIONS[0]}, or unset it."
    if version == HUBSPOT_VERSIONS[0]:
        fix = "Install the newest leadsync."
    found = []
    for name, end in list_ends(version):
        if is_near(end, today):
            state, text = (warn, "ends on") if today < end else (wrong, "may be refused since")
            found.append(state(subject, f"{version}: HubSpot's support of {name} {text} {end}.", fix))
    return found or [fine(subject, f"{version}, supported until {list_ends(version)[0][1]}.")]


def judge_date(date: str, now: float) -> list[Finding]:
    """Pure: compares an answer's Date header (whole seconds; "" if absent) with this machine's clock."""
    try:
        return [clock("HubSpot", parsedate_to_datetime(date).timestamp() + 0.5 - now)]
    except ValueError:
        return []


def judge_token(kind: str, today: date) -> Finding:
    """Pure: what kind of token it is, and whether HubSpot goes on supporting it; `kind`: as of `access.Token`."""
    subject = "HubSpot token"
    if kind != access.LEGACY_APP:
        return fine(subject, f"Works; it is a {kind}." if kind else "Works; HubSpot does not say which kind it is.")
    if not is_near(LEGACY_APPS_END, today):
        return fine(subject, f"Works; it is a {kind}'s, supported until {LEGACY_APPS_END}.")
    text = f"Works, but it is a {kind}'s, which HubSpot supports until {LEGACY_APPS_END}."
    return warn(subject, text, "Create a Service Key with the same scopes: Settings > Integrations > Service Keys.")


def judge_scopes(missing: list[str], purposes: Mapping[str, str]) -> list[Finding]:
    """Pure. Only setup needs the scopes that create properties, so without them there is just a warning."""
    found = [
        (warn if ONLY_SETUP.fullmatch(one) else wrong)(
            "HubSpot scopes", f"{one} is missing: it is needed {purposes[one]}.", ADD_SCOPE
        )
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
    if locked := sorted(target for target in targets & known.keys() if _is_read_only(known[target])):
        text = f"The configuration names {', '.join(map(str, locked))}, which is read-only in HubSpot."
        found.append(warn(subject, text, "Name another property in the configuration; until then it is left out."))
    return found or [fine(subject, "All there.")]


def _is_read_only(definition: Mapping[str, Any]) -> bool:
    return bool((definition.get("modificationMetadata") or {}).get("readOnlyValue"))


def judge_defaults(definitions: list[dict[str, Any]], config: Config) -> list[Finding]:
    """Pure: values of `[required]` that cannot be sent."""
    known = {str(one.get("name")): one for one in definitions}
    found = []
    for name, value in config.required.items():
        one = known.get(name, {})
        options = [str(option.get("value")) for option in one.get("options") or []]
        values = value.split(";") if one.get("fieldType") == "checkbox" else [value]
        if name not in known:
            why = "HubSpot has no such property"
        elif _is_read_only(one):
            why = "it is read-only in HubSpot"
        elif one.get("hasUniqueValue") is True:
            why = "its values are unique, and one value for all would make all customers one contact"
        elif options and not set(values) <= set(options):
            why = f"it is none of its options: {', '.join(options[:20])}"
        else:
            continue
        found.append(
            warn("[required]", f"The value for {name} is not sent: {why}.", "Change [required] in leadsync.toml.")
        )
    return found


def _check_formats(hubspot: HubSpot, config: Config) -> list[Finding]:
    try:
        return judge_formats(hubspot.formats(), config)
    except LineDown as down:
        if down.code not in ("forbidden", "unexpected"):
            raise
        return [fine(FORMATS, "HubSpot does not tell whether there are any.")]


def judge_formats(formats: Mapping[str, list[FormatRule]], config: Config) -> list[Finding]:
    """Pure: the portal's rules for the form of values that ours may break."""
    own = {config.mapping.get(name, name): name for name in PROPERTIES} | dict.fromkeys(config.properties.values(), "")
    broken = [
        f"{target} ({rule})"
        for target, rules in formats.items()
        for rule in rules
        if target in own and may_be_broken(own[target], rule)
    ]
    if not broken:
        return [fine(FORMATS, "There are none that what is written could break.")]
    text = f"What is written may break the portal's rules: {', '.join(broken)}."
    fix = (
        'HubSpot refuses such a value, and it goes to "Values not saved". Loosen the rule in HubSpot (Settings > '
        "Properties)."
    )
    return [warn(FORMATS, text, fix)]


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
