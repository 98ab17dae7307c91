"""What an app can ask about its account and its token."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, Response, request

from sandbox.hubspot.answers import answer
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.problems import not_found, validation
from sandbox.hubspot.quota import midnight
from sandbox.hubspot.values import iso
from sandbox.hubspot.versions import Version


class TokenKey(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    token_key: str


def account_routes(portal: Portal, version: Version) -> Blueprint:
    routes = Blueprint(f"account-{version.name}", __name__, url_prefix=f"/account-info/{version.name}")

    @routes.get("/details")
    def details() -> Response:
        settings = portal.settings
        offset = datetime.now(ZoneInfo(settings.time_zone)).utcoffset()
        seconds = int(offset.total_seconds()) if offset else 0
        return answer(
            {
                "portalId": settings.portal_id,
                "accountType": "STANDARD",
                "timeZone": settings.time_zone,
                "companyCurrency": settings.company_currency,
                "additionalCurrencies": settings.additional_currencies,
                "utcOffset": f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600:02}:{abs(seconds) // 60 % 60:02}",
                "utcOffsetMilliseconds": seconds * 1000,
                "uiDomain": settings.ui_domain,
                "dataHostingLocation": "na1",
            }
        )

    @routes.get("/api-usage/daily/private-apps")
    def usage() -> Response:
        now = time.time()
        daily = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": portal.settings.requests_per_day,
            "currentUsage": portal.quota.today,
            "collectedAt": iso(now),
            "fetchStatus": "SUCCESS",
            "resetsAt": iso(midnight(portal.settings.time_zone, now)),
        }
        return answer({"results": [daily]})

    return routes


def token_routes(portal: Portal) -> Blueprint:
    routes = Blueprint("token", __name__)

    @routes.post("/oauth/v2/private-apps/get/access-token-info")
    def token_info() -> Response:
        try:
            token = msgspec.json.decode(request.get_data(), type=TokenKey).token_key
        except msgspec.MsgspecError as error:
            raise validation(f"Invalid input JSON: {error}") from None
        settings = portal.settings
        if not token or (settings.tokens and token not in settings.tokens):
            raise not_found("The access token")
        return answer({"userId": 1001, "hubId": settings.portal_id, "appId": 2002, "scopes": settings.scopes})

    return routes
