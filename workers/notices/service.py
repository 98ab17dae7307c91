"""The only module that knows apprise, which knows some hundred services by their addresses.

It is imported when the first address is used: it takes a third of a second and 20 MB."""

import logging
import re
from dataclasses import dataclass
from typing import Any

from workers.rules.notice import Notice

DEADLINE_SECONDS = 15.0
# What went wrong before anything reached the service, or what it certainly refused. Anything else may have arrived.
_CERTAIN = re.compile(
    r"NewConnectionError|ConnectTimeout|NameResolutionError|Failed to establish|Connection refused|Name or service"
    r"|No route to host|Network is unreachable|SSLError|CERTIFICATE_|ProxyError|\(\d{3}, b['\"]"
)
_ERROR = "Socket Exception: "


@dataclass(frozen=True, slots=True)
class NoticeOutcome:
    """`why`: "" if the service took it, else a word. `unclear`: it may have arrived all the same."""

    why: str = ""
    unclear: bool = False


def scheme_of(address: str) -> str:
    """All of an address that may be shown."""
    return address.partition("://")[0].lower()


def find_fault(address: str) -> str:
    """Why nothing can be sent there, in a word; "" if it can be tried. Sends nothing."""
    service = _open(address)
    if service is None:
        return "not_understood"
    # The address as a whole succeeds or fails: with several recipients a retry would tell some of them twice.
    return "several_recipients" if len(service) > 1 else ""


def send(address: str, notice: Notice) -> NoticeOutcome:
    """Send once. Never raises. A fresh service each time: the library waits seconds between two requests of one, in the
    caller's thread."""
    import apprise

    try:
        service = _open(address)
        if service is None:
            return NoticeOutcome("not_understood")
        sender = apprise.Apprise()
        sender.add(service)
        result = sender.notify(
            body=notice.body,
            title=notice.title,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=DEADLINE_SECONDS,
            log_level=logging.DEBUG,
        )
        with result:
            if result:
                return NoticeOutcome()
            said = [entry.message for entry in result.logs()]
            status = result.status
    except Exception:  # a plugin's fault; what it did before is not known
        return NoticeOutcome("fault", unclear=True)
    if status == apprise.AppriseResultStatus.TIMEOUT:
        return NoticeOutcome("timeout", unclear=True)
    errors = [one.removeprefix(_ERROR) for one in said if one.startswith(_ERROR)]
    if any(not _CERTAIN.search(one) for one in errors):
        return NoticeOutcome("unclear", unclear=True)
    return NoticeOutcome("unreachable" if errors else "refused")


def _open(address: str) -> Any:
    """The service of an address, None if the library does not understand it."""
    import apprise

    logger = logging.getLogger("apprise")
    if _ONLY_ERRORS not in logger.filters:
        # Its lines name addresses and texts. What is kept of them is the kind of an error, in memory.
        logger.addFilter(_ONLY_ERRORS)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        logger.setLevel(logging.DEBUG)
    asset = apprise.AppriseAsset(async_mode=False, storage_mode="memory", http_redirects=False)
    return apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)


class _OnlyErrors(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or str(record.msg).startswith(_ERROR)


_ONLY_ERRORS = _OnlyErrors()
