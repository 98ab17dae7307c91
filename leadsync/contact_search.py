"""The console's look-up of contacts in HubSpot: at once or not at all, and in one call."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import phonenumbers
import structlog

from leadcore.machine import Machine
from leadcore.store import keys
from leadcore.store.connection import RECEIVER_TIMEOUT, connect
from leadcore.store.streams import Stream
from receiver.console.contacts import SECONDS, FoundContact
from receiver.console.errors import NoAnswer
from workers.flow.errors import LineDown, Stopping
from workers.flow.request_context import checked
from workers.hubspot.batches import BATCH
from workers.hubspot.budget import Budget
from workers.hubspot.client import HubSpot
from workers.hubspot.search_quota import SEARCH_INTERVAL_SECONDS
from workers.rules.mapping import phone
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.settings import WorkerSettings

# In less it would not answer.
LEAST_SECONDS = 0.1
# After a failure HubSpot is not asked for so long, so that no page waits for it again.
QUIET_SECONDS = 10.0
# Contacts that a search shows.
FOUND = 20
T = TypeVar("T")
log = structlog.get_logger("leadsync.web")


class HubSpotContacts:
    """A `receiver.console.contacts.ContactLookUp`. Its calls take slots of the budget that all workers share, and
    nothing of what they answer is kept."""

    def __init__(self, settings: WorkerSettings, machine: Machine) -> None:
        shared = settings.shared
        self.machine, self.config = machine, shared.config
        self.redis = connect(shared, RECEIVER_TIMEOUT)
        stop, limits = machine.event(), (settings.requests_per_10s, settings.requests_per_day)
        self.budget = Budget(self.redis, limits[0], stop, machine, limits[1], shared.timezone)
        self.hubspot = HubSpot(settings.token, settings.hubspot_url, self.budget, version=shared.hubspot_version)
        mapped = {one: self.config.mapping.get(one, one) for one in ("firstname", "lastname", "phone", "mobilephone")}
        self._names = [str(mapped[one]) for one in ("firstname", "lastname") if mapped[one]]
        # HubSpot's own two have properties for searches.
        own = ("phone", "mobilephone")
        self._phones = [str(mapped[one]) for one in own if mapped[one] and mapped[one] not in own]
        self._quiet_until = 0.0

    def read_names(self, contact_ids: Sequence[str], seconds: float = SECONDS) -> Mapping[str, str]:
        wanted = contact_ids[:BATCH]
        found = self._ask(lambda: self.hubspot.read_batch(wanted, self._names), seconds)
        return {id: self._name(one) for id, one in found.items()}

    def find(self, text: str) -> Sequence[FoundContact]:
        wanted = [*self._names, CUSTOMER_ID]
        if "@" in text:
            found = list(self._ask(lambda: self.hubspot.read_batch([text], wanted, "email")).values())
        else:
            number = phone.parse(text, self.config.crm.country).phone
            if not number:
                return []
            digits = phonenumbers.national_significant_number(phonenumbers.parse(number))
            if not Stream(self.redis).acquire_lock(keys.SEARCHED, "1", int(SEARCH_INTERVAL_SECONDS * 1000)):
                raise NoAnswer("searches come too fast")
            custom = dict.fromkeys(self._phones, number)
            found = self._ask(lambda: self.hubspot.find_by_phone(digits, custom, wanted, FOUND))
        return [FoundContact(one["id"], self._name(one), one.get(CUSTOMER_ID, "")) for one in found]

    def _name(self, contact: Mapping[str, str]) -> str:
        return " ".join(contact[one] for one in self._names if contact.get(one))

    def _ask(self, call: Callable[[], T], seconds: float = SECONDS) -> T:
        """What `call` returns, which makes one request. Raises `NoAnswer` and redis-py's errors."""
        if seconds < LEAST_SECONDS:
            raise NoAnswer("the page has waited long enough")
        if self.machine.monotonic() < self._quiet_until or self.redis.exists(keys.PAUSE):
            raise NoAnswer("the line is paused, or HubSpot has just failed")
        slot, _ = self.budget.reserve()
        if not slot:
            raise NoAnswer("the quota is used up")
        slots = [slot]
        try:
            with checked(lambda: None, slots, seconds=seconds):
                return call()
        except (LineDown, Stopping) as failed:
            if seconds >= SECONDS:
                self._quiet_until = self.machine.monotonic() + QUIET_SECONDS
            log.warning("console.no_names", why=failed.code if isinstance(failed, LineDown) else "stopping")
            raise NoAnswer("HubSpot has failed") from None
        finally:
            self.budget.release(slots)
