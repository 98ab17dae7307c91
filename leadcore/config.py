"""The TOML file: mapping, intents and messages. Read once; a mistake stops the start and names its line."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from leadcore.errors import ConfigError, SettingsError
from leadcore.orders.money import decimals, is_currency
from leadcore.property_names import MAPPED
from leadcore.text import clean
from leadcore.toml_errors import explain, line_of, read_key, refuse_name

DEFAULT_FILE = "leadsync.toml"
DEFAULT_NOTICE = "{{ what }}{% if intent %} ({{ intent }}){% endif %}{% if link %}\n{{ link }}{% endif %}"
Case = Literal["details_saved", "address_saved", "something_missing", "email_refused", "address_unclear"]
Language = Literal["th", "en"]
Texts = dict[Language, dict[Case, str]]
Reply = tuple[str, ...] | dict[Language, tuple[str, ...]]
Default = Annotated[str, Meta(pattern=r"\S", description="a text that is not blank")]
Provider = Literal["link", "promptpay", "stripe"]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM")]
# Stage label -> text.
StageTexts = dict[Language, dict[str, Default]]


class Crm(Struct, frozen=True, forbid_unknown_fields=True):
    """How a payload becomes CRM data."""

    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="a country's two capitals, such as TH")] = "TH"
    province_language: Literal["th", "en"] = "th"
    email_match: Literal["fill", "overwrite"] = "fill"
    ignored_emails: tuple[str, ...] = ("test@test.com", "test@example.com", "noemail@example.com")
    lead_status: str = "NEW"
    legal_basis: str = ""


class Messages(Struct, frozen=True, forbid_unknown_fields=True):
    """When a confirmation is sent, and its texts. `confirm_max_age` is in minutes, at most 23 hours, because messaging
    platforms forbid automated messages after 24. `window_hours`: a message that the shop's systems send goes out no
    later than so many hours after the customer's last word; 0: whenever."""

    enabled: bool = True
    confirm_max_age: Annotated[int, Meta(ge=1, le=1380)] = 60
    quiet_hours: tuple[Clock, Clock] | None = None
    window_hours: Annotated[int, Meta(ge=0, le=8760)] = 23
    default_language: Language = "th"
    resend_interrupted: bool = False
    texts: Texts = {}


class Intent(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of one intent. `reply`: the instant answer to DealDroid, or one per language; `lead = false`: the
    lead status is not set; `confirm = false`: no confirmation is sent."""

    reply: Reply = ()
    lead: bool = True
    confirm: bool = True
    texts: Texts = {}

    @property
    def reply_texts(self) -> list[str]:
        """All texts of the reply, of whatever language."""
        by_language = self.reply.values() if isinstance(self.reply, dict) else [self.reply]
        return [text for texts in by_language for text in texts]


class Payment(Struct, frozen=True, forbid_unknown_fields=True):
    """Where customers pay. `link`: the URL template of provider "link" (`receiver.pay.links`); `payee`: the name that
    the page of provider "promptpay" shows; `min`, `max`: of a total for which there is a link, both included.
    `check_prices`: nothing is paid by a link before a worker has found the prices to be those of HubSpot's products.
    `thanks`: what a customer who has paid is told, a template; "" tells nothing."""

    provider: Provider = "promptpay"
    link: str = ""
    payee: str = ""
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] = "THB"
    expires_hours: Annotated[int, Meta(ge=1, le=720)] = 24
    min: Annotated[float, Meta(gt=0)] = 1
    max: Annotated[float, Meta(gt=0, le=1e11)] = 100_000
    paid_stage: Annotated[str, Meta(pattern=r"\S", description="the label or id of a stage")] = "Processed"
    check_prices: bool = False
    thanks: dict[Language, str] = {}


Event = Annotated[str, Meta(pattern=r"\S", description="the name of an event, * as a wildcard")]


Noticed = Literal["lead.created", "lead.parked", "order.created", "order.paid", "order.cancelled", "order.refunded"]


class Notify(Struct, frozen=True, forbid_unknown_fields=True):
    """What the team is told (NOTIFY_URLS). `intents`: names, * as a wildcard. `every_seconds`: an address gets at most
    one message in so long. `private`: the template may name the customer."""

    on: tuple[Noticed, ...] = ("lead.created",)
    intents: tuple[str, ...] = ("*",)
    every_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 60
    private: bool = False
    text: Default = DEFAULT_NOTICE


class Hooks(Struct, frozen=True, forbid_unknown_fields=True):
    """The signed outgoing webhooks (HOOK_URLS). `on`: names of events, * as a wildcard. `full`: the whole event is sent
    too, not its ids alone."""

    on: tuple[Event, ...] = ("*",)
    full: bool = False


class Console(Struct, frozen=True, forbid_unknown_fields=True):
    """`names`: pages show the names of contacts, which are read from HubSpot when a page opens and kept nowhere."""

    names: bool = False


class Inbox(Struct, frozen=True, forbid_unknown_fields=True):
    """`shards`: how many drains can run at once. `receipts_days`, `receipts_max`: how long and how many are kept; the
    cap spares those of the last 7 days, which identify repeated events, and those of unfinished leads. `tries`: how
    often a lead is tried before it is parked."""

    shards: Annotated[int, Meta(ge=1, le=64)] = 4
    tries: Annotated[int, Meta(ge=1, le=50)] = 12
    receipts_days: Annotated[int, Meta(ge=8, le=365)] = 30
    receipts_max: Annotated[int, Meta(ge=1000)] = 1_000_000


class Orders(Struct, frozen=True, forbid_unknown_fields=True):
    """How a cart becomes an order. `object`: its kind in HubSpot. `intents`, `cancel_intents`: names, in which * stands
    for anything. `pipeline`, `stage`: label or id, "" for the portal's first. `name`: template. `owners`: emails of
    HubSpot's users. `messages`: what the customer is told when an order comes to a stage."""

    object: Literal["order", "deal", "cart"] = "order"
    intents: tuple[Default, ...] = ("Purchase",)
    currency: str = "THB"
    pipeline: str = ""
    stage: str = ""
    name: Default = "{{ firstname }} {{ lastname }} {{ order_ref }}"
    same_order_hours: Annotated[int, Meta(ge=1, le=720)] = 24
    cancel_intents: tuple[Default, ...] = ()
    owners: tuple[Default, ...] = ()
    messages: StageTexts = {}

    @property
    def kind(self) -> str:
        """The object's name in the paths of HubSpot's API."""
        return f"{self.object}s"

    def makes(self, intent: str) -> bool:
        """Whether a cart with the intent, which is clean text as in an event, makes an order."""
        return matches(self.intents, intent) and not self.cancels(intent)

    def cancels(self, intent: str) -> bool:
        """Whether the intent, which is clean text as in an event, cancels the customer's order."""
        return matches(self.cancel_intents, intent)


class Notes(Struct, frozen=True, forbid_unknown_fields=True):
    """`intents`: the names of those that leave a note on the contact, in which * stands for anything."""

    intents: tuple[Default, ...] = ()

    def wants(self, intent: str) -> bool:
        """Whether the intent, which is clean text as in an event, leaves a note."""
        return matches(self.intents, intent)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """`mapping`: one of `MAPPED` -> HubSpot property, or false to leave it out. `properties`: dotted path in the
    payload -> HubSpot property, for fields that have no mapping. `required`: HubSpot property -> the value to send
    where a new contact has none. `orders`: None if no orders are made."""

    crm: Crm = Crm()
    messages: Messages = Messages()
    console: Console = Console()
    inbox: Inbox = Inbox()
    notify: Notify = Notify()
    hooks: Hooks = Hooks()
    intents: dict[str, Intent] = {}
    mapping: dict[str, str | Literal[False]] = {}
    properties: dict[str, str] = {}
    required: dict[str, Default] = {}
    orders: Orders | None = None
    notes: Notes = Notes()
    payment: Payment | None = None

    @property
    def currency(self) -> str:
        """Of the amounts that customers are told."""
        return (self.payment or self.orders or Payment()).currency

    @property
    def needs_key(self) -> str:
        """What in this file works only with LEADSYNC_KEY, "" if nothing does: a key that is kept in Redis is not known
        while Redis is away."""
        if self.orders or self.payment:
            return "[orders]" if self.orders else "[payment]"
        return self._find_shown()

    @property
    def shows_references(self) -> bool:
        """Whether any reply tells customers their order's reference, or the link that bears it."""
        return bool(self._find_shown())

    def _find_shown(self) -> str:
        for name, intent in self.intents.items():
            if any(_NEEDS_KEY.search(text) for text in intent.reply_texts):
                return f'the reply of intents."{name}"'
        return ""

    def intent(self, name: str) -> Intent:
        """The settings of the intent `name`, which is clean text as in an event."""
        return self.intents.get(name, _DEFAULT_INTENT)


_DEFAULT_INTENT = Intent()
_NEEDS_KEY = re.compile(r"\{[{%].*\b(?:order_ref|pay_url)\b", re.DOTALL)
_IDENTIFYING = ("email", "phone", "mobilephone", "hs_additional_emails", "hs_whatsapp_phone_number")
_LINK_PARTS = ("{reference}", "{amount}", "{signature}")
# https://docs.stripe.com/currencies, "special cases" and "zero-decimal currencies".
_NOT_FOR_STRIPE = frozenset({"ISK", "UGX", "MGA"})
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
            raise ConfigError(explain(source, path, value, kind, error)) from None
    for path, mistake in _find_mistakes(config):
        raise ConfigError(f"line {line_of(source, path)}: {mistake}.")
    return replace(config, intents={clean(name): intent for name, intent in config.intents.items()})


def tell(error: SettingsError | ConfigError, path: str | None) -> str:
    """What is wrong, with the file and the line of a mistake that shows only once what stands there is used. `path`: as
    for `load`."""
    file, names = Path(path or DEFAULT_FILE), read_key(f"{error.key} = 0") if isinstance(error, ConfigError) else []
    if not names:
        return str(error)
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return str(error)
    return f"{file}: line {line_of(source, names)}: {error}"


def matches(patterns: Iterable[str], intent: str) -> bool:
    """Whether the intent, which is clean text as in an event, is one of the names in `patterns`, in which * stands for
    anything."""
    return any(_pattern(one).fullmatch(intent) for one in patterns)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in clean(name).split("*")), re.DOTALL)


def _find_mistakes(config: Config) -> Iterator[tuple[list[str], str]]:
    """Keys whose values do not fit, and why."""
    for name in config.mapping:
        if name not in MAPPED:
            yield ["mapping", name], f"mapping.{name}: {refuse_name(name, MAPPED)}"
    for table, targets in (("mapping", config.mapping), ("properties", config.properties)):
        for name, target in targets.items():
            if target in _REFUSED_TARGETS:
                yield [table, name], f"{target} cannot be a mapping target: {_REFUSED_TARGETS[str(target)]}"
    identifying = {*_IDENTIFYING, *(config.mapping.get(name) for name in _IDENTIFYING), *_REFUSED_TARGETS}
    for name in config.required:
        if name in identifying:
            why = _REFUSED_TARGETS.get(name, "one value for all would make all customers one contact")
            yield ["required", name], f"{name} cannot be given a value: {why}"
    if config.orders:
        yield from _find_mistakes_in_orders(config.orders)
    if config.payment:
        yield from _find_mistakes_in_payment(config.payment)
        if config.payment.check_prices and config.orders is None:
            needs = "prices are compared when a cart becomes an order, so it needs the table [orders]"
            yield ["payment", "check_prices"], f"payment.check_prices: {needs}"
        if config.orders and config.orders.currency != config.payment.currency:
            why = f"orders are in {config.orders.currency}, and no order could be paid"
            yield ["payment", "currency"], f"payment.currency is {config.payment.currency}: {why}"


def _find_mistakes_in_orders(orders: Orders) -> Iterator[tuple[list[str], str]]:
    if orders.object == "deal" and not orders.stage.strip():
        yield (
            ["orders", "object"],
            'orders.stage is missing: HubSpot takes no deal without a stage; set it beside object = "deal"',
        )
    if orders.object == "cart":
        for name, value in (("pipeline", orders.pipeline), ("stage", orders.stage), ("messages", orders.messages)):
            if value:
                yield (
                    ["orders", name],
                    f'orders.{name} does not go with object = "cart": HubSpot\'s carts have no stages',
                )
    if not re.fullmatch("[A-Z]{3}", orders.currency):
        yield ["orders", "currency"], "orders.currency must be a code of three capitals, such as THB"
    elif not is_currency(orders.currency):
        yield ["orders", "currency"], f"orders.currency: {orders.currency} is no currency of ISO 4217"
    both = {clean(one) for one in orders.intents} & {clean(one) for one in orders.cancel_intents}
    if both:
        yield ["orders", "cancel_intents"], f"orders.cancel_intents: {min(both)} makes orders, so it cannot cancel them"
    for language, texts in orders.messages.items():
        stages = [clean(stage).casefold() for stage in texts]
        for stage in texts:
            if stages.count(clean(stage).casefold()) > 1:
                yield (
                    ["orders", "messages", language, stage],
                    f"orders.messages.{language}.{stage}: the stage has two texts",
                )


def _find_mistakes_in_payment(payment: Payment) -> Iterator[tuple[list[str], str]]:
    currency = payment.currency
    if not is_currency(currency):
        yield ["payment", "currency"], f"payment.currency: {currency} is no currency of ISO 4217"
        return
    if payment.provider == "promptpay" and currency != "THB":
        yield ["payment", "currency"], "payment.currency: PromptPay pays in THB alone"
    if payment.provider == "stripe" and (currency in _NOT_FOR_STRIPE or decimals(currency) > 2):
        yield ["payment", "currency"], f"payment.currency: Stripe counts {currency} in other units than ISO 4217"
    if payment.min > payment.max:
        yield ["payment", "min"], "payment.min: it is more than max"
    if payment.provider == "link":
        if not payment.link.startswith(("https://", "http://")):
            wanted = "the URL of your page, which begins with https://"
            yield ["payment", "link"], f'payment.link: provider "link" needs {wanted}'
        if not all(part in payment.link for part in _LINK_PARTS):
            yield ["payment", "link"], f"payment.link: your page has to get and check {', '.join(_LINK_PARTS)}"
        if unknown := set(re.findall(r"\{[^{}]*\}", payment.link)) - {*_LINK_PARTS, "{currency}"}:
            yield ["payment", "link"], f"payment.link: there is no {min(unknown)}"


def _named_values(tree: dict[str, Any]) -> Iterator[tuple[list[str], Any, Any]]:
    """Path, value and type of what stands in tables with free keys: msgspec's errors do not name those keys."""
    tables = [
        (["intents"], Intent),
        (["mapping"], str | Literal[False]),
        (["properties"], str),
        (["required"], Default),
    ]
    for language, stages in _table(tree, ["orders", "messages"]).items():
        yield ["orders", "messages", language], language, Language
        yield ["orders", "messages", language], stages, dict[str, Any]
        for stage, text in (stages if isinstance(stages, dict) else {}).items():
            yield ["orders", "messages", language, stage], text, Default
    for language, text in _table(tree, ["payment", "thanks"]).items():
        yield ["payment", "thanks", language], language, Language
        yield ["payment", "thanks", language], text, str
    texts = [["messages", "texts"], *(["intents", name, "texts"] for name in _table(tree, ["intents"]))]
    for path in texts:
        for language, cases in _table(tree, path).items():
            yield [*path, language], language, Language
            yield [*path, language], cases, dict[str, Any]
            for case, text in (cases if isinstance(cases, dict) else {}).items():
                yield [*path, language, case], case, Case
                yield [*path, language, case], text, str
    for intent in _table(tree, ["intents"]):
        for language, messages in _table(tree, ["intents", intent, "reply"]).items():
            yield ["intents", intent, "reply", language], language, Language
            yield ["intents", intent, "reply", language], messages, tuple[str, ...]
    for path, kind in tables:
        for name, value in _table(tree, path).items():
            yield [*path, name], value, kind


def _table(tree: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None  # type: ignore[assignment]  # checked in the next line
    return tree if isinstance(tree, dict) else {}
