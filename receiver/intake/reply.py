"""The instant replies: texts of the TOML file, or templates that know the event.

A reply without placeholders is made once, at the start. A template is compiled and tried at the start, with values and
without, so that a mistake stops the start and not a reply. It is rendered once the event is stored. One that fails, or
computes for longer than `LIMIT_SECONDS`, is answered by its plain lines: those without a placeholder.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import msgspec
import structlog
from jinja2 import ChainableUndefined, Template, UndefinedError, meta, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from msgspec import Struct

from leadcore import event
from leadcore.config import Config, Language
from leadcore.errors import ConfigError
from leadcore.event import Event, Head, Product
from leadcore.language import base_language, choose_language
from leadcore.machine import Machine
from leadcore.orders.money import read_amount
from leadcore.orders.reference import order_ref
from leadcore.store import keys
from receiver.intake import growth
from receiver.intake.errors import TooSlow
from receiver.intake.posted import read_posted

MAX_LENGTH = 2000
"""Characters of one message, as in `workers.rules.texts`."""
LIMIT_SECONDS = 0.02
"""Of the thread's own time that a message may take; usual ones take less than a hundredth."""
# How often a template is tried at the start before it counts as slow.
TRIES = 3
# Characters of what a text makes of repeating.
_MAX_REPEATED = 100_000
_MAX_NUMBER = 10**15
_TICK = "_tick"
_FIELDS = frozenset(Product.__struct_fields__)
_SAMPLE_PRODUCT = Product("SKU-1", "Dog food 1 kg", "600", "2", "1200", True)
SAMPLE = Event(
    mid="m",
    customer_id="c",
    customer="c",
    intent="Purchase",
    address=event.Address("99/12", "", "คลองตันเหนือ", "วัฒนา", "กรุงเทพมหานคร", "กรุงเทพมหานคร", "10110", "Thailand"),
    contact=event.ContactInfo("สมชาย ใจดี", "0812345678", "somchai@example.com", "", "", "", "th", "Thai"),
    products=(_SAMPLE_PRODUCT,),
    shipping_fee="50",
    grand_total="1250",
    payment_method="bank_transfer",
    product_type="Pet food",
    body=b"{}",
)
_BLANK = Event(mid="m", customer_id="c", customer="c", intent="Purchase", body=b"{}")
_LONG = "ก" * 4096
_LARGEST = Event(
    mid="m",
    customer_id="c",
    customer="c",
    intent=_LONG,
    contact=event.ContactInfo(*[_LONG] * 8),
    address=event.Address(*[_LONG] * 8),
    products=(Product("99", _LONG, "99", "99", "99", True),) * event.MAX_PRODUCTS,
    shipping_fee="99",
    grand_total="9999",
    body=b"{}",
)
_ENCODE = msgspec.json.Encoder().encode
log = structlog.get_logger("leadsync.receiver")

MakeLink = Callable[[Event, str], str]
"""An event and its order's reference -> where to pay it, "" if it cannot be paid by a link."""


class _Missing(ChainableUndefined):
    """Any field of the payload may be missing; what a product does not have is a mistake in the template."""

    def __init__(self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = None) -> None:
        super().__init__(hint, obj, name, exc or UndefinedError)
        if isinstance(obj, Product):
            raise UndefinedError(f"a product has no {name}")


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox whose loops and macros look at the clock, and whose numbers and repetitions stay small."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        # Chat text is not HTML: an escaped ampersand would reach the customer as "&amp;".
        super().__init__(undefined=_Missing, autoescape=False)
        to_int = self.filters["int"]
        self.filters["int"] = lambda *given, **more: max(-_MAX_NUMBER, min(to_int(*given, **more), _MAX_NUMBER))
        self.filters[_TICK] = _tick_each
        del self.filters["center"], self.globals["lipsum"]
        growth.limit_filters(self.filters)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, _TICK, [], [], None, None, lineno=loop.lineno)
        macros: list[nodes.Macro | nodes.CallBlock] = [*tree.find_all(nodes.Macro), *tree.find_all(nodes.CallBlock)]
        for macro in macros:
            look = nodes.Call(nodes.Name(_TICK, "load"), [], [], None, None)
            macro.body.insert(0, nodes.ExprStmt(look).set_lineno(macro.lineno))
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        # All of a product may be seen, and the sandbox's own look at it takes longer than the rest of a turn.
        if type(obj) is Product and attribute in _FIELDS:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        growth.check_call(obj, (*args, *kwargs.values()))
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise OverflowError("a text may not raise to a power")
        if operator == "%" and isinstance(left, str):
            growth.check_format(left, right)
        for repeated, times in ((left, right), (right, left)) if operator == "*" else ():
            if isinstance(repeated, str | list | tuple) and len(repeated) * _as_number(times) > _MAX_REPEATED:
                raise OverflowError("a text may not repeat so often")
        return super().call_binop(context, operator, left, right)


@pass_context
def _tick_each(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    """The items of a loop, with a look at the clock at each turn."""
    tick = context.parent[_TICK]
    for item in items:
        tick()
        yield item


def _as_number(value: Any) -> int:
    return value if isinstance(value, int) else 0


class ReplyMessage(Struct, frozen=True):
    """One message of a reply. `plain`: its lines without a placeholder; `template`: None if it has none; `names`: the
    values that it uses."""

    plain: str
    template: Template | None = None
    names: frozenset[str] = frozenset()


class Reply(Struct, frozen=True):
    """The messages of a reply in one language, and the values that any of them uses, with what reads each."""

    messages: tuple[ReplyMessage, ...]
    names: frozenset[str]
    readers: tuple[tuple[str, Callable[[Event], Any]], ...]


class Replies:
    """The replies of one configuration. `key`: LEADSYNC_KEY, b"" if no reply uses what needs it."""

    def __init__(self, config: Config, key: bytes, machine: Machine, make_link: MakeLink | None = None) -> None:
        """Raises `ConfigError`, which names intent and language, for a template that cannot be used."""
        self._config, self._key, self._machine, self._make_link = config, key, machine, make_link
        self._environment, self._currency = _Environment(), config.currency
        self._ready: dict[str, bytes] = {}
        self._replies: dict[str, dict[Language, Reply]] = {}
        for name, intent in config.intents.items():
            if isinstance(intent.reply, dict):
                self._replies[name] = {
                    language: self._compile_all(texts, f'intents."{name}".reply.{language}')
                    for language, texts in intent.reply.items()
                }
                continue
            same = self._compile_all(intent.reply, f'intents."{name}".reply')
            if all(message.template is None for message in same.messages):
                self._ready[name] = _json_array(list(intent.reply))
            else:
                self._replies[name] = {"th": same, "en": same}
        self._no_reply = _json_array([])

    def answer(self, head: Head, lead: str = "") -> bytes:
        """The reply to an event that is stored, as a JSON array. `lead`: its id, if it is known. Never raises."""
        ready = self._ready.get(head.intent)
        if ready is not None or head.intent not in self._replies:
            return ready or self._no_reply
        return _json_array(self._render_all(head, lead))

    def _render_all(self, head: Head, lead: str) -> list[str]:
        """The messages of the reply; those that turn out blank are left out."""
        try:
            said = read_posted(head.body)
        except Exception as error:  # a reply is worth no lead, and this one is stored
            log.warning("reply.failed", intent=head.intent, error=type(error).__name__)
            return []
        reply = self._choose(head.intent, said)
        if reply is None:
            return []
        values: dict[str, Any] | None = None
        try:
            values = self._read_values(said, head, lead, reply)
        except Exception as error:
            log.warning("reply.failed", intent=head.intent, error=type(error).__name__)
        texts = [each.plain if values is None else self._render(each, values, head) for each in reply.messages]
        return [text for text in texts if text]

    def _choose(self, intent: str, said: Event) -> Reply | None:
        """The reply in the customer's language, else in the only one that there is."""
        by_language = self._replies[intent]
        code = base_language(said.contact.language, said.contact.language_name)
        language = choose_language(code, self._config.messages.default_language)
        return by_language[language] if language in by_language else next(iter(by_language.values()), None)

    def _render(self, message: ReplyMessage, values: Mapping[str, Any], head: Head) -> str:
        if message.template is None:
            return message.plain
        try:
            return self._render_in_time(message.template, values)
        except Exception as error:  # a template may fail on values unlike its samples
            # The text of the error may quote what the customer said.
            log.warning("reply.failed", intent=head.intent, error=type(error).__name__)
            return message.plain

    def _try_out(self, template: Template, values: Mapping[str, Any]) -> None:
        """Raises what the template raises, and `TooSlow` only if it is slow each time: the first time in a process also
        pays for what Python and Jinja do once."""
        for _ in range(TRIES - 1):
            with suppress(TooSlow):
                self._render_in_time(template, values)
                return
        self._render_in_time(template, values)

    def _render_in_time(self, template: Template, values: Mapping[str, Any]) -> str:
        clock, turns = self._machine.cpu_time, count(1)
        end = clock() + LIMIT_SECONDS

        def tick() -> None:
            # A look at the clock takes as long as a usual turn.
            if not next(turns) % 16 and clock() > end:
                raise TooSlow(f"it takes longer than {LIMIT_SECONDS} s")

        text = template.render({**values, _TICK: tick})
        if clock() > end:
            raise TooSlow(f"it takes longer than {LIMIT_SECONDS} s")
        return text.strip()[:MAX_LENGTH].rstrip()

    def _read_values(self, said: Event, head: Head, lead: str, reply: Reply) -> dict[str, Any]:
        names, currency = reply.names, self._currency
        values = {name: read(said) for name, read in reply.readers}
        values["currency"] = currency
        if "amount" in names:
            values["amount"] = _write_amount(said, currency)
        if "order_ref" in names or "pay_url" in names:
            lead = lead or keys.digest(self._key, head.body)
            values["order_ref"] = reference = order_ref(self._key, head.customer_id, lead)
            if "pay_url" in names:
                values["pay_url"] = self._make_link(said, reference) if self._make_link else ""
        return values

    def _compile_all(self, texts: Sequence[str], path: str) -> Reply:
        messages = tuple(self._compile(text, path) for text in texts)
        names = frozenset(name for message in messages for name in message.names)
        return Reply(messages, names, tuple((name, read) for name, read in _VALUES.items() if name in names))

    def _compile(self, source: str, path: str) -> ReplyMessage:
        tree = _parse(self._environment, source, path)
        if tree is None:
            return ReplyMessage(plain=source)
        plain, names, template = tree
        for sample, links in ((SAMPLE, True), (SAMPLE, False), (_BLANK, False), (_LARGEST, True)):
            values = {name: read(sample) for name, read in _VALUES.items()}
            amount = _write_amount(sample, self._currency)
            more = {"order_ref": "K73FX219", "amount": amount, "currency": self._currency}
            url = "https://shop.example.com/pay/K73FX219" if links else ""
            try:
                self._try_out(template, {**values, **more, "pay_url": url})
            except Exception as error:
                raise ConfigError(f"{str(error).rstrip('.') or type(error).__name__}.", path) from None
        return ReplyMessage(plain=plain, template=template, names=names)


def _parse(environment: _Environment, source: str, path: str) -> tuple[str, frozenset[str], Template] | None:
    """The lines of a template without a placeholder, the names that it uses, and it itself; None for a text that is
    none. Raises `ConfigError`."""
    if "{" not in source:
        return None
    try:
        tree = environment.parse(source)
        unknown = meta.find_undeclared_variables(tree) - {*NAMES, _TICK}
        template = environment.from_string(tree)
    except Exception as error:  # Jinja passes on errors of the expression itself: 1 / 0, a missing file
        raise ConfigError(f"{str(error).rstrip('.') or type(error).__name__}.", path) from None
    if unknown:
        raise ConfigError(f"there is no {{{{{min(unknown)}}}}}; there are {', '.join(NAMES)}.", path)
    if any(node.attr.startswith("_") for node in tree.find_all(nodes.Getattr)):
        raise ConfigError("a text may not reach for Python.", path)
    mark = "\0"
    text = ""
    for node in tree.body:
        parts = node.nodes if isinstance(node, nodes.Output) else [node]
        text += "".join(part.data if isinstance(part, nodes.TemplateData) else mark for part in parts)
    if mark not in text and text == source:
        return None
    # Every rendering copies the globals, and a plain dict copies faster than Jinja's ChainMap.
    template.globals = dict(template.globals)
    plain = "\n".join(line for line in text.split("\n") if mark not in line).strip()
    names = {node.name for node in tree.find_all(nodes.Name)}
    return plain[:MAX_LENGTH].rstrip(), frozenset(names), template


def _write_amount(said: Event, currency: str) -> str:
    amount = read_amount(said.grand_total, currency)
    # An empty cart makes no order: a reply that names an amount says that there is one.
    return "" if amount is None or not (amount or said.products) else str(amount)


def _json_array(messages: list[str]) -> bytes:
    try:
        return _ENCODE(messages)
    except (UnicodeEncodeError, msgspec.MsgspecError):  # half a letter of UTF-16
        return _ENCODE([text.encode("utf-8", "ignore").decode() for text in messages])


def _blank(_: Event) -> str:
    return ""


def _from(part: str, name: str, said: Event) -> str:
    found: str = getattr(getattr(said, part), name)
    return found


# What the customer said, in the form in which it came: who the contact is, only the worker finds out.
_VALUES: dict[str, Callable[[Event], Any]] = {
    "intent": lambda said: said.intent,
    "grand_total": lambda said: said.grand_total,
    "shipping_fee": lambda said: said.shipping_fee,
    "payment_method": lambda said: said.payment_method,
    "product_type": lambda said: said.product_type,
    "products": lambda said: said.products,
    "firstname": partial(_from, "contact", "name"),
    **dict.fromkeys(("lastname", "nickname", "company"), _blank),
    "phone": partial(_from, "contact", "phone"),
    "email": partial(_from, "contact", "email"),
    "address": lambda said: said.address.street or said.contact.address,
    "subdistrict": partial(_from, "address", "subdistrict"),
    "district": partial(_from, "address", "district"),
    "city": lambda said: said.address.city or said.contact.city,
    "state": partial(_from, "address", "state"),
    "zip": lambda said: said.address.postal_code or said.contact.zipcode,
    "country": partial(_from, "address", "country"),
    "payload": lambda said: said.payload,
}
NAMES = (*_VALUES, "order_ref", "amount", "currency", "pay_url")
"""The values of a reply."""
