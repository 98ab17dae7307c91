"""What can be set on the stand-in while it runs."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

SCOPES = (
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.objects.owners.read",
    "crm.objects.deals.read",
    "crm.objects.orders.read",
)
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Every value can be posted to `/_sandbox/settings`; times in seconds.

    `tokens`: the only bearer tokens that are good; none means any.
    `search_lag`: how long a write stays unseen by search.
    `conflict`: how a taken unique value is told; `default` is `existing_id` for a creating row, else `coordinates`.
    `listed_in_message`, `listed_in_errors`: at most so many refused values in either list of a validation error.
    `bare_errors`: leave out of error bodies whatever may be missing.
    `retry_after`: `Retry-After` of the quota's own 429s; None sends none.
    `max_properties`: custom properties the portal has room for.
    `owners`: the emails of the users to whom a record can belong. `enabled`: type ids of the objects that an admin has
    activated.
    """

    requests_per_10s: Count = 100
    requests_per_day: Count = 250_000
    searches_per_second: Count = 5
    retry_after: float | None = None
    latency: Seconds = 0.0
    search_lag: Seconds = 3.0
    tokens: tuple[str, ...] = ()
    scopes: tuple[str, ...] = SCOPES
    echo_trace_id: bool = True
    conflict: Literal["default", "existing_id", "no_id", "already_exists", "coordinates"] = "default"
    listed_in_message: Count | None = None
    listed_in_errors: Count | None = None
    bare_errors: bool = False
    validate_phones: bool = False
    max_properties: Count = 1000
    owners: tuple[str, ...] = ("mali@example.com", "niran@example.com")
    enabled: tuple[str, ...] = ("0-1", "0-2", "0-3", "0-8", "0-46", "0-123", "0-142")
    portal_id: int = 44_000_001
    time_zone: str = "Asia/Bangkok"
