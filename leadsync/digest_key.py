"""The key of the digests, for commands that look customers up by theirs. Under another one nobody would be found: not
who is to be forgotten, and of no contact that it carries its customer's id."""

from leadcore.errors import SettingsError
from leadcore.receipts import WRITTEN
from leadcore.settings import Settings
from leadcore.store import keys
from leadcore.store.connection import Redis
from leadcore.store.leads import read_newest, read_receipts
from leadcore.store.scan import complete, scan_keys
from workers.sync.customer_store import CustomerStore

LOOKED_AT = 200
FOREIGN = (
    "LEADSYNC_KEY is not the one of the workers: none of the customers who wrote last is known under it. Nothing was "
    "done. Run the command with their environment, or without LEADSYNC_KEY if they have none."
)


def use_digest_key(redis: Redis, settings: Settings) -> bytes:
    """The key, compared with the newest written leads. Raises `SettingsError` and redis-py's errors."""
    fixed = settings.key.encode()
    key = fixed or redis.get(keys.SECRET) or b""
    leads = [lead for _, lead in read_newest(redis, LOOKED_AT)]
    written = {
        one.customer_id for one in read_receipts(redis, leads) if one and one.state in WRITTEN and one.contact_id
    }
    digests = [keys.digest(key, one) for one in written]
    known = redis.exists(*(of(one) for one in digests for of in (keys.customer, keys.forgotten))) if digests else 1
    if not known and complete(lambda: any(scan_keys(redis, keys.customer("*")))):
        raise SettingsError(FOREIGN)
    return key or CustomerStore(redis).use_key()
