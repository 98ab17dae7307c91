"""Why no answer of HubSpot's came: the errors of urllib3 and of the socket -> `LineDown`. HubSpot's own client raises
none of its `ApiException`s here, because only its transport does, which `workers.hubspot.transport` replaces; its
argument errors are faults of this program."""

from urllib3 import exceptions

from leadcore.reasons import Reason, reason
from workers.flow.errors import LineDown

FOREIGN = (exceptions.HTTPError, exceptions.ProxySchemeUnsupported, OSError)
"""What a request may raise; the check of `workers.flow.request_context` raises errors of our own."""

_UNREACHABLE = "unreachable", reason("hubspot_unreachable")
_DISCONNECTED = "disconnected", reason("hubspot_disconnected")
# The first that fits counts. A class of urllib3's that is in none of these rows is new: taken for a lost connection.
_FAULTS: tuple[tuple[tuple[type[Exception], ...], tuple[str, Reason]], ...] = (
    ((exceptions.ConnectTimeoutError,), _UNREACHABLE),
    ((exceptions.TimeoutError,), ("timeout", reason("hubspot_too_late"))),
    ((exceptions.SSLError,), ("tls", reason("hubspot_tls_failed"))),
    # Not one of these requests was sent.
    (
        (
            exceptions.ProxyError,
            exceptions.ProxySchemeUnsupported,
            exceptions.LocationValueError,
            exceptions.PoolError,
            exceptions.TimeoutStateError,
            exceptions.BodyNotHttplibCompatible,
            exceptions.UnrewindableBodyError,
        ),
        _UNREACHABLE,
    ),
    (
        (
            exceptions.ProtocolError,
            exceptions.IncompleteRead,
            exceptions.InvalidChunkLength,
            exceptions.DecodeError,
            exceptions.ResponseError,
            exceptions.InvalidHeader,
            exceptions.HeaderParsingError,
        ),
        _DISCONNECTED,
    ),
)


def translate(error: Exception) -> LineDown:
    """The line is down because a request raised `error`, one of `FOREIGN`."""
    for kinds, (code, why) in _FAULTS:
        if isinstance(error, kinds):
            return LineDown(code, why)
    if isinstance(error, exceptions.HTTPError):
        return LineDown(*_DISCONNECTED)
    return LineDown("unreachable", reason("connection_failed", error=type(error).__name__))
