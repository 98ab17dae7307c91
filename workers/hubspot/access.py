"""The scopes of the token, and the account. HubSpot's token-info call is for private apps and may be refused to a
service key (unconfirmed); then each scope is probed with a request that changes nothing."""

from typing import Any

from workers.hubspot.client import HubSpot

NEEDED = (
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
)
_INFO = "/oauth/v2/private-apps/get/access-token-info"
_DETAILS = "/account-info/v3/details"
_USAGE = "/account-info/v3/api-usage/daily/private-apps"
# Without inputs or a name: 403 if the scope is missing, else another error or an empty answer.
_PROBES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/crm/v3/objects/contacts/batch/read", {"inputs": [], "properties": [], "propertiesWithHistory": []}),
    ("POST", "/crm/v3/objects/contacts/batch/update", {"inputs": []}),
    ("GET", "/crm/v3/properties/contacts/email", None),
    ("POST", "/crm/v3/properties/contacts", {}),
)


def find_missing_scopes(hubspot: HubSpot, token: str) -> list[str]:
    """The needed scopes that the token lacks; raises `LineDown` if HubSpot cannot be reached."""
    scopes = hubspot.request("POST", _INFO, {"tokenKey": token}).json().get("scopes")
    if isinstance(scopes, list):
        return [scope for scope in NEEDED if scope not in scopes]
    return [scope for scope, one in zip(NEEDED, _PROBES, strict=True) if hubspot.request(*one).status == 403]


def read_account(hubspot: HubSpot) -> dict[str, str]:
    """What HubSpot says of the portal: "id", "domain" of its pages, "time_zone"; {} without the first two. Raises
    `LineDown`."""
    details = hubspot.request("GET", _DETAILS).json()
    number, domain, time_zone = (details.get(name) for name in ("portalId", "uiDomain", "timeZone"))
    if not (isinstance(number, int) and isinstance(domain, str)):
        return {}
    known = {"id": str(number), "domain": domain}
    return known | {"time_zone": time_zone} if isinstance(time_zone, str) else known


def read_quota_left(hubspot: HubSpot) -> tuple[int, int] | None:
    """Requests left today, and the daily limit; None if HubSpot does not say. Raises `LineDown`."""
    answer = hubspot.request("GET", _USAGE)
    left, limit = (answer.headers.get(f"x-hubspot-ratelimit-daily{end}", "") for end in ("-remaining", ""))
    if left.isdigit() and limit.isdigit():
        return int(left), int(limit)
    results = answer.json().get("results")
    for one in results if isinstance(results, list) else []:
        if (
            isinstance(one, dict)
            and isinstance(one.get("currentUsage"), int)
            and isinstance(one.get("usageLimit"), int)
        ):
            return max(one["usageLimit"] - one["currentUsage"], 0), one["usageLimit"]
    return None


def read_server_date(hubspot: HubSpot) -> str:
    """The Date header of an answer, "" if there is none. Raises `LineDown`."""
    return hubspot.request("GET", _USAGE).headers.get("date", "")
