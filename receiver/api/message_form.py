"""Pure: the body of a message, checked."""

import re
from typing import Any

from leadcore import event
from leadcore.store.outgoing import API, LONG, LONGEST, MOST, Outgoing, name_message
from leadcore.text import is_whole
from receiver.api.errors import BadRequest, Invalid

KNOWN = ("customer_id", "messages", "urgent")
# RFC 9110's visible characters and blanks; proxies refuse longer headers than a few kilobytes.
_KEY = re.compile(r"[ -~]{1,255}")


def is_key(key: str) -> bool:
    """Whether `key` can be an `Idempotency-Key`."""
    return bool(_KEY.fullmatch(key) and key.strip())


def read_message(key: str, raw: bytes) -> Outgoing:
    """The message in the body `raw`, whose id comes from `key`, an `Idempotency-Key`. Raises `event.Malformed`,
    `BadRequest` and `Invalid`."""
    if not is_key(key):
        raise BadRequest("The header Idempotency-Key is required: 1 to 255 ASCII characters, another for each message.")
    return make_message(name_message(API, key), event.decode(raw))


def make_message(message_id: str, body: dict[str, Any]) -> Outgoing:
    """The message in `body`. Raises `Invalid`."""
    unknown = sorted(body.keys() - {*KNOWN})
    if unknown:
        raise Invalid(f"There is a field that is not known; known are {', '.join(KNOWN)}.")
    customer = body.get("customer_id")
    if "customer_id" in event.unusable({"customer_id": customer}) or not isinstance(customer, str | int | float):
        raise Invalid("customer_id is missing or unusable.")
    urgent = body.get("urgent", False)
    if not isinstance(urgent, bool):
        raise Invalid("urgent must be true or false.")
    return Outgoing(message_id, customer, _texts(body.get("messages")), urgent)


def warn(message: Outgoing) -> list[str]:
    """What to know of a message that is taken."""
    return [
        f"messages[{index}] has more than {LONG:,} characters; a chat may cut it off."
        for index, text in enumerate(message.texts)
        if len(text) > LONG
    ]


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST:
        raise Invalid(f"messages must be a list of 1 to {MOST} texts.")
    for index, text in enumerate(value):
        if not isinstance(text, str) or not text.strip():
            raise Invalid(f"messages[{index}] must be a text that is not blank.")
        if not is_whole(text):
            raise Invalid(f"messages[{index}] has half of a letter: \\ud800 to \\udfff stand in pairs.")
        if len(text) > LONGEST:
            raise Invalid(f"messages[{index}] has more than {LONGEST:,} characters.")
    return value
