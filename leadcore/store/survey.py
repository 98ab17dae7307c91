"""What a worker found out about the portal for the setup page: the receiver asks by leaving a note, and never calls
HubSpot."""

import json
from dataclasses import asdict, dataclass, field, fields

from leadcore.store import keys
from leadcore.store.connection import Redis

# No worker is asked again in so long; what was fine is looked at again after FRESH_MS.
ASK_SECONDS, FRESH_MS = 15, 600_000
_KEPT_SECONDS = 86_400
_ASKED, _TAKEN = "asked", "taken"


@dataclass(frozen=True, slots=True)
class Survey:
    """`token`: its kind, "" where HubSpot does not say; `scopes`, `properties`: those that are missing; `code`,
    `reason`: why HubSpot could not be asked, "" if it could; `at_ms`: when, by Redis' clock. Without the scope to list
    properties they are not looked at: it is among the missing ones."""

    at_ms: int
    token: str = ""
    scopes: list[str] = field(default_factory=list)
    properties: list[str] = field(default_factory=list)
    code: str = ""
    reason: str = ""

    @property
    def is_fine(self) -> bool:
        return not (self.scopes or self.properties or self.code)


def read_survey(redis: Redis) -> Survey | None:
    """The newest, None if there is none. Raises redis-py's errors."""
    stored = redis.get(keys.SURVEY)
    known = {one.name for one in fields(Survey)}
    # A worker of a newer version may have added something.
    return Survey(**{name: said for name, said in json.loads(stored).items() if name in known}) if stored else None


def ask_survey(redis: Redis, known: Survey | None, now_ms: int) -> None:
    """Let a worker make a new one, unless `known` is fine and fresh. Raises redis-py's errors."""
    if known is None or not known.is_fine or now_ms - known.at_ms > FRESH_MS:
        redis.set(keys.SURVEY_ASKED, _ASKED, nx=True, ex=ASK_SECONDS)


def claim_survey(redis: Redis) -> bool:
    """Whether one is asked for and is this worker's to make. Raises redis-py's errors."""
    return bool(redis.set(keys.SURVEY_ASKED, _TAKEN, xx=True, keepttl=True, get=True) == _ASKED.encode())


def store_survey(redis: Redis, survey: Survey) -> None:
    """Raises redis-py's errors."""
    redis.set(keys.SURVEY, json.dumps(asdict(survey)), ex=_KEPT_SECONDS)
