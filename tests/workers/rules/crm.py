"""A contact in HubSpot, as far as the rules for news are concerned, and events to deliver to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import structs

from workers.rules.customer import UNKNOWN, Customer, pack, unpack
from workers.rules.field_clock import digest_entries, digester
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.news import News, find_news

DIGEST = digester(b"key of the tests")
MINUTE = 60_000
BEGAN = 1_772_000_000_000
BANGKOK = {"city": "กรุงเทพมหานคร", "state": "กรุงเทพมหานคร", "zip": "10110", "country": "Thailand"}
CHIANG_MAI = {"city": "เมือง", "state": "เชียงใหม่", "zip": "50200", "country": "Thailand"}

Event = tuple[int, MappedEvent]


def at(minutes: float) -> int:
    """The version of an event `minutes` after the first."""
    return (BEGAN + int(minutes * MINUTE)) << 16


@dataclass
class Crm:
    """A contact in HubSpot and what is remembered of its customer, which goes through its packed form every time."""

    values: dict[str, str] = field(default_factory=dict)
    customer: Customer = UNKNOWN
    writes: list[Mapping[str, str]] = field(default_factory=list)

    def deliver(self, *events: Event) -> News:
        news = find_news(self.customer, sorted(events, key=lambda told: told[0]), DIGEST)
        conditional = {n: v for n, (v, mark) in news.if_unchanged.items() if DIGEST(n, self.values.get(n, "")) == mark}
        self.writes.append({**news.writes, **conditional})
        self.values |= self.writes[-1]
        told = structs.replace(
            self.customer,
            contact_id="501",
            clock=digest_entries(news.entries, DIGEST),
            active_ms=news.active_ms,
            intent=news.intent,
        )
        self.customer = unpack(pack(told))
        return news

    @property
    def present(self) -> dict[str, str]:
        return {name: value for name, value in self.values.items() if value}


def visit(minutes: float, intent: str, **more: str) -> Event:
    """An event that says nothing but what the customer is doing."""
    activity = {"dealdroid_last_intent": intent, "dealdroid_last_intent_at": f"at {minutes}", **more}
    return at(minutes), MappedEvent(activity=activity)
