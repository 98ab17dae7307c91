"""The only file that knows DealDroid's webhook: POST {"customer_id", "messages": [...]}; any 200 is success, whatever
its body (DealDroid's page shows a body that is no JSON)."""

import os
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sent:
    """The customer has it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It certainly was not delivered. `again`: whether to try later; `why` is for people."""

    why: str
    again: bool
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody can tell whether it was delivered: the connection ended after the request was sent."""

    why: str


Delivery = Sent | Failed | Unclear


class DealDroid:
    """Sends messages over kept-alive connections; safe to use from `in_flight` threads."""

    def __init__(self, url: str, in_flight: int) -> None:
        self.url = url
        self.session = requests.Session()
        # Read the proxy variables once: requests would read them, and a netrc file, for every message.
        self.session.trust_env = False
        self.session.proxies.update(get_environ_proxies(url))
        self.session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=in_flight, max_retries=0)
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)

    def send(self, customer: str | int | float, text: str) -> Delivery:
        """Send one bubble; `customer` exactly as DealDroid gave it. Never raises."""
        try:
            answer = self.session.post(
                self.url,
                json={"customer_id": customer, "messages": [text]},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.exceptions.ConnectTimeout:
            return Failed("DealDroid cannot be reached", again=True)
        except requests.exceptions.ConnectionError as error:
            if "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error):
                return Failed("DealDroid cannot be reached", again=True)
            return Unclear("the connection ended before DealDroid answered")
        except requests.exceptions.Timeout:
            return Unclear("DealDroid did not answer in time")
        except (requests.exceptions.RequestException, ValueError):
            return Unclear("DealDroid's answer could not be read")
        return _judge(answer.status_code, answer.headers.get("Retry-After", ""))


def _judge(status: int, retry_after: str) -> Delivery:
    if status == 200:
        return Sent()
    if status in (408, 425, 429) or status >= 500:
        seconds = float(retry_after) if retry_after.isdigit() else None
        return Failed(f"DealDroid answered {status}", again=True, seconds=seconds)
    return Failed(f"DealDroid refused the message (status {status})", again=False)
