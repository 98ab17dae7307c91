"""What the processes of a simulated deployment are configured with."""

from base64 import b64encode
from pathlib import Path

from bench.chaos.stage import CONFIG, ORDERS, SECRET
from bench.simulation import parties
from sandbox import dealdroid

KEY = "the key of a simulation"
HOOK_SECRET = f"whsec_{b64encode(KEY.encode().ljust(32)).decode()}"


def make_environ(folder: Path, texts: str, shards: int, *, hooked: bool, noticed: bool) -> dict[str, str]:
    """The environment variables, and a configuration in `folder`. `texts`: more of that; `hooked`, `noticed`: whether
    an address of hooks and the team are told."""
    path = folder / "leadsync.toml"
    path.write_text(f"{CONFIG}{ORDERS}{texts}{parties.CONFIG}[inbox]\nshards = {shards}\n")
    hooks = {"HOOK_URLS": "http://simulation/hooks", "HOOK_SECRET": HOOK_SECRET}
    return {
        "REDIS_URL": "redis://simulation",
        "LEADSYNC_CONFIG": str(path),
        "LEADSYNC_KEY": KEY,
        "DEALDROID_SECRET": SECRET,
        "DEALDROID_WEBHOOK_URL": f"http://simulation{dealdroid.WEBHOOK}",
        "HUBSPOT_ACCESS_TOKEN": "simulation",
        "HUBSPOT_BASE_URL": "http://simulation",
        **(hooks if hooked else {}),
        **({"NOTIFY_URLS": "json://simulation"} if noticed else {}),
    }
