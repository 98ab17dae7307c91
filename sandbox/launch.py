"""Pure: which processes `leadsync run` starts, in which order and environment, and what it says about them."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from leadcore.settings import find_platform, local_url

PORTS = {"receiver": 8000, "page": 8001, "hubspot": 8002, "dealdroid": 8003, "redis": 6399}
INTENT_PATH = "/api/v1/intent-handler"
CONSOLE_PATH = "/console/"
WEBHOOK_PATH = "/api/provider/webhook/"
HOOKS_PATH, NOTICES_PATH = "/received/hooks", "/received/notices"
TOLD = (
    "REDIS_URL",
    "HUBSPOT_ACCESS_TOKEN",
    "HUBSPOT_BASE_URL",
    "DEALDROID_WEBHOOK_URL",
    "DEALDROID_SECRET",
    "LEADSYNC_KEY",
    "HOOK_SECRET",
    "HOOK_URLS",
    "NOTIFY_URLS",
    "MESSAGES_TOKEN",
    "PROMPTPAY_ID",
)
"""What another terminal's commands need to know of what this run has made."""
OPEN = (
    "PORT",
    "HOST",
    "PUBLIC_URL",
    "LEADSYNC_CONFIG",
    "LEADSYNC_TIMEZONE",
    "SPOOL_DIR",
    "HUBSPOT_API_VERSION",
    "DRY_RUN",
)
"""What they need to know whoever has set it: none of it is a secret."""
EXAMPLE = {
    "mid": "m-1",
    "customer_id": "c-1",
    "intent": "Share contact",
    "contact_info": {"name": "สมชาย ใจดี", "phone": "0812345678", "language": "th"},
}


NOBODY = "000000000000000"
"""An e-wallet that nobody has: the codes that `leadsync run` shows pay no one."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What the environment leaves to the sandbox."""

    redis: bool
    hubspot: bool
    dealdroid: bool

    @property
    def page(self) -> bool:
        """The page looks into both stand-ins."""
        return self.hubspot and self.dealdroid


@dataclass(frozen=True, slots=True)
class Part:
    """One process. `argv`: what follows the name of this Python. `ready`: a URL; it works once that answers below 500.
    Without one it is a step: it has to end well before the next part starts."""

    name: str
    argv: tuple[str, ...]
    ready: str = ""


def find_needs(environ: Mapping[str, str]) -> Needs:
    return Needs(
        redis=not environ.get("REDIS_URL"),
        hubspot=not environ.get("HUBSPOT_ACCESS_TOKEN"),
        dealdroid=not environ.get("DEALDROID_WEBHOOK_URL"),
    )


def refuse(environ: Mapping[str, str]) -> str:
    """Why nothing may be started here, "" if it may: stand-ins on a hosting platform would swallow real leads."""
    needs = find_needs(environ)
    missing = {
        "REDIS_URL": needs.redis,
        "HUBSPOT_ACCESS_TOKEN": needs.hubspot,
        "DEALDROID_WEBHOOK_URL": needs.dealdroid,
    }
    names = " and ".join(name for name, is_missing in missing.items() if is_missing)
    platform = find_platform(environ)
    if not (platform and names):
        return ""
    return (
        f"This is a hosting platform ({platform} is set), and {names} would be replaced by a stand-in on this machine. "
        "Leads would be lost. Use the processes of the Procfile here (web and worker), or `leadsync all`."
    )


def wish_ports(environ: Mapping[str, str]) -> dict[str, int]:
    """The ports of `PORTS`, with the receiver's `PORT` if it is set; 0 is any."""
    given = environ.get("PORT", "")
    return PORTS | ({"receiver": int(given)} if given.isdecimal() and int(given) < 65_536 else {})


def choose_ports(wanted: Mapping[str, int], is_free: Callable[[int], bool], find: Callable[[], int]) -> dict[str, int]:
    """The wanted port for each name, or one that `find` gives where that is taken."""
    ports: dict[str, int] = {}
    for name, wish in wanted.items():
        port = wish
        while not port or port in ports.values() or not is_free(port):
            port = find()
        ports[name] = port
    return ports


def extend(environ: Mapping[str, str], ports: Mapping[str, int], own: Mapping[str, str]) -> dict[str, str]:
    """The environment of every part: `environ`, and where that says nothing `own` (made for this run: secrets, folders,
    the URL of the embedded Redis) and the stand-ins."""
    needs = find_needs(environ)
    given = {name: value for name, value in environ.items() if value}
    local = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    joined = {name: f"{given[name]},{value}" if name in given else value for name, value in local.items()}
    public = {"PUBLIC_URL": receiver_url(environ, ports), **_receive(ports, own)} if needs.page else {}
    result = {**own, **public, **given, **joined, "PORT": str(ports["receiver"]), "PYTHONUNBUFFERED": "1"}
    if needs.hubspot:
        result |= {"HUBSPOT_ACCESS_TOKEN": "sandbox", "HUBSPOT_BASE_URL": url(ports["hubspot"])}
    if needs.dealdroid:
        result["DEALDROID_WEBHOOK_URL"] = url(ports["dealdroid"]) + WEBHOOK_PATH
    return result


def list_parts(
    environ: Mapping[str, str], ports: Mapping[str, int], secret: str, home: Path, redis: str = ""
) -> list[Part]:
    """In the order of their start; they end in the reverse order. `home`: the folder in which the stand-ins keep what
    they know; `redis`: the URL of the embedded one, "" where there is none."""
    needs, receiver = find_needs(environ), receiver_url(environ, ports)
    systems = ["--receiver", receiver]
    systems += [word for name in ("hubspot", "dealdroid") for word in (f"--{name}", url(ports[name]))]
    parts = [
        Part("setup", ("-m", "leadsync", "setup")),
        Part("web", ("-m", "leadsync", "web"), ready=f"{receiver}/healthz"),
        Part("worker", ("-m", "leadsync", "worker", "--count", "2"), ready=f"{receiver}/readyz"),
    ]
    if needs.dealdroid:
        parts.insert(0, _serve("dealdroid", ports["dealdroid"], f"--state={home / 'dealdroid.json'}"))
    if needs.hubspot:
        parts.insert(0, _serve("hubspot", ports["hubspot"], f"--state={home / 'hubspot.json'}"))
    if needs.page:
        parts.append(_serve("page", ports["page"], *systems, f"--secret={secret}", f"--redis={redis}"))
    return parts


def tell(environ: Mapping[str, str], extended: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """For the commands in other terminals: what was made for this run of what its parts see (`extended`), without the
    console's password, and what is no secret; and what the user had set and leads somewhere."""
    own = {name: extended[name] for name in TOLD if name in extended and extended[name] != environ.get(name)}
    own |= {name: extended[name] for name in OPEN if name in extended}
    return own, {name: value for name in TOLD if (value := environ.get(name)) and name not in own}


def describe(
    environ: Mapping[str, str], ports: Mapping[str, int], own: Mapping[str, str], redis: str, home: Path | None
) -> str:
    """What is where, and how to post a lead; `redis` is what to say about the embedded one; `home`: where the data are
    kept, None if they are not. Of what the user has set, no secret is shown, nor a URL that may hold one."""
    needs = find_needs(environ)
    local = {name: url(port) for name, port in ports.items()}
    password = "as you set it" if environ.get("CONSOLE_PASSWORD") else own["CONSOLE_PASSWORD"]
    rows = {
        "Sandbox page": local["page"] if needs.page else "only where HubSpot and DealDroid are both stand-ins",
        "Lead console": f"{receiver_url(environ, ports)}{CONSOLE_PATH}  (user leadsync, password {password})",
        "Receiver": receiver_url(environ, ports) + INTENT_PATH,
        "HubSpot": f"{local['hubspot']}  (stand-in)" if needs.hubspot else "your portal",
        "DealDroid": f"{local['dealdroid']}  (stand-in)"
        if needs.dealdroid
        else _host(environ["DEALDROID_WEBHOOK_URL"]),
        "Redis": redis if needs.redis else _host(environ["REDIS_URL"]),
        "Data": f"kept in {home}; --ephemeral keeps none" if home else "kept nowhere",
    }
    moved = [
        f"Port {wish} is taken: {name} is on {ports[name]}."
        for name, wish in wish_ports(environ).items()
        if wish and ports[name] != wish
    ]
    table = [f"  {name:<12}  {place}" for name, place in rows.items()]
    return "\n".join(
        ["", *moved, *table, "", "Post a lead:", "", write_curl(environ, ports, own), "", "Ctrl-C ends it all.", ""]
    )


def write_curl(environ: Mapping[str, str], ports: Mapping[str, int], own: Mapping[str, str]) -> str:
    """A command for a shell that posts `EXAMPLE`; a secret that the user has set is left to the shell to fill in."""
    body = json.dumps(EXAMPLE, ensure_ascii=False)[:-1]
    secret = "'\"$DEALDROID_SECRET\"'" if environ.get("DEALDROID_SECRET") else own["DEALDROID_SECRET"]
    return (
        f"  curl {receiver_url(environ, ports)}{INTENT_PATH} -H 'Content-Type: application/json' \\\n"
        f'    -d \'{body}, "secret": "{secret}"}}\''
    )


def _receive(ports: Mapping[str, int], own: Mapping[str, str]) -> dict[str, str]:
    """Hooks and notices go to the sandbox page."""
    page = url(ports["page"])
    # A secret that stays the same from run to run, like the one that it is made of.
    secret = base64.b64encode(hashlib.sha256(f"hooks {own.get('LEADSYNC_KEY', '')}".encode()).digest()).decode()
    return {
        "HOOK_URLS": page + HOOKS_PATH,
        "HOOK_SECRET": f"whsec_{secret}",
        "NOTIFY_URLS": page.replace("http://", "json://") + NOTICES_PATH,
    }


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def receiver_url(environ: Mapping[str, str], ports: Mapping[str, int]) -> str:
    return local_url(environ.get("HOST", "").strip(), ports["receiver"])


def _host(address: str) -> str:
    return urlsplit(address).hostname or "as set"


def _serve(name: str, port: int, *options: str) -> Part:
    return Part(name, ("-m", f"sandbox.{name}", "--port", str(port), *options), ready=url(port) + "/")
