"""A worker's settings: the environment, read once at the start into one frozen object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from leadcore.settings import Settings, SettingsError, flag, number, read

DEALDROID_URL = "https://app.dealdroid.net/api/provider/webhook/"
HUBSPOT_URL = "https://api.hubapi.com"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """`requests_per_10s`: the part of the portal's burst quota that this app may use; `alert_url`: "" for no alerts."""

    shared: Settings
    token: str = field(repr=False)
    hubspot_url: str
    requests_per_10s: int
    dealdroid_url: str
    dry_run: bool
    alert_url: str = field(repr=False)


def read_worker(env: Mapping[str, str] = os.environ) -> WorkerSettings:
    """The worker's settings; raises `SettingsError` or `leadcore.config.ConfigError`."""
    token = env.get("HUBSPOT_ACCESS_TOKEN", "").strip()
    if not token:
        raise SettingsError(
            "HUBSPOT_ACCESS_TOKEN is not set. Create a private app (or service key) in HubSpot and put its token here."
        )
    if not token.isascii() or any(letter.isspace() for letter in token):
        raise SettingsError("HUBSPOT_ACCESS_TOKEN must be one word of ASCII letters, as HubSpot shows it.")
    return WorkerSettings(
        shared=read(env),
        token=token,
        hubspot_url=_url(env, "HUBSPOT_BASE_URL", HUBSPOT_URL),
        requests_per_10s=number(env, "HUBSPOT_REQUESTS_PER_10S", default=100, low=1, high=1000),
        dealdroid_url=_url(env, "DEALDROID_WEBHOOK_URL", DEALDROID_URL),
        dry_run=flag(env, "DRY_RUN", default=False),
        alert_url=_url(env, "ALERT_WEBHOOK_URL", ""),
    )


def _url(env: Mapping[str, str], name: str, default: str) -> str:
    url = env.get(name, "").strip() or default
    if url and not url.startswith(("https://", "http://")):
        raise SettingsError(f"{name} must begin with https:// (or http:// for a machine of your own).")
    return url
