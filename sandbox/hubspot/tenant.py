"""What all records of a portal have in common: settings, quota, ids, chance. One lock guards it all."""

import random
from threading import Lock

from sandbox.hubspot.quota import Quota
from sandbox.hubspot.settings import Settings
from sandbox.hubspot.versions import Version


class Tenant:
    """`settings` is replaced, never changed. `last_id`: of the newest record."""

    def __init__(self, settings: Settings) -> None:
        self.lock = Lock()
        self.seed = 0
        self.renew(settings)

    def renew(self, settings: Settings) -> None:
        self.settings = settings
        self.quota = Quota()
        self.random = random.Random(self.seed)  # noqa: S311 - shuffles answers, guards nothing
        self.last_id = 500

    def next_id(self) -> int:
        self.last_id += 1 + self.random.randrange(50)
        return self.last_id

    def tells_multi_status(self, version: Version) -> bool:
        """Whether a batch with refused rows answers 207."""
        own = self.settings.multi_status
        return version.multi_status if own is None else own
