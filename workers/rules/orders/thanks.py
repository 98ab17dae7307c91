"""Pure: what a customer who has paid is told. Templates as in `workers.rules.texts`."""

from collections.abc import Mapping

from jinja2 import Template

from leadcore.config import Language, Payment
from workers.rules.texts import MAX_LENGTH, compile_template

DEFAULTS: Mapping[Language, str] = {
    "th": "ได้รับชำระเงิน {{ amount }} {{ currency }} สำหรับออเดอร์ {{ order_ref }} แล้ว ขอบคุณค่ะ",
    "en": "We have received {{ amount }} {{ currency }} for your order {{ order_ref }}. Thank you!",
}
_SAMPLES = {"amount": "1,250.50", "currency": "THB", "order_ref": "K73FX219"}


class Thanks:
    """The templates of one configuration."""

    def __init__(self, templates: Mapping[Language, Template | None]) -> None:
        self._templates = templates

    @classmethod
    def compile(cls, payment: Payment | None) -> "Thanks":
        """Raises `ConfigError`, which names the key, for a template that cannot be used."""
        texts: Mapping[Language, str] = {**DEFAULTS, **(payment.thanks if payment else {})}
        return cls(
            {
                language: compile_template(text, f"payment.thanks.{language}", _SAMPLES) if text.strip() else None
                for language, text in texts.items()
            }
        )

    def says(self, language: Language) -> bool:
        """Whether anything is said in this language."""
        return self._templates[language] is not None

    def render(self, language: Language, amount: str, currency: str, order_ref: str) -> str:
        """What is said, "" if nothing is."""
        template = self._templates[language]
        if template is None:
            return ""
        try:
            return template.render(amount=amount, currency=currency, order_ref=order_ref).strip()[:MAX_LENGTH].rstrip()
        except Exception:  # a template may fail on a value unlike its sample
            return ""
