"""The reference of an order: what a customer reads aloud, types into a transfer and asks about."""

import hashlib
from base64 import b32encode
from functools import lru_cache

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32 (https://www.crockford.com/base32.html): without I, L, O and U, which are taken for others."""
LENGTH = 8


def order_ref(key: bytes, customer_id: str, event_id: str) -> str:
    """The reference of the order in one event: 8 letters and digits (40 bits) that reveal nothing of the customer, the
    same for a repeat of the event. `key`: that of LEADSYNC_KEY, not blank; `event_id`: the id of its lead (see
    `leadcore.store.keys.digest`)."""
    mac = _keyed(key).copy()
    for part in (customer_id, event_id):
        data = part.encode("utf-8", "surrogatepass")
        mac.update(len(data).to_bytes(4, "big") + data)
    return b32encode(mac.digest()[:5]).translate(_CROCKFORD).decode()


def read_reference(text: str) -> str:
    """A reference as a person may write it, "k7 3f-x2l9" for K73FX219; "" if it cannot be one."""
    plain = "".join(letter for letter in text.upper() if letter not in " -#")
    found = plain.translate(_TAKEN_FOR)
    return found if len(found) == LENGTH and set(found) <= set(ALPHABET) else ""


_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())
_TAKEN_FOR = str.maketrans("ILO", "110")


@lru_cache(4)
def _keyed(key: bytes) -> "hashlib.blake2s":
    if not key:
        raise ValueError("a reference needs a key")
    return hashlib.blake2s(key=hashlib.sha256(key).digest(), person=b"order")
