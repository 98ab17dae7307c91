"""Pure: whether what goes to an address can be read on its way."""

from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_local(url: str) -> bool:
    """Whether what is sent there never leaves this machine."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def is_readable(url: str) -> bool:
    """Whether others may read what is sent there: it is neither encrypted nor for this machine."""
    return urlsplit(url).scheme != "https" and not is_local(url)
