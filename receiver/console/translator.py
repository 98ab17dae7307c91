"""Pure: what the console says, in one language and one time zone."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from receiver.console.reason_texts import FIXES, HINTS, PATTERNS, WHYS
from receiver.console.translations import FIELDS, LANGUAGES, MONTHS, WORDS


class Translator:
    """`language` is one of `LANGUAGES`."""

    def __init__(self, language: str, timezone: ZoneInfo) -> None:
        self.language, self.timezone = language, timezone
        self._column = LANGUAGES.index(language)

    def say(self, key: str, **values: Any) -> str:
        """The words behind `key`; `n` decides between the form for one and the form for several."""
        text = WORDS[key][self._column]
        one, several, many = text.partition("|")
        text = many if several and values.get("n") != 1 else one
        return text.format(**{name: self.number(v) if isinstance(v, int) else v for name, v in values.items()})

    def number(self, value: int) -> str:
        return f"{value:,}"

    def field(self, name: str) -> str:
        """A property's name for people."""
        return FIELDS[name][self._column] if name in FIELDS else name

    def why(self, text: str) -> str:
        """A reason that a worker wrote down, in this language as far as it is known."""
        for pattern, *templates in PATTERNS:
            found = pattern.fullmatch(text)
            template = templates[self._column] if found else ""
            if found and template:
                return template.format(**{name: self.why(part) for name, part in found.groupdict().items()})
        return text if self.language == "en" else WHYS.get(text, text)

    def pause(self, code: str, reason: str) -> str:
        """Why a line waits and what to do about it."""
        return self.say(f"pause.{code}") if f"pause.{code}" in WORDS else self.why(reason)

    def fix(self, code: str, english: str) -> str:
        """What mends parked leads whose reason begins with `code`."""
        return english if self.language == "en" else FIXES.get(code, FIXES[""])

    def hint(self, why: str) -> str:
        """What helps where a value was dropped for the reason `why`."""
        return HINTS.get(why, HINTS[""])[self._column]

    def action(self, command: str) -> str:
        return self.say(f"action.{command}") if f"action.{command}" in WORDS else command

    def step(self, name: str) -> str:
        return self.say(f"step.{name}") if f"step.{name}" in WORDS else name

    def state(self, name: str) -> str:
        return self.say(f"state.{name}") if f"state.{name}" in WORDS else name

    def clock(self, ms: int) -> str:
        """The time of day."""
        return f"{self._local(ms):%H:%M}"

    def moment(self, ms: int | None, now_ms: int) -> str:
        """The time of day with seconds, and the day unless it is today's."""
        if ms is None:
            return ""
        at, now = self._local(ms), self._local(now_ms)
        day = "" if at.date() == now.date() else f"{at.day} {MONTHS[self.language][at.month - 1]} "
        year = "" if at.year == now.year else f"{at.year} "
        return f"{day}{year}{at:%H:%M:%S}"

    def iso(self, ms: int) -> str:
        """For machines: the `datetime` of a <time>."""
        return self._local(ms).isoformat(timespec="seconds")

    def midnight_ms(self, now_ms: int) -> int:
        """When this day began."""
        return int(self._local(now_ms).replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)

    def _local(self, ms: int) -> datetime:
        return datetime.fromtimestamp(ms / 1000, self.timezone)
