"""The field names of what stands in Redis, in one table: a letter each, because they are stored with every lead.

They never change: during a deploy old and new processes read the same data. What a letter means depends on the place:

    letter  entry (inbox, orders, notes)   entry (outbox)                receipt, or record of       action
                                                                         a message (*: only there)
    a                                      about: its case           retried, ms
    b       body: the event as JSON                              time of the order's state, ms
    c                                      customer: {"id": ...}         customer id                 command
    d                                                                    * digest of the request     customer's digest
    e       lead id                        id of the lead or message     time of the note's state, ms
    f                                                                    properties written, packed
    g                                      urgent: "1"                   HubSpot order id; * urgent: "1"
    h                                                                    HubSpot contact id
    i                                                                    intent
    j                                                                    reference of the order
    k       kind: retry, replay, import    kind: retry                   notes, as JSON
    l       wants a note: "1" (orders)                                   HubSpot note id             lead id
    m                                                                    time of the message, ms
    n       tries so far                   tries so far                  state of the message
    o       id of the order (notes)        place: "ms-seq"               state of the order
    p       last delay that was no try, ms                               state of the note
    q                                                                    why a person had to retry
    r                                                                    received, ms
    s                                                                    state
    t                                      text, or texts, as JSON       tries so far
    u                                                                    * held until, ms            user
    v       version: "ms" or "ms-seq"      version: "ms-seq"
    w                                                                    written, ms
    x                                                                    * how many texts
    y                                                                    reason
    z                                      urgent: "1"                   * urgent: "1"

A receipt also holds the last attempts that failed, in the fields "0" to "4" by turns (see
`leadcore.receipts.pack_attempt`).

Entries of the hooks and of the notices hold: g, the event's type; x, its id, which is the same for each attempt; c; e;
d, its data as JSON; b, the whole event as JSON if hooks are to send it, or what a notice may say of the customer.

Entries keep their fields where they wait outside their stream: later, sending, parked, held and unsent hold them packed
(see `leadcore.store.streams.pack_fields`). An entry of the index of leads holds "e" alone. "l" is there if the intent
leaves a note once its order is settled; "k" is absent for an event straight from DealDroid, "n" before the first try,
"v" where the version is the entry's own id; "p" is there if the lead was put off without using up a try (of a payment:
since when), "a" if the message confirms nothing, "o" once a message has left the stream to wait: the id under which it
was first there, by which its customer's messages keep their order. All times are of Redis' clock.
"""

# Entries of the inbox, the outbox and the index of leads.
ABOUT = b"a"
BODY = b"b"
CUSTOMER = b"c"
LEAD = b"e"
ORDER = b"o"
KIND = b"k"
TRIES = b"n"
PLACE = b"o"
PUT_OFF = b"p"
TEXT = b"t"
URGENT = b"z"
VERSION = b"v"
WANTS_NOTE = b"l"

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
    "note": "p",
    "note_id": "l",
    "order_ms": "b",
    "note_ms": "e",
}

# Receipts: the attempts that failed, by turns.
ATTEMPTS = ("0", "1", "2", "3", "4")

# Records of messages, beside those of `RECEIPT`: the attribute of `leadcore.store.messages.Message` -> its field.
MESSAGE = {"until_ms": "u", "count": "x", "urgent": "z", "request": "d"}

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
