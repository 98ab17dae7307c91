"""Which server answers: Redis, or another that speaks its protocol and has versions of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The oldest of each that has the commands used here. Valkey began with 7.2.
OLDEST = {"Redis": (6, 2), "Valkey": (7, 2)}
WANTED = " or ".join(f"{name} {major}.{minor}" for name, (major, minor) in OLDEST.items()) + ", or newer"


@dataclass(frozen=True, slots=True)
class Server:
    """`name` as people write it; `version` as the server writes it, "" if it does not say; `is_cluster`: it refuses
    commands whose keys belong to several of its parts, as ours do."""

    name: str
    version: str
    is_cluster: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()

    @property
    def is_tried(self) -> bool:
        """Whether it is one of those that this project is tested with."""
        return self.name in OLDEST

    @property
    def is_too_old(self) -> bool:
        return self.is_tried and not self.is_since(OLDEST[self.name])

    def is_since(self, version: tuple[int, ...]) -> bool:
        """Whether its version is (major, minor) or newer."""
        return self._release >= version

    def is_foreign_to(self, other: "Server") -> bool:
        """Whether `other` is another server, or this one in an older version; False where its version is unknown."""
        return bool(self.version) and (self.name != other.name or not other.is_since(self._release))

    @property
    def _release(self) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:2])


def identify(info: Mapping[str, Any]) -> Server:
    """Pure: the server whose INFO this is. Its `redis_version` is only what a fork wants to be taken for: Valkey 9 says
    7.2.4 there."""
    name = str(info.get("server_name") or ("valkey" if "valkey_version" in info else "redis"))
    version = info.get(f"{name}_version") or info.get("redis_version") or ""
    return Server(name.capitalize(), str(version), is_cluster=bool(info.get("cluster_enabled")))


def identify_binary(said: str) -> Server | None:
    """Pure: the server that answers `--version` so ("Valkey server v=9.1.2 sha=..."); None if it is none."""
    found = re.match(r"(\w+) server v=(\S+)", said)
    return Server(found[1], found[2]) if found else None
