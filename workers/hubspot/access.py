"""The token and its scopes, and the account. HubSpot's token-info call is for legacy private apps and may not know a
service key (unconfirmed); then each scope is probed with a request that changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workers.flow.errors import LineDown
from workers.hubspot.answers import raise_line_down
from workers.hubspot.client import HubSpot
from workers.hubspot.scopes import PURPOSES

LEGACY_APP, SERVICE_KEY = "legacy private app", "service key"
_INFO = "/oauth/v2/private-apps/get/access-token-info"
_DETAILS = "/account-info/v3/details"
_USAGE = "/account-info/v3/api-usage/daily/private-apps"


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: `LEGACY_APP`, `SERVICE_KEY`, or "" where HubSpot does not let us tell; `missing`: the needed scopes that
    it lacks."""

    kind: str
    missing: list[str]


def inspect_token(hubspot: HubSpot, token: str, wanted: Iterable[str] = PURPOSES) -> Token:
    """What HubSpot says of a token that it accepts; `wanted`: the scopes that are needed. Raises `LineDown` if HubSpot
    cannot be reached, or does not say."""
    info = hubspot.request("POST", _INFO, {"tokenKey": token})
    scopes = info.json().get("scopes")
    if info.status < 300 and isinstance(scopes, list):
        return Token(LEGACY_APP, [scope for scope in wanted if not {scope, _instead_of(scope)} & set(map(str, scopes))])
    # It does not know the token, which works: then it is none of a private app's.
    kind = SERVICE_KEY if info.is_object and info.status in (400, 401, 403, 404) else ""
    return Token(kind, [scope for scope in wanted if _lacks(hubspot, scope)])


def _lacks(hubspot: HubSpot, scope: str) -> bool:
    """Raises `LineDown` if HubSpot does not say."""
    answer = hubspot.request(*_probe(scope))
    try:
        raise_line_down(answer)
    except LineDown as down:
        if down.code == "forbidden":
            return True
        if down.code != "unexpected" or answer.status == 403:
            raise
    return False


def _instead_of(scope: str) -> str:
    """The scope that does as well."""
    return "e-commerce" if ".line_items." in scope else scope


def _probe(scope: str) -> tuple[str, str, Any]:
    """A request without inputs or a name: 403 if the scope is missing, else another error or an empty answer."""
    _, area, kind, verb = scope.split(".")
    if kind == "owners":
        return "GET", "/crm/v3/owners?limit=1", None
    if area == "schemas" and verb == "read":
        return "GET", f"/crm/v3/properties/{kind}/hs_object_id", None
    if area == "schemas":
        return "POST", f"/crm/v3/properties/{kind}", {}
    if verb == "write":
        return "POST", f"/crm/v3/objects/{kind}/batch/update", {"inputs": []}
    nothing: list[str] = []
    body = {"inputs": nothing, "properties": nothing, "propertiesWithHistory": nothing}
    return "POST", f"/crm/v3/objects/{kind}/batch/read", body


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
