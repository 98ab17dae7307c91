"""Reads the payload of an EMV QR code: fields of a two-digit id, a two-digit length and a value, and a checksum over
all before it (EMVCo, "QR Code Specification for Payment Systems, Merchant-Presented Mode")."""

from receiver.pay.errors import BadPayload

_CHECKSUM = "6304"


def read_fields(payload: str) -> dict[str, str]:
    """Id -> value of a whole payload, whose checksum is right. Raises `BadPayload`."""
    body, given = payload[:-4], payload[-4:]
    if not payload.isascii() or not body.endswith(_CHECKSUM) or given != f"{checksum(body.encode()):04X}":
        raise BadPayload("its checksum is wrong")
    return split(payload)


def split(text: str) -> dict[str, str]:
    """The fields of a payload, or of a field that holds fields. Raises `BadPayload`."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        head, at = text[at : at + 4], at + 4
        if not (len(head) == 4 and head.isascii() and head.isdigit()):
            raise BadPayload("a field has no length")
        name, length = head[:2], int(head[2:])
        value, at = text[at : at + length], at + length
        if len(value) != length or not length or name in fields:
            raise BadPayload("a field is cut, empty or there twice")
        fields[name] = value
    return fields


def checksum(data: bytes) -> int:
    """CRC-16/IBM-3740, also called CCITT-FALSE: polynomial 0x1021, beginning with 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc
