"""The name of every Redis key, in one place, and the shard of a customer. See `leadcore.fields` for hash fields."""

import hashlib
from base64 import b32encode
from functools import lru_cache
from zlib import crc32

PREFIX = "leadsync:"
SECRET = PREFIX + "key"
LEADS = PREFIX + "leads"
PARKED = PREFIX + "parked"
HELD = PREFIX + "held"
"""What a dry run held back: lead -> when, in ms."""
UNSENT = PREFIX + "unsent"
PAUSE = PREFIX + "pause"
MESSAGES_PAUSE = PAUSE + ":outbox"
ORDERS_PAUSE = PAUSE + ":orders"
NOTES_PAUSE = PAUSE + ":notes"
PAYMENTS_PAUSE = PAUSE + ":payments"
NONE = PREFIX + "none"
"""A key that never exists."""
BUDGET = PREFIX + "budget"
DAY = BUDGET + ":day"
"""HubSpot's daily quota: `calls` of the day that `ends` then, its `limit` if HubSpot told it, and when the next paced
call is `due`, that of a call which comes after contacts `due_after`; times in ms."""
STORE = PREFIX + "store"
RESTORING = STORE + ":above"
"""Progress of reading aliases back from HubSpot: the id of the last contact."""
RESTORING_MERGED = RESTORING + ":merged"
"""The same of reading merged contacts."""
RESTORE = STORE + ":restore"
"""Progress of bringing back whose contact is whose, see `workers.sync.background_restore`."""
RESTORE_LOCK = RESTORE + ":lock"
SEARCHED = PREFIX + "searched"
WORKERS = PREFIX + "workers"
DRY_WORKERS = WORKERS + ":dry"
"""Those of the workers that run with DRY_RUN."""
COUNTS = PREFIX + "counts"
FIGURES = PREFIX + "figures"
"""What `receiver.metrics` shows beside the counters, see `leadcore.store.counters`."""
REFUSED = PREFIX + "refused"
"""Posts refused for their secret: ISO date -> count, see `leadcore.store.posts`."""
LAST_POST = PREFIX + "last_post"
"""When DealDroid's last authenticated post came: the score of the one member, in ms."""
TEST_LEADS = PREFIX + "test_leads"
"""The newest leads that were tests -> when they came, in ms; see `leadcore.trial_lead`."""
MESSAGES = PREFIX + "messages"
"""The newest messages by themselves: id -> when they were taken, in ms."""
ACTIONS = PREFIX + "actions"
"""A stream of what people did."""
ACTIONS_KEPT = 10_000
"""About how many of them are kept."""
STAGES = PREFIX + "stages"
"""Progress of telling customers of their orders' stages, see `leadcore.store.stages`, whose keys these are."""
STAGES_LOCK = STAGES + ":lock"
STAGES_ORDERS = STAGES + ":orders"
STAGES_DUE = STAGES + ":due"
STAGES_HELD = STAGES + ":held"
STAGES_ANSWERS = STAGES + ":answers"
STAGES_MOVES = STAGES + ":moves"
STAGES_SAID = STAGES + ":said"
STAGES_CANCELLED = STAGES + ":cancelled"
STAGES_CLOSED = STAGES + ":closed"
MATCHES = PREFIX + "matches"
"""Customers matched by email only with another customer's contact, see `leadcore.matches`."""
ALERTS = PREFIX + "alerts"
ALERTS_LOCK = ALERTS + ":lock"
PORTAL = PREFIX + "portal"
"""What workers know of the HubSpot portal: its id, the domain of its pages, its time zone."""
REQUIRED = PORTAL + ":required"
"""What HubSpot refused to do without in the last hour, see `leadcore.required`."""
SURVEY = PORTAL + ":survey"
"""What a worker found out for the setup page, see `leadcore.store.survey`."""
SURVEY_ASKED = SURVEY + ":asked"
RUN = PREFIX + "run"
"""What versions before EPOCH wrote there."""
EPOCH = PREFIX + "epoch"
"""The epoch of Redis in which messages leave, or EMPTIED, see `leadcore.store.epoch`."""
ASSERTED = EPOCH + ":asserted"
"""Worker -> the epoch for which it has put back what it remembers, and when, in ms."""
DATASET = PREFIX + "dataset"
WRITTEN = PREFIX + "written"
QUEUE = "leadsync"

ORDERS_STORE = STORE + ":orders"
"""Whether Redis knows every order of ours, see `workers.orders.order_store`."""
ORDERS_EPOCH = EPOCH + ":orders"
"""The epoch of Redis in which orders are made, and since when, in ms; see `workers.flow.recent_epoch`."""
ORDER_OWNERS = PREFIX + "order_owners"
"""How many orders were given to the configured owners in turn."""
PARKED_ORDERS = PREFIX + "parked_orders"
"""Orders that wait for a person: lead -> since when, in ms."""
PARKED_PAYMENTS = PREFIX + "parked_payments"
"""News of payments that wait for a person: id -> since when, in ms."""
PARKED_NOTES = PREFIX + "parked_notes"
"""Notes that wait for a person: lead -> since when, in ms."""

INBOX = "inbox"
OUTBOX = "outbox"
ORDERS = "orders"
NOTES = "notes"
PAYMENTS = "payments"
HOOKS = "hooks"
NOTICES = "notices"
"""Names of lines; see `leadcore.store.lines`, whose rows they are."""


def endpoints(line: str) -> str:
    """The digests of the addresses to which the line delivers; see `leadcore.store.endpoints`."""
    return f"{PREFIX}{line}:endpoints"


def endpoint(line: str, digest: str) -> str:
    return f"{PREFIX}{line}:endpoint:{digest}"


def endpoint_lock(line: str, digest: str) -> str:
    return f"{PREFIX}{line}:endpoint:{digest}:lock"


def overtaken(line: str, digest: str, shard: int) -> str:
    """The entries of the shard that the address has, though not yet all before them."""
    return f"{PREFIX}{line}:endpoint:{digest}:{shard}:done"


def properties(access: str) -> str:
    """The portal's properties, as HubSpot lists them for this access; see `workers.hubspot.portal_store`."""
    return f"{PORTAL}:properties:{access}"


def epoch_since(epoch: str) -> str:
    """When a worker first saw the epoch, in ms."""
    return f"{EPOCH}:since:{epoch}"


def hour(number: int) -> str:
    """The counters of the hour that began `number` hours after 1970."""
    return f"{COUNTS}:{number}"


def entries(stream: str, shard: int) -> str:
    """The Redis Stream of `stream`, the name of a line, in `shard`."""
    return f"{PREFIX}{stream}:{shard}"


def bell(stream: str, shard: int) -> str:
    return f"{PREFIX}{stream}:{shard}:bell"


def lock(stream: str, shard: int) -> str:
    return f"{PREFIX}{stream}:{shard}:lock"


def swept(stream: str, shard: int) -> str:
    return f"{PREFIX}{stream}:{shard}:swept"


def standing(stream: str, shard: int) -> str:
    """The shard's oldest entry, and since when workers see it stand there, in ms; see `workers.retention`."""
    return f"{PREFIX}{stream}:{shard}:standing"


def left(shard: int) -> str:
    """That the shard's partial batch was left to another drain; see `workers.sync.partial_batches`."""
    return f"{PREFIX}{INBOX}:{shard}:left"


def suspects(shard: int) -> str:
    """Leads of batches that failed while others did not: lead -> failures; see `workers.rules.breaker`."""
    return f"{PREFIX}{INBOX}:{shard}:suspects"


def calls(stream: str) -> str:
    """The calls of a line in the last seconds; see `workers.flow.breaker`."""
    return f"{PREFIX}{stream}:calls"


def repeats(stream: str) -> str:
    """Those of `calls` that were repeats."""
    return f"{PREFIX}{stream}:repeats"


def later(stream: str, shard: int) -> str:
    return f"{PREFIX}{stream}:{shard}:later"


def sending(stream: str, shard: int) -> str:
    return f"{PREFIX}{stream}:{shard}:sending"


def receipt(lead: str) -> str:
    return f"{PREFIX}receipt:{lead}"


def message(message_id: str) -> str:
    """The record of a message by itself, see `leadcore.store.outgoing`."""
    return f"{PREFIX}message:{message_id}"


def places(shard: int) -> str:
    """The messages of the outbox that left the stream to wait, in their order; see `workers.rules.places`."""
    return f"{PREFIX}{OUTBOX}:{shard}:places"


def parked(lead: str) -> str:
    return f"{PREFIX}parked:{lead}"


def held(lead: str) -> str:
    return f"{PREFIX}held:{lead}"


def unsent(lead: str) -> str:
    return f"{PREFIX}unsent:{lead}"


def order(reference: str) -> str:
    """What a payment link has to know of an order, see `leadcore.store.orders`."""
    return f"{PREFIX}order:{reference}"


def newest_cart(digest: str) -> str:
    """The newest cart of a customer that may be paid by a link, see `leadcore.store.orders`."""
    return f"{PREFIX}cart:{digest}"


def payment_event(digest: str) -> str:
    """That this news of a payment is recorded, see `leadcore.store.payments`."""
    return f"{PREFIX}payment:{digest}"


def discarded_payment(reference: str) -> str:
    """Up to when moves of this order to the stage of paid ones say nothing, in ms: a person discarded what they said,
    see `leadcore.store.payments`."""
    return f"{PREFIX}discarded_payment:{reference}"


def message_sent(customer: bytes, text: bytes) -> str:
    """The key that says that this customer was sent this text; both are the bytes of the outbox's entry."""
    return f"{PREFIX}told:" + hashlib.sha256(customer + b"\0" + text).hexdigest()[:24]


def own_message_sent(message_id: str) -> str:
    """The same for a message by itself, which may well say what was said before."""
    return f"{PREFIX}told:id:{message_id}"


def parked_order(lead: str) -> str:
    return f"{PREFIX}parked_order:{lead}"


def parked_payment(id: str) -> str:
    return f"{PREFIX}parked_payment:{id}"


def parked_note(lead: str) -> str:
    return f"{PREFIX}parked_note:{lead}"


def customer(digest: str) -> str:
    return f"{PREFIX}customer:{digest}"


def ordered(digest: str) -> str:
    """What is known of a customer's orders, see `workers.rules.orders.record`."""
    return f"{PREFIX}ordered:{digest}"


def forgotten(digest: str) -> str:
    """A customer's tombstone: "ms", up to when everything is forgotten; see `leadsync.privacy.forget`."""
    return f"{PREFIX}forgotten:{digest}"


def contact(contact_id: str) -> str:
    return f"{PREFIX}contact:{contact_id}"


def contact_lock(contact_id: str) -> str:
    return f"{PREFIX}contact:{contact_id}:lock"


def email(digest: str) -> str:
    return f"{PREFIX}email:{digest}"


def shard_of(customer_id: str, shards: int) -> int:
    """The shard of all events of a customer, so that they keep their order."""
    return crc32(customer_id.encode("utf-8", "surrogatepass")) % shards


def keyed(key: bytes, purpose: bytes) -> "hashlib.blake2s":
    """A keyed hash, to be copied and updated. BLAKE2s is a MAC by itself (RFC 7693). OpenSSL's HMAC takes five times as
    long and releases the GIL each time: measured, the thread that writes to HubSpot then waits for the one that reads
    the next leads, some twenty times per lead."""
    return hashlib.blake2s(key=hashlib.sha256(key).digest(), person=purpose)


def digest(key: bytes, *parts: str | bytes) -> str:
    """16 letters and digits (80 bits) that identify `parts` and do not reveal them."""
    mac = _name(key).copy()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        mac.update(len(data).to_bytes(4, "big") + data)
    return b32encode(mac.digest()[:10]).decode().lower()


@lru_cache(4)
def _name(key: bytes) -> "hashlib.blake2s":
    return keyed(key, b"name")
