"""Pure: what the team is told of what happened."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadcore.config import Notify
from leadcore.errors import ConfigError
from leadcore.fields import BODY, CUSTOMER, DATA, EVENT, LEAD
from workers.rules.texts import compile_template

WHAT = {
    "lead.created": "New lead",
    "lead.parked": "A lead needs you",
    "order.created": "New order",
    "order.paid": "Order paid",
    "order.cancelled": "Order cancelled",
    "order.refunded": "Order refunded",
}
"""What happened, in plain ASCII: strict mail servers refuse long titles that are not."""
PRIVATE = ("name", "phone", "cart")
"""Values that a text has only with `private = true`."""
SAMPLES = {
    "what": "New lead",
    "event": "lead.created",
    "intent": "Purchase",
    "lead": "4f1c",
    "customer_id": "1234",
    "contact_id": "567",
    "link": "https://app.hubspot.com/contacts/1/record/0-1/567",
    "state": "created",
    "reason": "row",
    "order": "89",
    "order_ref": "K7PX2M",
    "amount": "1,290.00",
    "currency": "THB",
}
_PRIVATE_SAMPLES = {"name": "สมชาย ใจดี", "phone": "+66812345678", "cart": "2 x Dog food"}
MOST_LETTERS = 5_000
"""Of a text, in UTF-16 as LINE counts: the least of what services take, and not cut by the library."""


@dataclass(frozen=True, slots=True)
class Notice:
    """`title`: short plain ASCII; `body`: not blank."""

    title: str
    body: str


TEST = Notice("leadsync test", "This is a test of leadsync: notices to the team arrive here.")


class NoticeTemplate:
    """The text of `[notify]`."""

    def __init__(self, config: Notify) -> None:
        """Raises `ConfigError` for a template that cannot be used."""
        self._names = SAMPLES | (_PRIVATE_SAMPLES if config.private else {})
        try:
            self._template = compile_template(config.text, "notify.text", self._names)
        except ConfigError as error:
            wanted = [name for name in PRIVATE if not config.private and f"no {{{{{name}}}}}" in str(error)]
            if wanted:
                raise ConfigError(f"{{{{{wanted[0]}}}}} needs private = true.", "notify.text") from None
            raise

    def compose(self, fields: Mapping[bytes, bytes], contact_link: str, rest: int) -> Notice:
        """The message about an entry of the notices, and how many more there are. Never raises: what cannot be rendered
        is told in the built-in words."""
        values = dict.fromkeys(self._names, "") | _read_values(fields, self._names) | {"link": contact_link}
        what = values["what"]
        try:
            text = self._template.render(values).strip()
        except Exception:  # a template may fail on a value unlike its sample
            text = ""
        more = f"\n+ {rest} more" if rest else ""
        body = _cut(text or f"{what} {contact_link}".strip(), MOST_LETTERS - len(more)) + more
        return Notice(f"{what} (+{rest})" if rest else what, body)


def read_data(fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The event's data, {} if it cannot be read."""
    try:
        data = json.loads(fields.get(DATA, b"{}"))
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _read_values(fields: Mapping[bytes, bytes], names: Mapping[str, str]) -> dict[str, str]:
    name = fields.get(EVENT, b"").decode("utf-8", "replace")
    found: dict[str, Any] = {"event": name, "what": WHAT.get(name, "News")}
    found["lead"] = fields.get(LEAD, b"").decode("utf-8", "replace")
    try:
        found["customer_id"] = json.loads(fields[CUSTOMER])["id"] if CUSTOMER in fields else ""
        private = json.loads(fields.get(BODY, b"{}"))
    except (ValueError, KeyError, TypeError):
        private = {}
    found = private | read_data(fields) | found
    return {name: str(value) for name, value in found.items() if name in names}


def _cut(text: str, most: int) -> str:
    """At most `most` UTF-16 units of `text`."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return text if len(raw) <= most * 2 else raw[: most * 2].decode("utf-16-le", "ignore")


def check(config: Notify) -> None:
    """Raise `ConfigError` for a template that cannot be used."""
    NoticeTemplate(config)
