"""A worker's settings: the environment, read once at the start into one frozen object."""

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leadcore.errors import PendingError, SettingsError
from leadcore.settings import Settings, number, read, text, url

# Of NOTIFY_URLS and of HOOK_URLS: each has a thread's time and connections of its own.
MOST_ADDRESSES = 10
MOST_SECRETS = 2
HOOK_SECRET_PREFIX = "whsec_"  # noqa: S105 - of the standard
# Bytes, as the Standard Webhooks specification has them.
SHORTEST_KEY, LONGEST_KEY = 24, 64
DEALDROID_URL = "https://app.dealdroid.net/api/provider/webhook/"
HUBSPOT_URL = "https://api.hubapi.com"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """`requests_per_10s`: the part of the portal's burst quota that this app may use; `requests_per_day`: that of its
    daily quota, where HubSpot does not tell it; `alert_url`: "" for no alerts. `hook_urls`: where the hooks go, signed
    with each of `hook_secrets`; `notify_urls`: apprise's addresses of the team."""

    shared: Settings
    token: str = field(repr=False)
    hubspot_url: str
    requests_per_10s: int
    requests_per_day: int
    dealdroid_url: str
    alert_url: str = field(repr=False)
    hook_urls: tuple[str, ...] = field(default=(), repr=False)
    hook_secrets: tuple[str, ...] = field(default=(), repr=False)
    notify_urls: tuple[str, ...] = field(default=(), repr=False)


def read_worker(env: Mapping[str, str] = os.environ) -> WorkerSettings:
    """The worker's settings; raises `SettingsError` or `leadcore.config.ConfigError`."""
    token = text(env, "HUBSPOT_ACCESS_TOKEN").strip()
    if not token:
        raise PendingError(
            "HUBSPOT_ACCESS_TOKEN is not set. Create a Service Key in HubSpot (Settings > Integrations > Service Keys) "
            "and put it here; the token of a legacy private app works too."
        )
    if not re.fullmatch(r"[!-~]+", token):
        raise PendingError("HUBSPOT_ACCESS_TOKEN must be one word of ASCII letters, as HubSpot shows it.")
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
        hook_urls=(hook_urls := read_hook_urls(env)),
        hook_secrets=read_hook_secrets(env, wanted=bool(hook_urls)),
        notify_urls=read_notify_urls(env),
    )


def read_hook_urls(env: Mapping[str, str]) -> tuple[str, ...]:
    """The addresses of HOOK_URLS. Raises `SettingsError`."""
    return _addresses(env, "HOOK_URLS", lambda value: bool(url({"HOOK_URLS": value}, "HOOK_URLS", "")))


def read_hook_secrets(env: Mapping[str, str], *, wanted: bool) -> tuple[str, ...]:
    """The secrets of HOOK_SECRET, the newest wherever it stands: everything is signed with each. Raises
    `SettingsError`; `wanted`: also if there is none."""
    secrets = tuple(dict.fromkeys(text(env, "HOOK_SECRET").split()))
    if wanted and not secrets:
        raise SettingsError("HOOK_SECRET is not set, and HOOK_URLS is. Make one: leadsync hooks secret")
    if len(secrets) > MOST_SECRETS:
        raise SettingsError(f"HOOK_SECRET holds more than {MOST_SECRETS} secrets: one, or two while one is rotated.")
    if not all(map(_is_hook_secret, secrets)):
        raise SettingsError(
            "HOOK_SECRET must be whsec_ and 24 to 64 bytes in base64, with another one behind a blank while it is "
            "rotated. Make one: leadsync hooks secret"
        )
    return secrets


def read_notify_urls(env: Mapping[str, str]) -> tuple[str, ...]:
    """The addresses of NOTIFY_URLS. Whether apprise knows their schemes is not checked. Raises `SettingsError`."""
    return _addresses(env, "NOTIFY_URLS", lambda value: bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*://.", value)))


def _addresses(env: Mapping[str, str], name: str, is_address: Callable[[str], bool]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text(env, name).split()))
    if len(found) > MOST_ADDRESSES:
        raise SettingsError(f"{name} holds more than {MOST_ADDRESSES} addresses.")
    for number_, value in enumerate(found, 1):
        if not is_address(value):
            # Not the value: an address like this is a secret.
            raise SettingsError(f"{name}: address {number_} does not begin like one, with https:// or the like.")
    return found


def _is_hook_secret(value: str) -> bool:
    """Whether the library takes this text for the key that it means: it passes over what is not base64, and takes a
    text without the prefix for another key."""
    encoded = value.removeprefix(HOOK_SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    return encoded != value and SHORTEST_KEY <= len(key) <= LONGEST_KEY
