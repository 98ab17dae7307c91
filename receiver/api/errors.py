"""Why a call is refused. Each knows the status and the words of its answer, and quotes nothing of what was sent."""

from collections.abc import Mapping

from leadcore.errors import LeadSyncError


class ApiError(LeadSyncError):
    """`counted`: the name of a counter of refused requests, "" for none."""

    status = 500
    counted = ""

    def headers(self) -> Mapping[str, str]:
        """Headers that the answer needs."""
        return {}


class Unauthorized(ApiError):
    """No token, or a wrong one."""

    status, counted = 401, "forbidden"

    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class Throttled(ApiError):
    """Too many wrong tokens; `seconds` to wait."""

    status, counted = 429, "throttled"

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many wrong tokens. Wait a minute.")
        self.seconds = seconds

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.seconds)}


class BadRequest(ApiError):
    """A header is missing or unusable."""

    status = 400


class Invalid(ApiError):
    """The body cannot be used; the text names the field."""

    status = 422


class Away(ApiError):
    """Nothing was acknowledged; the caller repeats the call."""

    status = 503

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "2"}
