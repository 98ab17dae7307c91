"""Looks at token, scopes and properties when the console asks for it: the receiver never calls HubSpot."""

import structlog

from leadcore.config import Config
from leadcore.machine import Event, Machine
from leadcore.store.connection import AWAY, Redis
from leadcore.store.survey import Survey, claim_survey, store_survey
from workers.flow.errors import LineDown, Stopping
from workers.hubspot import access
from workers.hubspot.client import HubSpot
from workers.hubspot.properties import DEFINITIONS
from workers.hubspot.scopes import list_purposes

LOOK_SECONDS = 1.0
log = structlog.get_logger("leadsync.survey")


class Surveyor:
    """In its own thread of each worker. Of several workers one makes the survey."""

    def __init__(
        self, connection: Redis, hubspot: HubSpot, token: str, config: Config, stop: Event, machine: Machine
    ) -> None:
        self.redis, self.hubspot, self.token, self.config, self.stop = connection, hubspot, token, config, stop
        self._thread = machine.thread(self._run, "survey")

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while not self.stop.wait(LOOK_SECONDS):
            try:
                self.survey_if_asked()
            except (Stopping, *AWAY):  # it is asked for again
                continue
            except Exception as error:  # a thread must not end with a traceback
                log.warning("survey.failed", error=type(error).__name__)

    def survey_if_asked(self) -> bool:
        """Make and store a survey if the console asked for one. Raises `Stopping` and redis-py's errors."""
        if not claim_survey(self.redis):
            return False
        seconds, micros = self.redis.time()
        store_survey(self.redis, survey(self.hubspot, self.token, self.config, int(seconds * 1000 + micros // 1000)))
        return True


def survey(hubspot: HubSpot, token: str, config: Config, now_ms: int) -> Survey:
    """What HubSpot says now; an outage is a finding. Raises `Stopping` and redis-py's errors."""
    try:
        missing = _list_missing_properties(hubspot, config)
        found = access.inspect_token(hubspot, token, needed_scopes(config))
    except LineDown as down:
        return Survey(now_ms, code=down.code, reason=down.why)
    return Survey(now_ms, token=found.kind, scopes=found.missing, properties=missing)


def _list_missing_properties(hubspot: HubSpot, config: Config) -> list[str]:
    """Ours that contacts lack, [] if the token may not list them. Raises `LineDown`."""
    try:
        known = {one.get("name") for one in hubspot.properties()}
    except LineDown as down:
        if down.code != "forbidden":
            raise
        return []
    return [one.name for one in DEFINITIONS if config.mapping.get(one.name) is None and one.name not in known]


def needed_scopes(config: Config) -> dict[str, str]:
    """Pure: the scopes that this configuration needs, and what for."""
    orders = config.orders
    if orders is None:
        return list_purposes()
    compares = config.payment is not None and config.payment.check_prices
    return list_purposes(orders.kind, owners=bool(orders.owners), products=compares)
