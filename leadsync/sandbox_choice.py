"""Whether a command means the `leadsync run` of this folder, or what the environment names."""

from collections.abc import MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

from leadcore import local_run
from leadcore.local_run import DATA, LocalRun
from leadcore.settings import find_platform

TARGETS = ("REDIS_URL", "HUBSPOT_ACCESS_TOKEN", "HUBSPOT_BASE_URL", "DEALDROID_WEBHOOK_URL")
"""What leads a command to one system or another: never to the one with the credentials of the other."""


def use_local_run(environ: MutableMapping[str, str], folder: Path | None = None) -> str:
    """Let `environ` name the `leadsync run` whose data are in `folder`, by default `DATA` here, unless it names
    another system or is that of a hosting platform. Returns what to say about it, "" for nothing."""
    folder = folder or Path(DATA)
    found = None if find_platform(environ) else local_run.find(folder)
    if found is None:
        return ""
    if not found.is_alive:
        was = f"{folder / local_run.FILE} is of a `leadsync run` that no longer runs"
        return "" if environ.get("REDIS_URL") else f"{was}. Start it again, or set REDIS_URL."
    others = [name for name in TARGETS if environ.get(name) and not _is_same(found, name, environ[name])]
    if others:
        return f"`leadsync run` runs in this folder, but {' and '.join(others)} is set to something else, and counts."
    missing = {name: value for name, value in found.environ.items() if not environ.get(name)}
    environ.update(missing)
    for name in ("NO_PROXY", "no_proxy"):
        environ[name] = ",".join(filter(None, [environ.get(name), "127.0.0.1"]))
    redis = urlsplit(environ.get("REDIS_URL", "")).netloc.rpartition("@")[2]
    return f"the `leadsync run` of this folder is meant (Redis at {redis or 'the default address'})."


def _is_same(found: LocalRun, name: str, value: str) -> bool:
    return found.environ.get(name) == value or found.given.get(name) == local_run.digest(value)
