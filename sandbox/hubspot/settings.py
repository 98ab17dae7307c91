"""What can be set on the stand-in while it runs."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from sandbox.hubspot.rules import FormatRule, Required

SCOPES = (
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
)
# What orders, or carts or deals instead, need beside these.
SALES_SCOPES = (
    "crm.objects.owners.read",
    "crm.objects.products.read",
    *(
        f"crm.{kind}.{name}.{right}"
        for name in ("orders", "carts", "deals", "line_items")
        for kind in ("objects", "schemas")
        for right in ("read", "write")
    ),
)
Names = tuple[str, ...]
PIPELINES: dict[str, dict[str, Names]] = {
    "orders": {"Order Pipeline": ("Open", "Processed", "Shipped", "Delivered", "Cancelled")},
    "deals": {"Sales Pipeline": ("Appointment Scheduled", "Contract Sent", "Closed Won", "Closed Lost")},
}
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Every value can be posted to `/_sandbox/settings`; times in seconds.

    `tokens`: the only bearer tokens that are good; none means any.
    `search_lag`: how long a write stays unseen by search.
    `conflict`: how a taken unique value is told; `default` is `existing_id` for a creating row, else `coordinates`.
    `listed_in_message`, `listed_in_errors`: at most so many refused values in either list of a validation error.
    `bare_errors`: leave out of error bodies whatever may be missing.
    `retry_after`: `Retry-After` of the quota's own 429s; None sends none. `quota_headers`: whether answers tell the
    quotas.
    `max_properties`: custom properties of each object type the portal has room for.
    `max_records`: contacts the portal has room for, None any number; `room`: the same for other object types, any
    number without; one more is refused with `limit_status`.
    `multi_status`: whether a batch with refused rows answers 207; None: as its version does.
    `batch_conflict`: one row's taken unique value refuses the whole batch with a 409 of this form; None: only its row.
    `required`, `formats` (of contacts: property -> its rules), `record_formats` (object type -> the same): what the
    admin demands. `required_body`: how a missing value is told,
    since HubSpot's own way is not public: `context` and `codes` name the property in a field, `values` in the list of
    the message, `names` and `labels` in its words, `silent` nowhere.
    `merged_values`: what a merged record has of the other one: nothing but its emails (`primary`), also what fills
    the primary one's blanks (`filled`), unique values among it (`filled_unique`).
    `merged_writes`: whether a write to a merged record's old id reaches the new record or answers 404.
    `merged_reads`: whether a batch read of several ids of one record holds it for each of them or once.
    `owners`: the emails of the users to whom a record can belong. `enabled`: type ids of the objects that an admin has
    activated; records of others are refused with `disabled_status`.
    `pipelines`: object type -> label of each pipeline -> labels of its stages.
    `company_currency`, `additional_currencies`: the only ones that a record can have.
    `read_only`, `unique`: object type -> built-in properties that this portal does not let anybody write, and that hold
    a value once.
    """

    requests_per_10s: Count = 100
    requests_per_day: Count = 250_000
    searches_per_second: Count = 5
    retry_after: float | None = None
    quota_headers: bool = True
    latency: Seconds = 0.0
    search_lag: Seconds = 3.0
    tokens: tuple[str, ...] = ()
    scopes: tuple[str, ...] = SCOPES + SALES_SCOPES
    echo_trace_id: bool = True
    conflict: Literal["default", "existing_id", "no_id", "already_exists", "code", "coordinates"] = "default"
    listed_in_message: Count | None = None
    listed_in_errors: Count | None = None
    bare_errors: bool = False
    validate_phones: bool = False
    max_properties: Count = 1000
    max_records: Count | None = None
    limit_status: Literal[400, 402, 403] = 400
    multi_status: bool | None = None
    batch_conflict: Literal["existing_id", "no_id"] | None = None
    required: tuple[Required, ...] = ()
    required_body: Literal["context", "codes", "values", "names", "labels", "silent"] = "context"
    formats: dict[str, tuple[FormatRule, ...]] = {}
    record_formats: dict[str, dict[str, tuple[FormatRule, ...]]] = {}
    merged_values: Literal["primary", "filled", "filled_unique"] = "primary"
    merged_writes: Literal["routed", "refused"] = "routed"
    merged_reads: Literal["each", "once"] = "each"
    owners: tuple[str, ...] = ("mali@example.com", "niran@example.com")
    enabled: tuple[str, ...] = ("0-1", "0-2", "0-3", "0-7", "0-8", "0-46", "0-123", "0-142")
    disabled_status: Literal[400, 403, 404] = 403
    pipelines: dict[str, dict[str, Names]] = field(default_factory=lambda: dict(PIPELINES))
    company_currency: str = "THB"
    additional_currencies: Names = ()
    room: dict[str, Count] = {}
    read_only: dict[str, Names] = {}
    unique: dict[str, Names] = {}
    portal_id: int = 44_000_001
    time_zone: str = "Asia/Bangkok"
    ui_domain: str = "app.hubspot.com"

    def owner_ids(self) -> list[tuple[int, str]]:
        """Id and email of each."""
        return [(700 + at, email) for at, email in enumerate(self.owners)]

    def currencies(self) -> Names:
        return (self.company_currency, *self.additional_currencies)
