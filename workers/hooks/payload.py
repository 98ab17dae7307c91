"""Pure: a hook's body and headers, by the Standard Webhooks specification (standardwebhooks.com)."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from leadcore.fields import BODY, CUSTOMER, DATA, EVENT, EVENT_ID, LEAD
from leadcore.store.portal_links import PortalLinks

MESSAGE_SENT = "message.sent"


def build(entry: bytes, fields: Mapping[bytes, bytes], links: PortalLinks, more: Mapping[str, str]) -> str:
    """The body of an entry of the hooks. `more`: data that its receipt has. Raises `ValueError` or `KeyError` for an
    entry that cannot be read."""
    ids: dict[str, Any] = {
        "lead": fields.get(LEAD, b"").decode("utf-8", "replace") or None,
        "customer_id": json.loads(fields[CUSTOMER])["id"] if CUSTOMER in fields else None,
    }
    data = ids | {name: value for name, value in more.items() if value} | json.loads(fields[DATA])
    link = links.contact(str(data.get("contact_id", "")))
    if link:
        data["link"] = link
    name = fields[EVENT].decode()
    if BODY in fields:
        data["text" if name == MESSAGE_SENT else "event"] = json.loads(fields[BODY])
    happened_at = datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1000, UTC)
    timestamp = happened_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = {"type": name, "timestamp": timestamp, "data": data}
    body = json.dumps(whole, ensure_ascii=False)
    # Half a letter of UTF-16 cannot be signed or sent but as an escape.
    return body if _is_unicode(body) else json.dumps(whole)


def event_id(fields: Mapping[bytes, bytes]) -> str:
    """The same for each attempt."""
    return fields[EVENT_ID].decode("ascii")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Signer:
    """Signs with each of the secrets, so that one can be rotated. They are as `workers.settings.read_hook_secrets`
    returns them."""

    def __init__(self, secrets: Sequence[str]) -> None:
        from standardwebhooks import Webhook

        self._webhooks = [Webhook(secret) for secret in secrets]

    def headers(self, message_id: str, at: datetime, body: str) -> dict[str, str]:
        """`at`: an aware time of any zone."""
        # The library takes the digits of any time for UTC.
        at = at.astimezone(UTC)
        signatures = [webhook.sign(message_id, at, body) for webhook in self._webhooks]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
