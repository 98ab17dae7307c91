"""The environment variables, read once at the start into a frozen object per process."""

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from leadcore import config
from leadcore.config import Config
from leadcore.errors import PendingError, SettingsError
from leadcore.logins import Login, read_logins

PLATFORM_VARIABLES = ("DYNO", "RENDER")
PLATFORM_PREFIX = "RAILWAY_"
_OF_A_LAPTOP = ("RAILWAY_TOKEN", "RAILWAY_API_TOKEN")
HUBSPOT_VERSIONS = ("2026-09", "2026-03", "v3")
"""HubSpot's API versions, the default first."""
UNDATED_VERSION = "v3"
SECRET_LENGTH, PASSWORD_LENGTH = 32, 16
"""Characters; shorter ones can be guessed."""
PART_LENGTH = 16
"""Characters of the shortest of several secrets."""
# Proxies and platforms refuse a header of more than 8 kB.
_HEADER_LENGTH = 4096
# What alters the answers that this project reads.
_REDIS_OPTIONS_OF_OURS = frozenset({"decode_responses", "encoding", "encoding_errors", "protocol"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What both processes need. `key`: "" if the digests use the key kept in Redis; `spool_dir`: None for a folder
    under the system's state or temp dir; `hubspot_version`: one of `HUBSPOT_VERSIONS`."""

    redis_url: str = field(repr=False)
    redis_tls_verify: bool
    config: Config
    key: str = field(repr=False)
    timezone: ZoneInfo
    spool_dir: Path | None
    hosted: bool
    hubspot_version: str
    dry_run: bool
    log_level: str
    host: str
    port: int
    web_concurrency: int

    @property
    def redis_address(self) -> str:
        """The URL of Redis without user, password and options."""
        parts = urlsplit(self.redis_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def local_url(self) -> str:
        """See the function `local_url`."""
        return local_url(self.host, self.port)


@dataclass(frozen=True, slots=True)
class PaymentSettings:
    """Of payment links, "" where not set. `public_url`: without a slash at its end; without it there are no links."""

    public_url: str = ""
    promptpay_id: str = field(default="", repr=False)
    stripe_key: str = field(default="", repr=False)
    stripe_webhook_secret: str = field(default="", repr=False)
    stripe_url: str = ""


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """What only the receiver needs. Without `secrets` anybody may post. `public_url`: see `read_public_url`."""

    shared: Settings
    secrets: tuple[str, ...] = field(repr=False)
    console_password: str = field(repr=False)
    metrics_token: str = field(repr=False)
    messages_token: str = field(repr=False)
    trusted_proxies: int
    payment: PaymentSettings
    public_url: str = ""
    logins: tuple[Login, ...] = ()

    @property
    def has_console(self) -> bool:
        """Whether anybody can log in to the console."""
        return bool(self.console_password or self.logins)


def read(env: Mapping[str, str] = os.environ) -> Settings:
    """The shared settings; raises `SettingsError` or `config.ConfigError`."""
    hosted = bool(find_platform(env))
    level = (env.get("LOG_LEVEL") or "INFO").strip().upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise SettingsError("LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    known = config.load(env.get("LEADSYNC_CONFIG") or None)
    key = text(env, "LEADSYNC_KEY").strip()
    if known.needs_key and not key:
        raise SettingsError(
            f"LEADSYNC_KEY is not set, and {known.needs_key} needs it: a key kept in Redis is lost with Redis, and "
            "then an order would be made twice and links would lead nowhere. Set it once to a long random text, the "
            "same for web and worker, and keep it."
        )
    return Settings(
        redis_url=_redis_url(env, hosted=hosted),
        redis_tls_verify=flag(env, "REDIS_TLS_VERIFY", default=True),
        config=known,
        key=key,
        timezone=_timezone(env.get("LEADSYNC_TIMEZONE") or "Asia/Bangkok"),
        spool_dir=Path(env["SPOOL_DIR"]) if env.get("SPOOL_DIR") else None,
        hosted=hosted,
        hubspot_version=_hubspot_version(env),
        dry_run=flag(env, "DRY_RUN", default=False),
        log_level=level,
        # A hosting platform has a router in front; elsewhere only this machine may reach the receiver, unless asked.
        host=text(env, "HOST").strip() or ("0.0.0.0" if hosted else "127.0.0.1"),  # noqa: S104
        port=number(env, "PORT", default=8000, low=0, high=65535),
        web_concurrency=number(env, "WEB_CONCURRENCY", default=2, low=1, high=64),
    )


def read_receiver(env: Mapping[str, str] = os.environ) -> ReceiverSettings:
    """The receiver's settings; raises `SettingsError` or `config.ConfigError`."""
    shared = read(env)
    secrets = split_secrets(text(env, "DEALDROID_SECRET"))
    if not flag(env, "ALLOW_UNAUTHENTICATED", default=False) and not secrets:
        raise PendingError(
            "DEALDROID_SECRET is not set. Set it to the API secret key of your intents in DealDroid, "
            "or set ALLOW_UNAUTHENTICATED=1 to accept requests from anybody."
        )
    return ReceiverSettings(
        shared=shared,
        secrets=secrets,
        console_password=_password(env, "CONSOLE_PASSWORD"),
        metrics_token=_token(env, "METRICS_TOKEN"),
        messages_token=_token(env, "MESSAGES_TOKEN"),
        payment=read_payment(env, shared.config),
        trusted_proxies=number(env, "TRUSTED_PROXIES", default=1 if shared.hosted else 0, low=0, high=10),
        public_url=_public_url_if_usable(env),
        logins=read_logins(text(env, "CONSOLE_USERS")),
    )


def read_payment(env: Mapping[str, str], known: Config) -> PaymentSettings:
    """What the provider of `[payment]` needs; raises `SettingsError`. Without that table nothing is looked at."""
    if known.payment is None:
        return PaymentSettings()
    provider = known.payment.provider
    found = PaymentSettings(
        public_url=read_public_url(env),
        promptpay_id=read_promptpay_id(text(env, "PROMPTPAY_ID")) if provider == "promptpay" else "",
        stripe_key=_token(env, "STRIPE_API_KEY") if provider == "stripe" else "",
        stripe_webhook_secret=_token(env, "STRIPE_WEBHOOK_SECRET") if provider == "stripe" else "",
        stripe_url=url(env, "STRIPE_BASE_URL", "https://api.stripe.com").rstrip("/"),
    )
    wanted = {"STRIPE_API_KEY": found.stripe_key, "STRIPE_WEBHOOK_SECRET": found.stripe_webhook_secret}
    for name, value in wanted.items() if provider == "stripe" else ():
        if not value:
            raise SettingsError(f'{name} is not set, and [payment] provider = "stripe" needs it.')
    return found


def read_public_url(env: Mapping[str, str]) -> str:
    """Where customers reach this app, without a slash at the end; "" if it is not set. Raises `SettingsError`."""
    value = url(env, "PUBLIC_URL", "")
    if any(mark in value for mark in "?#@"):
        raise SettingsError("PUBLIC_URL must be an address alone, without user, ? and #: https://shop.example.com.")
    return value.rstrip("/")


def _public_url_if_usable(env: Mapping[str, str]) -> str:
    """What only the setup page shows must not stop the receiver; where links need it, `read_payment` raises."""
    try:
        return read_public_url(env)
    except SettingsError:
        return ""


def read_promptpay_id(value: str) -> str:
    """The digits of a phone (10), a tax id or national id (13, whose check digit is right) or an e-wallet (15); raises
    `SettingsError`, whose text does not show them: a lost or mistyped digit would pay a stranger."""
    digits = re.sub(r"[\s-]", "", value)
    if not digits:
        raise SettingsError('PROMPTPAY_ID is not set, and [payment] provider = "promptpay" needs it.')
    if re.fullmatch(r"0[689]\d{8}|\d{15}", digits, re.ASCII):
        return digits
    if re.fullmatch(r"\d{13}", digits, re.ASCII):
        # The sum of digits times 13, 12 ... 2, modulo 11, subtracted from 11.
        total = sum(int(digit) * (13 - at) for at, digit in enumerate(digits[:12]))
        if (11 - total % 11) % 10 == int(digits[12]):
            return digits
        raise SettingsError("PROMPTPAY_ID has 13 digits, but its check digit is wrong: look for a mistyped one.")
    raise SettingsError(
        "PROMPTPAY_ID must be a phone number of 10 digits that begins with 06, 08 or 09, a tax id or national id of "
        "13, or an e-wallet id of 15. Quote it where it is set, so that its leading zero stays."
    )


def local_url(host: str, port: int) -> str:
    """By which this machine reaches a receiver that listens on `host`, which may stand for all addresses."""
    name = host.strip("[]")
    if name in ("", "0.0.0.0", "::"):  # noqa: S104 - compared with, not opened
        name = "127.0.0.1"
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def find_platform(env: Mapping[str, str]) -> str:
    """The variable that shows that this is a hosting platform, "" if none does."""
    for name, value in env.items():
        is_railway = name.startswith(PLATFORM_PREFIX) and name not in _OF_A_LAPTOP
        if value and (name in PLATFORM_VARIABLES or is_railway):
            return name
    return ""


def list_weaknesses(settings: ReceiverSettings) -> list[str]:
    """What is set and works, but protects little: a sentence for each, which names the variable and not its value."""
    shortest = {
        "DEALDROID_SECRET": (min(map(len, settings.secrets), default=SECRET_LENGTH), SECRET_LENGTH),
        "CONSOLE_PASSWORD": (len(settings.console_password) or PASSWORD_LENGTH, PASSWORD_LENGTH),
        "METRICS_TOKEN": (len(settings.metrics_token) or PASSWORD_LENGTH, PASSWORD_LENGTH),
        "MESSAGES_TOKEN": (len(settings.messages_token) or PASSWORD_LENGTH, PASSWORD_LENGTH),
        "LEADSYNC_KEY": (len(settings.shared.key) or PASSWORD_LENGTH, PASSWORD_LENGTH),
    }
    found = [
        f"{name} is shorter than {wanted} characters; make it random, and as long as that."
        for name, (length, wanted) in shortest.items()
        if length < wanted
    ]
    if has_short_part(settings.secrets):
        found.insert(0, f"DEALDROID_SECRET has a part shorter than {PART_LENGTH} characters: all of it is one secret.")
    if not settings.secrets:
        found.insert(0, "ALLOW_UNAUTHENTICATED is on and DEALDROID_SECRET is not set: anybody may post leads.")
    return found


def split_secrets(value: str) -> tuple[str, ...]:
    """Every secret that `value` can mean, trimmed: its comma-separated parts, and all of it as one; that alone where a
    part is shorter than `PART_LENGTH`: a piece of a secret with a comma in it could be guessed."""
    whole = value.strip(" \t\r\n")
    parts = [part for part in map(str.strip, value.split(",")) if part]
    if not parts:
        return ()
    if len(parts) > 1 and min(map(len, parts)) < PART_LENGTH:
        return (whole,)
    return tuple(dict.fromkeys([*parts, whole]))


def has_short_part(secrets: tuple[str, ...]) -> bool:
    """Whether these are one secret that would be several if no part of it was short."""
    return len(secrets) == 1 and len([part for part in secrets[0].split(",") if part.strip()]) > 1


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


def text(env: Mapping[str, str], name: str) -> str:
    """The value of `name`, "" if it is not set; raises `SettingsError` if it is no UTF-8."""
    value = env.get(name, "")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SettingsError(f"{name} is not UTF-8. Set it again.") from None
    return value


def url(env: Mapping[str, str], name: str, default: str) -> str:
    """The http(s) URL `name`, or `default`; raises `SettingsError` if nothing can be reached by it."""
    value = text(env, name).strip() or default
    if value and not value.startswith(("https://", "http://")):
        raise SettingsError(f"{name} must begin with https:// (or http:// for a machine of your own).")
    if value and not (re.fullmatch(r"[!-~]+", value) and (parts := _split(value)) and parts.hostname):
        raise SettingsError(f"{name} must be a URL with a host, and without blanks or letters that are not ASCII.")
    return value


def _split(value: str) -> SplitResult | None:
    """The parts of a URL, None if it is none."""
    try:
        parts = urlsplit(value)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _redis_url(env: Mapping[str, str], *, hosted: bool) -> str:
    value = text(env, "REDIS_URL").strip()
    if not value and hosted:
        raise PendingError("REDIS_URL is not set. Add a Redis to this app; it must append to disk and evict nothing.")
    value = value or "redis://localhost:6379/0"
    if not value.startswith(("redis://", "rediss://")):
        raise SettingsError("REDIS_URL must begin with redis:// or rediss://.")
    parts = _split(value)
    if parts is None or parts.fragment or not re.fullmatch(r"/?|/[0-9]+/?", parts.path):
        raise SettingsError(
            "REDIS_URL must look like redis://user:password@host:6379/0, the database a number. In user and password "
            "write # as %23, / as %2F, ? as %3F, @ as %40 and % as %25."
        )
    if parts.query:
        _check_redis_options(value, parts.query)
    return value


def _check_redis_options(value: str, query: str) -> None:
    # It takes a tenth of a second, and hardly any URL has options.
    from redis import ConnectionPool

    try:
        names = {name for name, _ in parse_qsl(query, keep_blank_values=True, strict_parsing=True)}
        if not names & _REDIS_OPTIONS_OF_OURS:
            ConnectionPool.from_url(value).make_connection()
            return
    except Exception:
        # Whatever redis-py says, its text quotes values.
        raise SettingsError("REDIS_URL has an option after its ? that cannot be used.") from None
    raise SettingsError(f"REDIS_URL may not set {', '.join(sorted(names & _REDIS_OPTIONS_OF_OURS))}.")


def _hubspot_version(env: Mapping[str, str]) -> str:
    value = env.get("HUBSPOT_API_VERSION", "").strip().lower() or HUBSPOT_VERSIONS[0]
    if value not in HUBSPOT_VERSIONS:
        raise SettingsError(f"HUBSPOT_API_VERSION must be one of {', '.join(HUBSPOT_VERSIONS)}.")
    return value


def _token(env: Mapping[str, str], name: str) -> str:
    """A bearer token."""
    value = text(env, name).strip()
    if not re.fullmatch(r"[ -~]*", value) or len(value) > _HEADER_LENGTH:
        raise SettingsError(f"{name} must be ASCII, without line breaks, of at most {_HEADER_LENGTH} characters.")
    return value


def _password(env: Mapping[str, str], name: str) -> str:
    """A password for HTTP Basic, which is UTF-8 without control characters (RFC 7617)."""
    value = text(env, name)
    if any(unicodedata.category(letter) == "Cc" for letter in value) or len(value.encode()) > _HEADER_LENGTH // 2:
        raise SettingsError(
            f"{name} must be without line breaks and other control characters, of at most {_HEADER_LENGTH // 2} bytes."
        )
    return value


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name.strip())
    except (KeyError, ValueError, OSError):
        raise SettingsError("LEADSYNC_TIMEZONE must be a name such as Asia/Bangkok.") from None
