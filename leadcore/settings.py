"""The environment variables, read once at the start into a frozen object per process."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from leadcore import config
from leadcore.config import Config

PLATFORM_VARIABLES = ("DYNO", "RENDER", "RAILWAY_ENVIRONMENT", "RAILWAY_PROJECT_ID", "RAILWAY_SERVICE_ID")


class SettingsError(ValueError):
    """A variable is missing or unusable; the text names it and says what to set it to."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What both processes need. `key`: "" if the digests use the key kept in Redis; `spool_dir`: None for a folder
    under the system's state or temp dir."""

    redis_url: str = field(repr=False)
    redis_tls_verify: bool
    config: Config
    key: str = field(repr=False)
    timezone: ZoneInfo
    spool_dir: Path | None
    hosted: bool
    log_level: str
    port: int
    web_concurrency: int


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """What only the receiver needs. Without `secrets` anybody may post."""

    shared: Settings
    secrets: tuple[str, ...] = field(repr=False)
    console_password: str = field(repr=False)
    metrics_token: str = field(repr=False)
    trusted_proxies: int


def read(env: Mapping[str, str] = os.environ) -> Settings:
    """The shared settings; raises `SettingsError` or `config.ConfigError`."""
    hosted = any(env.get(name) for name in PLATFORM_VARIABLES)
    url = env.get("REDIS_URL", "").strip()
    if not url and hosted:
        raise SettingsError("REDIS_URL is not set. Add a Redis to this app; it must append to disk and evict nothing.")
    url = url or "redis://localhost:6379/0"
    if not url.startswith(("redis://", "rediss://")):
        raise SettingsError("REDIS_URL must begin with redis:// or rediss://.")
    level = (env.get("LOG_LEVEL") or "INFO").strip().upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise SettingsError("LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    return Settings(
        redis_url=url,
        redis_tls_verify=flag(env, "REDIS_TLS_VERIFY", default=True),
        config=config.load(env.get("LEADSYNC_CONFIG") or None),
        key=env.get("LEADSYNC_KEY", "").strip(),
        timezone=_timezone(env.get("LEADSYNC_TIMEZONE") or "Asia/Bangkok"),
        spool_dir=Path(env["SPOOL_DIR"]) if env.get("SPOOL_DIR") else None,
        hosted=hosted,
        log_level=level,
        port=number(env, "PORT", default=8000, low=0, high=65535),
        web_concurrency=number(env, "WEB_CONCURRENCY", default=2, low=1, high=64),
    )


def read_receiver(env: Mapping[str, str] = os.environ) -> ReceiverSettings:
    """The receiver's settings; raises `SettingsError` or `config.ConfigError`."""
    shared = read(env)
    secrets = split_secrets(env.get("DEALDROID_SECRET", ""))
    if not secrets and not flag(env, "ALLOW_UNAUTHENTICATED", default=False):
        raise SettingsError(
            "DEALDROID_SECRET is not set. Set it to the API secret key of your intents in DealDroid, "
            "or set ALLOW_UNAUTHENTICATED=1 to accept requests from anybody."
        )
    return ReceiverSettings(
        shared=shared,
        secrets=secrets,
        console_password=env.get("CONSOLE_PASSWORD", ""),
        metrics_token=env.get("METRICS_TOKEN", ""),
        trusted_proxies=number(env, "TRUSTED_PROXIES", default=1 if shared.hosted else 0, low=0, high=10),
    )


def split_secrets(value: str) -> tuple[str, ...]:
    """Every secret that `value` can mean, trimmed: its comma-separated parts, and all of it as one."""
    parts = [part.strip() for part in value.split(",")]
    return tuple(dict.fromkeys(part for part in [*parts, value.strip(" \t\r\n")] if part.strip(" ,")))


def flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    """The switch `name`: 1/true/yes/on or 0/false/no/off; raises `SettingsError` for anything else."""
    value = env.get(name, "").strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    if value:
        raise SettingsError(f"{name} must be 1 or 0.")
    return default


def number(env: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    """The whole number `name`, between `low` and `high`; raises `SettingsError`."""
    value = env.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}.")
    return int(value)


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name.strip())
    except (KeyError, ValueError, OSError):
        raise SettingsError("LEADSYNC_TIMEZONE must be a name such as Asia/Bangkok.") from None
