"""Pure: the console's texts, numbers and times in one language and one time zone."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from receiver.console.property_labels import FIELDS
from receiver.console.reason_texts import FIXES, HINTS, PATTERNS, REASONS
from receiver.console.translations import LANGUAGES, MONTHS, TEXTS


class Translator:
    """`language` is one of `LANGUAGES`."""

    def __init__(self, language: str, timezone: ZoneInfo) -> None:
        self.language, self.timezone = language, timezone
        self._column = LANGUAGES.index(language)

    def text(self, key: str, **values: Any) -> str:
        """The text of `key`; `n` selects the singular or the plural form."""
        text = TEXTS[key][self._column]
        one, several, many = text.partition("|")
        text = many if several and values.get("n") != 1 else one
        return text.format(**{name: self.number(v) if isinstance(v, int) else v for name, v in values.items()})

    def number(self, value: int) -> str:
        return f"{value:,}"

    def field(self, name: str) -> str:
        """The label of a property."""
        return FIELDS[name][self._column] if name in FIELDS else name

    def reason(self, text: str) -> str:
        """A reason as a worker stored it, translated as far as it is known."""
        for pattern, *templates in PATTERNS:
            found = pattern.fullmatch(text)
            template = templates[self._column] if found else ""
            if found and template:
                return template.format(**{name: self.reason(part) for name, part in found.groupdict().items()})
        return text if self.language == "en" else REASONS.get(text, text)

    def pause(self, code: str, reason: str) -> str:
        """Why a line is paused and what to do about it."""
        return self.text(f"pause.{code}") if f"pause.{code}" in TEXTS else self.reason(reason)

    def fix(self, code: str, english: str) -> str:
        """What fixes parked leads whose reason begins with `code`."""
        return english if self.language == "en" else FIXES.get(code, FIXES[""])

    def hint(self, why: str) -> str:
        """What helps where a value was dropped for the reason `why`."""
        return HINTS.get(why, HINTS[""])[self._column]

    def action(self, command: str) -> str:
        return self.text(f"action.{command}") if f"action.{command}" in TEXTS else command

    def step(self, name: str) -> str:
        return self.text(f"step.{name}") if f"step.{name}" in TEXTS else name

    def state(self, name: str) -> str:
        return self.text(f"state.{name}") if f"state.{name}" in TEXTS else name

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
