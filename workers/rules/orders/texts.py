"""Pure: the name of an order, and what the customer is told when it comes to a stage. Templates as in
`workers.rules.texts`."""

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Template

from leadcore.config import Config, Language
from leadcore.language import choose_language
from leadcore.text import clean
from workers.rules.texts import MAX_LENGTH, SAMPLES, compile_template, find_variables

TRACKING = {"tracking": "hs_shipping_tracking_number", "tracking_url": "hs_shipping_status_url"}
"""Short names in the texts of stages -> properties."""
NAME_SAMPLES = {
    **{name: sample for name, sample in SAMPLES.items() if name != "missing"},
    "order_ref": "K73FX219",
    "intent": "Purchase",
    "amount": "1290",
    "currency": "THB",
    "payment_method": "cash_on_delivery",
}
"""The variables of an order's name, with a sample of each."""
_STAGE_SAMPLES = dict.fromkeys(TRACKING, "TH0123456789")
# HubSpot's lists cut longer ones off.
MAX_NAME = 250


@dataclass(frozen=True, slots=True)
class StageText:
    """What is said in one language. `variables`: names of properties and of `TRACKING`."""

    template: Template
    variables: frozenset[str]


class OrderTexts:
    """The templates of one configuration with `[orders]`."""

    def __init__(
        self, name: Template, messages: Mapping[tuple[Language, str], StageText], default_language: Language
    ) -> None:
        self._name, self._messages, self._default = name, messages, default_language

    @classmethod
    def compile(cls, config: Config) -> "OrderTexts | None":
        """None without `[orders]`. Raises `ConfigError`, which names the key, for a template that cannot be used."""
        orders = config.orders
        if orders is None:
            return None
        messages: dict[tuple[Language, str], StageText] = {}
        for language, texts in orders.messages.items():
            for stage, source in texts.items():
                path = f'orders.messages.{language}."{stage}"'
                template = compile_template(source, path, _STAGE_SAMPLES, more=True)
                messages[language, fold(stage)] = StageText(template, frozenset(find_variables(source)))
        name = compile_template(orders.name, "orders.name", NAME_SAMPLES)
        return cls(name, messages, config.messages.default_language)

    @property
    def stages(self) -> frozenset[str]:
        """The stages that have a text, as `fold` makes them of the config's labels or ids."""
        return frozenset(stage for _, stage in self._messages)

    @property
    def variables(self) -> frozenset[str]:
        """The properties that the texts of stages speak of."""
        return frozenset(TRACKING.get(name, name) for text in self._messages.values() for name in text.variables)

    def name(self, values: Mapping[str, str]) -> str:
        """The name of an order. `values`: by the names of `NAME_SAMPLES`; others are ignored. Its reference if nothing
        else is left of it."""
        given = {**dict.fromkeys(NAME_SAMPLES, ""), **values}
        try:
            text = self._name.render(given)
        except Exception:  # a template may fail on a value unlike its sample
            text = ""
        return " ".join(text.split())[:MAX_NAME].rstrip() or given["order_ref"]

    def find(self, stage: str, language: str) -> StageText | None:
        """What is said at the stage, a label or id, to a customer of the language (a code, "" if unknown), if need be
        in another one; None if nothing is."""
        first = choose_language(language, self._default)
        languages: tuple[Language, ...] = (first, "en" if first == "th" else "th")
        return next(filter(None, (self._messages.get((one, fold(stage))) for one in languages)), None)


def render(text: StageText, properties: Mapping[str, str]) -> str:
    """The message, at most `MAX_LENGTH` characters, "" if it cannot be made. `properties`: of the order, by HubSpot's
    names."""
    values = {name: properties.get(TRACKING.get(name, name)) or "" for name in text.variables}
    try:
        return text.template.render(values).strip()[:MAX_LENGTH].rstrip()
    except Exception:  # a template may fail on a value unlike its sample
        return ""


def fold(stage: str) -> str:
    """A stage's label or id as it is compared."""
    return clean(stage).casefold()
