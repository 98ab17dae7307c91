"""The TOML file: mapping, intents and messages. Read once; a mistake stops the start and names its line."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from leadcore.errors import ConfigError
from leadcore.text import clean

DEFAULT_FILE = "leadsync.toml"
Case = Literal["details_saved", "address_saved", "something_missing", "email_refused", "address_unclear"]
Language = Literal["th", "en"]
Texts = dict[Language, dict[Case, str]]
Default = Annotated[str, Meta(pattern=r"\S", description="a text that is not blank")]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM")]


class Crm(Struct, frozen=True, forbid_unknown_fields=True):
    """How a payload becomes CRM data."""

    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] = "TH"
    province_language: Literal["th", "en"] = "th"
    email_match: Literal["fill", "overwrite"] = "fill"
    ignored_emails: tuple[str, ...] = ("test@test.com", "test@example.com", "noemail@example.com")
    lead_status: str = "NEW"
    legal_basis: str = ""


class Messages(Struct, frozen=True, forbid_unknown_fields=True):
    """When a confirmation is sent, and its texts. `confirm_max_age` is in minutes, at most 23 hours, because messaging
    platforms forbid automated messages after 24."""

    enabled: bool = True
    confirm_max_age: Annotated[int, Meta(ge=1, le=1380)] = 60
    quiet_hours: tuple[Clock, Clock] | None = None
    default_language: Language = "th"
    resend_interrupted: bool = False
    texts: Texts = {}


class Intent(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of one intent. `reply`: the instant answer to DealDroid; `lead = false`: the lead status is not set;
    `confirm = false`: no confirmation is sent."""

    reply: tuple[str, ...] = ()
    lead: bool = True
    confirm: bool = True
    texts: Texts = {}


class Inbox(Struct, frozen=True, forbid_unknown_fields=True):
    """`shards`: how many drains can run at once. `receipts_days`, `receipts_max`: how long and how many are kept; the
    cap spares those of the last 7 days, which identify repeated events, and those of unfinished leads. `tries`: how
    often a lead is tried before it is parked."""

    shards: Annotated[int, Meta(ge=1, le=64)] = 4
    tries: Annotated[int, Meta(ge=1, le=50)] = 12
    receipts_days: Annotated[int, Meta(ge=8, le=365)] = 30
    receipts_max: Annotated[int, Meta(ge=1000)] = 1_000_000


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """`mapping`: name of a value -> HubSpot property, or false to leave it out. `properties`: dotted path in the
    payload -> HubSpot property, for fields that have no mapping. `required`: HubSpot property -> the value to send
    where a new contact has none."""

    crm: Crm = Crm()
    messages: Messages = Messages()
    inbox: Inbox = Inbox()
    intents: dict[str, Intent] = {}
    mapping: dict[str, str | Literal[False]] = {}
    properties: dict[str, str] = {}
    required: dict[str, Default] = {}

    def intent(self, name: str) -> Intent:
        """The settings of the intent `name`, which is clean text as in an event."""
        return self.intents.get(name, _DEFAULT_INTENT)


_DEFAULT_INTENT = Intent()
_IDENTIFYING = ("email", "phone", "mobilephone")
_REFUSED_TARGETS = {
    "hs_marketable_status": "HubSpot does not let an app set it",
    "dealdroid_customer_id": "it is the key of the contact",
    "lifecyclestage": "HubSpot sets it itself",
    **dict.fromkeys(
        ("dealdroid_placeholder", "dealdroid_shorter_1", "dealdroid_shorter_2", "dealdroid_shorter_3"),
        "leadsync remembers something else under this name",
    ),
}


def load(path: str | None) -> Config:
    """The configuration in the file `path`; if that is None, in `leadsync.toml` if there is one, else the defaults.
    Raises `ConfigError`."""
    file = Path(path or DEFAULT_FILE)
    if not file.is_file():
        if path:
            raise ConfigError(f"LEADSYNC_CONFIG names {path}, but there is no such file.")
        return Config()
    try:
        return parse(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read as UTF-8 text ({type(error).__name__}).") from None
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None


def parse(source: str) -> Config:
    """The configuration in the TOML text `source`; raises `ConfigError` with the line."""
    try:
        tree = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        where = f"(at line {len(source.splitlines()) or 1})"
        raise ConfigError(f"not valid TOML: {str(error).replace('(at end of document)', where)}") from None
    config: Config
    for path, value, kind in [*_named_values(tree), ([], tree, Config)]:
        try:
            config = msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise ConfigError(_explain(source, path, str(error))) from None
    for target in [*config.mapping.values(), *config.properties.values()]:
        if target in _REFUSED_TARGETS:
            line = _line_of(source, [str(target)])
            raise ConfigError(f"line {line}: {target} cannot be a mapping target: {_REFUSED_TARGETS[str(target)]}.")
    identifying = {*_IDENTIFYING, *(config.mapping.get(name) for name in _IDENTIFYING), *_REFUSED_TARGETS}
    for name in config.required:
        if name in identifying:
            line = _line_of(source, ["required", name])
            why = _REFUSED_TARGETS.get(name, "one value for all would make all customers one contact")
            raise ConfigError(f"line {line}: {name} cannot be given a value: {why}.")
    return replace(config, intents={clean(name): intent for name, intent in config.intents.items()})


def _named_values(tree: dict[str, Any]) -> Iterator[tuple[list[str], Any, Any]]:
    """Path, value and type of what stands in tables with free keys: msgspec's errors do not name those keys."""
    tables = [
        (["intents"], Intent),
        (["mapping"], str | Literal[False]),
        (["properties"], str),
        (["required"], Default),
    ]
    texts = [["messages", "texts"], *(["intents", name, "texts"] for name in _table(tree, ["intents"]))]
    for path in texts:
        for language, cases in _table(tree, path).items():
            yield [*path, language], language, Language
            for case, text in (cases if isinstance(cases, dict) else {}).items():
                yield [*path, language, case], case, Case
                yield [*path, language, case], text, str
    for path, kind in tables:
        for name, value in _table(tree, path).items():
            yield [*path, name], value, kind


def _table(tree: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None  # type: ignore[assignment]  # checked in the next line
    return tree if isinstance(tree, dict) else {}


def _explain(source: str, path: list[str], message: str) -> str:
    where = re.search(r" - at `(?:key in )?\$\.?([^`]*)`$", message)
    inner = [part for part in re.split(r"[.\[\]]+", where.group(1)) if part and part != "..."] if where else []
    unknown = re.search(r"unknown field `([^`]*)`", message)
    names = [*path, *inner, *([unknown.group(1)] if unknown else [])]
    plain = message[: where.start()] if where else message
    return f"line {_line_of(source, names)}: {'.'.join(names) or 'the file'}: {plain}."


def _line_of(source: str, path: list[str]) -> int:
    """The number of the line that holds the last of the names in `path`, searched for in order; else a best guess."""
    lines = source.splitlines()
    at = 0
    for name in path:
        found = next(
            (n for n in range(at, len(lines)) if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", lines[n])), None
        )
        at = found if found is not None else at
    return at + 1
