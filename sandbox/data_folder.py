"""What `leadsync run` keeps from one run to the next: its secrets, and what its stand-ins know."""

import json
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from sandbox import append_only, dealdroid
from sandbox.hubspot import snapshot

_LENGTHS = {"DEALDROID_SECRET": 24, "CONSOLE_PASSWORD": 12, "LEADSYNC_KEY": 24, "MESSAGES_TOKEN": 24}


class DataFolder:
    """`path`: the folder; `redis`, `spool`: where these keep theirs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.redis, self.spool = path / "redis", path / "spool"

    def state(self, stand_in: str) -> Path:
        """The file in which the stand-in of this name keeps what it knows."""
        return self.path / f"{stand_in}.json"

    def keep_secrets(self) -> dict[str, str]:
        """Variable -> secret: those of earlier runs, and new ones where there are none."""
        file, kept = self.path / "secrets.json", {}
        with suppress(OSError, ValueError):
            kept = json.loads(file.read_bytes())
        known = {name: kept.get(name) for name in _LENGTHS} if isinstance(kept, dict) else {}
        own = {name: str(known.get(name) or secrets.token_urlsafe(length)) for name, length in _LENGTHS.items()}
        if own != known:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
                json.dump(own, opened)
        return own

    def is_whole(self) -> bool:
        """Whether both stand-ins can go on with what they knew."""
        try:
            dealdroid.Chats().restore(self.state("dealdroid").read_bytes())
            return snapshot.is_readable(self.state("hubspot").read_bytes())
        except (OSError, msgspec.MsgspecError):
            return False

    def clear(self) -> None:
        """Forget what Redis, the disk and the stand-ins know; no server may work there."""
        append_only.clear(self.redis)
        shutil.rmtree(self.spool, ignore_errors=True)
        self.clear_states()

    def clear_states(self) -> None:
        """Forget what the stand-ins know."""
        for name in ("hubspot", "dealdroid"):
            self.state(name).unlink(missing_ok=True)
