"""Pure: the text of a confirmation, and whether a message may be sent now.

Templates are Jinja in a sandbox. Each is compiled and rendered once at the start, so that a mistake in the TOML file
stops the start and not a message.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, Template, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from leadcore import config as settings
from leadcore.config import Case, Config, Language
from leadcore.errors import ConfigError
from leadcore.language import choose_language
from leadcore.reasons import NO_REASON, Reason, reason

MAX_LENGTH = 2000
MAX_AGE_MINUTES = 23 * 60

BUILT_IN: settings.Texts = {
    "th": {
        "details_saved": "ขอบคุณค่ะ บันทึกข้อมูลติดต่อเรียบร้อยแล้วค่ะ",
        "address_saved": "บันทึกที่อยู่จัดส่งแล้วค่ะ หากต้องการแก้ไข ส่งที่อยู่ใหม่ได้เลยค่ะ",
        "something_missing": "ได้รับข้อมูลแล้วค่ะ รบกวนส่ง{{missing}}ด้วยนะคะ",
        "email_refused": "อีเมลนี้ดูไม่ถูกต้อง รบกวนตรวจสอบแล้วส่งใหม่นะคะ",
        "address_unclear": "ที่อยู่จัดส่งดูไม่ตรงกัน รบกวนตรวจสอบแล้วส่งที่อยู่ใหม่อีกครั้งนะคะ",
    },
    "en": {
        "details_saved": "Thank you! Your contact details are saved.",
        "address_saved": "Your delivery address is saved. To change it, just send the new one.",
        "something_missing": "Got it, thank you. Could you also send your {{missing}}?",
        "email_refused": "That email doesn't look right. Could you check and resend it?",
        "address_unclear": "The parts of your address don't fit together. Could you check and resend it?",
    },
}
MISSING: dict[Language, dict[str, str]] = {
    "th": {"name": "ชื่อ", "phone": "เบอร์โทรศัพท์", "address": "ที่อยู่จัดส่ง", "email": "อีเมล"},
    "en": {"name": "name", "phone": "phone number", "address": "delivery address", "email": "email"},
}
# The variables of a template, with a sample of each.
SAMPLES = {
    "firstname": "สมชาย",
    "lastname": "ใจดี",
    "nickname": "ชาย",
    "company": "Example Co., Ltd.",
    "phone": "+66812345678",
    "email": "somchai@example.com",
    "address": "99/12 ซอยสุขุมวิท 39",
    "subdistrict": "คลองตันเหนือ",
    "district": "วัฒนา",
    "city": "กรุงเทพมหานคร",
    "state": "กรุงเทพมหานคร",
    "zip": "10110",
    "country": "Thailand",
    "missing": "เบอร์โทรศัพท์",
}
_BLANKS = dict.fromkeys(SAMPLES, "")
# Chat text is not HTML: an escaped ampersand would reach the customer as "&amp;".
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


class ConfirmationContext(Struct, frozen=True):
    """What the text is about. `language`: base code, "" if unknown. `missing`: "name", "phone", "address" or "email",
    "" if nothing is. `values`: those of this event, by the names of `SAMPLES`; others are ignored."""

    intent: str
    language: str
    contact_saved: bool
    address_saved: bool
    email_refused: bool
    missing: str
    values: Mapping[str, str]
    address_unclear: bool = False


def choose_case(context: ConfirmationContext) -> Case | None:
    """The case to write about, None if there is nothing to say. A refused email and an unclear address are mentioned
    even if nothing was saved; what is missing is asked for only if something was."""
    if context.email_refused:
        return "email_refused"
    if context.address_unclear:
        return "address_unclear"
    if not (context.contact_saved or context.address_saved):
        return None
    if context.missing in MISSING["en"]:
        return "something_missing"
    return "details_saved" if context.contact_saved else "address_saved"


def find_silence_reason(now_ms: int, event_ms: int, config: Config, timezone: ZoneInfo, intent: str = "") -> Reason:
    """Why no message about an event of `event_ms` may be sent at `now_ms` (both ms since 1970); "" if it may."""
    if not config.messages.enabled:
        return reason("messages_off")
    if not config.intent(intent).confirm:
        return reason("messages_off_for_intent")
    minutes = min(config.messages.confirm_max_age, MAX_AGE_MINUTES)
    if now_ms - event_ms > minutes * 60_000:
        return reason("too_old", minutes=minutes)
    return reason("quiet_hours") if is_quiet(now_ms, config, timezone) else NO_REASON


def is_quiet(now_ms: int, config: Config, timezone: ZoneInfo) -> bool:
    """Whether it is one of the quiet hours."""
    if not config.messages.quiet_hours:
        return False
    start, end = config.messages.quiet_hours
    now = datetime.fromtimestamp(now_ms / 1000, timezone).strftime("%H:%M")
    return start <= now < end if start <= end else now >= start or now < end


class MessageTemplates:
    """The templates of one configuration: first the intent's, then those of `[messages]`, then the built-in ones."""

    def __init__(
        self, templates: dict[tuple[str | None, Language, Case], Template], default_language: Language
    ) -> None:
        self._templates = templates
        self._default_language = default_language

    @classmethod
    def compile(cls, config: Config) -> "MessageTemplates":
        """Raises `ConfigError`, which names intent, language and case, for a template that cannot be used."""
        layers: dict[str | None, settings.Texts] = {None: _merge(BUILT_IN, config.messages.texts)}
        layers |= {intent: rules.texts for intent, rules in config.intents.items()}
        templates = {
            (intent, language, case): compile_template(source, _path(intent, language, case), SAMPLES)
            for intent, texts in layers.items()
            for language, cases in texts.items()
            for case, source in cases.items()
        }
        return cls(templates, config.messages.default_language)

    def render(self, context: ConfirmationContext) -> str:
        """The message, at most `MAX_LENGTH` characters; "" if there is nothing to say. Never raises."""
        case = choose_case(context)
        if case is None:
            return ""
        language = choose_language(context.language, self._default_language)
        values = {**_BLANKS, **context.values, "missing": MISSING[language].get(context.missing, "")}
        template = self._templates.get((context.intent, language, case)) or self._templates[None, language, case]
        try:
            text = template.render(values)
        except Exception:  # a template may fail on a value unlike its sample (empty, or digits)
            text = BUILT_IN[language][case].replace("{{missing}}", values["missing"])
        return text.strip()[:MAX_LENGTH].rstrip()


def _merge(below: settings.Texts, above: settings.Texts) -> settings.Texts:
    return {language: below[language] | above.get(language, {}) for language in below}


def _path(intent: str | None, language: Language, case: Case) -> str:
    return f"messages.texts.{language}.{case}" if intent is None else f'intents."{intent}".texts.{language}.{case}'


def compile_template(source: str, path: str, samples: Mapping[str, str], *, more: bool = False) -> Template:
    """The template `source`, which stands at `path` in the configuration. `samples`: its variables; `more`: whether it
    may have others. Raises `ConfigError` if it cannot be rendered with the samples, or with blanks."""
    try:
        tree = _ENVIRONMENT.parse(source)
        variables = find_variables(source)
        unknown = variables - samples.keys()
        if unknown and not more:
            raise ConfigError(f"there is no {{{{{min(unknown)}}}}}; there are {', '.join(samples)}.", path)
        if any(node.attr.startswith("_") for node in tree.find_all(nodes.Getattr)):
            raise ConfigError("a text may not reach for Python.", path)
        template = _ENVIRONMENT.from_string(source)
        # Every rendering copies the globals, and a plain dict copies faster than Jinja's ChainMap.
        template.globals = dict(template.globals)
        template.render({**dict.fromkeys(unknown, "1"), **samples})
        template.render(dict.fromkeys([*variables, *samples], ""))
    except ConfigError:
        raise
    except Exception as error:  # Jinja passes on errors of the expression itself: 1 / 0, a missing file
        raise ConfigError(f"{str(error).rstrip('.') or type(error).__name__}.", path) from None
    return template


def find_variables(source: str) -> set[str]:
    """The variables of the template `source`; raises Jinja's errors."""
    return meta.find_undeclared_variables(_ENVIRONMENT.parse(source))
