"""The field names of what stands in Redis, in one table: a letter each, because they are stored with every lead.

They never change: during a deploy old and new processes read the same data. What a letter means depends on the place:

    letter  entry (inbox, orders)          entry (outbox)                receipt                     action
    a                                      about: its case           retried, ms
    b       body: the event as JSON
    c                                      customer: {"id": ...}         customer id                 command
    d                                                                                                customer's digest
    e       lead id                        lead id
    f                                                                    properties written, packed
    g                                                                    HubSpot order id
    h                                                                    HubSpot contact id
    i                                                                    intent
    j                                                                    reference of the order
    k       kind: retry, replay, import    kind: retry                   notes, as JSON
    l                                                                                                lead id
    m                                                                    time of the message, ms
    n       tries so far                   tries so far                  state of the message
    o                                                                    state of the order
    p       last delay that was no try, ms
    q                                                                    why a person had to retry
    r                                                                    received, ms
    s                                                                    state
    t                                      text, as JSON                 tries so far
    u                                                                                                user
    v       version: "ms" or "ms-seq"      version: "ms-seq"
    w                                                                    written, ms
    y                                                                    reason

Entries of the hooks and of the notices hold: g, the event's type; x, its id, which is the same for each attempt; c; e;
d, its data as JSON; b, the whole event as JSON if hooks are to send it, or what a notice may say of the customer.

Entries keep their fields where they wait outside their stream: later, sending, parked, held and unsent hold them packed
(see `leadcore.store.streams.pack_fields`). An entry of the index of leads holds "e" alone. "k" is absent for an event
straight from DealDroid, "n" before the first try, "v" where the version is the entry's own id; "p" is there if the
lead was put off without using up a try, "a" if the message confirms nothing. All times are of Redis' clock.
"""

# Entries of the inbox, the outbox and the index of leads.
ABOUT = b"a"
BODY = b"b"
CUSTOMER = b"c"
LEAD = b"e"
KIND = b"k"
TRIES = b"n"
PUT_OFF = b"p"
TEXT = b"t"
VERSION = b"v"

# Entries of the hooks and the notices, beside BODY, CUSTOMER and LEAD.
DATA = b"d"
EVENT = b"g"
EVENT_ID = b"x"

# Receipts: the attribute of `leadcore.receipts.Receipt` -> its field.
RECEIPT = {
    "customer_id": "c",
    "intent": "i",
    "received_ms": "r",
    "state": "s",
    "written_ms": "w",
    "contact_id": "h",
    "fields": "f",
    "notes": "k",
    "tries": "t",
    "reason": "y",
    "message": "n",
    "message_ms": "m",
    "retried_ms": "a",
    "retried_reason": "q",
    "order": "o",
    "order_id": "g",
    "order_ref": "j",
}

# Entries of the stream of actions.
ACTION_COMMAND = b"c"
ACTION_DIGEST = b"d"
ACTION_LEAD = b"l"
ACTION_USER = b"u"

# What is stored of an address to which a line delivers: the attribute of `leadcore.store.endpoints.Endpoint` -> its
# field. The cursor of shard 0 is in the field "0".
ENDPOINT = {
    "number": "number",
    "name": "name",
    "state": "state",
    "why": "why",
    "failures": "failures",
    "since_ms": "since",
    "until_ms": "until",
    "delivered": "delivered",
    "given_up": "given_up",
    "last_ms": "last",
    "seen_ms": "seen",
    "claimed": "claimed",
}
