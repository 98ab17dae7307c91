"""Pure: the console's texts, numbers and times in one language and one time zone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from leadcore.reasons import parse, render, split_topic
from leadcore.receipts import BY_EMAIL_ONLY, STATES, WRITTEN, Receipt
from leadcore.texts import en, th
from leadcore.verdict import choose_form, find_flaws, list_kept
from receiver.console.property_labels import FIELDS
from receiver.console.translations import LANGUAGES, MONTHS, TEXTS

CATALOGUES = {"en": en, "th": th}


class Translator:
    """`language` is one of `LANGUAGES`."""

    def __init__(self, language: str, timezone: ZoneInfo) -> None:
        self.language, self.timezone = language, timezone
        self._column = LANGUAGES.index(language)
        self._catalogue = catalogue = CATALOGUES[language]
        self._reasons: Mapping[str, str] = {**catalogue.REASONS, **catalogue.CONSOLE_REASONS}
        self._former: Mapping[str, str] = catalogue.FORMER_REASONS
        self._fixes: Mapping[str, str] = catalogue.FIXES
        self._pauses: Mapping[str, str] = catalogue.PAUSES
        self._hints: Mapping[str, str] = catalogue.HINTS

    def text(self, key: str, **values: Any) -> str:
        """The text of `key`; `n` selects the singular or the plural form."""
        text = TEXTS[key][self._column]
        text = choose_form(text, values.get("n"))
        return text.format(**{name: self.number(v) if isinstance(v, int) else v for name, v in values.items()})

    def kept(self, counts: Sequence[tuple[str, int]]) -> str:
        """How many of what waits for a person, as in `leadcore.verdict.Problem.kept`."""
        return list_kept(counts, self._catalogue.KEPT, self._catalogue.AND)

    def number(self, value: int) -> str:
        return f"{value:,}"

    def field(self, name: str) -> str:
        """The label of a property."""
        return FIELDS[name][self._column] if name in FIELDS else name

    def reason(self, stored: str) -> str:
        """A reason as a receipt has it, without what it is about."""
        _, alone = split_topic(stored)
        return self._former.get(stored) or render(alone, self._reasons)

    def sentence(self, stored: str) -> str:
        """The same where it stands alone: with a capital, unless it begins with the name of a field."""
        text = self.reason(stored)
        begins = self._reasons.get(parse(split_topic(stored)[1]).code, "{")
        return text if begins.startswith("{") and not begins.startswith("{why}") else text[:1].upper() + text[1:]

    def pause(self, code: str, reason: str) -> str:
        """Why a line is paused and what to do about it."""
        return self._pauses.get(code) or self.reason(reason)

    def fix(self, code: str) -> str:
        """What fixes parked leads whose reason is about `code`."""
        return self._fixes.get(code, self._fixes[""])

    def hint(self, why: str) -> str:
        """What helps where a value was dropped for the reason `why`."""
        return self._hints.get(parse(why).code, self._hints[""])

    def action(self, command: str) -> str:
        return self.text(f"action.{command}") if f"action.{command}" in TEXTS else command

    def step(self, name: str) -> str:
        return self.text(f"step.{name}") if f"step.{name}" in TEXTS else name

    def state(self, name: str) -> str:
        return self.text(f"state.{name}") if f"state.{name}" in TEXTS else name

    def flaws(self, receipt: Receipt) -> list[str]:
        """What keeps a written lead from being a plain success, or its contact from being certainly this customer's."""
        doubts = [self.reason(receipt.reason)] if receipt.reason == BY_EMAIL_ONLY and receipt.state in WRITTEN else []
        return doubts + [
            self.text("flaw.without", field=self._in_sentence(name))
            if kind == "without"
            else self.text(f"flaw.{name if kind == 'message' else kind}")
            for kind, name in find_flaws(receipt)
        ]

    def _in_sentence(self, name: str) -> str:
        label = self.field(name)
        return label[:1].lower() + label[1:] if name in FIELDS else label

    @property
    def states(self) -> tuple[str, ...]:
        """Those that one can search for."""
        return (*STATES, "written")

    def time_of_day(self, ms: int) -> str:
        """Hours and minutes."""
        return f"{self._local(ms):%H:%M}"

    def moment(self, ms: int | None, now_ms: int) -> str:
        """The time with seconds, and the date unless it is today's."""
        if ms is None:
            return ""
        at, now = self._local(ms), self._local(now_ms)
        day = "" if at.date() == now.date() else f"{at.day} {MONTHS[self.language][at.month - 1]} "
        year = "" if at.year == now.year else f"{at.year} "
        return f"{day}{year}{at:%H:%M:%S}"

    def iso(self, ms: int) -> str:
        """ISO 8601, for the `datetime` of a <time>."""
        return self._local(ms).isoformat(timespec="seconds")

    def midnight_ms(self, now_ms: int) -> int:
        """The start of the current day."""
        return int(self._local(now_ms).replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)

    def _local(self, ms: int) -> datetime:
        return datetime.fromtimestamp(ms / 1000, self.timezone)
