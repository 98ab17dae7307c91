"""A writer's plan for a customer's events, as tests begin and continue it."""

from collections.abc import Callable, Mapping

from workers.rules.customer import UNKNOWN, Customer
from workers.rules.field_clock import digester
from workers.rules.lead import CustomerBatch, Decision, Lead, Loaded
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.plan import WritePlanner, clock_after
from workers.rules.portal import Portal

DIGEST = digester(b"key of the tests")
VERSION = 1_772_000_000_000 << 16
PHONE = "+66891234567"
BY_PHONE = MappedEvent({"phone": PHONE}, creation={"hs_lead_status": "NEW"}, placeholder="089 123 4567")
BY_EMAIL = MappedEvent(
    {"email": "a@x.th", "phone": PHONE}, creation={"hs_lead_status": "NEW"}, placeholder="089 123 4567"
)
BY_NAME = MappedEvent({"firstname": "Ann", "email": "a@x.th"}, {"zip": "10110"}, creation={"hs_lead_status": "NEW"})


def plan(*names: str) -> WritePlanner:
    return WritePlanner(Portal(frozenset(names) if names else None), DIGEST)


def group(*told: MappedEvent, customer: Customer = UNKNOWN) -> CustomerBatch:
    leads = [
        Lead(b"1-1", f"lead{n}", VERSION + n, "", 0, "c-1", "Purchase", mapped, {}) for n, mapped in enumerate(told)
    ]
    return CustomerBatch(Loaded("c-1", leads, "record", stored=customer), Decision(customer))


def known(clock: Mapping[str, str] | None = None, **more: object) -> Customer:
    """A customer with contact 501 who said the values of `clock` before."""
    stamps = {name: (VERSION - 9, DIGEST(name, value)) for name, value in (clock or {}).items()}
    return Customer(**{"contact_id": "501", "clock": stamps, "revision": 4, **more})  # type: ignore[arg-type]


def clock_of(started: CustomerBatch) -> Mapping[str, tuple[int, bytes]]:
    return clock_after(started.loaded, started.decision, DIGEST)


def go_on(started: CustomerBatch, rule: Callable[..., Decision], *more: object) -> None:
    started.decide(rule(started.loaded, started.decision, *more))


def decided(*told: MappedEvent, customer: Customer = UNKNOWN) -> CustomerBatch:
    started = group(*told, customer=customer)
    go_on(started, plan().decide)
    return started
