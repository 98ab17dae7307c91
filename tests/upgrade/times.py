"""Moments as text, told relative to the one at which something was saved, and filled in anew.

‹ms -5000› is the moment 5 s before, as Redis writes times; see `KINDS` for the other forms. So what was said a minute
before the upgrade is a minute old in every year.
"""

import json
import re
import secrets
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from leadcore.store import keys

Commands = list[list[str]]
MARK = re.compile("‹([a-z0-9]+) ?([^›]*)›")
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
# A moment further from now than this is no moment.
NEAR_MS = 60 * DAY_MS


@dataclass(frozen=True)
class Moment:
    """What the saved times are relative to: ms since 1970. `dataset`: the id of the data, another one for each load,
    because journals of all tests on this machine stand in one folder."""

    ms: int
    zone: ZoneInfo
    dataset: str = field(default_factory=lambda: secrets.token_hex(8))

    def fill(self, text: str) -> bytes:
        """The bytes that `text` stands for."""
        parts = MARK.split(text)
        filled = [parts[0].encode()]
        for kind, value, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            filled += [KINDS[kind](self, value), rest.encode()]
        return b"".join(filled)

    @property
    def day(self) -> int:
        return datetime.fromtimestamp(self.ms / 1000, self.zone).date().toordinal()


KINDS: dict[str, Callable[[Moment, str], bytes]] = {
    "ms": lambda moment, past: b"%d" % (moment.ms + int(past)),
    "ns": lambda moment, past: b"%d" % ((moment.ms + int(past)) * 1_000_000),
    "s": lambda moment, past: str((moment.ms + int(past)) / 1000).encode(),
    "sec": lambda moment, past: b"%d" % ((moment.ms + int(past)) // 1000),
    # As RQ writes it.
    "iso": lambda moment, past: (
        datetime.fromtimestamp((moment.ms + int(past)) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
    ),
    "hour": lambda moment, past: b"%d" % (moment.ms // HOUR_MS + int(past)),
    # In a customer's packed record: a moment in 6 bytes, a version (ms << 16 | sequence) in 8, a day in 2.
    "u48": lambda moment, past: (moment.ms + int(past)).to_bytes(6, "big"),
    "version": lambda moment, past: (
        (moment.ms + int(past.rpartition("-")[0])) << 16 | int(past.rpartition("-")[2])
    ).to_bytes(8, "big"),
    "day": lambda moment, past: ((moment.day + int(past)) & 0xFFFF).to_bytes(2, "big"),
    # What is known of a customer's orders: MessagePack, of which only the times change.
    "orders": lambda moment, text: msgspec.msgpack.encode(_fill_orders(json.loads(text), moment.ms)),
    "hex": lambda _, digits: bytes.fromhex(digits),
    "zlib": lambda _, text: zlib.compress(text.encode()),
    "dataset": lambda moment, _: moment.dataset.encode(),
}


def _fill_orders(value: Any, now_ms: int) -> Any:
    match value:
        case {"ms": past}:
            return now_ms + past
        case {"version": [past, number]}:
            return (now_ms + past) << 16 | number
        case {"hex": digits}:
            return bytes.fromhex(digits)
        case dict():
            return {name: _fill_orders(one, now_ms) for name, one in value.items()}
        case list():
            return [_fill_orders(one, now_ms) for one in value]
    return value


def _tell_orders(value: Any, now_ms: int) -> Any:
    """JSON of what `_fill_orders` fills."""
    match value:
        case bytes():
            return {"hex": value.hex()}
        case int() if abs(value - now_ms) < NEAR_MS:
            return {"ms": value - now_ms}
        case int() if abs((value >> 16) - now_ms) < NEAR_MS:
            return {"version": [(value >> 16) - now_ms, value & 0xFFFF]}
        case dict():
            return {name: _tell_orders(one, now_ms) for name, one in value.items()}
        case list():
            return [_tell_orders(one, now_ms) for one in value]
    return value


def noon_zone() -> str:
    """A time zone in which it is about noon, so that no day ends while a test looks at what was said on it."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


class Teller:
    """Tells times relative to `now_ms`."""

    def __init__(self, now_ms: int, moment: Moment) -> None:
        self.now_ms, self.zone, self.dataset = now_ms, moment.zone, moment.dataset
        self.day = datetime.fromtimestamp(now_ms / 1000, moment.zone).date().toordinal()

    def text(self, raw: bytes) -> str:
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return f"‹hex {raw.hex()}›"
        assert "‹" not in text
        assert "›" not in text
        text = re.sub(rf"\b{re.escape(socket.gethostname())}\b", "host", text.replace(self.dataset, "‹dataset›"))
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", self._iso, text)
        text = re.sub(r"(?<![\d.])\d{19}(?!\d)", lambda found: self._near(found, "ns", 1_000_000), text)
        text = re.sub(r"(?<![\d.])\d{10}\.\d+", lambda found: self._near(found, "s", 0.001), text)
        text = re.sub(r"(?<![\d.])\d{13}(?!\d)", lambda found: self._near(found, "ms", 1), text)
        return re.sub(r"(?<![\d.+-])\d{10}(?![\d.])", lambda found: self._near(found, "sec", 0.001), text)

    def _near(self, found: re.Match[str], kind: str, unit: float) -> str:
        past = int(float(found[0]) / unit) - self.now_ms
        return f"‹{kind} {past}›" if abs(past) < NEAR_MS else found[0]

    def _iso(self, found: re.Match[str]) -> str:
        at = datetime.strptime(found[0], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        return f"‹iso {int(at.timestamp() * 1000) - self.now_ms}›"

    def record(self, raw: bytes) -> str:
        """A customer's packed record of format 1, see `workers.rules.customer`."""
        assert raw[4] == 1
        at = 7 + raw[6]
        active, (day, texts) = int.from_bytes(raw[at : at + 6], "big"), struct.unpack_from(">HB", raw, at + 10)
        clock = at + 13 + 4 * texts
        parts = [
            f"‹hex {raw[:7].hex()}›{raw[7:at].decode()}",
            f"‹u48 {active - self.now_ms}›" if active else f"‹hex {bytes(6).hex()}›",
            f"‹hex {raw[at + 6 : at + 10].hex()}›",
            f"‹day {day - (self.day & 0xFFFF)}›" if day else "‹hex 0000›",
            f"‹hex {raw[at + 12 : clock].hex()}›",
        ]
        while clock < len(raw):
            version, stamps = struct.unpack_from(">QB", raw, clock)
            end = clock + 9
            for _ in range(stamps):
                end += 6 if raw[end] else 2 + raw[end + 1] + 5
            # Version 0 is of what the contact was seen to have.
            past = f"version {(version >> 16) - self.now_ms}-{version & 0xFFFF}" if version else "hex 0000000000000000"
            parts.append(f"‹{past}›‹hex {raw[clock + 8 : end].hex()}›")
            clock = end
        return "".join(parts)

    def orders(self, raw: bytes) -> str:
        """What is known of a customer's orders, of format 1, see `workers.rules.orders.record`."""
        assert raw[4] == 1
        told = json.dumps(_tell_orders(msgspec.msgpack.decode(raw[5:]), self.now_ms))
        return f"‹hex {raw[:5].hex()}›‹orders {told}›"

    def redis(self, redis: Any) -> Commands:
        """Commands that make what this Redis holds."""
        commands: Commands = []
        for name in sorted(redis.scan_iter(count=1000)):
            hour = re.fullmatch(rf"({keys.COUNTS}:)(\d+)", name.decode())
            key = f"{hour[1]}‹hour {int(hour[2]) - self.now_ms // HOUR_MS}›" if hour else self.text(name)
            commands += [[word, key, *words] for word, *words in self._value(redis, name)]
            ttl = redis.pttl(name)
            if ttl >= 0:
                commands.append(["PEXPIRE", key, str(ttl)])
        return commands

    def _value(self, redis: Any, name: bytes) -> Commands:
        match redis.type(name):
            case b"string":
                packed = re.match(keys.customer("") + "|" + keys.contact("[0-9]+$"), name.decode())
                tell = self.record if packed else self.text
                if name.startswith(keys.ordered("").encode()):
                    tell = self.orders
                return [["SET", tell(redis.get(name))]]
            case b"hash":
                pairs = sorted(redis.hgetall(name).items())
                return [["HSET", *(word for one, value in pairs for word in (self.text(one), self._job(one, value)))]]
            case b"stream":
                return [
                    ["XADD", self.text(at), *(self.text(word) for pair in fields.items() for word in pair)]
                    for at, fields in redis.xrange(name)
                ]
            case b"zset":
                rows = redis.zrange(name, 0, -1, withscores=True)
                return [["ZADD", *(self.text(word) for one, score in rows for word in (b"%d" % score, one))]]
            case b"set":
                return [["SADD", *sorted(map(self.text, redis.smembers(name)))]]
            case b"list":
                return [["RPUSH", *map(self.text, redis.lrange(name, 0, -1))]]
            case b"none":  # it has ended since it was listed
                return []
        raise AssertionError(name)

    def _job(self, name: bytes, value: bytes) -> str:
        """RQ packs what a job calls."""
        return f"‹zlib {zlib.decompress(value).decode()}›" if name == b"data" else self.text(value)
