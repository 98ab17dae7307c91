"""What the token may do. HubSpot's token-info call is for private apps; a service key may be refused it (unconfirmed),
so each scope is then tried with a request that changes nothing."""

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
# Without rows, or without a name: whoever lacks the scope gets 403, anybody else an error or an empty answer.
_TRIES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/crm/v3/objects/contacts/batch/read", {"inputs": [], "properties": [], "propertiesWithHistory": []}),
    ("POST", "/crm/v3/objects/contacts/batch/update", {"inputs": []}),
    ("GET", "/crm/v3/properties/contacts/email", None),
    ("POST", "/crm/v3/properties/contacts", {}),
)


def missing_scopes(hubspot: HubSpot, token: str) -> list[str]:
    """The needed scopes that the token lacks; raises `LineDown` if HubSpot cannot be reached."""
    scopes = hubspot.ask("POST", _INFO, {"tokenKey": token}).json().get("scopes")
    if isinstance(scopes, list):
        return [scope for scope in NEEDED if scope not in scopes]
    return [scope for scope, one in zip(NEEDED, _TRIES, strict=True) if hubspot.ask(*one).status == 403]


def portal(hubspot: HubSpot) -> tuple[str, str] | None:
    """The portal's id and the domain of its pages, None if HubSpot does not say. Raises as `missing_scopes`."""
    said = hubspot.ask("GET", _DETAILS).json()
    number, domain = said.get("portalId"), said.get("uiDomain")
    return (str(number), domain) if isinstance(number, int) and isinstance(domain, str) else None


def quota_left(hubspot: HubSpot) -> tuple[int, int] | None:
    """Requests left today, of how many; None if HubSpot does not say. Raises as `missing_scopes`."""
    answer = hubspot.ask("GET", _USAGE)
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


def clock(hubspot: HubSpot) -> str:
    """The Date header of an answer, "" if there is none. Raises as `missing_scopes`."""
    return hubspot.ask("GET", _USAGE).headers.get("date", "")
