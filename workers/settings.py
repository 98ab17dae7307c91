"""A worker's settings: the environment, read once at the start into one frozen object."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leadcore.errors import SettingsError
from leadcore.settings import Settings, number, read, text, url

DEALDROID_URL = "https://app.dealdroid.net/api/provider/webhook/"
HUBSPOT_URL = "https://api.hubapi.com"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """`requests_per_10s`: the part of the portal's burst quota that this app may use; `requests_per_day`: that of its
    daily quota, where HubSpot does not tell it; `alert_url`: "" for no alerts."""

    shared: Settings
    token: str = field(repr=False)
    hubspot_url: str
    requests_per_10s: int
    requests_per_day: int
    dealdroid_url: str
    alert_url: str = field(repr=False)


def read_worker(env: Mapping[str, str] = os.environ) -> WorkerSettings:
    """The worker's settings; raises `SettingsError` or `leadcore.config.ConfigError`."""
    token = text(env, "HUBSPOT_ACCESS_TOKEN").strip()
    if not token:
        raise SettingsError(
            "HUBSPOT_ACCESS_TOKEN is not set. Create a Service Key in HubSpot (Settings > Integrations > Service Keys) "
            "and put it here; the token of a legacy private app works too."
        )
    if not re.fullmatch(r"[!-~]+", token):
        raise SettingsError("HUBSPOT_ACCESS_TOKEN must be one word of ASCII letters, as HubSpot shows it.")
    bundle = env.get("REQUESTS_CA_BUNDLE")
    if bundle and not Path(bundle).exists():
        raise SettingsError("REQUESTS_CA_BUNDLE names no file. Set it to the file with the certificates to trust.")
    return WorkerSettings(
        shared=read(env),
        token=token,
        hubspot_url=url(env, "HUBSPOT_BASE_URL", HUBSPOT_URL),
        requests_per_10s=number(env, "HUBSPOT_REQUESTS_PER_10S", default=100, low=1, high=1000),
        requests_per_day=number(env, "HUBSPOT_REQUESTS_PER_DAY", default=250_000, low=1, high=1_000_000_000),
        dealdroid_url=url(env, "DEALDROID_WEBHOOK_URL", DEALDROID_URL),
        alert_url=url(env, "ALERT_WEBHOOK_URL", ""),
    )
